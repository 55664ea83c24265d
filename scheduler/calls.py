"""Calling a publisher: plain or async, from a thread or from an event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .attempt import Attempt, Port
from .execution import Answer, Question

ResultT = TypeVar("ResultT")


def call_blocking(port: Port, question: Question, attempt: Attempt) -> Answer:
    """Call the publisher in this thread; a coroutine that it gives is run to its end."""
    try:
        value = _method(port, question)(attempt)
        if inspect.isawaitable(value):
            value = run_in_own_loop(_finish(value))
    except (Exception, asyncio.CancelledError, GeneratorExit) as error:  # noqa: BLE001
        return Answer(error=error)  # whatever a publisher raises is its answer
    return Answer(value)


async def call_async(port: Port, question: Question, attempt: Attempt) -> Answer:
    """Call the publisher from an event loop: an async one here, a plain one in a thread.

    Cancelling it cancels an async publisher; a plain one cannot be stopped, it is left alone in its
    daemon thread, and the attempt's fence refuses whatever it does later.
    """
    method = _method(port, question)
    try:
        value = method(attempt) if port.is_async(method) else await _in_thread(method, attempt)
        if inspect.isawaitable(value):
            value = await value
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Answer(error=error)  # the publisher's own: some time-out inside it
    except Exception as error:  # noqa: BLE001 - whatever a publisher raises is its answer
        return Answer(error=error)
    return Answer(value)


def _method(port: Port, question: Question) -> Callable[[Attempt], Any]:
    if question == "publish":
        return port.publish
    assert port.reconcile is not None
    return port.reconcile


async def _finish(value: Awaitable[Any]) -> Any:
    return await value


async def _in_thread(method: Callable[[Attempt], Any], attempt: Attempt) -> Any:
    """Run a plain method in a daemon thread, which does not keep the program from ending."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def deliver(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error)

    def target() -> None:
        value: Any = None
        failure: BaseException | None = None
        try:
            value = method(attempt)
        except BaseException as error:  # noqa: BLE001 - also SystemExit: it is this thread's own
            failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
        try:
            loop.call_soon_threadsafe(deliver, value, failure)
        except RuntimeError:  # the loop is closed: nobody waits for this any more
            return

    threading.Thread(target=target, name=f"jobledger-{attempt.job.job_id}", daemon=True).start()
    return await future


def run_in_own_loop(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run `work` in an event loop of its own and leave at once what it leaves behind.

    `asyncio.run` would wait for every task that is left, and so for a publisher that hangs.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run_and_leave(work)
    with ThreadPoolExecutor(1, thread_name_prefix="jobledger-run-due") as thread:
        return thread.submit(_run_and_leave, work).result()


def _run_and_leave(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    loop = asyncio.new_event_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(work)
    finally:
        asyncio.set_event_loop(None)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
