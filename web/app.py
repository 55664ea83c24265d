"""The server's application: its routes, and what stands before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from . import pictures
from .api import jobs, schedules
from .api.events import counts, list_events, stream
from .api.openapi import openapi
from .guard import METRICS_PATH, AccessGuard
from .pages.accounts import account_page, accounts_page
from .pages.calendar import calendar
from .pages.compare import compare
from .pages.enter import enter, enter_page, leave, set_language
from .pages.importing import import_file, import_page
from .pages.inbox import inbox
from .pages.jobs import change, job_page, jobs_page, new, new_page
from .pages.log import log_page
from .pages.many import change_many, many_page
from .pages.moving import move, move_page
from .pages.schedule_forms import (
    edit_schedule,
    edit_schedule_page,
    new_schedule,
    new_schedule_page,
)
from .pages.schedules import change_schedule, schedule_page, schedules_page
from .pages.slots import save_slots, slots_page
from .pages.today import today
from .pages.verified import verified_page, verify
from .problems import Refusal, problem_response
from .sessions import Sessions
from .settings import WebSettings
from .site import Site, handler
from .users import read_users
from .verifying import Verifying
from .watched import healthz, metrics, readyz

if TYPE_CHECKING:
    from .. import Ledger


def create_app(ledger: Ledger, settings: WebSettings, *, read_only: bool = False) -> Starlette:
    """Make the application that serves a ledger, which whoever calls this closes.

    The ledger may be used by others meanwhile. `app.state.site.sessions.make_once()` gives a secret
    with which a browser may enter. `read_only` is for a ledger that was opened so.

    Raises:
        ValidationError: it would not be safe with these settings, or the users file is wrong.
        StorageError: the users file cannot be read.
    """
    settings.check()
    users = {} if settings.users is None else read_users(settings.users)
    sessions = Sessions(settings, users, ledger.now)
    app = Starlette(
        routes=_routes(),
        middleware=[Middleware(AccessGuard, settings=settings, sessions=sessions)],
        exception_handlers={HTTPException: _refuse},
        lifespan=_while_serving,
    )
    app.state.site = Site(ledger, settings, sessions, read_only=read_only)
    return app


@asynccontextmanager
async def _while_serving(app: Starlette) -> AsyncIterator[None]:
    verifying: Verifying = app.state.site.verifying
    verifying.start_with_server()
    try:
        yield
    finally:
        verifying.stop()


def _routes() -> list[BaseRoute]:
    return [
        Route("/", handler(today)),
        Route("/enter", handler(enter_page)),
        Route("/enter", handler(enter), methods=["POST"]),
        Route("/leave", handler(leave), methods=["POST"]),
        Route("/language", handler(set_language), methods=["POST"]),
        Route("/jobs", handler(jobs_page)),
        Route("/many", handler(many_page)),
        Route("/many", handler(change_many), methods=["POST"]),
        Route("/jobs/new", handler(new_page)),
        Route("/jobs/new", handler(new), methods=["POST"]),
        Route("/jobs/{job_id}", handler(job_page)),
        Route("/calendar", handler(calendar)),
        Route("/jobs/{job_id}/media/{sha256}", handler(pictures.of_job)),
        Route("/sent", handler(pictures.of_form)),
        Route("/jobs/{job_id}/move", handler(move_page)),
        Route("/jobs/{job_id}/move", handler(move), methods=["POST"]),
        Route("/jobs/{job_id}/{action}", handler(change), methods=["POST"]),
        Route("/import", handler(import_page)),
        Route("/import", handler(import_file), methods=["POST"]),
        Route("/inbox", handler(inbox)),
        Route("/accounts", handler(accounts_page)),
        Route("/accounts/one", handler(account_page)),
        Route("/accounts/slots", handler(slots_page)),
        Route("/accounts/slots", handler(save_slots), methods=["POST"]),
        Route("/schedules", handler(schedules_page)),
        Route("/new-schedule", handler(new_schedule_page)),
        Route("/new-schedule", handler(new_schedule), methods=["POST"]),
        Route("/schedules/{schedule_id}", handler(schedule_page)),
        Route("/schedules/{schedule_id}/edit", handler(edit_schedule_page)),
        Route("/schedules/{schedule_id}/edit", handler(edit_schedule), methods=["POST"]),
        Route("/schedules/{schedule_id}/{action}", handler(change_schedule), methods=["POST"]),
        Route("/log", handler(log_page)),
        Route("/compare", handler(compare)),
        Route("/verified", handler(verified_page)),
        Route("/verified", handler(verify), methods=["POST"]),
        Route("/events", stream),
        Route(METRICS_PATH, handler(metrics)),
        Route("/healthz", handler(healthz)),
        Route("/readyz", handler(readyz)),
        Mount("/api/v1", routes=_api()),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]


def _api() -> list[BaseRoute]:
    return [
        Route("/jobs", handler(jobs.jobs), methods=["GET", "POST"]),
        Route("/jobs/{job_id}", handler(jobs.get_job)),
        Route("/jobs/{job_id}/history", handler(jobs.get_history)),
        Route("/jobs/{job_id}/why", handler(jobs.get_why)),
        Route("/jobs/{job_id}/media/{sha256}", handler(jobs.get_media)),
        Route("/jobs/{job_id}/{action}", handler(jobs.change_job), methods=["POST"]),
        Route("/schedules", handler(schedules.schedules), methods=["GET", "POST"]),
        Route("/schedules/preview", handler(schedules.preview), methods=["POST"]),
        Route("/schedules/{schedule_id}", handler(schedules.get_schedule)),
        Route("/schedules/{schedule_id}/history", handler(schedules.get_schedule_history)),
        Route("/schedules/{schedule_id}/why", handler(schedules.get_schedule_why)),
        Route(
            "/schedules/{schedule_id}/{action}",
            handler(schedules.change_schedule),
            methods=["POST"],
        ),
        Route("/slots", handler(schedules.slots), methods=["GET", "PUT"]),
        Route("/counts", handler(counts)),
        Route("/events", handler(list_events)),
        Route("/openapi.json", handler(openapi)),
    ]


def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    details = {404: "there is no such page", 405: "that cannot be done here"}
    detail = details.get(error.status_code, error.detail)
    answer = problem_response(Refusal(error.status_code, detail), request.scope)
    answer.headers.update(error.headers or {})  # which methods there are
    return answer
