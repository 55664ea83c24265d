"""Running the jobs of all chains of a runner: in a loop for each, or while the caller waits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC
from functools import partial
from typing import Any

from ..domain import JobLedgerError
from ..instrumentation import RunnerStarted, RunnerStopping, is_interruption, logger, tell
from .adapter import PublisherAdapter
from .own_loop import CANCEL_S
from .parts import RunnerParts
from .service_manager import ServiceManager
from .shared import SharedParts
from .signals import StopSignals, raise_as_program
from .stop_request import Interrupted, Stop


class Runs:
    """`start` and `stop`, `run` and `run_due`: one of them at a time, over all chains.

    `check_open` raises where the runner was closed, and names who asks.
    """

    def __init__(
        self,
        shared: SharedParts,
        chains: Sequence[RunnerParts],
        location: str,
        check_open: Callable[[str], None],
    ) -> None:
        self._settings = shared.settings
        self._request = shared.stop_request
        self._gate = shared.gate
        self._own_loop = shared.own_loop
        self._chains = tuple(chains)
        self._location = location
        self._check_open = check_open
        self._manager = ServiceManager(None)
        self._turns = os.getpid()  # several runners begin with different chains

    # -- the loops -----------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether the loop of every chain runs."""
        return all(chain.loop.is_running for chain in self._chains)

    def start(self, publisher: PublisherAdapter) -> None:
        """Start the loops in the running event loop. Raises as `Scheduler.start`."""
        for chain in self._chains:
            chain.loop.let_go_of_a_dead_one()
        if not self.is_running:  # where only some have ended by themselves, all begin anew
            for chain in self._chains:
                chain.loop.turn_no_more()
        with self._gate.shut("start"):
            self._start(publisher)

    def _start(self, publisher: PublisherAdapter) -> None:
        with ExitStack() as started:
            for chain in self._chains:
                chain.loop.start(publisher)
                started.callback(chain.loop.end)
            started.pop_all()

    async def stop(self) -> None:
        """Stop all of them gracefully (see `Scheduler.stop`)."""
        was_started = [chain for chain in self._chains if chain.loop.begin_to_stop()]
        if not was_started or self._gate.is_inside:
            return
        ends = await asyncio.gather(
            *(chain.stop() for chain in was_started), return_exceptions=True
        )
        for error in ends:
            if isinstance(error, BaseException):
                raise error

    # -- while the caller waits ----------------------------------------------------------------

    def run(
        self, publisher: PublisherAdapter, stop_all: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Run the loops until it is asked to stop; then `stop_all`. Raises as `Scheduler.run`."""
        request, grace_s = self._request, self._settings.grace_s
        longest_s = grace_s + 2 * CANCEL_S  # then it is not stopping that takes so long
        with (
            StopSignals(request.ask, request.ask_at_once, longest_s, of_program=True),
            request.seen() as stop,
            self._hurrying(),
            self._gate.entered("run"),
        ):
            try:
                work = self._run_until_asked(publisher, stop, stop_all)
                self._own_loop.run(work, lambda: stop.is_at_once)
            except Interrupted:
                logger().warning("a publisher was interrupted, or left alone")
            finally:
                self._manager = ServiceManager(None)
                for chain in self._chains:
                    chain.loop.end()

    def _say_ready(self) -> None:
        """Say that it runs: to the log, and to the service manager where there is one."""
        tell(RunnerStarted(directory=self._location, pid=os.getpid()))
        self._manager = ServiceManager.of(os.environ)
        for number, chain in enumerate(self._chains):
            chain.sleep.on_turn = partial(self._turned, number)
        self._manager.ready(len(self._chains), self._describe)

    def _turned(self, loop: int) -> None:
        self._manager.turned(loop)

    def _describe(self) -> str:
        """Say in a line what is going on, for people who look at the service."""
        every = [chain.sleep.standing() for chain in self._chains]
        running, scheduled = sum(each[0] for each in every), sum(each[1] for each in every)
        at = min((each[2] for each in every if each[2] is not None), default=None)
        then = "" if at is None else f", the next at {at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return f"{running} running, {scheduled} scheduled{then}"

    async def _run_until_asked(
        self,
        publisher: PublisherAdapter,
        stop: Stop,
        stop_all: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Start, and go on until `stop` is asked for; then `stop_all`.

        Raises:
            JobLedgerError: a loop has ended although nobody asked for it.
        """
        if stop.is_asked:
            return
        self._start(publisher)
        tasks = [task for task in (chain.loop.task for chain in self._chains) if task is not None]
        loop, asked = asyncio.get_running_loop(), asyncio.Event()

        def see() -> None:
            if stop.is_asked:
                asked.set()
            if stop.is_at_once:
                for chain in self._chains:
                    chain.loop.hurry()

        def wake() -> None:
            # From here on nothing is begun, also where the event loop is blocked.
            for chain in self._chains:
                chain.loop.is_stopping = True
            with suppress(RuntimeError):  # the event loop is closed: it has ended
                loop.call_soon_threadsafe(see)

        with self._request.waking(wake):
            if stop.is_asked:
                wake()  # it was, between looking and listening
            waiting = asyncio.ensure_future(asked.wait())
            try:
                self._say_ready()
                await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
                tell(RunnerStopping(directory=self._location))
                self._manager.stopping()
            finally:
                waiting.cancel()
                ended = [
                    task
                    for chain, task in zip(self._chains, tasks, strict=True)
                    if task.done() and not chain.loop.is_stopping
                ]
                await stop_all()
        for task in ended:
            raise JobLedgerError("the loop has ended by itself", hint="start it again") from (
                None if task.cancelled() else task.exception()
            )

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
            count = self._run_chains(publisher, limit, stop) if is_in else 0
        if signals.received is not None:
            raise_as_program(signals.received)
        return count

    def _run_chains(self, publisher: PublisherAdapter, limit: int | None, stop: Stop) -> int:
        """Run what is due of one chain after the other, each time from another one on; what fails
        in one of them does not keep the others from their posts."""
        first, count = self._turns % len(self._chains), 0
        self._turns += 1
        errors: list[Exception] = []
        for chain in (*self._chains[first:], *self._chains[:first]):
            try:
                left = None if limit is None else limit - count
                count += chain.due_run.run(publisher, left, stop)
            except Exception as error:
                if is_interruption(error) or self._is_closed():
                    raise
                errors.append(error)
                continue
            self._check_open("run_due")  # a publisher, or another thread, may have closed it
            if stop.is_asked:
                break
        if errors:
            raise errors[0]
        return count

    def _is_closed(self) -> bool:
        return any(chain.is_closed() for chain in self._chains)

    @contextmanager
    def _hurrying(self) -> Iterator[None]:
        """Have a request to stop end long waits for locks that others hold."""
        try:
            with ExitStack() as woken:
                for chain in self._chains:
                    woken.enter_context(self._request.waking(chain.patience.hurry))
                yield
        finally:
            for chain in self._chains:
                if not chain.is_closed():
                    chain.patience.calm_down()
