"""A program that catches errors: what each of them knows, and in which order they are caught."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from jobledger import (
    InvalidScheduleTimeError,
    InvalidTransitionError,
    JobLedgerError,
    JobMovedOnError,
    JobNotFoundError,
    Ledger,
    LedgerCorruptError,
    ManualClock,
    Scheduler,
    SchedulerRunningError,
    StaleAttemptError,
    StorageError,
    ValidationError,
    WatcherLetGoError,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def told(error: JobLedgerError) -> str:
    """By their classes; any other is a JobLedgerError with a message, and a hint where there is."""
    assert_type(error.message, str)
    assert_type(error.hint, str | None)
    match error:
        case InvalidScheduleTimeError() | ValidationError():
            assert_type(error.field, str | None)
        case JobNotFoundError():
            assert_type(error.job_id, str | None)
        case InvalidTransitionError():
            assert_type((error.state, error.trigger), tuple[str | None, str | None])
            assert_type(error.job_id, str | None)
        case JobMovedOnError():
            assert_type(error.job_id, str | None)
            assert_type((error.expected, error.version), tuple[int | None, int | None])
        case StaleAttemptError():
            assert_type(error.job_id, str | None)
            assert_type(error.attempt, int | None)
        case SchedulerRunningError():
            assert_type(error.pid, int | None)
            assert_type(error.path, str | None)
        case LedgerCorruptError():
            assert_type(error.kind, str | None)
            assert_type((error.line, error.offset), tuple[int | None, int | None])
        case StorageError():
            assert_type(error.path, str | None)
        case WatcherLetGoError():
            assert_type(error.after, int | None)
        case _:
            pass
    return str(error)


def as_the_standard_librarys(error: JobLedgerError) -> None:
    """Two of them are also what Python raises for such a mistake."""
    if isinstance(error, ValidationError):
        value_error: ValueError = error
        print(value_error)
    if isinstance(error, JobNotFoundError):
        key_error: KeyError = error
        print(key_error)


def main(directory: Path) -> None:
    with Ledger(directory, clock=ManualClock(NOON)) as ledger:
        try:
            ledger.cancel_job("nobody")
        except JobNotFoundError as error:
            told(error)
            as_the_standard_librarys(error)
        try:
            ledger.add_job("", "Xin chào", NOON)
        except ValidationError as error:
            told(error)
            as_the_standard_librarys(error)
    with Scheduler(directory, clock=ManualClock(NOON)):
        try:
            Scheduler(directory)
        except SchedulerRunningError as error:
            told(error)
