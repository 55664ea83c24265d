"""Whether a post may be out although its publisher raised: time-outs and broken connections.

No HTTP library is imported for it: exceptions are told apart by the names of their classes.
"""

from __future__ import annotations

import errno
import re
from enum import Enum

from ..instrumentation import chain_of, classes_of, errno_of


class _Verdict(Enum):
    NOT_SENT = "no connection came about, so nothing was done"
    BROKEN_OFF = "it was sent, perhaps, and no whole answer came"
    UNCLEAR = "broken off, unless what it came from says that nothing was sent"


# By library (the first part of the module), the names of its classes. The nearest class counts: a
# ConnectTimeout is no connection, although it is a time-out.
_TABLE: dict[_Verdict, dict[str, str]] = {
    _Verdict.NOT_SENT: {
        "builtins": "ConnectionRefusedError",
        "socket": "gaierror herror",
        "ssl": "SSLCertVerificationError",
        "http": "InvalidURL",
        "httpx": "ConnectError ConnectTimeout PoolTimeout UnsupportedProtocol InvalidURL",
        "httpcore": "ConnectError ConnectTimeout PoolTimeout UnsupportedProtocol",
        "requests": "ConnectTimeout InvalidURL InvalidSchema MissingSchema InvalidHeader",
        "urllib3": "NewConnectionError ConnectTimeoutError LocationValueError EmptyPoolError",
        "aiohttp": "ClientConnectorError ConnectionTimeoutError InvalidURL",
        "botocore": "EndpointConnectionError ConnectTimeoutError",
    },
    _Verdict.BROKEN_OFF: {
        "builtins": "TimeoutError ConnectionResetError BrokenPipeError ConnectionAbortedError"
        " EOFError",
        "asyncio": "CancelledError",
        "ssl": "SSLEOFError SSLZeroReturnError",
        "http": "HTTPException",
        "httpx": "TimeoutException NetworkError RemoteProtocolError DecodingError",
        "httpcore": "TimeoutException NetworkError RemoteProtocolError",
        "requests": "Timeout ChunkedEncodingError ContentDecodingError",
        "urllib3": "TimeoutError ProtocolError DecodeError",
        "aiohttp": "ServerTimeoutError ServerDisconnectedError ClientOSError ClientPayloadError"
        " HttpProcessingError",
        "botocore": "ReadTimeoutError ConnectionClosedError ResponseStreamingError",
    },
    _Verdict.UNCLEAR: {
        "builtins": "ConnectionError",
        "ssl": "SSLError",
        "urllib": "URLError",
        "httpx": "TransportError",
        "httpcore": "ProxyError ProtocolError",
        "requests": "ConnectionError",
        "urllib3": "MaxRetryError ProxyError SSLError",
        "aiohttp": "ClientConnectionError",
        "botocore": "HTTPClientError",
    },
}
# An answer, and a request that cannot be made: only by their kin in the table.
_NEITHER = {("urllib", "HTTPError"), ("httpx", "LocalProtocolError")}
_VERDICTS = {
    (library, name): verdict
    for verdict, libraries in _TABLE.items()
    for library, names in libraries.items()
    for name in names.split()
}
_CLIENTS = set(_TABLE[_Verdict.NOT_SENT]) - {"builtins", "socket", "ssl", "http"}
_BROKEN = {
    errno.ETIMEDOUT, errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ESHUTDOWN,
    errno.ENETRESET,
    # Of a connection that stood, too, when what is between is gone.
    errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN,
}  # fmt: skip
_SAYS_SO = re.compile(
    r"time_?d?_?out|deadline_?exceeded|disconnect|incomplete_?read|broken_?(pipe|resource)"
    r"|(connection|stream|channel|socket)_?(reset|abort|broken|closed|lost|terminated)",
    re.IGNORECASE,
)
"""What a class of any other library is called that stands for one of these."""


def may_be_out(error: BaseException, outside: BaseException | None = None) -> bool:
    """Whether a request may have been acted on, by an exception and all that it came from (but not
    `outside`: what was being handled already when the publisher was called)."""
    found = set[_Verdict]()
    explained: list[bool] = []
    for one, led in chain_of(error, outside):
        verdict, is_clients = _judged(one)
        known = led >= 0 and explained[led]
        # A client without a connection has learnt so from some time-out or reset of the system's:
        # beneath it only another request of a client's has more to say.
        if verdict is not None and (is_clients or not known):
            found.add(verdict)
        explained.append(known or (is_clients and verdict is _Verdict.NOT_SENT))
    return _Verdict.BROKEN_OFF in found or (
        _Verdict.UNCLEAR in found and _Verdict.NOT_SENT not in found
    )


def _judged(error: BaseException) -> tuple[_Verdict | None, bool]:
    """Tell what an exception says by itself, and whether a client of HTTP says it."""
    classes = list(classes_of(error))
    for library, name in classes:
        if (library, name) in _NEITHER:
            return None, library in _CLIENTS
        verdict = _VERDICTS.get((library, name))
        if verdict is not None:
            return verdict, library in _CLIENTS
    if errno_of(error) in _BROKEN:
        return _Verdict.BROKEN_OFF, False
    names = [name for _, name in classes]
    if any(_SAYS_SO.search(name) for name in names):
        return _Verdict.BROKEN_OFF, False
    return (_Verdict.UNCLEAR if "ConnectionError" in names else None), False
