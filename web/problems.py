"""What is refused, and how that is said: a document for programs (RFC 9457), a page for people."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from .. import (
    InvalidTransitionError,
    JobLedgerError,
    JobMovedOnError,
    JobNotFoundError,
    StaleAttemptError,
    StorageError,
    ValidationError,
)

TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "It has moved on",
    413: "Too large",
    415: "Another kind of content",
    421: "Not served here",
    422: "Not acceptable",
    429: "Too many tries",
    500: "It went wrong",
    503: "The ledger cannot be used",
}
_log = logging.getLogger("jobledger.web")


class Refusal(Exception):
    """A request is refused, with this status; `more` is what else a program could need. After
    `after_s` seconds it may be let through."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        field: str | None = None,
        hint: str | None = None,
        after_s: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field
        self.hint = hint
        self.after_s = after_s
        self.more = more

    @property
    def title(self) -> str:
        """What kind of problem it is."""
        return TITLES.get(self.status, "It went wrong")

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says beside its text."""
        return {} if self.after_s is None else {"retry-after": str(self.after_s)}

    def document(self) -> dict[str, Any]:
        """Return it as a document for programs."""
        facts = {"field": self.field, "hint": self.hint, **self.more}
        told = {name: value for name, value in facts.items() if value is not None}
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        } | told


def problem_of(error: Exception) -> Refusal:
    """Return what an error means for whoever asked."""
    match error:
        case Refusal():
            return error
        case ValidationError():
            return Refusal(422, error.message, field=error.field, hint=error.hint)
        case JobNotFoundError():
            return Refusal(404, error.message, hint=error.hint)
        case JobMovedOnError():
            return Refusal(409, error.message, hint=error.hint, version=error.version)
        case InvalidTransitionError() | StaleAttemptError():
            return Refusal(409, error.message, hint=error.hint)
        case StorageError():
            return Refusal(503, error.message, hint=error.hint)
        case JobLedgerError():
            return Refusal(500, error.message, hint=error.hint)
        case _:
            # Neither its text nor what it was about: there may be a post's text in them.
            frames = traceback.extract_tb(error.__traceback__)
            where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
            _log.error("a request went wrong: %s at %s", type(error).__name__, where)
            return Refusal(500, "something went wrong that should not", hint="see the log")


def wants_document(scope: Scope) -> bool:
    """Say whether a program asks, rather than a browser for a page."""
    return bool(scope["path"].startswith(("/api/", "/events", "/metrics", "/healthz", "/readyz")))


def problem_response(problem: Refusal, scope: Scope) -> Response:
    """Return the answer that tells of a problem, in the form that was asked for."""
    if not wants_document(scope):
        from .pages.problem import problem_page

        return problem_page(problem, Request(scope))
    headers = problem.headers
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(
        msgspec.json.encode(problem.document()),
        problem.status,
        headers,
        media_type="application/problem+json",
    )
