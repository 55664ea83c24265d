"""Past attempts as spans, folded from the log: documents of OTLP in JSON.

A span begins with `started` and ends with the event that ended its attempt. An attempt that only
asked about an earlier one is a span `reconcile`, of just that time; one that went on is a span
`publish`, since no event says when it had its answer. Ids are made from the ledger's and the job's,
so that whoever sends them twice sends the same. As in spans that are made while it happens
(`instrumentation/tracing.py`), nothing tells of a text, a token or an error.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..domain import (
    Event,
    EventData,
    JobAdded,
    JobCancelled,
    JobCompleted,
    JobFailed,
    JobInterrupted,
    JobRequeued,
    JobRetried,
    JobStarted,
)
from ..instrumentation import context_of
from ..release import __version__

_CONSUMER, _OK, _ERROR = 5, 1, 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Added(msgspec.Struct, frozen=True):
    """What is to be known of a job."""

    account_id: str
    platform: str
    trace: str | None


class _Doubt(msgspec.Struct, frozen=True):
    """An attempt of which nobody knows what it did. `ask_only`: the next may ask, and no more."""

    number: int
    ask_only: bool = False


class _Started(msgspec.Struct, frozen=True):
    """An attempt that runs, and the one that it asks about before anything else."""

    number: int
    at: datetime
    asks: _Doubt | None


def past_spans(
    ledger_id: str, events: Iterable[Event], since: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """Yield a span for each attempt that ended at `since` or later, in the order of their ends."""
    jobs: dict[str, _Added] = {}
    running: dict[str, _Started] = {}
    doubts: dict[str, _Doubt] = {}
    for event in events:
        data = event.data
        if isinstance(data, JobAdded):
            jobs[event.job_id] = _Added(data.account_id, data.platform, data.trace)
            if (past := data.imported) is not None and past.in_doubt:
                number = past.doubted_attempt or past.attempt
                doubts[event.job_id] = _Doubt(number, past.exhausted)
        elif isinstance(data, JobStarted):
            asks = doubts.get(event.job_id) if data.asks_first and data.reconcilable else None
            running[event.job_id] = _Started(data.attempt, event.at, asks)
        elif isinstance(data, JobRequeued) and (doubt := doubts.get(event.job_id)) is not None:
            doubts[event.job_id] = _Doubt(doubt.number)
        elif (said := _outcome(event)) is not None:
            started, job = running.pop(event.job_id, None), jobs.get(event.job_id)
            if started is None:
                continue
            _note_doubt(doubts, event.job_id, data, started)
            if job is not None and (since is None or event.at >= since):
                yield _span(ledger_id, event, job, started, said)


def _note_doubt(doubts: dict[str, _Doubt], job_id: str, data: EventData, ended: _Started) -> None:
    """Note which attempt is in doubt after one has ended."""
    match data:
        case JobInterrupted(reason="reconcile_failed") if ended.asks is not None:
            doubts[job_id] = _Doubt(ended.asks.number, data.exhausted)
        case JobInterrupted() if data.called:
            doubts[job_id] = _Doubt(data.attempt, data.exhausted)
        case JobCancelled() if data.in_doubt:
            doubts[job_id] = _Doubt(ended.number)


def _asked_alone(data: EventData, started: _Started) -> bool:
    """Whether an attempt has done no more than asking about an earlier one."""
    if started.asks is None:
        return False
    match data:
        case JobCompleted():
            return data.found is True
        case JobInterrupted(reason="reconcile_failed") if data.called:
            return True
        case JobFailed() if data.outcome_unknown:  # its publisher could not tell
            return True
    return started.asks.ask_only


def _outcome(event: Event) -> tuple[str, bool] | None:
    """Say how an event ended an attempt, in a word, and whether that is well; None: it ended
    none."""
    match event.data:
        case JobCompleted():
            return "posted", True
        case JobRetried() as data:
            return ("failed" if data.called else "not_called"), False
        case JobFailed() as data:
            return ("unknown" if data.outcome_unknown else "failed"), False
        case JobInterrupted() as data:
            return data.reason, False
        case JobCancelled():
            return "cancelled", False
    return None


def _span(
    ledger_id: str, end: Event, job: _Added, started: _Started, said: tuple[str, bool]
) -> dict[str, Any]:
    outcome, is_well = said
    begun = min(started.at, end.at)  # the clock may have gone back
    linked = context_of(job.trace)
    asks = started.asks
    alone = asks if asks is not None and _asked_alone(end.data, started) else None
    attributes = [
        _text("jobledger.job_id", end.job_id),
        _text("jobledger.account_id", job.account_id),
        _text("jobledger.platform", job.platform),
        _number("jobledger.attempt", started.number if alone is None else alone.number),
        _text("jobledger.outcome", outcome),
    ]
    if alone is not None:
        attributes.append(_number("jobledger.asked_by", started.number))
    else:
        attributes.append(_truth("jobledger.asks_first", asks is not None))
        if asks is not None:
            attributes.append(_text("jobledger.asked_until", "not in the log"))
    span: dict[str, Any] = {
        "traceId": _made_id(32, ledger_id, end.job_id),
        "spanId": _made_id(16, ledger_id, end.job_id, str(started.number)),
        "name": "publish" if alone is None else "reconcile",
        "kind": _CONSUMER,
        "startTimeUnixNano": _nanoseconds(begun),
        "endTimeUnixNano": _nanoseconds(end.at),
        "attributes": attributes,
        "status": {"code": _OK if is_well else _ERROR},
    }
    if linked is not None:
        span["links"] = [{"traceId": linked[0], "spanId": linked[1]}]
    return span


def document(ledger_id: str, spans: list[dict[str, Any]]) -> dict[str, Any]:
    """Return some spans as one document of OTLP, which collectors take as it is."""
    of = [_text("service.name", "jobledger"), _text("jobledger.ledger", ledger_id)]
    scope = {"name": "jobledger", "version": __version__}
    return {
        "resourceSpans": [
            {"resource": {"attributes": of}, "scopeSpans": [{"scope": scope, "spans": spans}]}
        ]
    }


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _number(key: str, value: int) -> dict[str, Any]:
    return {"key": key, "value": {"intValue": str(value)}}


def _truth(key: str, value: bool) -> dict[str, Any]:
    return {"key": key, "value": {"boolValue": value}}


def _made_id(digits: int, *of: str) -> str:
    return hashlib.sha256("\0".join(of).encode()).hexdigest()[:digits]


def _nanoseconds(at: datetime) -> str:
    """Return a time as OTLP has it: exact, and as a text, since JSON's numbers are not."""
    past = at - _EPOCH
    return str((past.days * 86_400 + past.seconds) * 1_000_000_000 + past.microseconds * 1000)
