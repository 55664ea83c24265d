"""The log as it is on the disk, read as anybody could, without the code of the product."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from ..eventstore.engines.files.filesystem import FileSystem
from .model import Violation, must
from .processes import LEDGER


class RawLog:
    """The lines of the log as they are on the disk, read as anybody could, from where one was."""

    def __init__(self) -> None:
        self._day = ""
        self._offset = 0
        self.hashes: list[str] = []
        self.digest = sha256()

    def news(self, fs: FileSystem) -> list[dict[str, Any]]:
        """Return the events since the last call."""
        found: list[dict[str, Any]] = []
        names = fs.list_directory(LEDGER) if fs.is_directory(LEDGER) else []
        for name in names:
            if not name.startswith("events_") or not name.endswith(".jsonl") or name < self._day:
                continue
            if name > self._day:
                self._day, self._offset = name, 0
            found += self._lines(fs, name)
        return found

    def _lines(self, fs: FileSystem, name: str) -> list[dict[str, Any]]:
        fd = fs.open_read(LEDGER / name)
        try:
            data = fs.read_at(fd, fs.size(fd) - self._offset, self._offset)
        finally:
            fs.close(fd)
        must(not data or data.endswith(b"\n"), f"{name} ends in half a line")
        found = []
        for line in data.split(b"\n")[:-1]:
            try:
                fields = json.loads(line)
            except ValueError:
                raise Violation(f"{name} has a line that is no JSON: {line[:80]!r}") from None
            if "seq" in fields:
                self.hashes.append(fields["hash"])
                self.digest.update(line)
                found.append(fields)
        self._offset += len(data)
        return found

    def check_kept(self, fs: FileSystem) -> RawLog:
        """After a crash: a reader from the start, once everything that was there still is.

        Raises:
            Violation: an event is gone, or another one.
        """
        again = RawLog()
        again.news(fs)
        mine, theirs = self.hashes, again.hashes
        must(
            len(theirs) >= len(mine),
            f"{len(mine)} events were acknowledged, {len(theirs)} are left",
        )
        must(theirs[: len(mine)] == mine, "an acknowledged event is another one after the crash")
        fresh = RawLog()
        fresh._skip(fs, len(mine))
        fresh.digest = self.digest
        return fresh

    def _skip(self, fs: FileSystem, count: int) -> None:
        """Go on behind the first `count` events, without reading them again."""
        left = count
        for name in fs.list_directory(LEDGER):
            if not name.startswith("events_") or not name.endswith(".jsonl"):
                continue
            fd = fs.open_read(LEDGER / name)
            data = fs.read_at(fd, fs.size(fd), 0)
            fs.close(fd)
            self._day, self._offset = name, 0
            for line in data.split(b"\n")[:-1]:
                if line[1:7] == b'"seq":':
                    if left == 0:
                        return
                    left -= 1
                    self.hashes.append(json.loads(line)["hash"])
                self._offset += len(line) + 1
