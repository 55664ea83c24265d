"""APScheduler 3 with its job store for SQL databases, on SQLite."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.events import EVENT_JOB_EXECUTED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from . import ACCOUNT, LATER, TEXT, LivingPeer


class APScheduler(LivingPeer):
    packages = ("APScheduler", "SQLAlchemy")
    durability = "SQLite, rollback journal, synchronous=FULL (its defaults)"
    remark = "keeps no record of how a job ended, nor that it ran: a run is a deleted row"
    life = "a row is written, and deleted once its job was handed to a thread"

    def __init__(self, place: Path) -> None:
        self._left = 0
        self._done = threading.Event()
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"misfire_grace_time": None},
            timezone=UTC,
        )
        self._scheduler.add_jobstore(SQLAlchemyJobStore(f"sqlite:///{place / 'aps.db'}"))
        self._scheduler.add_listener(self._one_done, EVENT_JOB_EXECUTED)
        self._scheduler.start(paused=True)

    def add(self, count: int) -> None:
        for _ in range(count):
            self._add(LATER)

    def live(self, count: int) -> None:
        self._left = count
        self._done.clear()
        now = datetime.now(UTC)
        for _ in range(count):
            self._add(now)
        self._scheduler.resume()
        self._done.wait()
        self._scheduler.pause()

    def _add(self, at: datetime) -> None:
        self._scheduler.add_job("others:publish", "date", run_date=at, args=[ACCOUNT, TEXT])

    def _one_done(self, event: object) -> None:
        self._left -= 1
        if not self._left:
            self._done.set()

    def close(self) -> None:
        self._scheduler.shutdown()
