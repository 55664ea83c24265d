"""Calling a publisher: a call that cannot be made is not made later either."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import Any

import pytest
from support.domain import Life

from jobledger import Attempt, PostResult
from jobledger.scheduler.adapter import PublisherAdapter
from jobledger.scheduler.answers import Answer
from jobledger.scheduler.calls import NotCalledError, call_async, call_blocking, can_start_threads

_where: ContextVar[str] = ContextVar("_where", default="nowhere")


def attempt() -> Attempt:
    life = Life()
    life.start()
    assert life.job is not None
    return Attempt(life.job, "key", lambda job_id, command: None)


class Refused:
    """A `Thread.start` that fails: before the thread runs, or when it has begun."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
        self.error = error
        self.begin_all_the_same = False
        self._start = threading.Thread.start
        monkeypatch.setattr(threading.Thread, "start", lambda thread: self._refuse(thread))

    def _refuse(self, thread: threading.Thread) -> None:
        if self.begin_all_the_same:
            self._start(thread)
            thread.join()
        raise self.error


NO_THREAD = [RuntimeError("can't start new thread"), MemoryError()]


@pytest.mark.parametrize("error", NO_THREAD, ids=repr)
def test_without_a_thread_the_publisher_is_not_called(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    called: list[str] = []

    def post(account_id: str, content: str) -> PostResult:
        called.append(content)
        return PostResult(True)

    refused = Refused(monkeypatch, error)
    made = attempt()
    with pytest.raises(NotCalledError, match="no thread") as caught:
        asyncio.run(call_async(PublisherAdapter(post), "publish", made))
    assert caught.value.__cause__ is refused.error
    assert not made._called
    assert called == []
    assert not can_start_threads()


def test_a_thread_that_comes_to_life_after_it_was_given_up_calls_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever was told that the call was not made may count on it."""
    late: list[threading.Thread] = []
    start = threading.Thread.start

    def never(thread: threading.Thread) -> None:
        late.append(thread)
        raise RuntimeError("can't start new thread")

    called: list[str] = []

    def post(account_id: str, content: str) -> PostResult:
        called.append(content)
        return PostResult(True)

    monkeypatch.setattr(threading.Thread, "start", never)
    with pytest.raises(NotCalledError):
        asyncio.run(call_async(PublisherAdapter(post), "publish", attempt()))
    monkeypatch.undo()
    [thread] = late
    start(thread)
    thread.join()
    assert called == []


@pytest.mark.parametrize("error", NO_THREAD, ids=repr)
def test_what_was_called_all_the_same_gives_its_answer(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Starting the thread raised after the thread had begun."""
    Refused(monkeypatch, error).begin_all_the_same = True
    made = attempt()
    answer = asyncio.run(
        call_async(PublisherAdapter(lambda *_: PostResult(True, "t")), "publish", made)
    )
    assert made._called
    assert answer == Answer("posted", thread_id="t")


@pytest.mark.parametrize("timeout_s", [None, 20.0])
def test_a_publisher_finds_the_context_variables_of_whoever_calls_it(
    timeout_s: float | None,
) -> None:
    """In a thread as well as in the event loop."""
    seen: list[Any] = []

    def plain(account_id: str, content: str) -> PostResult:
        seen.append(_where.get())
        return PostResult(True)

    async def asynchronous(account_id: str, content: str) -> PostResult:
        seen.append(_where.get())
        return PostResult(True)

    async def main() -> None:
        _where.set("here")
        for post in (plain, asynchronous):
            await call_async(PublisherAdapter(post), "publish", attempt(), timeout_s)

    asyncio.run(main())
    assert seen == ["here", "here"]


def test_an_attempt_knows_whether_its_publisher_was_called() -> None:
    made = attempt()
    port = PublisherAdapter(lambda *_: PostResult(True))
    assert not made._called
    assert call_blocking(port, "publish", made, asyncio.run).means == "posted"
    assert made._called
