"""Calling a publisher: plain or async, from a thread or from an event loop."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

from ..domain.errors import JobLedgerError
from .attempt import Attempt, Port, PostResult
from .execution import Answer, Question
from .log import logger
from .uptime import wait_while_running

ResultT = TypeVar("ResultT")


class NotCalledError(JobLedgerError):
    """The publisher could not be called: no thread could be started for it."""


def can_start_threads() -> bool:
    """Whether a thread can be started just now: starts one."""
    try:
        threading.Thread(target=lambda: None, name="jobledger-probe", daemon=True).start()
    except (RuntimeError, MemoryError):
        return False
    return True


def call_blocking(
    port: Port, question: Question, attempt: Attempt, timeout_s: float | None = None
) -> Answer:
    """Call the publisher in this thread; a coroutine that it gives is run to its end.

    With a timeout it is called in a thread of its own, and left alone there when the time is up.
    """
    method = _method(port, question)
    if timeout_s is None:
        return _answer(method, attempt)
    call = _ThreadCall(lambda: _answer(method, attempt), attempt)
    if call.ended.wait(timeout_s):
        return call.answer
    call.abandon()
    return Answer(timed_out_s=timeout_s)


def _answer(method: Callable[[Attempt], Any], attempt: Attempt) -> Answer:
    attempt._called = True
    try:
        value = method(attempt)
        if inspect.isawaitable(value):
            value = run_in_own_loop(_finish(value))
    except (Exception, asyncio.CancelledError, GeneratorExit) as error:  # noqa: BLE001
        return Answer(error=error)  # whatever a publisher raises is its answer
    return Answer(value)


async def call_async(
    port: Port, question: Question, attempt: Attempt, timeout_s: float | None = None
) -> Answer:
    """Call the publisher from an event loop: an async one here, a plain one in a thread.

    Cancelling it, or the end of its time, cancels an async publisher; a plain one cannot be
    stopped: it is left alone in its daemon thread, and the attempt's fence refuses whatever it does
    later.
    """
    method = _method(port, question)
    work = (_awaited if port.is_async(method) else _in_thread)(method, attempt)
    if timeout_s is None:
        return await work
    call = asyncio.ensure_future(work)
    try:
        has_ended = await wait_while_running(call, timeout_s)
    except asyncio.CancelledError:
        call.cancel()
        await asyncio.wait([call])  # it may clean up; whoever cancels bounds the time
        raise
    if has_ended:
        return call.result()
    attempt._cancel()
    call.cancel()
    call.add_done_callback(
        lambda late: None if late.cancelled() else _tell_late(attempt, late.result())
    )
    return Answer(timed_out_s=timeout_s)


async def _awaited(method: Callable[[Attempt], Any], attempt: Attempt) -> Answer:
    """Call an async method, or a plain one in this thread, and await what it gives."""
    attempt._called = True
    try:
        value = method(attempt)
        if inspect.isawaitable(value):
            value = await value
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            attempt._cancel()
            raise
        return Answer(error=error)  # the publisher's own: some time-out inside it
    except Exception as error:  # noqa: BLE001 - whatever a publisher raises is its answer
        return Answer(error=error)
    return Answer(value)


async def _in_thread(method: Callable[[Attempt], Any], attempt: Attempt) -> Answer:
    """Call a plain method in a thread; what it gives is awaited here."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
            loop.call_soon_threadsafe(ended.set)

    call = _ThreadCall(lambda: Answer(method(attempt)), attempt, tell)
    try:
        await ended.wait()
    except asyncio.CancelledError:
        call.abandon()
        raise
    value = call.answer.value
    if inspect.isawaitable(value):
        return await _awaited(lambda _: value, attempt)
    return call.answer


def _tell_late(attempt: Attempt, answer: Answer) -> None:
    """Log what an abandoned publisher answered in the end: nothing of it is recorded."""
    job, said = attempt.job, answer.value
    log = logger(job_id=job.job_id, account_id=job.account_id, attempt=job.attempt)
    if answer.error is not None:
        log = log.bind(error=repr(answer.error))
    if isinstance(said, PostResult):
        log = log.bind(posted=said.success, thread_id=said.thread_id)
    log.warning("late result refused")


def _method(port: Port, question: Question) -> Callable[[Attempt], Any]:
    if question == "publish":
        return port.publish
    assert port.reconcile is not None
    return port.reconcile


async def _finish(value: Awaitable[Any]) -> Any:
    return await value


class _ThreadCall:
    """Makes a call in a daemon thread, which does not keep the program from ending.

    `ended` is set when there is an `answer`; then `when_ended` is called in that thread. The call
    finds the context variables of whoever makes it.

    Raises:
        NotCalledError: no thread can be started; then the call is not made, now or later.
    """

    def __init__(
        self,
        call: Callable[[], Answer],
        attempt: Attempt,
        when_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._call = call
        self._attempt = attempt
        self._when_ended = when_ended
        self._lock = threading.Lock()
        self._is_revoked = False
        self._abandoned = False
        self.ended = threading.Event()
        self.answer = Answer()
        name = f"jobledger-{attempt.job.job_id}"
        work = copy_context().run
        thread = threading.Thread(target=work, args=(self._run,), name=name, daemon=True)
        try:
            thread.start()
        except BaseException as error:
            if self._revoke() and isinstance(error, RuntimeError | MemoryError):
                raise NotCalledError(
                    f"no thread could be started for the publisher: {str(error) or repr(error)}",
                    hint="this process, its container or its user has as many as it may have",
                ) from error
            if not isinstance(error, Exception) or self._is_revoked:
                raise

    def _revoke(self) -> bool:
        """Have the call not made any more; whether that could be done."""
        with self._lock:
            self._is_revoked = not self._attempt._called
        return self._is_revoked

    def abandon(self) -> None:
        """Nobody waits any more: what it answers from now on is logged and refused."""
        self._attempt._cancel()
        with self._lock:
            self._abandoned = not self.ended.is_set()

    def _run(self) -> None:
        with self._lock:
            if self._is_revoked:
                return
            self._attempt._called = True
        try:
            answer = self._call()
        except Exception as error:  # noqa: BLE001 - whatever a publisher raises is its answer
            answer = Answer(error=error)
        except BaseException as error:  # noqa: BLE001 - such as SystemExit: it is this thread's own
            answer = Answer(error=RuntimeError(repr(error)))
        with self._lock:
            self.answer = answer
            self.ended.set()
        if self._abandoned:
            _tell_late(self._attempt, answer)
        else:
            self._when_ended()


NewLoop = Callable[[], asyncio.AbstractEventLoop]


def run_in_own_loop(
    work: Coroutine[Any, Any, ResultT], new_loop: NewLoop = asyncio.new_event_loop
) -> ResultT:
    """Run `work` in an event loop of its own and leave at once what it leaves behind.

    `asyncio.run` would wait for every task that is left, and so for a publisher that hangs.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run_and_leave(work, new_loop)
    with ThreadPoolExecutor(1, thread_name_prefix="jobledger-run-due") as thread:
        return thread.submit(_run_and_leave, work, new_loop).result()


def _run_and_leave(work: Coroutine[Any, Any, ResultT], new_loop: NewLoop) -> ResultT:
    loop = new_loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(work)
    finally:
        asyncio.set_event_loop(None)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
