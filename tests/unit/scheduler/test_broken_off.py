"""What was raised while posting: the post may be out, or surely is not, or that says nothing.

Exceptions of HTTP clients that are not installed here stand under the names that they have there.
"""

from __future__ import annotations

import asyncio
import errno
import http.client
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import httpcore
import httpx
import pytest

from jobledger.scheduler.broken_off import may_be_out


def of(module: str, name: str, *bases: type) -> type[Exception]:
    """Make an exception class of a library that is not here."""
    return type(name, bases or (Exception,), {"__module__": module})


RequestException = of("requests.exceptions", "RequestException", OSError)
RequestsConnectionError = of("requests.exceptions", "ConnectionError", RequestException)
RequestsTimeout = of("requests.exceptions", "Timeout", RequestException)
RequestsConnectTimeout = of(
    "requests.exceptions", "ConnectTimeout", RequestsConnectionError, RequestsTimeout
)
RequestsReadTimeout = of("requests.exceptions", "ReadTimeout", RequestsTimeout)
Urllib3Error = of("urllib3.exceptions", "HTTPError")
Urllib3Timeout = of("urllib3.exceptions", "TimeoutError", Urllib3Error)
MaxRetryError = of("urllib3.exceptions", "MaxRetryError", Urllib3Error)
NewConnectionError = of("urllib3.exceptions", "NewConnectionError", Urllib3Error)
ConnectTimeoutError = of("urllib3.exceptions", "ConnectTimeoutError", Urllib3Timeout)
ProtocolError = of("urllib3.exceptions", "ProtocolError", Urllib3Error)
ClientConnectionError = of("aiohttp.client_exceptions", "ClientConnectionError")
ClientOSError = of("aiohttp.client_exceptions", "ClientOSError", ClientConnectionError, OSError)
ClientConnectorError = of("aiohttp.client_exceptions", "ClientConnectorError", ClientOSError)
ServerTimeoutError = of(
    "aiohttp.client_exceptions", "ServerTimeoutError", ClientConnectionError, TimeoutError
)
ConnectionTimeoutError = of(
    "aiohttp.client_exceptions", "ConnectionTimeoutError", ServerTimeoutError
)


def caused(error: BaseException, *origins: BaseException) -> BaseException:
    """Return the error, raised from the first of the others, that from the next, and so on."""
    below: BaseException | None = None
    for origin in reversed((error, *origins)):
        origin.__cause__ = below
        below = origin
    return error


def handled(error: BaseException, origin: BaseException) -> BaseException:
    """Return the error, raised while another was handled, and that hidden by `from None`."""
    error.__context__, error.__suppress_context__ = origin, True
    return error


