"""The slots of an account: at which times of the week it posts."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from ... import At, JobLedgerError, Slots, ValidationError
from ..forms import FilledForm
from ..local_time import USUAL_ZONES
from ..page import address_of, render
from ..problems import Refusal, problem_of
from ..roles import SET_SLOTS
from ..schedule_fields import DAYS, short_time, split_times
from ..scheduling import SlotsArguments, set_slots
from ..site import Call


def week_of(slots: Slots | None) -> dict[str, str]:
    """Return the slots of each day as people write them: `9:00, 12:30`."""
    week = {} if slots is None else slots.week
    return {day: ", ".join(short_time(one) for one in week.get(day, ())) for day in DAYS}


def slots_page(call: Call) -> Response:
    """Ask for the slots of an account."""
    call.must_be(SET_SLOTS)
    account_id = _account(call.query.get("id", ""))
    found = call.site.ledger.slots(account_id)
    zone = call.site.zone.key if found is None else found.zone
    given = week_of(found) | {"zone": zone, "version": str(0 if found is None else found.version)}
    return _ask(call, account_id, FilledForm(given))


def save_slots(call: Call) -> Response:
    """Set the slots that the form says, if they are still those that it was made of."""
    call.must_be(SET_SLOTS)
    account_id, form = _account(call.form.get("id", "")), dict(call.form)
    try:
        week = {day: _times(form.get(day, ""), day) for day in DAYS}
        now = call.site.ledger.slots(account_id)
        if form.get("version") != str(0 if now is None else now.version):
            form["version"] = str(0 if now is None else now.version)
            raise Refusal(409, "the slots were changed since you looked")
        given = SlotsArguments(week=week, zone=form.get("zone", "").strip() or None)
        set_slots(call, account_id, given)
    except (JobLedgerError, Refusal) as error:
        problem = problem_of(error)
        if problem.status in (403, 500):
            raise
        return _ask(call, account_id, FilledForm(form, problem), problem.status)
    return RedirectResponse(f"{address_of('/accounts/one', {'id': account_id})}#slots", 303)


def _account(name: str) -> str:
    """Return the account that is meant.

    Raises:
        Refusal: none is.
    """
    if not name.strip():
        raise Refusal(404, "say of which account", field="id")
    return name


def _times(text: str, day: str) -> list[str]:
    times = split_times(text)
    try:
        return list(At(tuple(times)).times) if times else []
    except ValidationError as error:
        raise ValidationError(error.message, field=day, hint=error.hint) from None


def _ask(call: Call, account_id: str, form: FilledForm, status: int = 200) -> Response:
    return render(
        call,
        "slots.html",
        status,
        path="/accounts/slots",
        account_id=account_id,
        form=form,
        days=DAYS,
        zones=USUAL_ZONES,
        now=week_of(call.site.ledger.slots(account_id)),
    )
