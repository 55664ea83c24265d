"""SimpleBroker's queues on SQLite, with a connection that stays open."""

from __future__ import annotations

import json
from pathlib import Path

from simplebroker import Queue

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish

_JOB = json.dumps({"account": ACCOUNT, "text": TEXT, "at": LATER_TEXT})


class SimpleBroker(LivingPeer):
    packages = ("simplebroker",)
    durability = "SQLite, WAL, synchronous=FULL (its defaults); `persistent=True`"
    remark = (
        "a queue: no times, no retries later, no history; the loop is the caller's, who has to find"
        " what a crash left in work"
    )
    life = "written; moved to a queue of what is in work; deleted from it"

    def __init__(self, place: Path) -> None:
        self._waiting, self._due, self._working = (
            Queue(name, db_path=str(place / "broker.db"), persistent=True)
            for name in ("waiting", "due", "working")
        )

    def add(self, count: int) -> None:
        for _ in range(count):
            self._waiting.write(_JOB)

    def live(self, count: int) -> None:
        for _ in range(count):
            self._due.write(_JOB)
        for _ in range(count):
            body, number = self._due.move_one("working", with_timestamps=True)
            job = json.loads(body)
            publish(job["account"], job["text"])
            self._working.delete(message_id=number)

    def close(self) -> None:
        for queue in (self._waiting, self._due, self._working):
            queue.close()
