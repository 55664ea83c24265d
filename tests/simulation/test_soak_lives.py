"""The soak of lives on a simulated server: it goes on while it is to, and stops at a failure."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from soak.lives import live_on

from jobledger.testing.simulator.simulation import Failure, Outcome

STEPS = 20


def test_it_lives_one_life_of_each_seed_and_counts_what_happens() -> None:
    counts, broken = live_on(1, STEPS, lambda counts: counts["lives"] < 3)
    assert broken is None
    assert (counts["lives"], counts["steps"]) == (3, 3 * STEPS)
    assert counts["events"] > 0


def test_it_stops_at_the_first_life_that_breaks_a_rule_and_says_its_seed() -> None:
    def simulated(seed: int, steps: object, *, engine: str) -> Outcome:
        broken = Failure(None, "it is broken", [], 0, []) if seed == 7 else None
        return Outcome(seed, engine, failure=broken, counts=Counter(lives=1))

    with patch("soak.lives.simulate", simulated):
        counts, broken = live_on(5, STEPS, lambda counts: counts["lives"] < 9)
    assert broken is not None
    assert (broken.seed, counts["lives"]) == (7, 3)
