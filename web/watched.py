"""What tells those who watch the server, and not a person: metrics, and whether it is well."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response

from .site import Call

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics(call: Call) -> Response:
    """Return the ledger's metrics, to whoever has signed in or has the token for them."""
    call.visitor  # noqa: B018 - which is refused where nobody has
    return Response(call.site.ledger.metrics(), media_type=METRICS_TYPE)


def healthz(call: Call) -> Response:
    """Say whether the server's handle on the ledger is well."""
    return _told(call, call.site.ledger.health())


def readyz(call: Call) -> Response:
    """Say whether it can also do its work: there is room on the disk."""
    return _told(call, call.site.ledger.health(ready=True))


def _told(call: Call, faults: list[str]) -> Response:
    """Answer whoever asks, since a load balancer has no password; what is wrong is told to those
    alone who have signed in."""
    words = faults if call.is_known else ["not well"]
    return PlainTextResponse("\n".join(words if faults else ["ok"]) + "\n", 503 if faults else 200)
