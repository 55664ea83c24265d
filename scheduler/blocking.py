"""Running jobs while the caller waits: until somebody asks for an end, or nothing is due."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from ..instrumentation import logger
from .attempt import PublisherAdapter
from .due_run import DueRun
from .gate import Gate
from .ledger_access import LedgerAccess
from .loop import Loop
from .own_loop import CANCEL_S, OwnLoop
from .settings import RunSettings
from .signals import StopSignals, raise_as_program
from .stop_request import Interrupted, StopRequest


class BlockingRuns:
    """`run` and `run_due`: one of them at a time, and either ends on a signal or on request."""

    def __init__(
        self,
        ledger: LedgerAccess,
        settings: RunSettings,
        request: StopRequest,
        gate: Gate,
        own_loop: OwnLoop,
        loop: Loop,
        due_run: DueRun,
    ) -> None:
        self._patience = ledger.patience
        self._is_closed = ledger.is_closed
        self._check_open = ledger.check_open
        self._settings = settings
        self._request = request
        self._gate = gate
        self._own_loop = own_loop
        self._loop = loop
        self._due_run = due_run

    def run(
        self, publisher: PublisherAdapter, stop_all: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Run the loop until it is asked to stop; then `stop_all`. Raises as `Scheduler.run`."""
        request, grace_s = self._request, self._settings.grace_s
        longest_s = grace_s + 2 * CANCEL_S  # then it is not stopping that takes so long
        with (
            StopSignals(request.ask, request.ask_at_once, longest_s, of_program=True),
            request.seen() as stop,
            self._hurrying(),
            self._gate.entered("run"),
        ):
            try:
                work = self._loop.run_until_asked(publisher, stop, request, stop_all)
                self._own_loop.run(work, lambda: stop.is_at_once)
            except Interrupted:
                logger().warning("a publisher was interrupted, or left alone")
            finally:
                self._loop.end()

    def run_due(self, publisher: PublisherAdapter, limit: int | None) -> int:
        """Run what is due, at most `limit` jobs; return how many. Raises as `Scheduler.run_due`."""
        request = self._request
        with (
            StopSignals(request.ask, request.ask_at_once, self._settings.grace_s) as signals,
            request.seen() as stop,
            self._hurrying(),
            self._gate.entered(
                "run_due", lambda: stop.is_asked or self._is_closed(), wait=True
            ) as is_in,
        ):
            self._check_open("run_due")  # it may have been closed while this waited
            count = 0
            if is_in:
                count = self._due_run.run(publisher, limit, stop)
                self._check_open("run_due")  # a publisher, or another thread, may have closed it
        if signals.received is not None:
            raise_as_program(signals.received)
        return count

    @contextmanager
    def _hurrying(self) -> Iterator[None]:
        """Have a request to stop end long waits for locks that others hold."""
        try:
            with self._request.waking(self._patience.hurry):
                yield
        finally:
            if not self._is_closed():
                self._patience.calm_down()
