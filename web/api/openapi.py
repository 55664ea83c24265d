"""`openapi.json`: the API's own description, made of the types that requests are read into."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from ... import JobStatus
from ...release import __version__
from ..actions import DOES, JOB_ID, AddArguments
from ..roles import ACTIONS
from ..site import Call
from .answers import MOST, USUAL, document


class JobDocument(msgspec.Struct, kw_only=True):
    """A job, as in the daily files, and with its version."""

    job_id: str
    account_id: str
    content: str
    scheduled_time: datetime
    priority: int
    status: JobStatus
    platform: str
    max_retries: int
    retry_count: int
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    error: str | None
    thread_id: str | None
    status_message: str | None
    metadata: dict[str, Any]
    version: int
    outcome_unknown: bool


class JobPage(msgspec.Struct):
    """A page of jobs; `next` is the cursor to go on behind, null at the end."""

    jobs: list[JobDocument]
    next: str | None


class EventPage(msgspec.Struct):
    """Events with the log's keys; `next` is the number to go on behind, null at the end."""

    events: list[dict[str, Any]]
    next: int | None


class HistoryDocument(msgspec.Struct):
    """All events of a job."""

    job_id: str
    events: list[dict[str, Any]]


class Why(msgspec.Struct):
    """Why a job is where it is, and every way in which it may be out twice."""

    job_id: str
    answer: str
    standing: list[str]
    twice: list[str]


class Counts(msgspec.Struct):
    """How many jobs there are of each state, after which event."""

    counts: dict[str, int]
    seq: int


class ProblemDocument(msgspec.Struct, kw_only=True):
    """What was refused, and why (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    hint: str | msgspec.UnsetType = msgspec.UNSET
    version: int | msgspec.UnsetType = msgspec.UNSET


_ANSWERS = (JobDocument, JobPage, EventPage, HistoryDocument, Why, Counts, ProblemDocument)
_DAY = r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_TIME = rf"^{_DAY}(T([01][0-9]|2[0-3]):[0-5][0-9](Z|[+-]0[0-9]:[0-5][0-9])?)?$"
"""Times as they are sent in an address; more are understood."""


def _at() -> dict[str, Any]:
    told = "As of a moment: an event's number, or a time in ISO 8601."
    return _parameter("at", "string", told, pattern=rf"^[0-9]{{0,9}}$|{_TIME}")


def openapi(call: Call) -> Response:
    """Answer with the description."""
    return document(description())


def description() -> dict[str, Any]:
    """Return the description of the API (OpenAPI 3.1)."""
    kinds = (AddArguments, *(kind for kind, _ in DOES.values()), *_ANSWERS)
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "jobledger", "version": __version__},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    job = [_parameter("job_id", "string", "The job's id.", "path", pattern=JOB_ID)]
    told = f"At most so many, up to {MOST}; {USUAL} if not given."
    pages = [_parameter("limit", "integer", told, minimum=1, maximum=MOST), _at()]
    state = "|".join(JobStatus)
    orders = ["rank", "time", "latest", ""]
    filters = [
        _parameter(
            "status", "string", "States, divided by commas.", pattern=f"^(({state})(,({state}))*)?$"
        ),
        _parameter("account_id", "string", "Of this account."),
        _parameter("text", "string", "With this text in it; case does not count."),
        _parameter(
            "due_from", "string", "Due at this time or later (ISO 8601).", pattern=rf"{_TIME}|^$"
        ),
        _parameter("due_to", "string", "Due before this time (ISO 8601).", pattern=rf"{_TIME}|^$"),
        _parameter(
            "order", "string", "`rank` (the order in which they go out) or `time`.", enum=orders
        ),
        _parameter("after", "string", "The cursor that the page before has as `next`."),
    ]
    after = _parameter("after", "integer", "Behind the event of this number.", minimum=0)
    paths: dict[str, Any] = {
        "/jobs": {
            "get": _operation("listJobs", "List jobs", JobPage, [*filters, *pages]),
            "post": _operation("addJob", "Add a job", JobDocument, [_key()], AddArguments, "201"),
        },
        "/jobs/{job_id}": {"get": _operation("getJob", "Show a job", JobDocument, [*job, _at()])},
        "/jobs/{job_id}/history": {
            "get": _operation(
                "getHistory", "Show what happened to it", HistoryDocument, [*job, _at()]
            )
        },
        "/jobs/{job_id}/why": {
            "get": _operation("getWhy", "Say why it is where it is", Why, [*job, _at()])
        },
        "/counts": {"get": _operation("getCounts", "Count jobs by state", Counts, [_at()])},
        "/events": {
            "get": _operation(
                "listEvents",
                "List events",
                EventPage,
                [after, *pages],
            )
        },
    }
    paths["/jobs"]["post"]["responses"]["201"]["links"] = {
        name: {"operationId": name, "parameters": {"job_id": "$response.body#/job_id"}}
        for name in ("getJob", "getHistory", "getWhy", *(f"{action}Job" for action in ACTIONS))
    }
    for action in ACTIONS:
        paths[f"/jobs/{{job_id}}/{action}"] = {
            "post": _operation(
                f"{action}Job",
                f"{action.capitalize()} a job",
                None if action == "remove" else JobDocument,
                [*job, _key()],
                DOES[action][0],
            )
        }
    return paths


def _parameter(
    name: str, kind: str, told: str, place: str = "query", **bounds: object
) -> dict[str, Any]:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": told,
        "schema": {"type": kind} | bounds,
    }


def _key() -> dict[str, Any]:
    told = "Of several requests with one key, one is done, and all get its answer."
    return _parameter("Idempotency-Key", "string", told, "header", minLength=1, maxLength=200)


def _reference(kind: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _operation(
    name: str,
    summary: str,
    answer: type | None,
    parameters: list[dict[str, Any]],
    body: type | None = None,
    status: str = "200",
) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": _reference(ProblemDocument)}}
    schema = {"type": "null"} if answer is None else _reference(answer)
    found: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            status: {"description": "Done", "content": {"application/json": {"schema": schema}}},
            "default": {"description": "Refused", "content": problem},
        },
    }
    if body is not None:
        content = {"application/json": {"schema": _reference(body)}}
        found["requestBody"] = {"required": body is AddArguments, "content": content}
    return found
