"""Posts from a file: what each row means, to be looked at first; and adding them, in one write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import NamedTuple

from starlette.responses import RedirectResponse, Response

from ... import JobLedgerError
from ...interchange import PRESETS, PlannedJob, RowProblem, Wishes, line_ranges, of_a_kind
from ..api.answers import number_of
from ..forms import FilledForm
from ..importing import (
    ALLOWANCES,
    BOUNDS,
    FIELDS,
    ImportAsked,
    ImportLook,
    look_at,
    name_of,
    one_at_a_time,
    read_asked,
    wishes_of,
)
from ..keys import MOST_KEYS, Done
from ..local_time import USUAL_ZONES, day_in
from ..many import accounts_of
from ..page import address_of, render
from ..problems import Refusal, problem_of
from ..roles import ADD_DRAFT
from ..sessions import is_same
from ..settings import MAX_FILE_BYTES
from ..site import Call
from ..words import translate

_FIRST_ROWS, _LAST_ROWS = 50, 5
_MOST_KINDS, _MOST_OF_A_KIND = 100, 100
_LABELS = {
    "--like": "Which program is it from?",
    "--map": "What the columns are",
    "--set": "Platform",
    "--set account_id": "Account, where a row has none",
    "--set time": "Time of day, where a row has none",
    "--dates": "Dates such as 3/12/2026",
    "--times-in": "Time zone",
    "--state": "What the states mean",
    "--sheet": "Sheet",
    "--encoding": "Encoding",
    "--leave-out": "Leave the row out of the file",
    "--skip-existing": "Leave out posts that the ledger has from elsewhere",
    "--allow-doubles": "Take the same post twice",
    "--again": "Take posts anew that were cancelled or removed",
    "--allow-past": "Take posts whose time has just passed: they go out at once",
    "--slots": "Give posts without a time the next free slots of their accounts",
    "--allow-odd-text": "Take texts that look broken",
}
"""What the options of `import` are called here."""


class Alike(NamedTuple):
    """What is said of some rows alike: the first of it, in which lines, and what of each."""

    first: RowProblem
    lines: str
    each: Sequence[RowProblem]
    how_many: int


def import_page(call: Call) -> Response:
    """Ask for a file; or say what was added."""
    call.must_be(ADD_DRAFT)
    return _page(call, {}, None, None, None)


def import_file(call: Call) -> Response:
    """Show what a file means, or where that was looked at, add its posts. What is refused is said
    beside the form, which has what was said, and the file."""
    call.must_be(ADD_DRAFT)
    asked = None
    try:
        asked = read_asked(call)
        wishes = wishes_of(call, asked, _labels(call))
        with one_at_a_time(call):
            if "confirm" in call.form:
                return _confirmed(call, asked, wishes)
            look = look_at(call, asked, wishes)
        return _page(call, call.form, asked, look, None)
    except (JobLedgerError, Refusal) as error:
        problem = problem_of(error)
        if problem.status in (403, 500):
            raise
        return _page(call, call.form, asked, None, problem)


def _confirmed(call: Call, asked: ImportAsked, wishes: Wishes) -> Response:
    """Add what was shown, in one write; nothing where it would come out differently by now. What
    was added with this form before is not added again, and answered as it was then."""
    shown, keys, name = call.form.get("digest", ""), call.site.keys, _name_of(call, asked)
    with keys.lock:
        done = keys.done.get(name)
    if done is not None and done.response is not None and is_same(shown, done.asked.decode()):
        return done.response
    look = look_at(call, asked, wishes)
    plan = look.plan
    moved = Refusal(409, "this is not what was shown when it was asked for")
    if plan.problems or not plan.planned:
        return _page(call, call.form, asked, look, moved)
    if not is_same(shown, look.digest):  # rule: what-was-shown-is-imported
        return _page(call, call.form, asked, look, moved)
    call.site.acting(call.visitor).import_jobs(plan.jobs)
    first = min(each.item.job.scheduled_time for each in plan.planned).astimezone(call.site.zone)
    told = {"did": len(plan.planned), "day": first.date().isoformat()}
    response = RedirectResponse(address_of("/import", told), 303)
    with keys.lock:
        keys.done[name] = Done(shown.encode(), response)
        while len(keys.done) > MOST_KEYS:
            keys.done.popitem(last=False)
    return response


def _name_of(call: Call, asked: ImportAsked) -> tuple[str, str]:
    return call.visitor.by, f"import {asked.key}"


def _labels(call: Call) -> dict[str, str]:
    return {option: translate(call.language, text, {}) for option, text in _LABELS.items()}


def _page(
    call: Call,
    form: Mapping[str, str],
    asked: ImportAsked | None,
    look: ImportLook | None,
    problem: Refusal | None,
) -> Response:
    zone = call.site.zone if look is None else look.zone
    usual = {"zone": call.site.zone.key, "how": "scheduled"}
    plan = None if look is None else look.plan
    jobs = [] if plan is None else [each.item.job for each in plan.planned]
    return render(
        call,
        "import.html",
        200 if problem is None else problem.status,
        None if problem is None else problem.headers,
        zone=zone,
        path="/import",
        form=FilledForm({**usual, **form}, problem),
        asked=asked,
        look=look,
        plan=plan,
        key=token_hex(12) if asked is None else asked.key,
        tools={name: preset.said_by.partition(",")[0] for name, preset in PRESETS.items()},
        labels=_LABELS,
        allowances=ALLOWANCES,
        choices=FIELDS,
        name_of=name_of,
        accounts=call.look.queries.accounts(),
        zones=USUAL_ZONES,
        most_bytes=MAX_FILE_BYTES,
        most_rows=BOUNDS.rows,
        problems=[] if plan is None else _kinds(plan.problems),
        notes=[] if plan is None else _kinds([*plan.warnings, *plan.unread]),
        most_kinds=_MOST_KINDS,
        rows=[] if plan is None else _shown(plan.planned),
        between=max(0, len(jobs) - _FIRST_ROWS - _LAST_ROWS),
        first_rows=_FIRST_ROWS,
        due=[job.scheduled_time for job in jobs],
        of_accounts=accounts_of(jobs),
        did=number_of(call, "did", 0, 0, BOUNDS.rows),
        day=day_in(call.query, "day"),
    )


def _kinds(problems: Sequence[RowProblem]) -> list[Alike]:
    found = []
    for group in of_a_kind(problems):
        lines = sorted({each.line for each in group if each.line is not None})
        said = line_ranges(lines).partition(" ")[2] if lines else ""
        found.append(Alike(group[0], said, group[:_MOST_OF_A_KIND], len(group)))
    return found


def _shown(planned: Sequence[PlannedJob]) -> Sequence[PlannedJob]:
    """Return the first ones and the last ones."""
    if len(planned) <= _FIRST_ROWS + _LAST_ROWS:
        return planned
    return [*planned[:_FIRST_ROWS], *planned[-_LAST_ROWS:]]