MAY_BE_OUT: list[BaseException] = [
    TimeoutError("timed out"),
    ConnectionResetError(104, "reset"),
    BrokenPipeError(),
    ConnectionAbortedError(),
    ConnectionError("lost"),
    EOFError(),
    OSError(errno.ETIMEDOUT, "timed out"),
    OSError(errno.EPIPE, "pipe"),
    OSError(errno.EHOSTUNREACH, "in mid-connection"),
    http.client.RemoteDisconnected("no response"),
    http.client.IncompleteRead(b"abc", 10),
    http.client.BadStatusLine("?"),
    urllib.error.URLError(TimeoutError("timed out")),
    urllib.error.URLError(ConnectionResetError()),
    urllib.error.URLError("unknown"),
    ssl.SSLEOFError(8, "EOF"),
    asyncio.IncompleteReadError(b"", 4),
    subprocess.TimeoutExpired("post", 5),
    httpx.ReadTimeout("late"),
    httpx.WriteTimeout("late"),
    httpx.WriteError("pipe"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("gone"),
    httpx.DecodingError("no gzip"),
    httpcore.ReadTimeout("late"),
    RequestsReadTimeout("late"),
    RequestsConnectionError("Connection aborted."),
    ProtocolError("Connection broken", http.client.IncompleteRead(b"")),
    Urllib3Timeout(),
    ServerTimeoutError("late"),
    ClientOSError(errno.ECONNRESET, "reset"),
    of("aiohttp.client_exceptions", "ServerDisconnectedError")(),
    of("botocore.exceptions", "ReadTimeoutError")(),
    of("gevent.timeout", "Timeout", BaseException)(),
    of("some.client", "FunctionTimedOut")(),
    of("grpc", "DeadlineExceeded")(),
    of("websockets.exceptions", "ConnectionClosedError")(),
    of("redis.exceptions", "ConnectionError")(),
    of("mine", "PostTimeout", httpx.ReadTimeout)("a subclass of the program's own"),
    caused(RuntimeError("wrapped"), ValueError(), httpx.ReadTimeout("late")),
    handled(RuntimeError("hidden"), TimeoutError()),
    RuntimeError("made with it", TimeoutError()),
    ExceptionGroup("two", [ValueError(), ExceptionGroup("deep", [TimeoutError()])]),
    caused(RequestsConnectionError(), ProtocolError(), http.client.RemoteDisconnected("gone")),
    caused(RequestsConnectionError(), MaxRetryError(), Urllib3Timeout()),
    # A second request found nobody; the first was sent.
    handled(ConnectionRefusedError(), TimeoutError()),
    handled(httpx.ConnectError("refused"), httpx.ReadTimeout("late")),
    caused(
        handled(RequestsConnectTimeout(), RequestsReadTimeout()),
        MaxRetryError(),
        ConnectTimeoutError(),
        RequestsReadTimeout(),
    ),
    ExceptionGroup("one was, one was not", [ConnectionRefusedError(), ConnectionResetError()]),
]

NOTHING_WAS_DONE: list[BaseException] = [
    ConnectionRefusedError(111, "refused"),
    OSError(errno.ECONNREFUSED, "refused"),
    socket.gaierror(-2, "Name or service not known"),
    ssl.SSLCertVerificationError("self-signed"),
    http.client.InvalidURL("a blank"),
    urllib.error.URLError(ConnectionRefusedError()),
    urllib.error.URLError(socket.gaierror(-2, "unknown")),
    caused(ConnectionError("no server"), ConnectionRefusedError()),
    httpx.ConnectError("refused"),
    httpx.PoolTimeout("full"),
    caused(httpx.ConnectTimeout("late"), httpcore.ConnectTimeout(), TimeoutError()),
    caused(httpx.ConnectError("TLS"), httpcore.ConnectError(), ConnectionResetError()),
    caused(RuntimeError("wrapped"), httpx.ConnectTimeout("late"), TimeoutError()),
    caused(RequestsConnectTimeout(), MaxRetryError(), ConnectTimeoutError(), TimeoutError()),
    caused(RequestsConnectionError(), MaxRetryError(), NewConnectionError(), OSError(111, "no")),
    MaxRetryError("pool", NewConnectionError()),
    ClientConnectorError(errno.ECONNREFUSED, "refused"),
    caused(ConnectionTimeoutError(), TimeoutError(), asyncio.CancelledError()),
]

SAYS_NOTHING: list[BaseException] = [
    ValueError("no"),
    KeyError("id"),
    RuntimeError("HTTP 500"),
    OSError(errno.ENOENT, "no such file"),
    OSError(),
    StopIteration(),
    ExceptionGroup("two", [ValueError(), KeyError()]),
    urllib.error.HTTPError("http://x", 500, "no", {}, None),  # type: ignore[arg-type]
    httpx.HTTPStatusError(
        "500", request=httpx.Request("GET", "http://x"), response=httpx.Response(500)
    ),
    of("requests.exceptions", "HTTPError", RequestException)("500"),
    of("aiohttp.client_exceptions", "ClientResponseError")("500"),
]


def name_of(error: object) -> str:
    return f"{type(error).__module__}.{type(error).__name__}"


@pytest.mark.parametrize("error", MAY_BE_OUT, ids=name_of)
def test_a_time_out_or_a_broken_connection_leaves_the_outcome_open(error: BaseException) -> None:
    """By itself, by what it came from, or by one of a group."""
    assert may_be_out(error)


@pytest.mark.parametrize("error", [*NOTHING_WAS_DONE, *SAYS_NOTHING], ids=name_of)
def test_without_a_connection_nothing_was_done_and_other_errors_do_not_say(
    error: BaseException,
) -> None:
    """How a client has learnt that there is no connection is not another time-out."""
    assert not may_be_out(error)


def test_what_was_being_handled_before_the_publisher_was_called_does_not_count() -> None:
    """A program may run its jobs in an `except` block; Python chains all that is raised there."""
    before = TimeoutError("of the program's own")
    error = handled(ValueError("of the publisher"), before)
    assert may_be_out(error)
    assert not may_be_out(error, before)


def test_a_circle_or_a_very_long_chain_ends() -> None:
    """Both can be made by hand."""
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert not may_be_out(first)
    assert not may_be_out(caused(*(ValueError() for _ in range(5000))))
    group: Exception = TimeoutError()
    for _ in range(500):
        group = ExceptionGroup("deep", [group])
    assert may_be_out(group)


def test_no_http_library_is_imported_to_tell_their_errors_apart() -> None:
    program = (
        "import sys; import jobledger.scheduler.broken_off as b; b.may_be_out(ValueError())\n"
        "print({'httpx', 'requests', 'aiohttp', 'urllib3', 'http.client', 'ssl'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "set()\n"


# -- over a real connection ------------------------------------------------------------------------


@pytest.fixture
def hanging_up() -> Iterator[str]:
    """Serve an address that reads a request and hangs up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def with_urllib(url: str) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(url, b"text", timeout=20)


def with_httpx(url: str) -> None:
    httpx.post(url, content=b"text", timeout=20, trust_env=False)


@pytest.mark.parametrize("post", [with_urllib, with_httpx])
def test_a_server_that_hangs_up_may_have_acted_one_that_is_not_there_has_not(
    hanging_up: str, post: Callable[[str], None]
) -> None:
    """As the standard library and httpx really raise it."""
    with pytest.raises((OSError, httpx.HTTPError)) as caught:
        post(hanging_up)
    assert may_be_out(caught.value)
    free = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{free.getsockname()[1]}/"
    free.close()
    with pytest.raises((OSError, httpx.HTTPError)) as caught:
        post(address)
    assert not may_be_out(caught.value)
