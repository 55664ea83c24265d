"""Schedules and slots: listed, added, looked at and changed by programs."""

from __future__ import annotations

from itertools import dropwhile
from typing import Any

from starlette.responses import Response

from ... import At, Cron, Every, Ledger, LedgerView, Schedule, ScheduleStatus, ValidationError
from ... import words as in_words
from ..actions import read_into
from ..coming import ComingPost, coming_posts, next_of
from ..idempotency import once
from ..scheduling import (
    PreviewArguments,
    Rule,
    SlotsArguments,
    add_schedule,
    must_be_there,
    perform_on_schedule,
    preview_of,
    rule_of,
    set_slots,
)
from ..site import Call
from .answers import MOST, check_query, document, limit_of, number_of, sent

_COMING = 10
_NAMES = (
    "account_id", "content", "zone", "order", "max_retries", "platform", "metadata", "hold", "gap",
    "fold", "misfire", "catch_up", "max_count", "overlap", "version", "made",
)  # fmt: skip


def schedule_document(
    queries: Ledger | LedgerView, schedule: Schedule
) -> tuple[dict[str, Any], list[str], int]:
    """Return a schedule as the API shows it, the ids of its open jobs that its schedule leaves as
    they are, and how many open ones it has."""
    jobs = queries.jobs_of_schedule(schedule.schedule_id)
    following = next_of(queries, schedule, jobs)
    told = {name: getattr(schedule, name) for name in _NAMES}
    facts: dict[str, Any] = {
        "schedule_id": schedule.schedule_id,
        "state": schedule.status.value,
        "rule": rule_document(schedule.rule),
        "words": in_words(schedule.rule),
        "priority": schedule.priority.value,
        "grace": schedule.grace_s,
        "jitter": schedule.jitter_s,
        "until": None if schedule.until is None else schedule.until.isoformat(),
        "next_at": following,
        "created_at": schedule.created_at,
        "ended_at": schedule.ended_at,
        "end_reason": schedule.end_reason,
    }
    detached = [job.job_id for job in jobs if job.schedule and job.schedule.is_detached]
    return facts | told, detached, len(jobs)


def rule_document(rule: Rule) -> dict[str, Any]:
    """Return a rule as it is given to the API."""
    match rule:
        case Cron():
            return {"kind": "cron", "text": rule.text}
        case At():
            return {"kind": "at", "times": rule.times, "weekdays": rule.weekdays}
        case Every():
            interval = rule.interval.total_seconds()
            return {"kind": "every", "interval": interval, "anchor": rule.anchor}


def schedules(call: Call) -> Response:
    """Add a schedule, or list schedules, as the method says."""
    return _add(call) if call.request.method == "POST" else _list(call)


def _list(call: Call) -> Response:
    """Answer with a page of the schedules, in the order of adding, and the cursor of the next."""
    check_query(call, ("state", "account_id", "after", "limit", "at"))
    queries, limit = call.look.queries, limit_of(call)
    found = iter(queries.schedules())
    after = call.query.get("after")
    if after:
        found = dropwhile(lambda each: each.schedule_id != after, found)
        if next(found, None) is None:
            raise ValidationError(f"after {after!r:.60} is no cursor", field="after")
    state, account = _state(call), call.query.get("account_id")
    matching = [
        each
        for each in found
        if (not state or each.status is state) and (not account or each.account_id == account)
    ]
    page = matching[:limit]
    following = page[-1].schedule_id if len(matching) > limit else None
    documents = [schedule_document(queries, each)[0] for each in page]
    return document({"schedules": documents, "next": following})


def _state(call: Call) -> ScheduleStatus | None:
    text = call.query.get("state")
    if not text:
        return None
    if text not in list(ScheduleStatus):
        hint = ", ".join(ScheduleStatus)
        raise ValidationError(f"state {text!r:.40} is none", field="state", hint=hint)
    return ScheduleStatus(text)


def _add(call: Call) -> Response:
    """Add a schedule. Its id is never used twice, so that it is added once, however often."""

    def do(given: object) -> Response:
        schedule_id = add_schedule(call, given, is_form=False)
        answer = _one(call.site.ledger, schedule_id, _COMING)
        return document(answer, 201, {"location": f"/api/v1/schedules/{schedule_id}"})

    return once(call, do, sent(call, call.body))


