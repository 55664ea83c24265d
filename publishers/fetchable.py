"""Whether what a platform is to fetch by itself can be had from its address just now.

The beginning of each file is asked for, as the platform will, without a token, and no more of it
is read. Nobody is led to a place that is not public: not by a redirect, nor by what a name means
here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

from .addresses import Of, fault, is_public, shown
from .exchange import Connection, NoAnswer, NotSent, Response, Timeouts

SOON = Timeouts(connect_s=5.0, read_s=5.0, whole_s=5.0)
"""How long the beginning of a file may take: many may be asked for within a minute."""
_MOST_REDIRECTS = 5
_AT_ONCE = 4
_AGAIN_AFTER_S = 3.0
_REDIRECTS = (301, 302, 303, 307, 308)
_PAGES = ("text/html", "application/xhtml+xml")


class Fetching:
    """Asks for files over one connection. `resolves`: names are looked up here, and one of a
    private place is not asked for; a transport of somebody's own does that for itself."""

    def __init__(
        self, connection: Connection, sleep: Callable[[float], Awaitable[None]], *, resolves: bool
    ) -> None:
        self._connection = connection
        self._sleep = sleep
        self._resolves = resolves
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def missing(self, addresses: Iterable[tuple[str, Of]]) -> list[str]:
        """Say of each address that cannot be had why, once."""
        found = await asyncio.gather(*(self._one(*each) for each in dict.fromkeys(addresses)))
        return [said for said in found if said is not None]

    async def _one(self, address: str, of: Of) -> str | None:
        async with self._places:
            said, again = await self._why_not(address, of)
            if said is not None and again:
                await self._sleep(_AGAIN_AFTER_S)
                said, _ = await self._why_not(address, of)
        return None if said is None else f"the {of} at {shown(address)} cannot be had: {said}"

    async def _why_not(self, address: str, of: Of) -> tuple[str | None, bool]:
        """Return why it cannot be had, and whether that may be otherwise in a moment."""
        at = address
        for _ in range(_MOST_REDIRECTS + 1):
            said = fault(at) or await self._inside(at)  # rule: ahead-from-public-places-alone
            if said is not None:
                return said, False
            try:
                answer = await self._connection.peek(at)
            except (NotSent, NoAnswer) as error:
                return str(error), True
            if answer.status not in _REDIRECTS:
                return _said_of(answer, of), answer.status >= 500 or answer.status == 429
            at = urljoin(at, answer.headers.get("location", ""))
        return "it leads on and on", False

    async def _inside(self, address: str) -> str | None:
        """Say that the name of a place means one that is not public; what it means may be known
        only to a proxy."""
        host = urlsplit(address).hostname or ""
        if not self._resolves:
            return None
        with suppress(OSError, UnicodeError):
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            private = [to[0] for *_, to in found if not is_public(str(to[0]))]
            if private:
                return f"{host} is at {private[0]}, which is not public"
        return None


def _said_of(answer: Response, of: Of) -> str | None:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not answer.ok:
        empty = ": it is empty" if answer.status == 416 else ""
        return f"HTTP {answer.status}{empty}"
    if answer.headers.get("content-length") == "0":
        return "it is empty"
    return f"it is a page ({kind}), and no {of}" if kind in _PAGES else None
