"""How attempts ended: recorded together, and kept until they are recorded.

A full disk, a failed sync or a lock that is not to be had must not make a runner forget what it
knows. What could not be written stays with its attempt (`Running`), whose job nobody touches
meanwhile, and is written as soon as that is possible. Whether a write that failed is in the log all
the same shows when the log is opened again: then it is neither written twice nor refused.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from ..domain import (
    Event,
    EventData,
    InvalidTransitionError,
    JobLedgerError,
    JobStatus,
    ScheduledJob,
    StaleAttemptError,
    StorageError,
    ValidationError,
    clean_text,
)
from ..domain import commands as c
from ..domain import events as e
from ..instrumentation import described, hide_in
from ..ledger import Outcome
from .attempt_told import tell_end, tell_kept, tell_left, tell_put_back, tell_step_refused
from .failures import FailureHook
from .running import Running

OUTCOMES = ("completed", "retried", "failed", "unknown", "interrupted", "refused")
_REFUSALS = (StaleAttemptError, InvalidTransitionError, ValidationError)


class Recorder(Protocol):
    """What a completer asks of the ledger that it writes to."""

    def catch_up(self) -> None:
        """Take in what the log has by now.

        Raises:
            StorageError: that cannot be said; after a failed write, until the log was reopened.
        """

    def find(self, job_id: str) -> ScheduledJob | None:
        """Return the job as it was when the log was last looked at."""

    def change(self, job_id: str, command: c.Command) -> ScheduledJob | None:
        """Record a step. Raises as `CommandHandler.change`; StaleAttemptError also where another
        runner has ended this one."""

    def change_together(self, changes: Sequence[tuple[str, c.Command]]) -> list[Outcome]: ...

    def events_of(self, job_id: str) -> Sequence[Event]: ...

    def doubt(self, running: Running, error: str) -> c.OfAttempt:
        """How an attempt ends of which nobody can say how it ended."""


class Completer:
    """Records how the attempts in `running` ended, and lets go of them when that is done.

    Safe to use from any thread.
    """

    def __init__(
        self, running: dict[str, Running], recorder: Recorder, on_failure: FailureHook
    ) -> None:
        self._running = running
        self._on_failure = on_failure
        self._recorder = recorder
        self._lock = threading.RLock()
        self._is_recording = False
        self.outcomes: Counter[str] = Counter()
        """How many attempts ended how, by the names in `OUTCOMES`."""

    @property
    def kept(self) -> list[Running]:
        """The attempts of which something is known here that the log lacks."""
        every = list(self._running.values())
        return [running for running in every if running.end is not None or running.steps]

    def is_inside(self) -> bool:
        """Whether the calling thread is in the midst of recording, which it has interrupted."""
        # The lock's own word for it, which `threading.Condition` relies on as well.
        return self._lock._is_owned()  # type: ignore[attr-defined, no-any-return]

    def end(self, running: Running, command: c.OfAttempt) -> None:
        """Note how an attempt ended; of several ends the first one counts."""
        if running.end is not None:
            return
        try:
            running.end = hide_in(command)
        except Exception as error:  # noqa: BLE001 - what a foreign text may do when it is looked at
            running.end = self._unreadable(running, error)

    def put_back(self, running: Running, error: BaseException) -> None:
        """Put an attempt back whose publisher was not called, and will not be."""
        command = c.PutBack(attempt=running.number, error=f"not called: {described(error)}")
        self.end(running, command)

    def forget(self, running: Running) -> None:
        """There is nothing more to be recorded of an attempt."""
        if self._running.get(running.job.job_id) is running:
            del self._running[running.job.job_id]

    def has(self, running: Running) -> bool:
        """Say whether it is still there, to be recorded."""
        return self._running.get(running.job.job_id) is running

    def drop(self, running: Running) -> bool:
        """Forget an attempt that has not ended, also where it ends in another thread just now;
        return whether it has not: then nothing of it is recorded."""
        self.forget(running)
        if running.end is None:  # looked at behind the line above: one of both sees the other
            return True
        self._running.setdefault(running.job.job_id, running)
        return False

    # -- steps ---------------------------------------------------------------------------------

    def record_step(self, running: Running, step: c.OfAttempt) -> ScheduledJob | None:
        """Record a checkpoint or a note of an attempt, durably; those first that are kept.

        Raises:
            StaleAttemptError: the attempt is over.
            JobLedgerError: as `Ledger.hold_job`; a step that could not be written is kept.
        """
        if running.end is not None:
            raise StaleAttemptError(
                f"attempt {running.number} is over",
                job_id=running.job.job_id,
                attempt=running.number,
            )
        try:
            if not running.steps:
                return self._recorder.change(running.job.job_id, step)
            with self._lock:
                self._record_steps(running)
                return self._recorder.change(running.job.job_id, step)
        except _REFUSALS:
            raise
        except BaseException as error:
            if step not in running.steps:
                running.steps.append(step)
            running.is_unsure = True
            if isinstance(error, JobLedgerError) or not isinstance(error, Exception):
                raise
            raise StorageError(
                f"the step could not be recorded: {type(error).__name__}: {error}",
                hint="whether it is in the log is unknown",
            ) from error

    def _record_steps(self, running: Running) -> None:
        while running.steps:
            step = running.steps[0]
            job = self._recorder.find(running.job.job_id)
            if not _is_there(job, step):
                try:
                    self._recorder.change(running.job.job_id, step)
                except _REFUSALS as refusal:
                    tell_step_refused(running, refusal.message)
            running.steps.pop(0)

    # -- ends ----------------------------------------------------------------------------------

    def record(self) -> None:
        """Record all that is known.

        Raises:
            JobLedgerError, OSError: it cannot be written; then it is kept, whatever was raised.
        """
        with self._lock:
            if self._is_recording:
                return  # a signal handler in the midst of it: whoever was first goes on
            self._is_recording = True
            try:
                self._record_all()
            except BaseException as error:
                self._keep(error)
                raise
            finally:
                self._is_recording = False

    def _record_all(self) -> None:
        kept = self.kept
        if any(running.is_unsure for running in kept):
            self._recorder.catch_up()
            for running in kept:
                if running.is_unsure:
                    self._compare(running)
        for running in kept:
            if running.steps:
                self._record_steps(running)
        ends = {
            job_id: running
            for job_id, running in list(self._running.items())
            if running.end is not None
        }
        if ends:
            self._record_ends(ends)

    def _compare(self, running: Running) -> None:
        """After a failed write: the log has been looked at again, and may have it."""
        job = self._recorder.find(running.job.job_id)
        running.is_unsure = False
        if running.is_attempt_of(job):
            return
        running.steps.clear()
        if isinstance(running.end, c.PutBack):
            self.forget(running)  # it was never begun, or is put back already
        elif running.end is not None and self._has_end(running):
            self.ended(running, running.end, job)

    def _has_end(self, running: Running) -> bool:
        """Whether the end of an attempt in the log is the one that is kept."""
        for event in reversed(self._recorder.events_of(running.job.job_id)):
            if isinstance(event.data, e.AttemptEnd) and event.data.attempt == running.number:
                assert running.end is not None
                return _says(event.data, running.end)
        return False

    def _record_ends(self, ends: dict[str, Running]) -> None:
        changes = [(job_id, running.end) for job_id, running in ends.items() if running.end]
        try:
            outcomes = self._recorder.change_together(changes)
        except (TypeError, ValueError) as error:  # one of them cannot be put into a line
            if len(ends) > 1:
                for job_id, running in ends.items():
                    self._record_ends({job_id: running})
                return
            [running] = ends.values()
            if running.end is None or running.end == (plain := self._unreadable(running, error)):
                raise
            running.end = plain
            outcomes = self._recorder.change_together([(running.job.job_id, plain)])
        for running, outcome in zip(ends.values(), outcomes, strict=True):
            assert running.end is not None
            self.ended(running, running.end, outcome)

    def ended(self, running: Running, command: c.OfAttempt, outcome: Outcome) -> None:
        """Forget an attempt whose end is in the log, or was refused as too late."""
        self.forget(running)
        put_back = isinstance(command, c.PutBack) and not command.of_account
        if not put_back:
            self.outcomes[_kind(command, outcome)] += 1
        if put_back and not isinstance(outcome, JobLedgerError):
            assert isinstance(command, c.PutBack)
            tell_put_back(running, command.error)
            return
        raised_at = "" if running.attempt is None else running.attempt._raised_at
        tell_end(running.job, command, outcome, raised_at)
        if isinstance(outcome, ScheduledJob):
            self._on_failure.tell(outcome)

    def refuse(self, running: Running, command: c.OfAttempt) -> None:
        """Tell of an answer that is refused: it has come when its attempt had been given up."""
        error = StaleAttemptError(f"attempt {running.number} was given up", attempt=running.number)
        tell_end(running.job, command, error)

    def _unreadable(self, running: Running, error: Exception) -> c.OfAttempt:
        what = "posted" if isinstance(running.end, c.Complete) else "answered"
        reason = type(error).__name__
        message = f"the publisher {what}, and what it said cannot be recorded ({reason})"
        return self._recorder.doubt(running, message)

    # -- what is kept --------------------------------------------------------------------------

    def _keep(self, error: BaseException) -> None:
        for running in self.kept:
            running.is_unsure = True
            was_made = running.end is not None and not isinstance(running.end, c.PutBack)
            if running.end is not None and was_made and not running.is_told:
                running.is_told = True
                tell_kept(running, running.end, error)

    def tell_lost(self) -> None:
        """Log what is still kept, as the last that can be done with it."""
        for running in self.kept:
            tell_left(running)


def _says(data: EventData, command: c.OfAttempt) -> bool:
    """Whether an event says what the command wanted to be recorded."""
    match command, data:
        case c.Complete(), e.JobCompleted():
            return command.thread_id == data.thread_id
        case c.Fail(), e.JobRetried() | e.JobFailed():
            return clean_text(command.error) == data.error
        case c.Interrupt(), e.JobInterrupted():
            return (command.reason, clean_text(command.error)) == (data.reason, data.error)
    return False


def _is_there(job: ScheduledJob | None, step: c.OfAttempt) -> bool:
    """Whether the job already is as the step makes it."""
    if job is None:
        return False
    if isinstance(step, c.Checkpoint):
        return step.name in job.checkpoints and job.checkpoints[step.name] == step.value
    return isinstance(step, c.Note) and job.status_message == clean_text(step.message, 500)


def _kind(command: c.OfAttempt, outcome: Outcome) -> str:
    """Name what became of an attempt, as it is counted."""
    if not isinstance(outcome, ScheduledJob):
        return "refused"
    if isinstance(command, c.Complete):
        return "completed"
    if isinstance(command, c.Interrupt):
        return "unknown" if outcome.outcome_unknown else "interrupted"
    if outcome.status is JobStatus.FAILED:
        return "unknown" if outcome.outcome_unknown else "failed"
    return "retried"
