"""The bare limit: lines appended to a file, each or several of them synced at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


class Bare:
    """A file that lines are appended to."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._offset = 0

    def write(self, lines: Sequence[bytes]) -> None:
        """Each of them with a sync of its own."""
        for line in lines:
            os.pwrite(self._fd, line, self._offset)
            os.fdatasync(self._fd)
            self._offset += len(line)


def lines_of(directory: Path, count: int) -> list[bytes]:
    """Return the last lines of a ledger's log, to be written again."""
    lines: list[bytes] = []
    for path in sorted(directory.glob("events_*.jsonl")):
        lines += path.read_bytes().splitlines(keepends=True)[1:]
    return lines[-count:]
