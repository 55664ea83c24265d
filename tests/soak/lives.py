"""Ledgers that many runners share on a simulated server: life after life, with new seeds.

    PYTHONPATH=tests python -m soak.lives --seconds 600 [--seed N] [--steps 250]

Says every half a minute how far it is, and in the end what has happened how often. The first life
that breaks a rule ends it all, with exit code 1; it is made shorter, and told with the command that
lives it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable

from jobledger.testing.remote_engine import APPENDS
from jobledger.testing.simulator import shrink
from jobledger.testing.simulator.simulation import Outcome, simulate
from jobledger.testing.simulator.steps import steps_of
from jobledger.tools.retelling import retold

_TELL_EVERY_S = 30.0
_TOLD = {
    "posts": "posts",
    "posts late": "posts of an attempt that was over, by a process that slept in it",
    "posts again": "posts more than once, which their publisher allows",
    "kill": "processes killed",
    "stop": "processes stopped, and woken later",
    "restart": "restarts of the server",
    "outage": "times that nobody reached it",
    "fail_over": "failovers",
    "records lost": "records that a failover has lost",
    "lost noticed": "times that a process said so",
    "runners ended": "runners ended by others",
    **{kind: f"appends: {kind}" for kind in APPENDS},
    "arrived late": "writes that arrived when nobody waited for them any more",
}
"""What is counted, in the order in which it is told."""


GoesOn = Callable[[Counter[str]], bool]
"""Whether there is to be another life, after what there was; asked before each."""


def live_on(first: int, steps: int, goes_on: GoesOn) -> tuple[Counter[str], Outcome | None]:
    """Live a life of each seed from `first` on; return what they came to, and the one that broke a
    rule."""
    counts: Counter[str] = Counter()
    seed = first
    while goes_on(counts):
        outcome = simulate(seed, steps_of(seed, steps, "remote"), engine="remote")
        counts.update(outcome.counts)
        counts.update(
            steps=outcome.steps, events=outcome.events, posts=outcome.posts,
            days=round(outcome.days),
        )  # fmt: skip
        if outcome.failure is not None:
            return counts, outcome
        seed += 1
    return counts, None


class _Until:
    """Goes on for so many seconds, and tells how far it is."""

    def __init__(self, seconds: float) -> None:
        self._begun = self._told = time.monotonic()
        self._seconds = seconds

    def __call__(self, counts: Counter[str]) -> bool:
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY_S:
            self._told = now
            print(f"   {now - self._begun:4.0f} s: {_sum_of(counts)}", flush=True)
        return now - self._begun < self._seconds


def _sum_of(counts: Counter[str]) -> str:
    return f"{counts['lives']:,} lives, {counts['steps']:,} steps, {counts['events']:,} events"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--steps", type=int, default=250, help="of each life")
    parser.add_argument("--seed", type=int, help="the first one")
    given = parser.parse_args()
    first = random.SystemRandom().randrange(2**32) if given.seed is None else given.seed
    print(f"== lives on a simulated server, from seed {first} on", flush=True)
    counts, broken = live_on(first, given.steps, _Until(given.seconds))
    print(f"   {_sum_of(counts)}, {counts['days']:,} days; {time.process_time():.0f} s of a core")
    for name, what in _TOLD.items():
        print(f"   {counts[name]:9,} {what}")
    if broken is None or broken.failure is None:
        print("no rule broken")
        return 0
    print(f"BROKEN: {broken.failure.message}")
    print(
        f"looking for a shorter one than seed {broken.seed} with {given.steps} steps …", flush=True
    )
    print(retold(shrink(broken.seed, broken.failure, engine="remote"), whole=True))
    return 1


if __name__ == "__main__":
    sys.exit(main())
