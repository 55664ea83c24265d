"""Calling a publisher: plain or async, from a thread or from an event loop.

Whatever it raises is its answer and the end of its attempt, not of whoever calls it: also what is
no Exception (`SystemExit`, `GeneratorExit`, a `CancelledError` of its own). There are four
exceptions, which are not the publisher's: Ctrl-C in the main thread during a plain call, a
SystemExit that a signal handler of the program's has raised, the cancelling of the task that calls,
and the end of a coroutine that nobody will go on with.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

from ..domain import JobLedgerError
from ..instrumentation import attempt_span, guarded, is_interruption, is_of, place_of
from . import adapter, answers
from .adapter import Callback, PublisherAdapter, TextsAlone
from .answers import Answer
from .attempt import Attempt
from .attempt_told import tell_late
from .execution import Question
from .stop_request import Interrupted
from .uptime import wait_while_running

_WELL = ("posted", "not_posted")
"""The answers that say what is."""
Finish = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine to its end."""


class NotCalledError(JobLedgerError):
    """The publisher could not be called: no thread could be started for it."""


class GivenUpError(JobLedgerError):
    """The publisher was not called, and will not be: its attempt was given up before."""


class _Promised(msgspec.Struct, frozen=True):
    """What a plain publisher gave has to be awaited first."""

    value: Any


SaidT = TypeVar("SaidT", bound=Answer | _Promised)


def can_start_threads() -> bool:
    """Whether a thread can be started just now: starts one."""
    try:
        threading.Thread(target=lambda: None, name="jobledger-probe", daemon=True).start()
    except (RuntimeError, MemoryError):
        return False
    return True


def call_blocking(
    publisher: PublisherAdapter, question: Question, attempt: Attempt, finish: Finish
) -> Answer:
    """Call the publisher in this thread; what it gives to be awaited is run to its end by `finish`.

    Raises:
        KeyboardInterrupt: somebody wants the program to end; only in the main thread.
        Interrupted: the publisher's time is up.
        GivenUpError: the attempt was given up before; the publisher is not called.
    """
    with attempt_span(question, attempt) as span:
        answer = _call_here(publisher, question, attempt, finish)
        span.outcome(answer.means, ok=answer.means in _WELL)
    return answer


def _call_here(
    publisher: PublisherAdapter, question: Question, attempt: Attempt, finish: Finish
) -> Answer:
    method = _method(publisher, question)
    said = _call_plain(method, attempt)
    if not isinstance(said, _Promised):
        return said
    outside, work = sys.exception(), _awaited(lambda _: said.value, attempt)
    try:
        answer: Answer = finish(work)
    except BaseException as error:
        guarded(work.close, None)
        if ends_program(error):
            raise
        return _raised(attempt, error, outside)
    return answer


def _call_plain(method: Callable[[Attempt], Any], attempt: Attempt) -> Answer | _Promised:
    """Call a plain method: its answer, or what is to be awaited for it."""
    _check_may_call(attempt)
    outside = sys.exception()
    try:
        value = method(attempt)
    except BaseException as error:
        if ends_program(error):
            raise
        return _raised(attempt, error, outside)
    return _Promised(value) if _is_awaitable(value) else answers.of_value(value)


def _check_may_call(attempt: Attempt) -> None:
    """Check that the publisher may be called; from here on it counts as called.

    Raises:
        GivenUpError: the attempt was given up. Otherwise that comes too late from here on: the
            publisher counts as called.
    """
    if not attempt._may_call.use():
        raise GivenUpError("the attempt was given up before its publisher was called")


async def call_async(
    publisher: PublisherAdapter,
    question: Question,
    attempt: Attempt,
    timeout_s: float | None = None,
) -> Answer:
    """Call the publisher from an event loop: an async one here, a plain one in a thread.

    Cancelling it, or the end of its time, cancels an async publisher; a plain one cannot be
    stopped: it is left alone in its daemon thread, and the attempt's fence refuses whatever it does
    later. One whose thread has not even begun by then is not called any more.

    Raises:
        NotCalledError: no thread can be started.
        GivenUpError: the attempt was given up, or its time was up, before the publisher was called.
    """
    with attempt_span(question, attempt) as span:
        answer = await _call_in_loop(publisher, question, attempt, timeout_s)
        span.outcome(answer.means, ok=answer.means in _WELL)
    return answer


async def _call_in_loop(
    publisher: PublisherAdapter, question: Question, attempt: Attempt, timeout_s: float | None
) -> Answer:
    method = _method(publisher, question)
    work = (_awaited if publisher.is_async(method) else _in_thread)(method, attempt)
    if timeout_s is None:
        return await work
    call = asyncio.ensure_future(work)
    try:
        has_ended = await wait_while_running(call, timeout_s)
    except asyncio.CancelledError:
        call.cancel()
        await asyncio.wait([call])  # it may clean up; whoever cancels bounds the time
        if call.cancelled():
            raise
        return call.result()  # it had an answer all the same
    if has_ended:
        if call.cancelled():  # by itself: nobody has cancelled this
            return answers.of_error(asyncio.CancelledError("the publisher cancelled its own task"))
        return call.result()
    was_not_called = attempt._cancel()
    call.cancel()
    call.add_done_callback(partial(_tell_if_late, attempt))
    if was_not_called:
        raise GivenUpError(f"its thread had not begun after {timeout_s:g} s")
    return answers.late(timeout_s)


