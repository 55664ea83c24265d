"""One event loop a scheduler: what a publisher keeps between calls goes on working."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import threading
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.waiting import eventually

from jobledger import Attempt, JobStatus, ManualClock, PostResult, Scheduler
from jobledger.scheduler.own_loop import OwnLoop

httpx = pytest.importorskip("httpx")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.peers.add(self.client_address)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as made:
        made.daemon_threads = True
        made.peers = set()  # type: ignore[attr-defined]
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


class Posting:
    """A publisher with one client for its life: async, or plain and giving coroutines."""

    def __init__(self, server: ThreadingHTTPServer, kind: str) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/"
        self.client = httpx.AsyncClient()
        self.loops: set[int] = set()
        self.publish = self._plain if kind == "plain" else self._async

    async def _async(self, attempt: Attempt) -> PostResult:
        self.loops.add(id(asyncio.get_running_loop()))
        await self.client.post(self.url, json={})
        return PostResult(True)

    def _plain(self, attempt: Attempt) -> Any:
        return self._async(attempt)


SETTINGS: list[dict[str, Any]] = [
    {},
    {"concurrency": 2},
    {"publish_timeout": timedelta(minutes=1)},
]


@pytest.mark.parametrize("where", ["here", "in a running loop", "in other threads"])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("kind", ["async", "plain"])
def test_a_shared_client_works_over_calls(
    directory: Path,
    clock: ManualClock,
    server: ThreadingHTTPServer,
    kind: str,
    settings: dict[str, Any],
    where: str,
) -> None:
    """Also from within a running event loop, and from one thread after the other."""
    with Scheduler(directory, clock=clock, **settings) as scheduler:
        publisher = Posting(server, kind)

        def run_one() -> None:
            scheduler.add_job("a", "text", clock.now())
            assert scheduler.run_due(publisher) == 1

        async def within() -> None:
            run_one()

        for _ in range(4):
            if where == "here":
                run_one()
            elif where == "in a running loop":
                asyncio.run(within())
            else:
                thread = threading.Thread(target=run_one)
                thread.start()
                thread.join()
        jobs = scheduler.list_jobs()
        assert [(job.status, job.error) for job in jobs] == [(JobStatus.COMPLETED, None)] * 4
        assert len(publisher.loops) == 1
        assert len(server.peers) == 1  # type: ignore[attr-defined]  # a connection that was kept
        scheduler._parts.own_loop.run(publisher.client.aclose())


def test_run_uses_the_same_loop(
    directory: Path, clock: ManualClock, server: ThreadingHTTPServer
) -> None:
    with Scheduler(directory, clock=clock) as scheduler:
        publisher = Posting(server, "async")
        scheduler.add_job("a", "text", clock.now())
        scheduler.run_due(publisher)
        job_id = scheduler.add_job("a", "text", clock.now())
        thread = threading.Thread(target=scheduler.run, args=(publisher,))
        thread.start()
        eventually(lambda: scheduler.get_job(job_id).status is JobStatus.COMPLETED)
        scheduler.stop_soon()
        thread.join(20)
        scheduler.add_job("a", "text", clock.now())
        scheduler.run_due(publisher)
        assert len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == 3
        assert len(publisher.loops) == 1
        scheduler._parts.own_loop.run(publisher.client.aclose())


def test_the_programs_own_event_loop_is_what_it_was(directory: Path, clock: ManualClock) -> None:
    """One that it has set for its thread."""

    async def post(account_id: str, content: str) -> PostResult:
        return PostResult(True)

    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    try:
        with Scheduler(directory, clock=clock) as scheduler:
            scheduler.add_job("a", "x", clock.now())
            assert scheduler.run_due(post) == 1
            assert asyncio.get_event_loop_policy().get_event_loop() is mine
    finally:
        asyncio.set_event_loop(None)
        mine.close()


def test_close_closes_it_and_lets_what_is_left_clean_up(
    directory: Path, clock: ManualClock
) -> None:
    cleaned: list[str] = []
    kept: list[asyncio.Task[None]] = []

    async def background() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append("up")

    async def post(account_id: str, content: str) -> PostResult:
        kept.append(asyncio.create_task(background()))
        await asyncio.sleep(0)
        return PostResult(True)

    scheduler = Scheduler(directory, clock=clock)
    scheduler.add_job("a", "x", clock.now())
    scheduler.run_due(post)
    loop = kept[0].get_loop()
    assert cleaned == []
    scheduler.close()
    assert cleaned == ["up"]
    assert loop.is_closed()
    scheduler.close()


async def give(value: int) -> int:
    await asyncio.sleep(0)
    return value


def test_it_can_be_closed_from_within_a_running_loop() -> None:
    """Where it cannot be run: another thread does."""
    own = OwnLoop(asyncio.new_event_loop)
    assert own.run(give(1)) == 1
    loop = own._loop
    assert loop is not None

    async def main() -> None:
        assert own.run(give(2)) == 2
        own.close()

    asyncio.run(main())
    assert loop.is_closed()


def test_closed_while_it_runs_it_ends_with_what_runs() -> None:
    own = OwnLoop(asyncio.new_event_loop)

    async def close_inside() -> bool:
        own.close()
        await asyncio.sleep(0)
        return asyncio.get_running_loop().is_closed()

    assert own.run(close_inside()) is False
    assert own._loop is None


def test_a_blocked_one_is_given_up_and_another_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it in a running loop may stop waiting."""
    monkeypatch.setattr("jobledger.scheduler.own_loop._PATIENCE", 2)  # it is blocked all the time
    own, gate = OwnLoop(asyncio.new_event_loop), threading.Event()

    async def block() -> None:
        gate.wait(20)

    async def main() -> None:
        with pytest.raises(KeyboardInterrupt):
            own.run(block(), lambda: True)
        assert own.run(give(3)) == 3

    asyncio.run(main())
    gate.set()
    eventually(lambda: not [t for t in threading.enumerate() if t.name == "jobledger-own-loop"])
    own.close()


@pytest.mark.parametrize("place", ["loop", "task", "thread"])
def test_what_cannot_be_begun_leaves_no_coroutine_behind(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """No loop, no task, no thread: it is closed, so nobody is told that it was never awaited."""

    def broken(*arguments: Any, **more: Any) -> Any:
        raise MemoryError

    own = OwnLoop(broken if place == "loop" else asyncio.new_event_loop)
    if place == "task":
        monkeypatch.setattr("asyncio.base_events.BaseEventLoop.create_task", broken)
    work: Coroutine[Any, Any, int] = give(1)
    if place != "thread":
        with pytest.raises(MemoryError):
            own.run(work)
    else:

        async def main() -> None:
            monkeypatch.setattr(threading.Thread, "start", broken)
            with pytest.raises(MemoryError):
                own.run(work)
            monkeypatch.undo()

        asyncio.run(main())
    assert work.cr_frame is None  # type: ignore[attr-defined]
    monkeypatch.undo()
    own.close()


def test_a_forks_child_leaves_it_to_its_parent(directory: Path, clock: ManualClock) -> None:
    """Whatever the child does at its end: the parent's loop is still woken by other threads."""

    async def wait_for_thread(account_id: str, content: str) -> PostResult:
        await asyncio.to_thread(lambda: None)
        return PostResult(True)

    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())
        scheduler.run_due(wait_for_thread)
        child = os.fork()
        if child == 0:
            try:
                del scheduler
                gc.collect()
                sys.exit(0)
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        scheduler.add_job("a", "y", clock.now())
        assert scheduler.run_due(wait_for_thread) == 1
        assert len(scheduler.list_jobs(status=JobStatus.COMPLETED)) == 2
