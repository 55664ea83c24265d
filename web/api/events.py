"""Events: a page of them, and all as they come; and how many jobs there are of each state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import islice
from typing import Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ... import Event, JobLedgerError, ValidationError, WatcherLetGoError
from ..problems import problem_of, problem_response
from ..site import Call
from .answers import check_query, document, limit_of, number_of

_STILL_THERE_S = 15.0
"""So often a stream says that it is still there, when nothing happens."""
_MOST_SEQ = 10**18


def list_events(call: Call) -> Response:
    """Answer with the events behind a number, and the number to go on behind."""
    check_query(call, ("after", "limit", "at"))
    after, limit = number_of(call, "after", 0, 0, _MOST_SEQ), limit_of(call)
    last = call.look.seq
    found = list(islice(call.site.ledger.events(after), min(limit, max(last - after, 0))))
    following = found[-1].seq if found and found[-1].seq < last else None
    return document({"events": [event.to_dict() for event in found], "next": following})


def counts(call: Call) -> Response:
    """Answer with how many jobs there are of each state."""
    check_query(call, ("at",))
    look = call.look
    found = {status.value: count for status, count in look.queries.counts().items()}
    return document({"counts": found, "seq": look.seq})


async def stream(request: Request) -> Response:
    """Answer with the events as they are acknowledged (server-sent events), behind `after`, or
    behind the last one that a browser had when it lost the connection."""
    try:
        call = Call(request)
        check_query(call, ("after",))
        again = request.headers.get("last-event-id", "")
        if again and not (again.isascii() and again.isdecimal() and len(again) < 19):
            raise ValidationError("Last-Event-ID is no event's number", field="Last-Event-ID")
        asked = bool(again) or bool(call.query.get("after"))
        after = int(again) if again else number_of(call, "after", 0, 0, _MOST_SEQ)
    except Exception as error:  # noqa: BLE001 - whoever asked is told of it
        return problem_response(problem_of(error), request.scope)
    watched = call.site.ledger.awatch(after if asked else None)
    return StreamingResponse(
        told(watched, call.site.streams),
        media_type="text/event-stream",
        headers={"x-accel-buffering": "no"},
    )


async def told(
    watched: AsyncGenerator[Event, None], streams: set[asyncio.Event]
) -> AsyncGenerator[bytes, None]:
    """Give the events that are watched as lines of a stream, until the server ends it or nobody
    takes them any more; what is watched is closed then. While it is open, it is among `streams`."""
    ended = asyncio.Event()
    streams.add(ended)
    over = asyncio.ensure_future(ended.wait())
    yield b"retry: 1000\n\n"
    try:
        async with aclosing(watched):
            while not over.done():
                following = asyncio.ensure_future(anext(watched))
                waited: set[asyncio.Future[Any]] = {following, over}
                try:
                    while not (await _first_of(waited)):
                        yield b": still there\n\n"
                    if following.done():
                        yield _line(following.result())
                finally:
                    if not following.done():
                        following.cancel()
                        # A server cancels whoever answers again and again, until they have ended;
                        # and what is watched can only be closed when nobody waits for it.
                        with anyio.CancelScope(shield=True):
                            await asyncio.wait({following})
    except StopAsyncIteration:
        return
    except WatcherLetGoError as error:
        yield b"event: behind\ndata: %d\n\n" % (error.after or 0)
    except JobLedgerError as error:
        yield b"event: problem\ndata: " + msgspec.json.encode(error.message) + b"\n\n"
    finally:
        over.cancel()
        streams.discard(ended)


async def _first_of(waited: set[asyncio.Future[Any]]) -> bool:
    """Wait for one of these, for some time; say whether one is there."""
    done, _ = await asyncio.wait(
        waited, timeout=_STILL_THERE_S, return_when=asyncio.FIRST_COMPLETED
    )
    return bool(done)


def _line(event: Event) -> bytes:
    data = msgspec.json.encode(event.to_dict())
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.seq, event.type.encode(), data)
