"""Verified: up to where the log is what it says it is, since when that is known, and the proof."""

from __future__ import annotations

import msgspec
from starlette.responses import RedirectResponse, Response

from ..page import render
from ..roles import Role
from ..site import Call
from ..verifying import Verified

_MOST_PROBLEMS = 100
AGAIN_MS = 1000
"""So often a page that shows how far it is asks anew."""


class Badge(msgspec.Struct, frozen=True):
    """What is known of the log now, in one look: `state` is `ok`, `bad`, `unknown` or `running`."""

    state: str
    last: Verified | None
    since: int
    """So many events are newer than what was verified."""
    percent: int


def badge(call: Call) -> Badge:
    """Return what is known of the log. Nothing is read for it."""
    verifying, ledger = call.site.verifying, call.site.ledger
    last = verifying.last
    if ledger.damage is not None or (last is not None and not last.ok):
        state = "bad"
    elif last is not None:
        state = "ok"
    else:
        state = "running" if verifying.is_running else "unknown"
    since = 0 if last is None else max(ledger.seq - last.seq, 0)
    return Badge(state, last, since, verifying.percent if verifying.is_running else 100)


def verified_page(call: Call) -> Response:
    """Show what was verified, and what came of it."""
    shown = badge(call)
    report = None if shown.last is None else shown.last.report
    problems = [] if report is None else report.problems
    return render(
        call,
        "verified.html",
        badge=shown,
        report=report,
        problems=[problem.to_dict() for problem in problems[:_MOST_PROBLEMS]],
        more=max(len(problems) - _MOST_PROBLEMS, 0),
        head=None if report is None else report.exported_head,
        seal=call.site.ledger.newest_seal(),
        damage=call.site.ledger.damage,
        is_running=call.site.verifying.is_running,
        may_verify=not call.look.is_past and call.role >= Role.OPERATOR,
        again=AGAIN_MS if call.site.verifying.is_running else None,
    )


def verify(call: Call) -> Response:
    """Begin to verify the log, unless that is being done, and show how far it is."""
    call.must_be(Role.OPERATOR)
    call.site.verifying.start()
    return RedirectResponse("/verified", 303)