async def _awaited(method: Callable[[Attempt], Any], attempt: Attempt) -> Answer:
    """Call an async method, or a plain one in this thread, and await what it gives."""
    _check_may_call(attempt)
    outside, task = sys.exception(), asyncio.current_task()
    try:
        value = method(attempt)
        if _is_awaitable(value):
            value = await value
    except BaseException as error:
        stopped = task is not None and task.cancelling() > 0
        if _is_left(task, error) or (stopped and is_of(error, asyncio.CancelledError)):
            attempt._cancel()
            raise
        if is_of(error, SystemExit) and ends_program(error):
            raise
        return _raised(attempt, error, outside, stopped=stopped)
    return answers.of_value(value)


def _raised(
    attempt: Attempt,
    error: BaseException,
    outside: BaseException | None,
    *,
    stopped: bool = False,
) -> Answer:
    """Tell what it means that a publisher raised this; keep where it did for the log."""
    attempt._raised_at = place_of(error, __file__, adapter.__file__)
    return answers.of_error(error, outside, stopped=stopped)


async def _in_thread(method: Callable[[Attempt], Any], attempt: Attempt) -> Answer:
    """Call a plain method in a thread; what it gives is awaited here."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for this any more
            loop.call_soon_threadsafe(ended.set)

    call = _ThreadCall(lambda: _call_plain(method, attempt), attempt, tell)
    try:
        await ended.wait()
    except BaseException as error:
        call.abandon()
        if is_of(error, asyncio.CancelledError) and isinstance(call.answer, Answer):
            return call.answer  # it had one all the same
        raise
    said = call.answer
    if isinstance(said, _Promised):
        return await _awaited(lambda _: said.value, attempt)
    if said is None:
        raise GivenUpError("the attempt was given up before its thread had begun")
    return said


def _is_awaitable(value: Any) -> bool:
    return guarded(lambda: inspect.isawaitable(value), False)


def ends_program(error: BaseException) -> bool:
    """Whether it is not the publisher's own: somebody wants the program, or this call, to end.

    Python raises KeyboardInterrupt in the main thread only, and so do signal handlers SystemExit.
    """
    if is_of(error, Interrupted):
        return True
    if threading.current_thread() is not threading.main_thread():
        return False
    return is_of(error, KeyboardInterrupt) or (
        is_of(error, SystemExit) and guarded(lambda: is_interruption(error), False)
    )


def _is_left(task: asyncio.Task[Any] | None, error: BaseException) -> bool:
    """Whether a coroutine is being ended from outside, since its task will never go on."""
    if not is_of(error, GeneratorExit):
        return False
    try:
        return asyncio.current_task() is not task
    except RuntimeError:  # no loop runs here
        return True


def _tell_if_late(attempt: Attempt, call: asyncio.Future[Answer]) -> None:
    if not call.cancelled() and call.exception() is None:
        _tell_late(attempt, call.result())


def _tell_late(attempt: Attempt, answer: Answer | _Promised) -> None:
    """Log what an abandoned publisher answered in the end: nothing of it is recorded."""
    if isinstance(answer, _Promised):
        tell_late(attempt.job, "it gave an awaitable, which is not awaited")
    else:
        tell_late(attempt.job, answer)


def _method(publisher: PublisherAdapter, question: Question) -> Callable[[Attempt], Any]:
    if question == "publish":
        return publisher.publish
    assert publisher.reconcile is not None
    return publisher.reconcile


class _ThreadCall(Generic[SaidT]):
    """Makes a call in a daemon thread, which does not keep the program from ending.

    `ended` is set when there is an `answer`, or will be none since the attempt was given up before
    the thread had begun; then `when_ended` is called in that thread. The call finds the context
    variables of whoever makes it.

    Raises:
        NotCalledError: no thread can be started; then the call is not made, now or later.
    """

    def __init__(
        self,
        call: Callable[[], SaidT],
        attempt: Attempt,
        when_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._call = call
        self._attempt = attempt
        self._when_ended = when_ended
        self._lock = threading.Lock()
        self._abandoned = False
        self.ended = threading.Event()
        self.answer: SaidT | None = None
        name = f"jobledger-{attempt.job.job_id}"
        work = copy_context().run
        thread = threading.Thread(target=work, args=(self._run,), name=name, daemon=True)
        try:
            thread.start()
        except BaseException as error:
            is_failure = isinstance(error, Exception) and not is_interruption(error)
            was_not_called = attempt._may_call.withdraw()
            if is_failure and not was_not_called:
                return  # it was all the same, and will answer
            self.abandon()
            if is_failure and isinstance(error, RuntimeError | MemoryError):
                raise NotCalledError(
                    f"no thread could be started for the publisher: {str(error) or repr(error)}",
                    hint="this process, its container or its user has as many as it may have",
                ) from error
            raise

    def abandon(self) -> None:
        """Nobody waits any more: what it answers from now on is logged and refused."""
        with self._lock:
            self._abandoned = not self.ended.is_set()
        if self._abandoned:
            self._attempt._cancel()

    def _run(self) -> None:
        answer: SaidT | None = None
        with suppress(GivenUpError):
            answer = self._call()
        with self._lock:
            self.answer = answer
            self.ended.set()
        if not self._abandoned:
            self._when_ended()
        elif answer is not None:
            _tell_late(self._attempt, answer)


_BY_WAY_OF = (_call_plain, _awaited, Callback.publish, TextsAlone.publish)
CALLERS = frozenset(function.__code__ for function in _BY_WAY_OF)
"""The code that calls publishers: what runs within it is theirs."""
