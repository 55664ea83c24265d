"""Past attempts as spans: OTLP in JSON, folded from the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cli import run_cli_here

from jobledger import (
    Attempt,
    Event,
    JobAdded,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobInterrupted,
    JobPriority,
    JobRetried,
    JobStarted,
    ManualClock,
    PostResult,
    Scheduler,
)
from jobledger.tools.past_spans import document, past_spans

TEXT = "canary of the text"
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def scheduler(directory: Path) -> Iterator[Scheduler]:
    clock = ManualClock(NOON)
    with Scheduler(directory, clock=clock, timezone="UTC") as scheduler:
        yield scheduler


def spans(scheduler: Scheduler, since: datetime | None = None) -> list[dict[str, Any]]:
    return list(past_spans(scheduler.ledger_id, scheduler.events(), since))


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


def clock_of(scheduler: Scheduler) -> ManualClock:
    clock = scheduler._clock
    assert isinstance(clock, ManualClock)
    return clock


def test_an_attempt_is_a_span_from_its_start_to_its_end(scheduler: Scheduler) -> None:
    def post(attempt: Attempt) -> PostResult:
        clock_of(scheduler).advance(timedelta(seconds=1, microseconds=5))
        return PostResult(False, error=f"no: {TEXT}")

    class Slow:
        publish = staticmethod(post)

    scheduler.add_job("mai", TEXT, NOON, job_id="one", platform="mastodon", max_retries=0)
    scheduler.run_due(Slow())
    [span] = spans(scheduler)
    assert (span["name"], span["kind"], span["status"]) == ("publish", 5, {"code": 2})
    nanoseconds = int(NOON.timestamp()) * 1_000_000_000
    assert span["startTimeUnixNano"] == str(nanoseconds)
    assert span["endTimeUnixNano"] == str(nanoseconds + 1_000_005_000)
    assert attributes(span) == {
        "jobledger.job_id": "one",
        "jobledger.account_id": "mai",
        "jobledger.platform": "mastodon",
        "jobledger.attempt": "1",
        "jobledger.asks_first": False,
        "jobledger.outcome": "failed",
    }
    assert "canary" not in json.dumps(document("ledger", [span]))


def test_attempts_of_a_job_are_of_one_trace_and_always_the_same(scheduler: Scheduler) -> None:
    scheduler.add_job("mai", "text", NOON, job_id="one")
    scheduler.add_job("lan", "text", NOON, job_id="two")
    scheduler.run_due(lambda account_id, content: PostResult(False, error="later"))
    clock_of(scheduler).advance(timedelta(hours=1))
    scheduler.run_due(lambda account_id, content: PostResult(True))
    found = spans(scheduler)
    assert [attributes(span)["jobledger.outcome"] for span in found] == [
        "failed", "failed", "posted", "posted",
    ]  # fmt: skip
    assert len({span["spanId"] for span in found}) == 4
    assert len({span["traceId"] for span in found}) == 2
    assert all(len(span["traceId"]) == 32 and len(span["spanId"]) == 16 for span in found)
    assert spans(scheduler) == found


class Doubtful:
    """Says that it cannot tell, and has an answer for who asks."""

    def __init__(self, scheduler: Scheduler, *found: PostResult) -> None:
        self._clock = clock_of(scheduler)
        self._found = iter(found)
        self.asked: list[int] = []

    def publish(self, attempt: Attempt) -> PostResult:
        self._clock.advance(timedelta(seconds=5))
        return PostResult(True) if self.asked else PostResult.unknown("no answer")

    def reconcile(self, attempt: Attempt) -> PostResult:
        self.asked.append(attempt.number)
        self._clock.advance(timedelta(seconds=2))
        return next(self._found)


def lasted(span: dict[str, Any]) -> float:
    return (int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])) / 1e9


def asked(scheduler: Scheduler, *found: PostResult, retries: int = 3) -> list[dict[str, Any]]:
    """Have an attempt in doubt, and later ones ask about it; return the spans but the first."""
    publisher = Doubtful(scheduler, *found)
    scheduler.add_job("mai", "text", NOON, job_id="one", max_retries=retries)
    for _ in range(len(found) + 1):
        scheduler.run_due(publisher)
        clock_of(scheduler).advance(timedelta(hours=1))
    first, *others = spans(scheduler)
    assert (first["name"], attributes(first)["jobledger.outcome"]) == ("publish", "outcome_unknown")
    alone = [each for each in others if each["name"] == "reconcile"]
    assert [int(attributes(each)["jobledger.attempt"]) for each in alone] == (
        publisher.asked[: len(alone)]
    )
    return others


NOT_POSTED = PostResult(False, error="not there")


@pytest.mark.parametrize(
    ("found", "retries", "outcome"),
    [
        (PostResult(True), 3, "posted"),
        (PostResult.unknown("who knows"), 3, "unknown"),
        (NOT_POSTED, 0, "failed"),
    ],
    ids=["it is out", "nobody knows", "no retry is left"],
)
def test_an_attempt_that_only_asked_is_a_span_of_just_that(
    scheduler: Scheduler, found: PostResult, retries: int, outcome: str
) -> None:
    """It is about the attempt in doubt, as the span that is made while it happens."""
    [span] = asked(scheduler, found, retries=retries)
    assert (span["name"], lasted(span)) == ("reconcile", 2)
    said = attributes(span)
    assert (said["jobledger.attempt"], said["jobledger.asked_by"]) == ("1", "2")
    assert said["jobledger.outcome"] == outcome
    assert "jobledger.asked_until" not in said


def test_asking_that_failed_is_asked_again_about_the_same_attempt(scheduler: Scheduler) -> None:
    class Fails(Doubtful):
        def reconcile(self, attempt: Attempt) -> PostResult:
            super().reconcile(attempt)
            raise ConnectionError("no way there")

    publisher = Fails(scheduler, *[NOT_POSTED] * 2)
    scheduler.add_job("mai", "text", NOON, job_id="one")
    for _ in range(3):
        scheduler.run_due(publisher)
        clock_of(scheduler).advance(timedelta(hours=1))
    found = spans(scheduler)[1:]
    assert [each["name"] for each in found] == ["reconcile"] * 2
    assert [attributes(each)["jobledger.attempt"] for each in found] == ["1", "1"]
    assert [attributes(each)["jobledger.asked_by"] for each in found] == ["2", "3"]
    assert publisher.asked == [1, 1]


def test_one_that_went_on_says_that_the_log_has_no_end_of_the_asking(scheduler: Scheduler) -> None:
    [span] = asked(scheduler, NOT_POSTED)
    assert (span["name"], lasted(span)) == ("publish", 7)
    said = attributes(span)
    assert (said["jobledger.attempt"], said["jobledger.asks_first"]) == ("2", True)
    assert said["jobledger.asked_until"] == "not in the log"


def test_what_was_requeued_may_post_again_and_is_not_taken_for_asking(
    scheduler: Scheduler,
) -> None:
    """Also where no retry was left before."""

    class Refused(Doubtful):
        def publish(self, attempt: Attempt) -> PostResult:
            return NOT_POSTED if self.asked else super().publish(attempt)

    publisher = Refused(scheduler, NOT_POSTED)
    scheduler.add_job("mai", "text", NOON, job_id="one", max_retries=0)
    scheduler.run_due(publisher)
    scheduler.cancel_job("one")
    scheduler.requeue_job("one", NOON + timedelta(hours=1))
    clock_of(scheduler).advance(timedelta(hours=2))
    scheduler.run_due(publisher)
    assert publisher.asked == [1]
    assert [each["name"] for each in spans(scheduler)] == ["publish", "publish"]


def test_only_what_ended_since_then_is_there(scheduler: Scheduler) -> None:
    scheduler.add_job("mai", "text", NOON)
    scheduler.run_due(lambda account_id, content: PostResult(True))
    assert len(spans(scheduler, NOON)) == 1
    assert spans(scheduler, NOON + timedelta(microseconds=1)) == []


def added(trace: str | None = None) -> JobAdded:
    return JobAdded(
        account_id="a",
        content="x",
        scheduled_time=NOON,
        priority=JobPriority.NORMAL,
        max_retries=0,
        platform="threads",
        trace=trace,
    )


def test_it_is_linked_to_the_trace_that_the_log_has() -> None:
    events = [
        _event(1, added(PARENT)),
        _event(2, JobStarted(attempt=1, reconcilable=False)),
        _event(3, JobCompleted(attempt=1)),
    ]
    [span] = past_spans("ledger", events)
    assert span["links"] == [
        {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7"}
    ]


@pytest.mark.parametrize(
    ("end", "outcome", "code"),
    [
        (JobCompleted(attempt=1), "posted", 1),
        (JobRetried(attempt=1, error="x", retry_count=1, scheduled_time=NOON), "failed", 2),
        (
            JobRetried(attempt=1, error="x", retry_count=0, scheduled_time=NOON, called=False),
            "not_called",
            2,
        ),
        (JobFailed(attempt=1, error="x"), "failed", 2),
        (JobFailed(attempt=1, error="x", outcome_unknown=True), "unknown", 2),
        (
            JobInterrupted(
                attempt=1, reason="crashed", error="x", retry_count=1, scheduled_time=None
            ),
            "crashed",
            2,
        ),
        (JobCancelled(), "cancelled", 2),
    ],
)
def test_each_end_of_an_attempt_has_its_word(end: Any, outcome: str, code: int) -> None:
    events = [
        _event(1, added()),
        _event(2, JobStarted(attempt=1, reconcilable=False)),
        _event(3, end),
    ]
    [span] = past_spans("ledger", events)
    assert (attributes(span)["jobledger.outcome"], span["status"]["code"]) == (outcome, code)
    assert "links" not in span


def _event(seq: int, data: Any) -> Event:
    return Event(seq=seq, at=NOON, type=data.TYPE, job_id="one", version=seq, data=data)


def test_the_command_prints_documents_of_otlp(directory: Path) -> None:
    with Scheduler(directory, timezone="UTC") as scheduler:
        scheduler.add_job("mai", "text", scheduler.now())
        scheduler.run_due(lambda account_id, content: PostResult(True))
        ledger_id = scheduler.ledger_id
    done = run_cli_here("--ledger", str(directory), "traces", "--since", "yesterday")
    assert done.code == 0, done.err
    [resource] = json.loads(done.out)["resourceSpans"]
    assert {"key": "jobledger.ledger", "value": {"stringValue": ledger_id}} in resource["resource"][
        "attributes"
    ]
    [scope] = resource["scopeSpans"]
    assert scope["scope"]["name"] == "jobledger"
    assert len(scope["spans"]) == 1
    later = run_cli_here("--ledger", str(directory), "traces", "--since", "+1d")
    assert (later.code, later.out) == (0, "")
