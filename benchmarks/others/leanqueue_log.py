"""LeanQueue's queue, a log of its own with its code in Rust."""

from __future__ import annotations

from pathlib import Path

from leanqueuedb import Queue

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish


class LeanQueue(LivingPeer):
    packages = ("leanqueue",)
    durability = "fsync of its log at each change (its defaults)"
    remark = "a queue: no times, no retries later, no history; the loop is the caller's"
    life = "put; leased; acknowledged"

    def __init__(self, place: Path) -> None:
        self._waiting = Queue(str(place / "waiting"))
        self._due = Queue(str(place / "due"))

    def add(self, count: int) -> None:
        for _ in range(count):
            self._waiting.put_json({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})

    def live(self, count: int) -> None:
        for _ in range(count):
            self._due.put_json({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})
        for _ in range(count):
            taken = self._due.get()
            job = taken.json()
            publish(job["account"], job["text"])
            taken.ack()

    def close(self) -> None:
        self._waiting.close()
        self._due.close()
