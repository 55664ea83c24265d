"""Spans of OpenTelemetry: of adding, publishing and asking, linked by what the log keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from support.publishers import Recording

from jobledger import (
    Attempt,
    ImportedJob,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    PostResult,
    ScheduledJob,
    Scheduler,
)
from jobledger.instrumentation import context_of

TEXT = "canary of the text of a post"
SHAPES = ["plain", "async", "with a timeout"]


@pytest.fixture(scope="module")
def exporter() -> InMemorySpanExporter:
    """Have spans kept in memory: a process has one provider."""
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> InMemorySpanExporter:
    exporter.clear()
    return exporter


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def of(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def context(span: ReadableSpan) -> Any:
    assert span.context is not None
    return span.context


def traceparent(span: ReadableSpan) -> str:
    its = context(span)
    return f"00-{its.trace_id:032x}-{its.span_id:016x}-{int(its.trace_flags):02x}"


def test_what_is_added_in_a_span_keeps_it_and_its_post_is_linked(
    directory: Path, clock: ManualClock, spans: InMemorySpanExporter
) -> None:
    """The log has it; a runner that opens the ledger later finds it."""
    tracer = trace.get_tracer("a program")
    with Ledger(directory, clock=clock) as ledger, tracer.start_as_current_span("request"):
        job_id = ledger.add_job("mai", TEXT, clock.now())
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.run_due(Recording())
    [request], [schedule], [publish] = (
        named(spans, name) for name in ("request", "schedule", "publish")
    )
    assert schedule.parent is not None
    assert schedule.parent.span_id == context(request).span_id
    assert (schedule.kind, publish.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    [link] = publish.links
    assert link.context.trace_id == context(schedule).trace_id
    assert link.context.span_id == context(schedule).span_id
    assert of(publish) == {
        "jobledger.job_id": job_id,
        "jobledger.account_id": "mai",
        "jobledger.platform": "threads",
        "jobledger.attempt": 1,
        "jobledger.outcome": "posted",
    }
    with Ledger(directory, clock=clock) as ledger:
        [added, *_] = ledger.history(job_id)
        assert added.to_dict()["data"]["trace"] == traceparent(schedule)
        assert ledger.verify().ok


def test_without_an_active_span_nothing_is_kept_and_nothing_made(
    directory: Path, clock: ManualClock, spans: InMemorySpanExporter
) -> None:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", TEXT, clock.now())
    assert spans.get_finished_spans() == ()
    [day] = directory.glob("events_*.jsonl")
    assert "trace" not in json.loads(day.read_bytes().splitlines()[1])["data"]


def test_several_added_at_once_are_of_one_span_and_what_is_taken_over_of_none(
    directory: Path, clock: ManualClock, spans: InMemorySpanExporter
) -> None:
    new = [NewJob("mai", f"text {n}", clock.now()) for n in range(3)]
    with Ledger(directory, clock=clock) as ledger:
        with trace.get_tracer("a program").start_as_current_span("request"):
            ids = ledger.add_jobs(new)
            taken = ledger.get_job(ids[0])
            ledger.remove_job(ids[0])
            [again] = ledger.import_jobs([ImportedJob(_renamed(taken), "old.json")])
        traces = {ledger.get_job(job_id).trace for job_id in ids[1:]}
        assert ledger.get_job(again).trace is None
    first, _second = named(spans, "schedule")
    assert traces == {traceparent(first)}
    assert of(first)["jobledger.jobs"] == 3


def _renamed(job: ScheduledJob) -> ScheduledJob:
    return msgspec.structs.replace(job, job_id="again")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_publishers_own_spans_are_within_its_call(
    shape: str, directory: Path, clock: ManualClock, spans: InMemorySpanExporter
) -> None:
    """In whatever thread or loop it is called, and nothing is told of the text or the error."""
    tracer = trace.get_tracer("a publisher")

    def post(account_id: str, content: str) -> PostResult:
        with tracer.start_as_current_span("POST"):
            raise ValueError(f"cannot post {content}")

    async def post_async(account_id: str, content: str) -> PostResult:
        return post(account_id, content)

    limit = timedelta(minutes=1) if shape == "with a timeout" else None
    with Scheduler(directory, clock=clock, publish_timeout=limit) as scheduler:
        job_id = scheduler.add_job("mai", TEXT, clock.now(), max_retries=0)
        scheduler.run_due(post_async if shape == "async" else post)
        assert scheduler.get_job(job_id).status is JobStatus.FAILED
    [publish], [inner] = named(spans, "publish"), named(spans, "POST")
    assert inner.parent is not None
    assert inner.parent.span_id == context(publish).span_id
    assert publish.links == ()
    assert (publish.status.status_code, publish.status.description) == (StatusCode.ERROR, None)
    assert of(publish)["jobledger.outcome"] == "failed"
    assert "canary" not in publish.to_json()


def test_a_publisher_that_is_asked_has_a_span_of_that(
    directory: Path, clock: ManualClock, spans: InMemorySpanExporter
) -> None:
    class Asked:
        def publish(self, attempt: Attempt) -> PostResult:
            return PostResult.unknown("no answer")

        def reconcile(self, attempt: Attempt) -> PostResult:
            return PostResult(True, "post-1")

    with Scheduler(directory, clock=clock) as scheduler:
        job_id = scheduler.add_job("mai", TEXT, clock.now())
        scheduler.run_due(Asked())
        clock.advance(timedelta(hours=1))
        scheduler.run_due(Asked())
        assert scheduler.get_job(job_id).status is JobStatus.COMPLETED
    [publish], [reconcile] = named(spans, "publish"), named(spans, "reconcile")
    assert of(publish)["jobledger.outcome"] == "unknown"
    assert of(reconcile)["jobledger.outcome"] == "posted"
    assert of(reconcile)["jobledger.attempt"] == 1  # the one that it is asked about


def test_a_tracer_that_raises_changes_nothing(
    directory: Path,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    spans: InMemorySpanExporter,
) -> None:
    def fail(*args: object, **kwargs: object) -> Any:
        raise RuntimeError("no tracer today")

    with Scheduler(directory, clock=clock) as scheduler:
        for name in ("get_tracer", "use_span", "get_current_span", "Link"):
            with monkeypatch.context() as broken:
                broken.setattr(trace, name, fail)
                job_id = scheduler.add_job("mai", TEXT, clock.now())
                scheduler.run_due(Recording())
                assert scheduler.get_job(job_id).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    "said", [None, "", "nothing", "00-xyz-1-1", "00-" + "0" * 31 + "-" + "0" * 16 + "-01"]
)
def test_what_is_no_trace_context_is_passed_over(said: str | None) -> None:
    assert context_of(said) is None


def test_a_program_without_it_imports_nothing_of_it(directory: Path) -> None:
    """Although it is installed."""
    program = f"""
import sys
from jobledger import PostResult, Scheduler
with Scheduler({str(directory)!r}, timezone="UTC") as scheduler:
    scheduler.add_job("mai", "a text", scheduler.now())
    assert scheduler.run_due(lambda account_id, content: PostResult(True)) == 1
print([name for name in sys.modules if "opentelemetry" in name])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout == "[]\n"
