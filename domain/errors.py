"""Every error that jobledger raises on purpose, under one base.

    JobLedgerError
      · ValidationError (also a ValueError)
          · InvalidScheduleTimeError
      · JobNotFoundError (also a KeyError)
      · InvalidTransitionError
      · StaleAttemptError
      · JobMovedOnError
      · StorageError
          · LedgerCorruptError
          · LedgerBusyError (internal)
          · SchedulerRunningError
      · WatcherLetGoError

Each error carries what it knows as attributes (a caller should never have to parse a message), None
where it was not told; reads as one line, says what to do in `hint` where there is something to do
(`remedy` is that as a value), and pickles with all of it, as a subclass with a constructor of its
own does.
"""

from __future__ import annotations

from typing import Self, TypeVar

from .remedies import WORDS, Remedy, joined

ErrorT = TypeVar("ErrorT", bound="JobLedgerError")


class JobLedgerError(Exception):
    """The base of all errors of this package.

    `advice` is what was given as `hint`: of the case at hand, and nothing that `remedy` says.
    """

    message: str
    advice: str | None
    remedy: Remedy | None

    def __init__(
        self, message: str, *, hint: str | None = None, remedy: Remedy | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.advice = hint
        self.remedy = remedy

    @property
    def hint(self) -> str | None:
        """What to do, in words of the library."""
        return joined(self.advice, None if self.remedy is None else WORDS[self.remedy])

    def __str__(self) -> str:
        hint = self.hint
        return f"{self.message} ({hint})" if hint else self.message

    def __reduce__(
        self,
    ) -> tuple[object, tuple[type[Self], tuple[object, ...]], dict[str, object]]:
        # By what it is made of, not by calling its constructor anew: that of a subclass takes
        # what it likes, and may need more than a message.
        return _blank, (type(self), self.args), vars(self)


def _blank(kind: type[ErrorT], arguments: tuple[object, ...]) -> ErrorT:
    return kind.__new__(kind, *arguments)


class ValidationError(JobLedgerError, ValueError):
    """An argument is not acceptable; nothing was changed. `field` names the argument."""

    field: str | None

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy)
        self.field = field


class InvalidScheduleTimeError(ValidationError):
    """A scheduled time that is no time, or too far from now."""


class JobNotFoundError(JobLedgerError, KeyError):
    """No job of this id is in the ledger (it was never added, or it was removed)."""

    job_id: str | None

    def __init__(
        self,
        message: str,
        *,
        job_id: str | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy)
        self.job_id = job_id


class InvalidTransitionError(JobLedgerError):
    """The lifecycle has no such transition; nothing was appended.

    `state` is the job's status as text (`"–"` for a job that does not exist yet) and `trigger`
    what was asked of it.
    """

    state: str | None
    trigger: str | None
    job_id: str | None

    def __init__(
        self,
        message: str,
        *,
        state: str | None = None,
        trigger: str | None = None,
        job_id: str | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy)
        self.state = state
        self.trigger = trigger
        self.job_id = job_id


class StaleAttemptError(JobLedgerError):
    """The attempt is no longer the job's current one; its result changes nothing."""

    job_id: str | None
    attempt: int | None

    def __init__(
        self,
        message: str,
        *,
        job_id: str | None = None,
        attempt: int | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy)
        self.job_id = job_id
        self.attempt = attempt


class JobMovedOnError(JobLedgerError):
    """The job is not at the version any more that the change was meant for; nothing was changed.

    `expected` is that version, `version` the one that it has now.
    """

    job_id: str | None
    expected: int | None
    version: int | None

    def __init__(
        self,
        message: str,
        *,
        job_id: str | None = None,
        expected: int | None = None,
        version: int | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy)
        self.job_id = job_id
        self.expected = expected
        self.version = version


class StorageError(JobLedgerError):
    """The ledger could not be read or written. After one from a change, its outcome is unknown.

    `path`, `line` (from 1) and `offset` (bytes) say where, as far as that is known.
    """

    path: str | None
    line: int | None
    offset: int | None

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        offset: int | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy)
        self.path = path
        self.line = line
        self.offset = offset


class LedgerCorruptError(StorageError):
    """The log does not verify: `path`, `line`, `offset` say where, and `kind` in what way."""

    kind: str | None

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        offset: int | None = None,
        kind: str | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, path=path, line=line, offset=offset, hint=hint, remedy=remedy)
        self.kind = kind


class LedgerBusyError(StorageError):
    """Another process holds a lock of this ledger for too long; `pid` is that process, where it is
    known. Nothing was changed. Internal: a StorageError for everybody else."""

    pid: int | None

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        pid: int | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, path=path, hint=hint, remedy=remedy)
        self.pid = pid


class SchedulerRunningError(StorageError):
    """Another runner holds this ledger; `pid` is its process."""

    pid: int | None

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        pid: int | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, path=path, hint=hint, remedy=remedy)
        self.pid = pid


class WatcherLetGoError(JobLedgerError):
    """A watcher took too little of what came, and gets no more. `after` is the last event that it
    was given: watching anew after that number misses none."""

    after: int | None

    def __init__(
        self,
        message: str,
        *,
        after: int | None = None,
        hint: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, hint=hint, remedy=remedy)
        self.after = after
