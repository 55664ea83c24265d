"""Every error that jobledger raises on purpose, under one base.

Each error carries what it knows as attributes (a caller should never have to parse a message),
reads as one line, says what to do in `hint` where there is something to do, and pickles.
"""

from __future__ import annotations

from typing import Any


class JobLedgerError(Exception):
    """The base of all errors of this package."""

    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self._facts = facts
        for name, value in facts.items():
            setattr(self, name, value)

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.hint, self._facts)


def _rebuild(
    kind: type[JobLedgerError], message: str, hint: str | None, facts: dict[str, Any]
) -> JobLedgerError:
    return kind(message, hint=hint, **facts)


class ValidationError(JobLedgerError, ValueError):
    """An argument is not acceptable; nothing was changed. `field` names the argument."""

    field: str | None = None

    def __init__(
        self, message: str, *, field: str | None = None, hint: str | None = None, **facts: Any
    ) -> None:
        super().__init__(message, hint=hint, field=field, **facts)


class InvalidScheduleTimeError(ValidationError):
    """A scheduled time that is no time, or too far from now."""


class JobNotFoundError(JobLedgerError, KeyError):
    """No job of this id is in the ledger (it was never added, or it was removed)."""

    job_id: str | None = None


class InvalidTransitionError(JobLedgerError):
    """The lifecycle has no such transition; nothing was appended.

    `state` is the job's status as text (`"–"` for a job that does not exist yet) and `trigger`
    what was asked of it.
    """

    state: str | None = None
    trigger: str | None = None
    job_id: str | None = None


class StaleAttemptError(JobLedgerError):
    """The attempt is no longer the job's current one; its result changes nothing."""

    job_id: str | None = None
    attempt: int | None = None


class StorageError(JobLedgerError):
    """The ledger could not be read or written. After one from a change, its outcome is unknown."""

    path: str | None = None
    line: int | None = None
    offset: int | None = None


class LedgerCorruptError(StorageError):
    """The log does not verify: `path`, `line` (from 1), `offset` (bytes) and `kind` say where."""

    kind: str | None = None


class LedgerBusyError(StorageError):
    """Another process holds a lock of this ledger for too long; `pid` is that process, where it is
    known. Nothing was changed. Internal: a StorageError for everybody else."""

    pid: int | None = None


class SchedulerRunningError(StorageError):
    """Another runner holds this ledger; `pid` is its process."""

    pid: int | None = None
