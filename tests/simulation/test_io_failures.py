"""Every k-th operation of the disk fails: `io_failures.py` with the kinds that differ most."""

from __future__ import annotations

import random

import pytest
from support.durability import without_background

from simulation.io_failures import WORKS, Tally, fail_every

CHANGING = {"write", "sync", "create", "rename", "sync_directory", "lock", "read", "open", "list"}


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.parametrize("kind", ["EIO once", "short write", "killed in a write"])
def test_no_failure_of_any_operation_loses_or_doubles_anything(name: str, kind: str) -> None:
    """Whatever fails, and when, and whether the process or the power is gone then: all that was
    acknowledged is there, nothing else is half there, and everything verifies."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance, tally = random.Random(seed), Tally()
    with without_background():
        operations = fail_every(name, kind, tally, every=100, both=False, chance=chance)
    assert operations >= 20
    assert tally.reached.total() == operations, "each operation failed"
    missed = {"read", "open", "list"} if name == "look and verify" else CHANGING
    assert missed <= set(tally.operations), "each kind of operation was among those that failed"
