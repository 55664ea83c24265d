"""Fixtures for all tests: a clock in hand, and a directory for a ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobledger import ManualClock

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at noon of a Monday, UTC."""
    return ManualClock(NOON)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a ledger may be made; it does not exist yet."""
    return tmp_path / "jobs"
