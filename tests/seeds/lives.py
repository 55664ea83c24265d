"""Live life after life on a remote engine, until one breaks a rule in the way that is looked for.

    PYTHONPATH=tests python -m seeds.lives FIRST-SEED HOW-MANY WORDS

Prints the first seed whose failure says one of the words, and how it failed, as JSON, or `null`.
It is run within a copy of the project that has a mistake in it.
"""

from __future__ import annotations

import sys

import msgspec

from jobledger.testing.simulator.simulation import simulate
from jobledger.testing.simulator.steps import steps_of
from seeds.recorded import LIFE, Found


def first_that_says(words: str, first: int, count: int) -> Found | None:
    """Return the first of so many seeds whose life ends with these words; None: none does."""
    for seed in range(first, first + count):
        outcome = simulate(seed, steps_of(seed, LIFE, "remote"), engine="remote")
        failure = outcome.failure
        if failure is not None and words in failure.message:
            step = None if failure.step is None else failure.step.index
            return Found(seed, step, failure.message.splitlines()[0])
    return None


if __name__ == "__main__":
    found = first_that_says(sys.argv[3], int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.buffer.write(msgspec.json.encode(found))
