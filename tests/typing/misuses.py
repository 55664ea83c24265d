"""What a type checker has to find: each line with an ignore is a mistake.

An ignore that hides nothing is an error, for mypy and for pyright alike. So this program passes
where each of these lines is refused by both of them, and nothing else is.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jobledger
import jobledger.testing
from jobledger import (
    Attempt,
    Change,
    Event,
    JobAdded,
    JobNotFoundError,
    JobPriority,
    JobStatus,
    Ledger,
    NewJob,
    Pacing,
    PostResult,
    RetryPolicy,
    ScheduledJob,
    Scheduler,
    StorageError,
    ValidationError,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def a_name_that_is_not_public() -> None:
    print(jobledger.Job)  # type: ignore[attr-defined]
    print(jobledger.testing.nothing_of_ours)  # type: ignore[attr-defined]


def settings_that_there_are_not() -> None:
    Ledger("jobs", durability="sometimes")  # type: ignore[arg-type]
    Ledger("jobs", timezone=7)  # type: ignore[arg-type]
    Ledger("jobs", color="red")  # type: ignore[call-arg]
    Ledger("jobs", "UTC")  # type: ignore[call-arg]
    Scheduler("jobs", on_interrupted="ask")  # type: ignore[arg-type]
    Scheduler("jobs", read_only=True)  # type: ignore[call-arg]
    Scheduler("jobs", retry=3)  # type: ignore[arg-type]
    Scheduler("jobs", publish_timeout=30)  # type: ignore[arg-type]
    RetryPolicy(base_s=timedelta(minutes=1))  # type: ignore[arg-type]
    Pacing(per_day=3)  # type: ignore[call-arg]


def arguments_of_another_kind(ledger: Ledger) -> None:
    ledger.add_job("mai", "Xin chào", "tomorrow")  # type: ignore[arg-type]
    ledger.add_job("mai", "Xin chào")  # type: ignore[call-arg]
    ledger.add_job("mai", "Xin chào", NOON, priority=3)  # type: ignore[arg-type]
    ledger.add_job("mai", "Xin chào", NOON, JobPriority.HIGH, 3, "threads")  # type: ignore[call-arg]
    ledger.add_jobs(["Xin chào"])  # type: ignore[list-item]
    ledger.add_jobs(NewJob("mai", "Xin chào", NOON))  # type: ignore[arg-type]
    ledger.list_jobs(status="scheduled")  # type: ignore[arg-type]
    ledger.resolve_job("job", True)  # type: ignore[call-arg]
    ledger.edit_job("job", content=None)  # type: ignore[arg-type]
    ledger.edit_job("job", scheduled_time=NOON)  # type: ignore[call-arg]
    ledger.verify(public_keys=[7])  # type: ignore[list-item]
    ledger.as_of("yesterday")  # type: ignore[arg-type]


def answers_that_are_none(ledger: Ledger) -> None:
    job_ids: list[int] = ledger.known_ids()  # type: ignore[assignment]
    error: str = ledger.get_job("job").error  # type: ignore[assignment]
    held: ScheduledJob = ledger.hold_job("job")  # type: ignore[assignment, func-returns-value]
    counts: dict[str, str] = ledger.counts()  # type: ignore[assignment]
    print(job_ids, error, held, counts)


def what_is_frozen(job: ScheduledJob, event: Event, result: PostResult) -> None:
    job.status = JobStatus.COMPLETED  # type: ignore[misc]
    event.seq = 1  # type: ignore[misc]
    result.success = True  # type: ignore[misc]


def what_only_one_kind_of_event_has(event: Event, added: Event[JobAdded]) -> None:
    print(event.data.account_id)  # type: ignore[union-attr]
    print(added.data.thread_id)  # type: ignore[attr-defined]


def a_runner_is_no_plain_ledger(ledger: Ledger) -> None:
    ledger.run_due(lambda account_id, content: PostResult(True))  # type: ignore[attr-defined]


def says_nothing(account_id: str, content: str) -> None:
    """No PostResult."""


def takes_one(attempt: Attempt) -> PostResult:
    """As a method would; a function gets an account and a text."""
    return PostResult(True)


class AnswersWithText:
    def publish(self, attempt: Attempt) -> str:
        return "posted"


class AsksForMore:
    def publish(self, attempt: Attempt, more: int) -> PostResult:
        return PostResult(True)


def publishers_that_are_none(scheduler: Scheduler) -> None:
    scheduler.run_due(says_nothing)  # type: ignore[arg-type]
    scheduler.run_due(takes_one)  # type: ignore[arg-type]
    scheduler.run_due(AnswersWithText())  # type: ignore[arg-type]
    scheduler.run_due(AsksForMore())  # type: ignore[arg-type]
    scheduler.run_due(AnswersWithText)  # type: ignore[arg-type]
    scheduler.run_due(lambda account_id, content: True)  # type: ignore[arg-type,return-value]
    PostResult("posted")  # type: ignore[arg-type]
    PostResult(True, posted_as="17")  # type: ignore[call-arg]


class GivesText:
    """A projection's file is bytes."""

    name = "gives_text"

    def apply(self, change: Change) -> None:
        """Do nothing."""

    def render(self) -> str:
        return ""


class Nameless:
    def apply(self, change: Change) -> None:
        """Do nothing."""

    def render(self) -> bytes:
        return b""


def projections_that_are_none() -> None:
    Ledger("jobs", projections=[GivesText])  # type: ignore[list-item]
    Ledger("jobs", projections=[Nameless])  # type: ignore[list-item]


class SaysText:
    def now(self) -> str:
        return "noon"


def a_clock_that_is_none() -> None:
    Ledger("jobs", clock=SaysText())  # type: ignore[arg-type]


def what_an_error_does_not_know(error: ValidationError) -> Any:
    return error.line  # type: ignore[attr-defined]


def what_an_error_does_not_take() -> None:
    JobNotFoundError("gone", job="j")  # type: ignore[call-arg]
    JobNotFoundError("gone", job_id=7)  # type: ignore[arg-type]
    StorageError("broken", "jobs")  # type: ignore[call-arg]
    ValidationError("wrong", field="content", line=3)  # type: ignore[call-arg]
