"""`openapi.json`: the API's own description, made of the types that requests are read into."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from ... import JobStatus
from ...release import __version__
from ..actions import DOES, JOB_ID, AddArguments
from ..roles import ACTIONS
from ..site import Call
from .answers import MOST, USUAL, document
from .documents import (
    ANSWERS,
    Counts,
    EventPage,
    HistoryDocument,
    JobDocument,
    JobPage,
    Why,
)
from .operations import TIME, at, key, operation, parameter
from .schedule_paths import SCHEDULE_KINDS, schedule_paths


def openapi(call: Call) -> Response:
    """Answer with the description."""
    return document(description())


def description() -> dict[str, Any]:
    """Return the description of the API (OpenAPI 3.1)."""
    kinds = (AddArguments, *(kind for kind, _ in DOES.values()), *ANSWERS, *SCHEDULE_KINDS)
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "jobledger", "version": __version__},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": _paths() | schedule_paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths() -> dict[str, Any]:
    job = [parameter("job_id", "string", "The job's id.", "path", pattern=JOB_ID)]
    told = f"At most so many, up to {MOST}; {USUAL} if not given."
    pages = [parameter("limit", "integer", told, minimum=1, maximum=MOST), at()]
    state = "|".join(JobStatus)
    orders = ["rank", "time", "latest", ""]
    filters = [
        parameter(
            "status", "string", "States, divided by commas.", pattern=f"^(({state})(,({state}))*)?$"
        ),
        parameter("account_id", "string", "Of this account."),
        parameter("text", "string", "With this text in it; case does not count."),
        parameter(
            "due_from", "string", "Due at this time or later (ISO 8601).", pattern=rf"{TIME}|^$"
        ),
        parameter("due_to", "string", "Due before this time (ISO 8601).", pattern=rf"{TIME}|^$"),
        parameter(
            "order", "string", "`rank` (the order in which they go out) or `time`.", enum=orders
        ),
        parameter("after", "string", "The cursor that the page before has as `next`."),
    ]
    after = parameter("after", "integer", "Behind the event of this number.", minimum=0)
    paths: dict[str, Any] = {
        "/jobs": {
            "get": operation("listJobs", "List jobs", JobPage, [*filters, *pages]),
            "post": operation(
                "addJob", "Add a job", JobDocument, [key()], AddArguments, "201", needs_body=True
            ),
        },
        "/jobs/{job_id}": {"get": operation("getJob", "Show a job", JobDocument, [*job, at()])},
        "/jobs/{job_id}/history": {
            "get": operation(
                "getHistory", "Show what happened to it", HistoryDocument, [*job, at()]
            )
        },
        "/jobs/{job_id}/why": {
            "get": operation("getWhy", "Say why it is where it is", Why, [*job, at()])
        },
        "/jobs/{job_id}/media/{sha256}": {"get": _media(job)},
        "/counts": {"get": operation("getCounts", "Count jobs by state", Counts, [at()])},
        "/events": {
            "get": operation(
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
            "post": operation(
                f"{action}Job",
                f"{action.capitalize()} a job",
                None if action == "remove" else JobDocument,
                [*job, key()],
                DOES[action][0],
            )
        }
    return paths


def _media(job: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the operation that answers with a file instead of a document."""
    name = parameter("sha256", "string", "As its post says.", "path", pattern="^[0-9a-f]{64}$")
    found = operation("getMedia", "Get a file of its post", None, [*job, name, at()])
    kinds = ("image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4", "video/quicktime")
    found["responses"]["200"] = {"description": "The file", "content": {kind: {} for kind in kinds}}
    return found
