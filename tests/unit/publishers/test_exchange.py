"""An exchange: what is known after it; and the package without its HTTP client."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Coroutine

import httpx
import pytest

from jobledger.publishers.exchange import Connection, NoAnswer, NotSent, Response, Timeouts
from jobledger.release import how_to_install

Handler = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


def exchange(handler: Handler, url: str = "https://example.org", **times: float) -> Response:
    async def call() -> Response:
        transport = httpx.MockTransport(handler)
        async with Connection(
            Timeouts(**times), lambda: transport, ["a-long-secret"]
        ) as connection:
            return await connection.exchange("GET", url, headers={})

    return asyncio.run(call())


def raising(error: Exception) -> Handler:
    async def handler(request: httpx.Request) -> httpx.Response:
        raise error

    return handler


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (httpx.ConnectError("refused"), NotSent),
        (httpx.ConnectTimeout("late"), NotSent),
        (httpx.PoolTimeout("full"), NotSent),
        (httpx.ReadTimeout("late"), NoAnswer),
        (httpx.WriteTimeout("late"), NoAnswer),
        (httpx.WriteError("broken pipe"), NoAnswer),
        (httpx.RemoteProtocolError("gone"), NoAnswer),
        (httpx.ProxyError("which part?"), NoAnswer),
        (ValueError("some bug in between"), NoAnswer),
    ],
)
def test_only_what_cannot_have_been_sent_was_not_sent(
    error: Exception, known: type[Exception]
) -> None:
    """All else may have been acted on; the text says what it was."""
    with pytest.raises(known, match=type(error).__name__):
        exchange(raising(error))


def test_the_whole_exchange_has_a_limit_too() -> None:
    """Bytes that trickle in for ever do not hold it up."""

    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(NoAnswer, match="no answer in time"):
        exchange(never, whole_s=0.01)


def test_being_cancelled_is_not_an_answer() -> None:
    """It goes through, so that a scheduler can stop."""

    async def cancelled() -> None:
        began = asyncio.Event()

        async def never(request: httpx.Request) -> httpx.Response:
            began.set()
            await asyncio.Event().wait()
            raise AssertionError

        async with Connection(Timeouts(), lambda: httpx.MockTransport(never)) as connection:
            call = asyncio.create_task(
                connection.exchange("GET", "https://example.org", headers={})
            )
            await began.wait()
            call.cancel()
            await call

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_an_address_that_is_none_sends_nothing() -> None:
    """It is told as it is."""
    with pytest.raises(NotSent, match="the request cannot be made"):
        exchange(raising(AssertionError()), "https://exa mple.org:port")


def test_secrets_are_taken_out_of_what_comes_back() -> None:
    """Out of answers and out of errors."""

    async def repeats(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"said": "a-long-secret!"})

    answer = exchange(repeats)
    assert (answer.text, answer.document) == ('{"said":"***!"}', {"said": "***!"})
    with pytest.raises(NoAnswer) as error:
        exchange(raising(httpx.ReadError("for a-long-secret")))
    assert "a-long-secret" not in str(error.value)
    assert error.value.__suppress_context__


def test_without_the_http_client_one_line_says_what_to_install() -> None:
    """On importing the package; nothing else of jobledger needs it."""
    program = (
        "import sys; sys.modules['httpx'] = None; import jobledger\n"
        "try: import jobledger.publishers\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == (
        f"jobledger.publishers needs an HTTP client ({how_to_install('publishers')})\n"
    )
