"""What the API reads of an address, and the documents that it answers with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec
from starlette.responses import Response

from ... import ScheduledJob, ValidationError
from ..problems import Refusal
from ..site import Call

MOST = 500
"""The most of anything in one answer."""
USUAL = 100


def document(
    found: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a JSON document."""
    return Response(msgspec.json.encode(found), status, headers, media_type="application/json")


def job_document(job: ScheduledJob) -> dict[str, Any]:
    """Return a job as the API shows it: as in the daily files, with its version, and where a
    schedule has made it, with which one."""
    told = job.to_dict() | {"version": job.version, "outcome_unknown": job.outcome_unknown}
    if job.schedule is not None:
        told["schedule"] = {
            "schedule_id": job.schedule.schedule_id,
            "occurrence": job.schedule.occurrence,
            "number": job.schedule.number,
            "is_detached": job.schedule.is_detached,
            "cause": job.schedule.cause,
        }
    return told


def check_query(call: Call, known: Collection[str]) -> None:
    """Check that nothing was asked for that is not known here, rather than leave it out.

    Raises:
        ValidationError: it was.
    """
    for name in call.query:
        if name not in known:
            raise ValidationError(
                f"there is no parameter {name!r} here", field=name, hint=", ".join(known)
            )


def limit_of(call: Call) -> int:
    """Return how many were asked for.

    Raises:
        ValidationError: that is no number of 1 to 500.
    """
    return number_of(call, "limit", USUAL, 1, MOST)


def flag_of(call: Call, name: str) -> bool:
    """Return whether something was asked for: `true` or `false`, which is meant without a word.

    Raises:
        ValidationError: it is neither.
    """
    text = call.query.get(name) or "false"
    if text not in ("true", "false"):
        raise ValidationError(f"{name} must be true or false", field=name)
    return text == "true"


def number_of(call: Call, name: str, usual: int, least: int, most: int) -> int:
    """Return a number of the address, or the usual one.

    Raises:
        ValidationError: it is none, or not within the bounds.
    """
    text = call.query.get(name)
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and least <= int(text) <= most):
        raise ValidationError(f"{name} must be a number of {least} to {most}", field=name)
    return int(text)


def time_of(call: Call, name: str) -> datetime | None:
    """Return a time of the address, in ISO 8601; a `+` that came as a blank is one.

    Raises:
        ValidationError: it is none.
    """
    text = call.query.get(name)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise ValidationError(
            f"{name} {text!r} is no time", field=name, hint="ISO 8601, such as 2026-01-31T09:00Z"
        ) from None


def sent(call: Call, body: bytes) -> Any:
    """Return the JSON that was sent; nothing is an empty object.

    Raises:
        Refusal: it is not JSON.
    """
    kind = call.request.headers.get("content-type", "application/json").partition(";")[0]
    if kind.strip().lower() != "application/json":
        raise Refusal(415, f"the body is {kind}", hint="send application/json")
    try:
        return msgspec.json.decode(body) if body.strip() else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal(400, f"the body is no JSON: {error}") from None
