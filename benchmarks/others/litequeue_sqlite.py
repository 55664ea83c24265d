"""litequeue, which comes with synchronous=NORMAL and is told to sync."""

from __future__ import annotations

import json
from pathlib import Path

from litequeue import LiteQueue

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish

_JOB = json.dumps({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})


class SyncedLiteQueue(LivingPeer):
    packages = ("litequeue",)
    durability = "SQLite, WAL, synchronous=FULL by a PRAGMA (it comes with NORMAL, and syncs none)"
    remark = "a queue: no times, no retries later, no history; the loop is the caller's"
    life = "put; marked as locked; marked as done"

    def __init__(self, place: Path) -> None:
        self._waiting = self._open(place / "waiting.db")
        self._due = self._open(place / "due.db")

    @staticmethod
    def _open(path: Path) -> LiteQueue:
        queue = LiteQueue(path)
        queue.conn.execute("PRAGMA synchronous = FULL")
        return queue

    def add(self, count: int) -> None:
        for _ in range(count):
            self._waiting.put(_JOB)

    def live(self, count: int) -> None:
        for _ in range(count):
            self._due.put(_JOB)
        for _ in range(count):
            taken = self._due.pop()
            job = json.loads(taken.data)
            publish(job["account"], job["text"])
            self._due.done(taken.message_id)

    def close(self) -> None:
        self._waiting.close()
        self._due.close()
