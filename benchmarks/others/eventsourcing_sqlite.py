"""eventsourcing's application and aggregates, on SQLite."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from . import ACCOUNT, LATER, POSTED, TEXT, LivingPeer, publish

_PAGE = 1000


class Job(Aggregate):
    """A job with the three events of a post that went well."""

    @event("Added")
    def __init__(self, account: str, text: str, at: datetime) -> None:
        self.account, self.text, self.at = account, text, at
        self.status, self.attempt, self.thread_id = "scheduled", 0, ""

    @event("Started")
    def start(self, attempt: int) -> None:
        self.status, self.attempt = "running", attempt

    @event("Completed")
    def complete(self, thread_id: str) -> None:
        self.status, self.thread_id = "completed", thread_id


class EventSourcing(LivingPeer):
    packages = ("eventsourcing",)
    durability = "SQLite, WAL, synchronous=FULL (its defaults)"
    remark = "keeps every job's history, without hashes; the loop is the caller's"
    life = "three events saved one by one; each aggregate is at hand and not read back"

    def __init__(self, place: Path) -> None:
        self._application: Any = Application(
            env={
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(place / "events.db"),
            }
        )

    def add(self, count: int) -> None:
        for _ in range(count):
            self._application.save(Job(account=ACCOUNT, text=TEXT, at=LATER))

    def live(self, count: int) -> None:
        jobs = [Job(account=ACCOUNT, text=TEXT, at=LATER) for _ in range(count)]
        for job in jobs:
            self._application.save(job)
        for job in jobs:
            job.start(1)
            self._application.save(job)
            publish(job.account, job.text)
            job.complete(POSTED)
            self._application.save(job)

    # -- a history to replay -----------------------------------------------------------------------

    def save_lives(self, jobs: Iterable[tuple[str, str, datetime]], at_once: int = 500) -> None:
        """Jobs that came and went, by account, text and time; some hundred a transaction."""
        batch: list[Job] = []
        for account, text, at in jobs:
            job = Job(account=account, text=text, at=at)
            job.start(1)
            job.complete(POSTED)
            batch.append(job)
            if len(batch) == at_once:
                self._application.save(*batch)
                batch.clear()
        self._application.save(*batch)

    def ids(self) -> list[UUID]:
        """Of every job, in the order of adding."""
        return list(dict.fromkeys(each.originator_id for each in self._stored()))

    def by_repository(self, ids: Iterable[UUID]) -> dict[UUID, Job]:
        """Every job from its own stored events, one after the other."""
        get = self._application.repository.get
        return {job_id: get(job_id) for job_id in ids}

    def by_notification_log(self) -> dict[UUID, Job]:
        """Every job from all stored events in their order, as a projection is rebuilt."""
        jobs: dict[UUID, Any] = {}
        to_event = self._application.mapper.to_domain_event
        for each in self._stored():
            happened = to_event(each)
            job_id = happened.originator_id
            jobs[job_id] = happened.mutate(jobs.get(job_id))
        return jobs

    def _stored(self) -> Iterable[Any]:
        start = 1
        while page := self._application.recorder.select_notifications(start, _PAGE):
            yield from page
            start = page[-1].id + 1

    def close(self) -> None:
        self._application.close()
