"""What a Scheduler may be given: its own settings, and those of the Ledger that it is."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from jobledger import Ledger, Scheduler
from jobledger.ledger.settings import LedgerOptions, LedgerSettings


@pytest.mark.parametrize("argument", ["read_only", "concurency"])
def test_what_it_does_not_take_is_refused_before_anything_is_made(
    directory: Path, argument: str
) -> None:
    """It runs jobs, so it cannot only read; and a mistyped name is no setting."""
    unknown: dict[str, Any] = {argument: True}
    with pytest.raises(TypeError, match=argument):
        Scheduler(directory, **unknown)
    assert not directory.exists()


def test_it_takes_what_a_ledger_does() -> None:
    """The lists by which that is passed on are the same."""
    of_a_ledger = set(inspect.signature(Ledger).parameters)
    # Which chain of several is meant says the ledger that opens them all.
    assert set(LedgerSettings.__struct_fields__) - {"shard"} == of_a_ledger
    assert set(LedgerOptions.__annotations__) == of_a_ledger - {"location", "read_only"}
