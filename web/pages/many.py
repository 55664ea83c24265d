"""A change of many jobs: what it would do, which is looked at first; and doing it, in one write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.responses import RedirectResponse, Response

from ... import JobLedgerError
from ..forms import EMPTY, FilledForm
from ..local_time import USUAL_ZONES, moment_in
from ..many import (
    MOST,
    ManyAsked,
    ManyFound,
    Stirred,
    accounts_of,
    due_by,
    find_many,
    read_many,
    stirred,
    unsure,
)
from ..page import address_of, render
from ..problems import Refusal, problem_of
from ..roles import ACTIONS
from ..sessions import is_same
from ..site import Call

_SHOWN = 10


def many_page(call: Call) -> Response:
    """Show what a change of many jobs would do, and ask for a yes."""
    asked = read_many(call.values)
    _check_role(call, asked)
    return _many(call, asked, EMPTY)


def change_many(call: Call) -> Response:
    """Do to all of them what was confirmed, in one write; to none where anything has moved since it
    was shown, which is told, with the list as it is now to be confirmed anew."""
    asked, ledger = read_many(call.values), call.site.ledger
    _check_role(call, asked)
    found = find_many(asked, ledger, call.role, call.site.zone)
    if not found.jobs or found.is_too_many:
        return _many(call, asked, EMPTY, status=409)
    if not is_same(call.form.get("digest", ""), found.digest):  # rule: what-was-confirmed
        return _many(call, asked, _refused(call, _moved_on()), status=409)
    try:
        more = _arguments(call, asked, found)
        call.site.acting(call.visitor).change_jobs(asked.action, found.versions, **more)
    except (JobLedgerError, Refusal) as error:
        problem = problem_of(error)
        if problem.status == 500:
            raise
        return _many(call, asked, _refused(call, problem), status=problem.status)
    done = {"did": asked.action, "count": len(found.jobs)}
    return RedirectResponse(address_of("/jobs", asked.filter.query | done), 303)


def _check_role(call: Call, asked: ManyAsked) -> None:
    """Check that whoever asks may do this to some jobs, at least."""
    right = ACTIONS[asked.action]
    call.must_be(min(right.role, right.on_draft))


def _moved_on() -> Refusal:
    return Refusal(409, "this is not what was shown when it was asked for")


def _refused(call: Call, problem: Refusal) -> FilledForm:
    return FilledForm(call.form, problem)


def _arguments(call: Call, asked: ManyAsked, found: ManyFound) -> dict[str, Any]:
    match asked.action:
        case "cancel":
            return {"reason": call.form.get("reason", "").strip()}
        case "reschedule":
            return {"shift": found.shift}
        case "requeue":
            return {"scheduled_time": moment_in(call.form, call.site.zone)}
        case _:
            return {}


def _many(call: Call, asked: ManyAsked, form: FilledForm, status: int = 200) -> Response:
    look = call.look
    found = find_many(asked, look.queries, call.role, call.site.zone)
    since: Sequence[Stirred] = ()
    if form.problem is not None and form.problem.status == 409:
        since = stirred(call.site.ledger, asked, call.form.get("seen", ""))
    return render(
        call,
        "many.html",
        status,
        path="/many",
        asked=asked,
        found=found,
        shown=found.jobs[:_SHOWN],
        accounts=accounts_of(found.jobs),
        states=Counter(job.status for job in found.jobs),
        left_out={
            reason: [each.job for each in found.left_out if each.reason == reason]
            for reason in ("state", "role", "clock")
        },
        due=due_by(found, look.at) if asked.action in ("release", "reschedule") else 0,
        unsure=unsure(found),
        form=form,
        since=since,
        most=MOST,
        zones=USUAL_ZONES,
        soon=call.site.ledger.now(),
    )
