"""persist-queue's queue with acknowledgements, on SQLite."""

from __future__ import annotations

from pathlib import Path

import persistqueue

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish


class PersistQueue(LivingPeer):
    packages = ("persist-queue",)
    durability = "SQLite, WAL, synchronous=FULL (its defaults)"
    remark = "a queue: no times, no retries later, no history; the loop is the caller's"
    life = "put; marked as taken; marked as acknowledged"

    def __init__(self, place: Path) -> None:
        self._waiting = persistqueue.SQLiteAckQueue(str(place / "waiting"), auto_commit=True)
        self._due = persistqueue.SQLiteAckQueue(str(place / "due"), auto_commit=True)

    def add(self, count: int) -> None:
        for _ in range(count):
            self._waiting.put({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})

    def live(self, count: int) -> None:
        for _ in range(count):
            self._due.put({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})
        for _ in range(count):
            job = self._due.get(block=False)
            publish(job["account"], job["text"])
            self._due.ack(job)

    def close(self) -> None:
        self._waiting.close()
        self._due.close()
