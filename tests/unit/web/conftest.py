"""For all tests of the pages: passwords that take no time."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords at the least cost. The whole one, some 0.1 s each time, has a test of its own
    in `test_guard.py`."""
    monkeypatch.setattr("jobledger.web.users._COST", 16)
