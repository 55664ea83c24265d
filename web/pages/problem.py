"""The page that says what was refused, and why."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ..page import render
from ..problems import Refusal
from ..site import Call


def problem_page(problem: Refusal, request: Request) -> Response:
    """Return the page of a problem; whoever has not signed in is asked to."""
    may_be_asked = request.method in ("GET", "HEAD") and request.url.path != "/enter"
    if problem.status == 401 and may_be_asked:
        return RedirectResponse("/enter", 303)
    call = Call(request)
    try:
        _ = call.look  # where there is such a moment, the way from it to others is kept
    except Exception:  # noqa: BLE001 - that may be the very problem
        call = Call(request, of_now=True)
    return render(call, "problem.html", problem.status, problem.headers, problem=problem)
