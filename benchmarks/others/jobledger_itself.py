"""jobledger as it comes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jobledger import PostResult, Scheduler

from . import ACCOUNT, LATER, POSTED, TEXT, LivingPeer


class Jobledger(LivingPeer):
    packages = ("jobledger",)
    durability = "fdatasync of the log at each change"
    remark = "keeps every job's history in a chain of hashes"
    life = "added; started and completed, the end of one job with the start of the next"

    def __init__(self, place: Path) -> None:
        self._scheduler = Scheduler(place / "jobs")

    def add(self, count: int) -> None:
        for _ in range(count):
            self._scheduler.add_job(ACCOUNT, TEXT, LATER)

    def live(self, count: int) -> None:
        now = datetime.now(UTC)
        for _ in range(count):
            self._scheduler.add_job(ACCOUNT, TEXT, now)
        done = self._scheduler.run_due(lambda account, text: PostResult(True, thread_id=POSTED))
        if done != count:
            raise SystemExit(f"{done} jobs ran, not {count}")

    def close(self) -> None:
        self._scheduler.close()
