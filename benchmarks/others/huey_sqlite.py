"""Huey on SQLite, synced and not."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from huey import SqliteHuey

from . import ACCOUNT, LATER, TEXT, LivingPeer, publish


class Huey(LivingPeer):
    packages = ("huey",)
    durability = "SQLite, WAL, synchronous=FULL (`fsync=True`)"
    remark = "a job that was taken off the queue is lost in a crash; no history"
    life = "queued; taken off the queue; its result stored"

    synced: ClassVar[bool] = True

    def __init__(self, place: Path) -> None:
        self._queue = SqliteHuey(filename=str(place / "huey.db"), fsync=self.synced)
        self._task = self._queue.task()(publish)

    def add(self, count: int) -> None:
        for _ in range(count):
            self._task.schedule((ACCOUNT, TEXT), eta=LATER)

    def live(self, count: int) -> None:
        # What was added for later waits in the same queue, until a worker puts it in the schedule.
        for _ in range(count):
            self._task(ACCOUNT, TEXT)
        while (task := self._queue.dequeue()) is not None:  # as its worker does
            self._queue.execute(task)

    def close(self) -> None:
        self._queue.storage.close()


class HueyUnsynced(Huey):
    durability = "SQLite, WAL, synchronous=OFF (`fsync=False`): a power cut may take what was added"
    synced = False
