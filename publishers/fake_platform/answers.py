"""The answers of the platform that are not the good one."""

from __future__ import annotations

from typing import Any

import msgspec


class Reply(msgspec.Struct, frozen=True):
    """A status, a JSON document, and headers besides."""

    status: int
    document: Any
    headers: dict[str, str] = {}


def error(
    status: int, code: int, message: str, subcode: int | None = None, **headers: str
) -> Reply:
    """Word an error as the Graph API does."""
    fields: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
    if subcode is not None:
        fields["error_subcode"] = subcode
    return Reply(
        status, {"error": fields}, {name.replace("_", "-"): headers[name] for name in headers}
    )


UNKNOWN = error(500, 1, "An unknown error occurred")
MISSING = error(400, 24, "The requested resource does not exist", 4279009)
TOKEN_EXPIRED = error(401, 190, "Error validating access token: it has expired", 463)
RESTRICTED = error(403, 10, "The account is restricted", 4279013)
RATE_LIMITED = error(429, 4, "Application request limit reached", Retry_After="120")
BAD_REQUEST = error(400, 100, "Invalid parameter")
NOT_FOUND = error(404, 100, "There is nothing at this address")

BY_FAULT = {
    "500_before": UNKNOWN,
    "500_after": UNKNOWN,
    "forgotten": UNKNOWN,
    "rate_limited": RATE_LIMITED,
    "token_expired": TOKEN_EXPIRED,
    "restricted": RESTRICTED,
    "missing": MISSING,
}
"""The faults that are answers."""
