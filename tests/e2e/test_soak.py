"""What happens to workers and their server in `make soak-engines`, each of it for a moment."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import repeat

import pytest
from soak.rounds import ROUNDS

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize(
    ("name", "rounds"), [("crashes", 1), ("cuts", 3), ("stops", 2), ("shards", 3)]
)
def test_nothing_acknowledged_is_lost_nor_posted_without_a_reason(
    name: str, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    """Killed workers and failovers are in `test_workers.py` and `test_failover.py`."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    turns = repeat(True, rounds)
    counts = ROUNDS[name](random.Random(seed), lambda: next(turns, False))
    assert counts["jobs"] > 0
    assert counts["lost"] == 0
    for what, count in counts.items():
        record_property(what, count)
