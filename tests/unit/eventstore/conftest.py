"""Ledger directories for the tests of the JSONL engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.eventstore import LogDirectory, WatchedFileSystem


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LogDirectory]:
    """Give a directory that does not exist yet; handles opened through it are closed at the end."""
    directory = LogDirectory(tmp_path / "ledger")
    yield directory
    directory.close()


@pytest.fixture
def disk() -> WatchedFileSystem:
    """Give a real disk that notes what is done to it, and can be told to fail."""
    return WatchedFileSystem()


@pytest.fixture
def restored_umask() -> Iterator[None]:
    """Put the umask back, whatever the test sets."""
    before = os.umask(0o077)
    yield
    os.umask(before)
