"""What may happen: a run is a list of steps, made from a seed before anything is done.

A step carries its own randomness, so that it does the same whichever of the steps before it are
left out: which jobs it picks, where a disk fails, what the publisher does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import msgspec

from ..stores import STORES, HasTornTails, LosesPower

WEIGHTS = {
    "add": 20,
    "add_many": 4,
    "add_wrong": 1,
    "hold": 3,
    "release": 4,
    "edit": 4,
    "reschedule": 4,
    "cancel": 4,
    "requeue": 5,
    "resolve": 4,
    "remove": 4,
    "run": 22,
    "wait": 10,
    "sleep": 2,
    "clock_back": 1,
    "look": 2,
    "write_files": 2,
    "rebuild": 1,
    "verify": 1,
    "reopen": 2,
    "kill": 2,
    "power_cut": 1,
    "second_runner": 1,
    "torn_tail": 1,
    "schedule_add": 3,
    "schedule_edit": 4,
    "schedule_pause": 1,
    "schedule_resume": 2,
    "schedule_skip": 1,
    "schedule_run_now": 1,
    "schedule_end": 1,
    "plan": 2,
    "slots_set": 1,
    "add_in_slot": 2,
    "sleep_days": 1,
}
"""Every kind of step, and how often it comes up."""
SHARED_WEIGHTS = {
    "go": 60, "finish": 12, "run": 26, "add": 12, "add_many": 3, "hold": 1, "release": 2, "edit": 3,
    "reschedule": 3, "cancel": 3, "requeue": 4, "resolve": 4, "remove": 2, "wait": 14,
    "wait_long": 4, "look": 1, "verify": 1, "stop": 4, "wake": 5, "oversleep": 2, "snatch": 2,
    "answer_late": 1, "rescue": 1, "kill": 3, "leave": 1,
    "lose_append": 6, "refuse": 3, "stale": 4, "cut": 2, "lose_renewals": 2,
    "heal": 6, "outage": 1, "restart": 1, "fail_over": 1, "schedule_add": 2, "schedule_edit": 1,
    "schedule_pause": 1, "schedule_resume": 1, "pause_beside": 1, "plan": 2, "slots_set": 1,
    "add_in_slot": 2, "add_at_once": 2, "slots_at_once": 2,
}  # fmt: skip
"""The same for a ledger that many runners share, on a server."""
NEEDS: dict[str, type] = {"power_cut": LosesPower, "torn_tail": HasTornTails}
"""What a store must be able to have happen to it, for the steps that not every one can."""
REMOTE = "remote"
"""The engine that many runners share: a server."""
EPOCH = 250
"""Steps in the life of one ledger; then the next is begun."""


class Step(msgspec.Struct, frozen=True):
    """Number `index` of a run (from 0)."""

    index: int
    kind: str
    seed: int


def kinds_on(engine: str) -> list[str]:
    """Return the kinds of step that can happen to a ledger on this engine."""
    if engine == REMOTE:
        return list(SHARED_WEIGHTS)
    return [kind for kind in WEIGHTS if issubclass(STORES[engine], NEEDS.get(kind, object))]


def steps_of(seed: int, count: int, engine: str = "files") -> Iterator[Step]:
    """Yield the steps of a run; a longer run begins like a shorter one."""
    weights = SHARED_WEIGHTS if engine == REMOTE else WEIGHTS
    return islice(_endless(seed, {kind: weights[kind] for kind in kinds_on(engine)}), count)


def _endless(seed: int, weights_of: dict[str, int]) -> Iterator[Step]:
    chance = Random(f"steps {seed}")
    kinds, weights = list(weights_of), list(weights_of.values())
    index = 0
    while True:
        kind = chance.choices(kinds, weights)[0]
        yield Step(index, kind, chance.getrandbits(48))
        index += 1


def epochs(steps: Iterator[Step]) -> Iterator[tuple[int, list[Step]]]:
    """Yield the steps of each ledger's life, with its number; also where some were left out."""
    number, life = -1, list[Step]()
    for step in steps:
        if step.index // EPOCH != number:
            if life:
                yield number, life
            number, life = step.index // EPOCH, []
        life.append(step)
    if life:
        yield number, life
