"""The attempts that this process is making, and what is known of them that the log lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from ..domain import JobLedgerError, JobStatus, ScheduledJob
from ..domain import commands as c
from ..eventstore import EventLog
from ..ledger import State
from ..projections import LogEntry
from .attempt import Attempt
from .own_loop import is_in_event_loop


class Running:
    """An attempt of this process: from just before its start is written until its end has been.

    As long as it is there, its job is neither recovered nor started again, and its account is busy.
    """

    __slots__ = (
        "attempt", "begun_s", "end", "is_given_up", "is_told", "is_unsure", "job", "number",
        "runner", "steps", "task",
    )  # fmt: skip

    def __init__(self, job: ScheduledJob, number: int, runner: str | None) -> None:
        self.job = job
        """As it was when the attempt began; before that, as it was found due."""
        self.number = number
        self.runner = runner
        """As whom this process has begun it: another one may begin one of the same number."""
        self.begun_s = 0.0
        """What the uptime of this process was when it began."""
        self.attempt: Attempt | None = None
        """What its publisher has been given last."""
        self.task: asyncio.Task[None] | None = None
        self.steps: list[c.OfAttempt] = []
        """Checkpoints and notes that could not be recorded, to be recorded before its end."""
        self.end: c.OfAttempt | None = None
        """How it ended: here until that is recorded."""
        self.is_given_up = False
        """Its publisher is not to be called for anything any more."""
        self.is_unsure = False
        """A write of it has failed: the log may have it all the same."""
        self.is_told = False
        """Somebody was told that its end is kept."""

    def give(self, attempt: Attempt) -> None:
        """Note what its publisher gets next, if nobody has given it up."""
        self.attempt = attempt
        if self.is_given_up:  # looked at behind the line above: one of both sees the other
            attempt._cancel()

    def give_up(self) -> bool:
        """Have it stop, and its publisher not called any more: whether it has not been, for what
        it was last asked. In any thread."""
        self.is_given_up = True
        attempt = self.attempt
        return attempt is None or attempt._cancel()

    @property
    def is_under_way(self) -> bool:
        """Whether its task still has something to do."""
        return self.task is not None and not self.task.done()

    def is_attempt_of(self, job: ScheduledJob | None) -> bool:
        """Whether the job is RUNNING, and this is the attempt: not another runner's, which was
        faster where the start of this one did not get into the log."""
        return (
            job is not None
            and job.status is JobStatus.RUNNING
            and job.attempt == self.number
            and job.runner == self.runner  # rule: attempt-of-this-runner
        )


class RunningAttempts:
    """Who is running what: the attempts of this process, by job. `me` is the runner that it is."""

    def __init__(
        self,
        log: EventLog[LogEntry],
        state: State,
        me: Callable[[], str],
        *,
        is_remote: bool = False,
    ) -> None:
        self._log = log
        self._state = state
        self._me = me
        self._is_remote = is_remote
        self.by_job: dict[str, Running] = {}

    def claim(self, job: ScheduledJob) -> Running:
        """From here on the job's next attempt may be in the log, as one of ours."""
        claim = Running(job, job.attempt + 1, self._me())
        self.by_job[job.job_id] = claim
        return claim

    def accounts(self, but: str | None = None) -> set[str]:
        """Return the accounts that are busy, not counting the attempt of the job `but`."""
        return {running.job.account_id for job_id, running in self.by_job.items() if job_id != but}

    def is_ours(self, job: ScheduledJob) -> bool:
        """Whether the job's attempt is one of this process."""
        mine = self.by_job.get(job.job_id)
        # rule: own-attempt-is-not-left
        return mine is not None and (mine.number, mine.runner) == (job.attempt, job.runner)

    def is_current(self, running: Running) -> bool:
        """Whether the log still has this attempt running, as far as it is known."""
        with self._state.lock:
            return running.is_attempt_of(self._state.board.get(running.job.job_id))

    def is_newest(self, job: ScheduledJob) -> bool:
        """Whether the log still has the job's attempt running, with what other processes have
        changed by now. For any thread; in an event loop, which is not to wait for a server, and
        whose runner looks all the time, what is known has to do where there is one."""
        if not (self._is_remote and is_in_event_loop()):
            with suppress(JobLedgerError):  # a closed or broken log: what is known has to do
                self._log.refresh()  # rule: asked-of-the-newest
        return self.is_current(Running(job, job.attempt, job.runner))

    def tasks(self) -> list[asyncio.Task[None]]:
        """Of the attempts that are still under way."""
        every = list(self.by_job.values())
        return [running.task for running in every if running.task and not running.task.done()]
