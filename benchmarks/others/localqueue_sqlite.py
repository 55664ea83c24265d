"""localqueue, on SQLite by code in Rust, told to be durable."""

from __future__ import annotations

from pathlib import Path

from localqueue import DurabilityMode, SimpleQueue

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish


class LocalQueue(LivingPeer):
    packages = ("localqueue",)
    durability = "SQLite, WAL, synchronous=FULL (`DurabilityMode.DURABLE`; it comes with NORMAL)"
    remark = "a queue with leases and retries: no times, no history; the loop is its worker's"
    life = "put; leased; acknowledged"

    def __init__(self, place: Path) -> None:
        self._waiting, self._due = (
            SimpleQueue(str(place / name), durability=DurabilityMode.DURABLE)
            for name in ("waiting", "due")
        )

    def add(self, count: int) -> None:
        for _ in range(count):
            self._waiting.put({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})

    def live(self, count: int) -> None:
        for _ in range(count):
            self._due.put({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})
        for _ in range(count):  # as its worker does
            job = self._due.get()
            publish(job.data["account"], job.data["text"])
            self._due.ack(job)

    def close(self) -> None:
        self._waiting.close()
        self._due.close()
