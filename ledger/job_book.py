"""The book of one write: jobs as they will be, command by command, before anything is appended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..domain import Event, JobEvent, JobStatus, ScheduledJob, decide, evolve
from ..domain import commands as c
from ..projections import Board
from .intents import Intent

_GONE = (JobStatus.CANCELLED, JobStatus.EXPIRED)


class JobBook:
    """Takes commands on jobs, of which several may be on one; what they lead to is `intents`.

    `version` is that of a job in the log, 0 where there never was one of the id.
    """

    def __init__(self, board: Board, version: Callable[[str], int], now: datetime) -> None:
        self._board = board
        self._version = version
        self._now = now
        self._before: dict[str, ScheduledJob | None] = {}
        self._after: dict[str, ScheduledJob | None] = {}
        self._said: dict[str, tuple[c.Command, list[JobEvent]]] = {}

    def find(self, job_id: str) -> ScheduledJob | None:
        """Return the job as it will be; None where there is none."""
        return self._after[job_id] if job_id in self._after else self._board.get(job_id)

    def is_known(self, job_id: str) -> bool:
        """Say whether there ever was a job of this id."""
        return job_id in self._after or self._version(job_id) > 0

    def tell(self, job_id: str, command: c.Command) -> None:
        """Decide on a command.

        Raises:
            JobLedgerError: as `decide`; the book is as it was.
        """
        job = self.find(job_id)
        decided = decide(job, command, self._now)
        if not decided:
            return
        if job_id not in self._before:
            self._before[job_id] = job
        after, version = job, 0 if job is None else job.version
        for data in decided:
            version += 1
            event = Event(
                seq=0, at=self._now, type=data.TYPE, job_id=job_id, version=version, data=data
            )
            after = evolve(after, event)
        self._after[job_id] = after
        first, said = self._said.get(job_id, (command, []))
        self._said[job_id] = first, said + decided

    def leaves(self, job_id: str) -> bool:
        """Say whether the job will not be posted any more, and would be but for this write."""
        after = self._after.get(job_id)
        return after is not None and after.status in _GONE

    def intents(self) -> list[Intent]:
        """Return what is to be appended."""
        return [
            Intent(job_id, self._before[job_id], command, data)
            for job_id, (command, data) in self._said.items()
        ]
