"""Interrupted anywhere: `interruptions.py` at a seeded choice of places of each piece of work."""

from __future__ import annotations

import random

import pytest
from support.tiers import one_in

from simulation.interruptions import ERRORS, WORKS, interrupt_every, quietly

_ABOUT = 12
"""At so many places each."""
_MANY = {"look": 400, "change": 400, "add after midnight": 500, "write behind": 400}
"""About how many places there are; of others 1,500 at least."""


@pytest.mark.parametrize("name", one_in(6, WORKS))
@pytest.mark.parametrize("error", one_in(3, ERRORS))
def test_no_interruption_anywhere_loses_hides_or_locks_anything(name: str, error: str) -> None:
    """Wherever it comes: the same handle is right afterwards, or says that it has to be opened
    again; others go on, no lock is left, and what was acknowledged is there."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    every = max(1, _MANY.get(name, 1500) // _ABOUT)
    with quietly():
        places, count, tally = interrupt_every(name, ERRORS[error], every, random.Random(seed))
    assert places >= 100
    assert count >= 1
    assert tally["raised"] + tally["said so"] + tally["done all the same"] >= 1
