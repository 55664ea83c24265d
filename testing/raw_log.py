"""The log as it lies in its store, read as anybody could, without the code of the product."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from .stores import Store
from .violation import Violation, must


class RawLog:
    """The lines of the log as they are in the store, read as anybody could, from where one was."""

    def __init__(self) -> None:
        self._day = ""
        self._offset = 0
        self.hashes: list[str] = []
        self.digest = sha256()

    def news(self, store: Store) -> list[dict[str, Any]]:
        """Return the events since the last call."""
        found: list[dict[str, Any]] = []
        for day in store.days():
            if day >= self._day:
                if day > self._day:
                    self._day, self._offset = day, 0
                found += self._lines(store, day)
        return found

    def _lines(self, store: Store, day: str) -> list[dict[str, Any]]:
        data = store.read(day, self._offset)
        must(not data or data.endswith(b"\n"), f"{day} ends in half a line")
        found = []
        for line in data.split(b"\n")[:-1]:
            try:
                fields = json.loads(line)
            except ValueError:
                raise Violation(f"{day} has a line that is no JSON: {line[:80]!r}") from None
            if "seq" in fields:
                self.hashes.append(fields["hash"])
                self.digest.update(line)
                found.append(fields)
        self._offset += len(data)
        return found

    def check_kept(self, store: Store) -> RawLog:
        """After a crash: a reader from the start, once everything that was there still is.

        Raises:
            Violation: an event is gone, or another one.
        """
        again = RawLog()
        again.news(store)
        mine, theirs = self.hashes, again.hashes
        must(
            len(theirs) >= len(mine),
            f"{len(mine)} events were acknowledged, {len(theirs)} are left",
        )
        must(theirs[: len(mine)] == mine, "an acknowledged event is another one after the crash")
        fresh = RawLog()
        fresh._skip(store, len(mine))
        fresh.digest = self.digest
        return fresh

    def _skip(self, store: Store, count: int) -> None:
        """Go on behind the first `count` events, without reading them again."""
        left = count
        for day in store.days():
            data = store.read(day, 0)
            self._day, self._offset = day, 0
            for line in data.split(b"\n")[:-1]:
                if line[1:7] == b'"seq":':
                    if left == 0:
                        return
                    left -= 1
                    self.hashes.append(json.loads(line)["hash"])
                self._offset += len(line) + 1
