"""What may happen: a run is a list of steps, made from a seed before anything is done.

A step carries its own randomness, so that it does the same whichever of the steps before it are
left out: which jobs it picks, where a disk fails, what the publisher does.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import msgspec

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
}
"""Every kind of step, and how often it comes up."""
EPOCH = 250
"""Steps in the life of one ledger; then the next is begun."""


class Step(msgspec.Struct, frozen=True):
    """Number `index` of a run (from 0)."""

    index: int
    kind: str
    seed: int


def steps_of(seed: int, count: int) -> Iterator[Step]:
    """Yield the steps of a run; a longer run begins like a shorter one."""
    return islice(_endless(seed), count)


def _endless(seed: int) -> Iterator[Step]:
    chance = Random(f"steps {seed}")
    kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
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
