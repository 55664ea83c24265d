"""Years of schedules: a bounded part of the thousand that `python -m simulation.years` lives."""

from __future__ import annotations

import random

import pytest

from jobledger.testing.simulator.steps import WEIGHTS as EVERY_KIND
from simulation.years import CRASHES, WEIGHTS, YEAR, live, steps

YEARS = 6


@pytest.mark.thorough
def test_no_occurrence_is_missed_in_years_of_sleeps_and_crashes() -> None:
    """A failure names its seed, and `python -m simulation.years --seed N` repeats it."""
    for seed in (1, random.SystemRandom().randrange(2**32)):
        print(f"seed {seed}")
        done, broken = live(seed, YEARS / 2)
        assert broken is None, f"seed {seed}: {broken.failure}"
        assert done["days"] >= YEARS / 2 * YEAR
        assert min(done["posts"], done["crashes"]) > 0


def test_what_comes_up_is_of_the_simulator() -> None:
    """And the same seed gives the same steps."""
    assert WEIGHTS.keys() <= EVERY_KIND.keys()
    assert EVERY_KIND.keys() & set(CRASHES) <= WEIGHTS.keys()
    assert {name for name in EVERY_KIND if name.startswith("schedule_")} <= WEIGHTS.keys()
    assert list(steps(3, 1)) == list(steps(3, 1)) != list(steps(4, 1))
