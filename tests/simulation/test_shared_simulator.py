"""The simulator of ledgers that many runners share: a hundred lives."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from support.tiers import one_in

from jobledger.testing.remote_engine import APPENDS
from jobledger.testing.simulator import shrink
from jobledger.testing.simulator.simulation import Outcome, simulate
from jobledger.testing.simulator.steps import SHARED_WEIGHTS, steps_of
from jobledger.tools.retelling import retold

LIFE = 100
"""Steps of each life here."""
FIXED = [range(40), range(40, 80)]
NEW = 15
"""Of each part of the fixed seeds so many new ones besides."""


@pytest.fixture(scope="module", params=one_in(2, FIXED), ids=["first", "second"])
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    """Live the lives of fixed seeds, and of new ones, which are printed."""
    first = random.SystemRandom().randrange(2**32)
    print(f"new seeds: {first} to {first + NEW - 1}")
    seeds = [*request.param, *range(first, first + NEW)]
    return [simulate(seed, steps_of(seed, LIFE, "remote"), engine="remote") for seed in seeds]


def test_no_rule_is_broken_whoever_comes_in_between(outcomes: list[Outcome]) -> None:
    """A failure is made shorter, and told with the command that lives it again."""
    for outcome in outcomes:
        if outcome.failure is not None:
            short = shrink(outcome.seed, outcome.failure, engine="remote")
            pytest.fail(f"seed {outcome.seed}: {retold(short, whole=True)}")


def test_everything_that_can_happen_there_has_happened(outcomes: list[Outcome]) -> None:
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts += outcome.counts
    expected = {*SHARED_WEIGHTS, *APPENDS, "arrived late", "records lost", "lost noticed"}
    assert expected <= counts.keys()
    assert sum(outcome.posts for outcome in outcomes) > 50


def test_a_seed_gives_the_same_history_to_the_byte() -> None:
    """Although each process has a thread of its own."""
    first, second = (
        simulate(7, steps_of(7, LIFE, "remote"), engine="remote", runners=4) for _ in range(2)
    )
    assert (first.digest, first.counts) == (second.digest, second.counts)
