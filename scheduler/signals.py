"""SIGTERM, SIGINT and SIGHUP while jobs are run: the first one asks to stop, a second one insists.

Handlers are installed by hand and not by an event loop: they have to work where there is no loop,
where it runs in another thread, and where a publisher blocks it; and what the program had is to be
back afterwards, exactly. A handler of the program's own is not touched unless that is asked for:
it may call `stop_soon`, which does the same.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic, sleep
from types import FrameType, TracebackType
from typing import Any, Self

from .calls import CALLERS
from .stop_request import Interrupted

_NUMBERS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
]
_AGAIN_S = 0.2
"""How often a publisher is told that it is over, until it has ended."""
_PACKAGE = __name__.rpartition(".")[0].rpartition(".")[0]
_OURS = tuple(
    f"{_PACKAGE}.{room}." for room in ("scheduler", "eventstore", "projections", "domain")
)
"""The modules that are to come to their end: they may be in the midst of a write."""


class StopSignals:
    """Within its `with` the signals call `ask`, or from the second one on `insist`.

    `insist` is also called when `grace_s` have passed since the first. From then on `Interrupted`
    is raised in a publisher that is just running in the main thread, which nothing else can stop.
    Does nothing in other threads, where Python allows no handlers.

    Taken are the signals that have their default; with `of_program` also those for which the
    program has a handler of its own or which it ignores, except SIGHUP: it may mean anything, and
    `nohup` has it ignored. A handler that was not made in Python is left: it could not be put back.
    """

    def __init__(
        self,
        ask: Callable[[], object],
        insist: Callable[[], object],
        grace_s: float,
        *,
        of_program: bool = False,
    ) -> None:
        self._ask = ask
        self._insist = insist
        self._grace_s = grace_s
        self._of_program = of_program
        self._before: dict[int, Any] = {}
        self._is_insisting = False
        self._is_over = False
        self._guard = _thread.allocate_lock()
        self.received: int | None = None
        """The first signal that came."""

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            try:
                for number in _NUMBERS:
                    self._take(number)
            except BaseException:
                self._put_back()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._put_back()
        except BaseException:  # a last signal of our own: it came too late
            self._put_back()
            raise

    def _take(self, number: int) -> None:
        before = signal.getsignal(number)
        if before is None or not self._is_to_be_taken(number, before):
            return
        with suppress(ValueError):  # the main thread of a subinterpreter
            self._before[number] = before
            signal.signal(number, self._handle)

    def _is_to_be_taken(self, number: int, before: Any) -> bool:
        if self._of_program and number in (signal.SIGTERM, signal.SIGINT):
            return True
        return before in (signal.SIG_DFL, signal.default_int_handler)

    def _put_back(self) -> None:
        with self._guard:
            self._is_over = True
        # Whatever was sent by then is handled here, not by what is put back: a call of the system.
        signal.pthread_sigmask(signal.SIG_BLOCK, ())
        while self._before:
            number = next(iter(self._before))
            if signal.getsignal(number) == self._handle:  # else the program has changed it since
                signal.signal(number, self._before[number])
            del self._before[number]

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            self._ask()
            # A raw thread: `threading` takes locks which the code that was interrupted may hold.
            with suppress(RuntimeError, MemoryError):  # none: a second signal does the same
                _thread.start_new_thread(self._remind, (number,))
            return
        if not self._is_insisting:
            self._is_insisting = True
            self._insist()
        if _is_in_publisher(frame):
            raise Interrupted("the runner was stopped")

    def _remind(self, number: int) -> None:
        """Send the signal again when the grace time is over, and until all is."""
        until = monotonic() + self._grace_s
        while not self._is_over:
            if self._is_insisting or monotonic() >= until:
                with self._guard:
                    if not self._is_over:
                        signal.pthread_kill(threading.main_thread().ident or 0, number)
            sleep(_AGAIN_S)


def _is_in_publisher(frame: FrameType | None) -> bool:
    """Whether the code that was interrupted is a publisher's, or what that has called; not ours
    around it, nor what it does with its attempt."""
    is_within = False
    while frame is not None:
        if frame.f_code in CALLERS:
            return is_within
        if str(frame.f_globals.get("__name__", "")).startswith(_OURS):
            return False
        is_within, frame = True, frame.f_back
    return False


def raise_as_program(number: int) -> None:
    """Let the program have a signal that it was not given while jobs ran.

    Raises:
        KeyboardInterrupt: SIGINT, as Python does.
        SystemExit: the others, whose default is to end the program; so it ends in good order.
    """
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
