"""The server of `run --metrics`: what it tells, to whom, and that it disturbs nobody."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from support.waiting import DEADLINE_S, eventually

from jobledger import Ledger, PostResult, Scheduler, StorageError, ValidationError
from jobledger.tools import metrics_server
from jobledger.tools.metrics_server import listen_for_watchers


@contextmanager
def watched(ledger: Ledger, place: str = "127.0.0.1:0", *, public: bool = False) -> Iterator[int]:
    """Answer for a ledger; give the port."""
    answering = listen_for_watchers(place, public=public)
    port: int = answering.__self__.server_address[1]  # type: ignore[attr-defined]
    with answering(ledger):
        yield port


def ask(port: int, path: str, host: str | None = None, method: str = "GET") -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)) as connection:
        connection.request(method, path, headers={} if host is None else {"host": host})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture
def ledger(directory: Path) -> Iterator[Ledger]:
    with Ledger(directory) as ledger:
        ledger.add_job("shop", "text", ledger.now(), job_id="one")
        yield ledger


def test_it_tells_metrics_and_whether_all_is_well(ledger: Ledger) -> None:
    with watched(ledger) as port:
        status, text = ask(port, "/metrics")
        assert (status, 'jobledger_jobs{state="scheduled"} 1' in text) == (200, True)
        assert ask(port, "/healthz") == (200, "ok\n")
        assert ask(port, "/readyz?verbose") == (200, "ok\n")
        assert ask(port, "/healthz", method="HEAD") == (200, "")
        assert ask(port, "/jobs")[0] == 404
        assert ask(port, "/metrics", method="POST")[0] == 501


def test_what_is_wrong_is_said(directory: Path) -> None:
    async def main() -> None:
        with Scheduler(directory) as scheduler, watched(scheduler) as port:
            assert ask(port, "/healthz") == (503, "the loop does not run\n")
            await scheduler.start(lambda account_id, content: PostResult(True))
            assert await asyncio.to_thread(ask, port, "/readyz") == (200, "ok\n")
            await scheduler.stop()

    asyncio.run(main())


def test_a_ledger_that_cannot_be_read_is_said_and_nothing_breaks(ledger: Ledger) -> None:
    with watched(ledger) as port:
        ledger.close()
        status, text = ask(port, "/metrics")
        assert (status, "is closed" in text) == (503, True)
        assert ask(port, "/healthz")[0] == 503


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:9108", 200),
        ("127.0.0.1", 200),
        ("[::1]:9108", 200),
        ("evil.example", 421),
        ("evil.example:9108", 421),
        ("192.0.2.1:9108", 421),
    ],
)
def test_a_page_under_another_name_is_told_nothing(ledger: Ledger, host: str, status: int) -> None:
    """A name of somebody else's that leads to this machine."""
    with watched(ledger) as port:
        assert ask(port, "/metrics", host)[0] == status
    with watched(ledger, public=True) as port:
        assert ask(port, "/metrics", host)[0] == 200


@pytest.mark.parametrize("place", ["0.0.0.0:9108", "[::]:9108", "example.org:80", "192.0.2.1:1"])
def test_what_others_can_reach_has_to_be_meant(place: str) -> None:
    with pytest.raises(ValidationError, match="other machines"):
        listen_for_watchers(place, public=False)


@pytest.mark.parametrize("place", ["", "here", "127.0.0.1", "a b:1", "127.0.0.1:99999", "::1:80"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(ValidationError, match="no HOST:PORT"):
        listen_for_watchers(place, public=True)


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        place = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(StorageError, match=f"cannot listen on {place}"):
            listen_for_watchers(place, public=False)


def test_the_port_alone_is_one_of_this_machine(ledger: Ledger) -> None:
    with watched(ledger, "0") as port:
        assert ask(port, "/healthz")[0] == 200


def test_who_says_nothing_keeps_nobody_from_being_told(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even many of them: who has no place is let go, and so is whoever says nothing."""
    monkeypatch.setattr(metrics_server._Handler, "timeout", 0.05)
    monkeypatch.setattr(
        metrics_server._Server, "request_queue_size", 64
    )  # else the system lets wait
    with watched(ledger) as port:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]

        def told() -> bool:
            try:
                return ask(port, "/healthz") == (200, "ok\n")
            except (OSError, http.client.HTTPException):
                return False

        eventually(told)
        for one in silent:
            one.close()


def test_a_runner_goes_on_where_no_thread_can_be_started(
    directory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with Ledger(directory) as ledger:
        answering = listen_for_watchers("127.0.0.1:0", public=False)
        monkeypatch.setattr(threading.Thread, "start", fail)
        with answering(ledger):
            assert ledger.counts()
    assert "metrics are not told" in caplog.text


def test_it_reads_and_never_writes(directory: Path) -> None:
    with Ledger(directory) as ledger, watched(ledger) as port:
        ledger.add_job("shop", "text", ledger.now())
        ledger.write_behind()
        before = {path: path.read_bytes() for path in directory.iterdir()}
        for path in ("/metrics", "/healthz", "/readyz"):
            ask(port, path)
        assert {path: path.read_bytes() for path in directory.iterdir()} == before
