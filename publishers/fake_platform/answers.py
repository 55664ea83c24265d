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


def refusal(status: int, name: str, message: str, **headers: str) -> Reply:
    """Word an error as a server of the AT Protocol does."""
    named = {name.replace("_", "-"): headers[name] for name in headers}
    return Reply(status, {"error": name, "message": message}, named)


BLUESKY_BY_FAULT = {
    "500_before": refusal(500, "InternalServerError", "Internal Server Error"),
    "500_after": refusal(500, "InternalServerError", "Internal Server Error"),
    "rate_limited": refusal(
        429, "RateLimitExceeded", "Rate Limit Exceeded",
        ratelimit_limit="30", ratelimit_remaining="0", ratelimit_reset="1772453100",
    ),
    "token_expired": refusal(400, "ExpiredToken", "Token has expired"),
    "restricted": refusal(401, "AccountTakedown", "Account has been taken down"),
    "missing": refusal(400, "RecordNotFound", "Could not locate record"),
}  # fmt: skip
"""The same faults, as servers of the AT Protocol word them."""


def answer_to(exchange: str, fault: str, otherwise: Reply | None) -> Reply | None:
    """Return the answer that a fault is; `otherwise` where it is none."""
    known = BLUESKY_BY_FAULT if exchange.startswith("bluesky_") else BY_FAULT
    return known.get(fault, otherwise)
