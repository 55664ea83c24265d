"""One HTTP exchange, told apart by what is known after it: an answer, never sent, or no answer.

That difference is all that keeps a post from going out twice, so it is made in one place: nothing
but these three leaves it. What comes back as text has the secrets taken out; they travel in headers
only, never in an address. However much comes back, no more is read than an answer can need.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Any, Self

import msgspec

from ..domain import ValidationError, clean_text
from ..release import how_to_install

try:
    import httpx
except ImportError as missing:
    raise ImportError(
        f"jobledger.publishers needs an HTTP client ({how_to_install('publishers')})"
    ) from missing

from .body import Body, read

TransportFactory = Callable[[], httpx.AsyncBaseTransport]
"""Makes the transport of one attempt: for tests, and for proxies of one's own."""

_SECRET_CHARS = 8
"""What is shorter is no secret, and would be taken out of half of all texts."""


_MOST_DIGITS = 9
_PEEK_BYTES = 1024


class NotSent(Exception):
    """No connection came about: the request did not leave, so nothing was done about it."""


class NoAnswer(Exception):
    """The request may have been acted on: it was sent, and no whole answer came back."""


class Timeouts(msgspec.Struct, frozen=True):
    """How long one exchange may take: to connect, between two pieces of an answer, and in all."""

    connect_s: float = 10.0
    read_s: float = 30.0
    whole_s: float = 60.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValidationError(f"{name} must be a number > 0, not {value!r}", field=name)


class Response(msgspec.Struct, frozen=True):
    """What came back, of which secrets are taken out.

    `document` is the body read as JSON, None where it is none, or too long; `text` the body, or its
    beginning. `retry_after_s` is what the header of that name says in seconds, `headers` has all
    of them, by names in lower case.
    """

    status: int
    document: Any
    text: str
    retry_after_s: float | None = None
    headers: dict[str, str] = {}

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def fields(self) -> dict[str, Any]:
        """The document where it is an object, else nothing."""
        return self.document if isinstance(self.document, dict) else {}


class Connection:
    """The client of one attempt, from entering its `async with` to leaving it.

    `secrets` (of 8 characters and more) are taken out of whatever comes back as text; `transport`
    makes another transport than that of the network.

    A client belongs to the event loop that it was made in, and a scheduler runs each `run_due` in a
    loop of its own. One client an attempt leaves nothing to close and nothing that outlives its
    loop.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        transport: TransportFactory | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        self._timeouts = timeouts
        self._transport = transport
        told = {secret for secret in secrets if len(secret) >= _SECRET_CHARS}
        self._secrets = sorted(told, key=len, reverse=True)

    async def __aenter__(self) -> Self:
        """Make the client.

        Raises:
            NotSent: there is no client to be had.
        """
        times = self._timeouts
        try:
            # rule: redirects-are-not-followed
            self._client = httpx.AsyncClient(
                transport=None if self._transport is None else self._transport(),
                verify=_certificates(),
                timeout=httpx.Timeout(times.read_s, connect=times.connect_s, pool=times.connect_s),
                follow_redirects=False,
            )
        except Exception as error:  # noqa: BLE001 - certificates, a proxy, a transport of their own
            raise NotSent(self._told("no client", error)) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(Exception):  # what has been answered is answered
            await self._client.aclose()

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Response:
        """Send a request and read its answer, up to a bound; redirects are not followed.

        Raises:
            NotSent: nothing was done about it.
            NoAnswer: it may have been acted on.
        """
        try:
            given = httpx.Headers(headers)
            given.setdefault("Accept-Encoding", "identity")  # answers are short
            request = self._client.build_request(
                method, url, headers=given, params=params, data=form, content=content
            )
        except Exception as error:  # noqa: BLE001 - whatever an address may be wrong in
            raise NotSent(self._told("the request cannot be made", error)) from None
        try:
            async with asyncio.timeout(self._timeouts.whole_s):
                response = await self._client.send(request, stream=True)
                body = await read(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(self._told("no connection", error)) from None
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoAnswer(self._told("no answer in time", error)) from None
        except Exception as error:  # noqa: BLE001 - sent, perhaps: anything else is no answer
            raise NoAnswer(self._told("no answer", error)) from None
        return self._answer(response, body)

    async def peek(self, url: str) -> Response:
        """Ask for the beginning of a file, without a secret: who answers, and nothing of what it
        has; no more than a piece of it is read, and redirects are not followed.

        Raises:
            NotSent: nobody was asked.
            NoAnswer: nobody has answered.
        """
        headers = {"Range": f"bytes=0-{_PEEK_BYTES - 1}", "Accept-Encoding": "identity"}
        try:
            request = self._client.build_request("GET", url, headers=headers)
            async with asyncio.timeout(self._timeouts.whole_s):
                response = await self._client.send(request, stream=True)
                try:
                    if not response.is_stream_consumed:
                        async for _ in response.aiter_raw(_PEEK_BYTES):
                            break
                finally:
                    with suppress(Exception):
                        await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(self._told("no connection", error)) from None
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NoAnswer(self._told("no answer in time", error)) from None
        except Exception as error:  # noqa: BLE001 - an address that is none, a broken answer
            raise NoAnswer(self._told("no answer", error)) from None
        return self._answer(response, Body(b"", False))

    def _answer(self, response: httpx.Response, body: Body) -> Response:
        text = self.clean(body.content.decode("utf-8", "replace"))
        document = None
        with suppress(Exception):  # nested too deep, for one: then it is none
            document = msgspec.json.decode(text) if body.whole else None
        headers = {name.lower(): self.clean(value) for name, value in response.headers.items()}
        return Response(
            response.status_code, document, text, _seconds(headers.get("retry-after")), headers
        )

    def hide(self, *secrets: str) -> None:
        """Take these out of what comes back from now on, too."""
        told = {secret for secret in secrets if len(secret) >= _SECRET_CHARS}
        self._secrets = sorted({*self._secrets, *told}, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Take the secrets out of the text, should it have any."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _told(self, what: str, error: Exception) -> str:
        return self.clean(clean_text(f"{what} ({type(error).__name__}: {error})", 300))


@cache
def _certificates() -> ssl.SSLContext:
    """Whom to trust, read once: that takes far longer than an exchange."""
    return httpx.create_ssl_context()


def _seconds(header: str | None) -> float | None:
    """Read the seconds of a Retry-After; its form as a date is left alone."""
    if header is None or len(header) > _MOST_DIGITS or not (header.isascii() and header.isdigit()):
        return None
    return float(header)
