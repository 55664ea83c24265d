"""Crash states on a simulated disk: a bounded part of what `crash_states.py` runs."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from simulation.crash_states import Life, Seen, journal_of, run_seed

pytestmark = pytest.mark.thorough

FOUND = {
    (4, 4.0): "a HEAD of the day before, with the next day's header on disk, was taken for damage",
    (2, 4.0): "daily files were on disk before the events that they came from",
    (107, 4.0): "a day file whose maker was killed before its name was on disk could be lost",
    (110, 4.0): "a HEAD that named lost events came back after others had their numbers",
    (2338331699, 4.0): "closing said nothing of acknowledged events that could not be synced",
    (1021491634, 1.0): "the first record of a day was of the batch of the day before",
}
"""The seeds that once broke a rule, and how many crashes there were at each operation."""


@pytest.mark.parametrize(("seed", "density"), FOUND, ids=str)
def test_a_crash_that_once_broke_a_rule_breaks_none(seed: int, density: float) -> None:
    """The ledgers in which the errors were found."""
    assert run_seed(seed, density).states > 50


def test_no_crash_state_breaks_a_rule() -> None:
    """Whatever a power cut leaves opens, has every acknowledged event, and verifies."""
    first = random.randrange(2**32)
    print(f"seeds from {first}")
    total = Seen()
    for seed in [*range(10), *range(first, first + 10)]:
        total.add(run_seed(seed, journal=journal_of(seed)))
    assert total.states > 1000
    kinds = Counter(name.partition(" ")[0] for name in total.counts)
    assert kinds["before"] >= 7, "every kind of operation was about to happen in some crash"
    assert {"closed", "killed", "power cut", "failed sync", "crash 2"} <= set(total.counts)


def test_a_seed_repeats_its_run() -> None:
    """The same states in the same order: a failure can be looked at again."""
    runs = []
    for _ in range(2):
        life = Life(5)
        runs.append((life.run(), len(life.acknowledged)))
    assert runs[0] == runs[1]
