"""A thousand years of schedules: ledgers in which days pass between one thing and the next.

    PYTHONPATH=tests python -m simulation.years --years 1000 [--seed N]

Schedules are added, edited, paused, skipped and ended; whoever plans may die in it; the power goes,
disks fail, the machine sleeps for up to 40 days and its clock goes back. After each step no
occurrence may be missed, none may be there twice, and nothing may come as a burst. Exits with 1
when a rule is broken, and says the seed that repeats it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

from jobledger.testing.simulator import Outcome, Step, simulate

LIFE = 250
"""Steps in the life of one ledger."""
YEAR = 365.25
WEIGHTS = {
    "sleep_days": 30, "sleep": 10, "wait": 10, "clock_back": 2, "run": 30, "plan": 10,
    "schedule_add": 8, "schedule_edit": 8, "schedule_pause": 2, "schedule_resume": 5,
    "schedule_skip": 3, "schedule_run_now": 2, "schedule_end": 2, "slots_set": 1, "add_in_slot": 3,
    "edit": 2, "hold": 1, "release": 1, "cancel": 1, "reschedule": 1, "remove": 1, "requeue": 1,
    "kill": 3, "reopen": 2, "power_cut": 2, "torn_tail": 1, "look": 1, "verify": 1,
}  # fmt: skip
"""How often each step of the simulator comes up: time passes, and what it brings is posted."""
CRASHES = ("kill", "killed", "killed in a write", "power_cut", "torn_tail")


def steps(seed: int, life: int) -> Iterator[Step]:
    """Yield the steps of one life."""
    chance = random.Random(f"years {seed} {life}")
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
    for number in range(LIFE):
        kind = chance.choices(kinds, weights)[0]
        yield Step(life * LIFE + number, kind, chance.getrandbits(48))


def live(seed: int, years: float) -> tuple[Counter[str], Outcome | None]:
    """Live as many lives as these years take; return what they came to, and the one that broke a
    rule."""
    done: Counter[str] = Counter()
    life = 0
    while done["days"] < years * YEAR:
        outcome = simulate(seed, steps(seed, life))
        done.update(days=round(outcome.days), steps=outcome.steps, events=outcome.events)
        done.update(posts=outcome.posts, ledgers=1)
        done.update(crashes=sum(outcome.counts[name] for name in CRASHES))
        if outcome.failure is not None:
            return done, outcome
        life += 1
        if life % 20 == 0:
            print(f"  {done['days'] / YEAR:.0f} years in {time.process_time():.0f} s", flush=True)
    return done, None


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--years", type=float, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = random.randrange(2**32) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    done, broken = live(seed, given.years)
    print(
        f"{done['days'] / YEAR:.0f} years of {done['ledgers']} ledgers, in"
        f" {time.process_time():.0f} s of a core: {done['steps']} steps, {done['events']} events,"
        f" {done['posts']} posts, {done['crashes']} crashes"
    )
    if broken is None or broken.failure is None:
        print("no rule broken")
        return 0
    print(f"BROKEN: {broken.failure.message}")
    print("the last steps: " + " ".join(step.kind for step in broken.failure.done[-20:]))
    print(f"again: python -m simulation.years --years {given.years:g} --seed {seed}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