def get_schedule(call: Call) -> Response:
    """Answer with one schedule, and what is to come of it."""
    check_query(call, ("limit", "at"))
    count = number_of(call, "limit", _COMING, 1, MOST)
    return document(_one(call.look.queries, call.path("schedule_id"), count))


def _one(queries: Ledger | LedgerView, schedule_id: str, count: int) -> dict[str, Any]:
    schedule = queries.get_schedule(schedule_id)
    told, detached, waiting = schedule_document(queries, schedule)
    coming = coming_posts(queries, schedule, count)
    return told | {
        "open_jobs": waiting,
        "detached": detached,
        "upcoming": [_coming(one) for one in coming],
    }


def _coming(one: ComingPost) -> dict[str, Any]:
    return {
        "job_id": one.job_id,
        "at": one.at,
        "local": one.occurrence.local.isoformat(),
        "moved": one.occurrence.moved,
        "doubled": one.occurrence.doubled,
        "fate": one.fate,
        "status": None if one.job is None else one.job.status.value,
    }


def get_schedule_history(call: Call) -> Response:
    """Answer with all events of a schedule."""
    check_query(call, ("at",))
    schedule_id, look = call.path("schedule_id"), call.look
    call.site.ledger.get_schedule(schedule_id)
    events = [
        event
        for event in call.site.ledger.history(f"schedule:{schedule_id}")
        if not look.is_past or event.seq <= look.seq
    ]
    must_be_there(schedule_id, is_there=bool(events))
    return document({"schedule_id": schedule_id, "events": [event.to_dict() for event in events]})


def get_schedule_why(call: Call) -> Response:
    """Answer when the next post of a schedule is, or why there is none."""
    check_query(call, ("at",))
    schedule_id = call.path("schedule_id")
    call.look.queries.get_schedule(schedule_id)
    why = call.site.ledger.why(f"schedule:{schedule_id}", view=call.look.view)
    return document(
        {"schedule_id": schedule_id, "answer": why.answer, "standing": list(why.standing)}
    )


def change_schedule(call: Call) -> Response:
    """Do something to a schedule; answer with it as it is then, and with the job that was made."""
    schedule_id = call.path("schedule_id")

    def do(given: object) -> Response:
        job_id = perform_on_schedule(call, schedule_id, call.path("action"), given, is_form=False)
        answer = _one(call.site.ledger, schedule_id, _COMING)
        return document(answer if job_id is None else answer | {"job_id": job_id})

    return once(call, do, sent(call, call.body))


def preview(call: Call) -> Response:
    """Answer when a rule is due. Nothing is changed, so that whoever sees the ledger may ask."""
    asked = read_into(PreviewArguments, sent(call, call.body), is_form=False)
    found = preview_of(call.site.ledger, asked)
    zone = asked.zone or call.site.ledger.timezone
    return document(
        {
            "words": in_words(rule_of(asked.rule)),
            "zone": zone,
            "occurrences": [
                {
                    "at": one.at,
                    "local": one.local.isoformat(),
                    "moved": one.moved,
                    "doubled": one.doubled,
                }
                for one in found
            ],
        }
    )


def slots(call: Call) -> Response:
    """Say at which times an account posts, or have it post at others, as the method says."""
    account_id = call.query.get("account_id", "")
    if not account_id:
        raise ValidationError("say of which account", field="account_id")
    if call.request.method == "PUT":
        check_query(call, ("account_id",))
        given = read_into(SlotsArguments, sent(call, call.body), is_form=False)
        set_slots(call, account_id, given)
        return document(_slots(call.site.ledger, account_id, _COMING))
    check_query(call, ("account_id", "limit", "at"))
    count = number_of(call, "limit", _COMING, 1, MOST)
    return document(_slots(call.look.queries, account_id, count))


def _slots(queries: Ledger | LedgerView, account_id: str, count: int) -> dict[str, Any]:
    found = queries.slots(account_id)
    return {
        "account_id": account_id,
        "week": {} if found is None else found.week,
        "zone": None if found is None else found.zone,
        "version": 0 if found is None else found.version,
        "free": queries.free_slots(account_id, count),
    }
