"""Operations and parameters, as the API's description has them."""

from __future__ import annotations

from typing import Any

from .documents import ProblemDocument

_DAY = r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
TIME = rf"^{_DAY}(T([01][0-9]|2[0-3]):[0-5][0-9](Z|[+-]0[0-9]:[0-5][0-9])?)?$"
"""Times as they are sent in an address; more are understood."""


def at() -> dict[str, Any]:
    """Return the parameter of the moment that is looked at."""
    told = "As of a moment: an event's number, or a time in ISO 8601."
    return parameter("at", "string", told, pattern=rf"^[0-9]{{0,9}}$|{TIME}")


def parameter(
    name: str,
    kind: str,
    told: str,
    place: str = "query",
    *,
    is_required: bool = False,
    **bounds: object,
) -> dict[str, Any]:
    """Return a parameter: its name, type, what it is, and its bounds."""
    return {
        "name": name,
        "in": place,
        "required": is_required or place == "path",
        "description": told,
        "schema": {"type": kind} | bounds,
    }


def key() -> dict[str, Any]:
    """Return the header with which something is done once."""
    told = "Of several requests with one key, one is done, and all get its answer."
    return parameter("Idempotency-Key", "string", told, "header", minLength=1, maxLength=200)


def _reference(kind: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def operation(
    name: str,
    summary: str,
    answer: type | None,
    parameters: list[dict[str, Any]],
    body: type | None = None,
    status: str = "200",
    *,
    needs_body: bool = False,
) -> dict[str, Any]:
    """Return an operation: what it answers, its parameters, and its body, which it may need."""
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
        found["requestBody"] = {"required": needs_body, "content": content}
    return found
