"""A new schedule, and what is said of one: a form whose rule is looked at before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from starlette.responses import RedirectResponse, Response

from ... import Event, JobLedgerError, Schedule, ValidationError
from ..forms import FilledForm
from ..local_time import USUAL_ZONES
from ..page import address_of, render
from ..problems import Refusal, problem_of
from ..roles import ADD_SCHEDULE, SCHEDULE_ACTIONS
from ..schedule_fields import (
    BETWEEN_TEXTS,
    DAYS,
    UNITS,
    USUAL,
    RuleLook,
    as_in_form,
    fields_of,
    look_at,
    said_by,
)
from ..scheduling import add_schedule, perform_on_schedule
from ..sessions import is_same
from ..site import Call
from .schedules import happened_since, must_be_open

FIELDS = (
    "schedule_id", "account_id", "content", "times", "cron", "every", "zone", "until", "max_count",
    "jitter", "grace", "catch_up", "max_retries",
)  # fmt: skip
"""The fields that say themselves what is wrong with them."""


def new_schedule_page(call: Call) -> Response:
    """Ask for a new schedule."""
    call.must_be(ADD_SCHEDULE)
    given = {**USUAL, "zone": call.site.zone.key, "account_id": call.query.get("account_id", "")}
    return _ask(call, FilledForm(given), None)


def new_schedule(call: Call) -> Response:
    """Show what the form says, or where that was looked at, add the schedule."""
    call.must_be(ADD_SCHEDULE)
    return _looked_at_or(call, None)


def edit_schedule_page(call: Call) -> Response:
    """Ask what is to be said of a schedule that is there."""
    call.must_be(SCHEDULE_ACTIONS["edit"].role)
    schedule = call.site.ledger.get_schedule(call.path("schedule_id"))
    must_be_open(schedule)
    fields = fields_of(schedule) | {"version": str(schedule.version)}
    return _ask(call, FilledForm(fields), None, schedule)


def edit_schedule(call: Call) -> Response:
    """Show what the form says, or where that was looked at, say so of the schedule."""
    call.must_be(SCHEDULE_ACTIONS["edit"].role)
    schedule = call.site.ledger.get_schedule(call.path("schedule_id"))
    return _looked_at_or(call, schedule)


def _looked_at_or(call: Call, schedule: Schedule | None) -> Response:
    """Show what a form says; save it where it is what was looked at, and somebody wants that."""
    form, ledger = dict(call.form), call.site.ledger
    if schedule is not None:
        form["account_id"] = schedule.account_id
    if form.get("kind") == "every" and not form.get("anchor"):
        form["anchor"] = ledger.now().replace(microsecond=0).isoformat()
    look = None
    try:
        look = look_at(ledger, ledger, form)
        if "save" not in form:
            return _ask(call, FilledForm(form), look, schedule)
        if not is_same(form.get("looked", ""), look.digest):  # rule: rule-that-was-looked-at
            return _ask(call, FilledForm(form), look, schedule, is_news=True)
        return _save(call, form, schedule)
    except (JobLedgerError, Refusal) as error:
        named = as_in_form(error, form) if isinstance(error, ValidationError) else error
        problem = problem_of(named)
        if problem.status in (403, 404, 500):
            raise
        since: Sequence[Event] = ()
        if schedule is not None:
            since = happened_since(call, schedule.schedule_id, problem)
            if since:
                schedule = ledger.get_schedule(schedule.schedule_id)
                must_be_open(schedule)
                form["version"] = str(schedule.version)
        return _ask(call, FilledForm(form, problem), look, schedule, since, status=problem.status)


def _save(call: Call, form: Mapping[str, str], schedule: Schedule | None) -> Response:
    said = said_by(form)
    if schedule is None:
        said |= {name: form.get(name, "").strip() for name in ("schedule_id", "account_id")}
        said["paused"] = bool(form.get("paused"))
        schedule_id, did = add_schedule(call, said, is_form=True), "add"
    else:
        schedule_id, did = schedule.schedule_id, "edit"
        given = said | {"version": form.get("version", "")}
        perform_on_schedule(call, schedule_id, did, given, is_form=True)
    return RedirectResponse(address_of(f"/schedules/{schedule_id}", {"did": did}), 303)


def _ask(
    call: Call,
    form: FilledForm,
    look: RuleLook | None,
    schedule: Schedule | None = None,
    since: Sequence[Event] = (),
    *,
    is_news: bool = False,
    status: int = 200,
) -> Response:
    path = "/new-schedule" if schedule is None else f"/schedules/{schedule.schedule_id}/edit"
    return render(
        call,
        "schedule_form.html",
        422 if is_news else status,
        zone=None if look is None else ZoneInfo(look.zone),
        path=path,
        form=form,
        look=look,
        looked="" if look is None else look.digest,
        schedule=schedule,
        since=since,
        is_news=is_news,
        fields=FIELDS,
        accounts=call.look.queries.accounts(),
        zones=USUAL_ZONES,
        days=DAYS,
        units=tuple(UNITS),
        between=BETWEEN_TEXTS,
    )
