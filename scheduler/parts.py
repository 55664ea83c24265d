"""What runs a ledger's jobs: which parts there are, and which of them each works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from .attempt_runner import AttemptRunner
from .blocking import BlockingRuns
from .completer import Completer
from .dispatcher import Dispatcher
from .due_run import DueRun
from .failures import FailureHook
from .gate import Gate
from .ledger_access import LedgerAccess
from .loop import Loop
from .offload import Offload
from .own_loop import CANCEL_S, OwnLoop
from .pacing import AccountPacing
from .recording import LedgerRecorder
from .rescuer import Rescuer
from .running import RunningAttempts
from .settings import RunSettings
from .sleep import LoopSleep
from .stop_request import StopRequest
from .uptime import Uptime


class Making(Protocol):
    """What is made in another way where a runner is simulated."""

    def _new_loop(self) -> asyncio.AbstractEventLoop: ...

    def _new_offload(self, *, is_remote: bool) -> Offload: ...

    def _new_uptime(self) -> Uptime: ...


class RunnerParts:
    """The parts of a runner, each made from those before it.

    `pacing` is None where no account has one.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        settings: RunSettings,
        pacing: AccountPacing | None,
        on_failure: FailureHook,
        making: Making,
    ) -> None:
        self._offload = offload = making._new_offload(is_remote=ledger.lease.is_shared)
        self._patience, self._is_closed = ledger.patience, ledger.is_closed
        self.lease = ledger.lease
        self.stop_request = StopRequest()
        self.own_loop = own_loop = OwnLoop(lambda: making._new_loop())
        self.gate = gate = Gate(lambda: self.loop.is_running)
        self.uptime = uptime = making._new_uptime()
        self.attempts = attempts = RunningAttempts(
            ledger.log,
            ledger.state,
            lambda: ledger.lease.runner,
            is_remote=ledger.lease.is_shared,
        )
        self.completer = completer = Completer(
            attempts.by_job, LedgerRecorder(ledger, settings), on_failure
        )
        self.rescuer = rescuer = Rescuer(ledger, attempts, completer, settings, uptime, on_failure)
        self.dispatcher = dispatcher = Dispatcher(ledger, attempts, completer, pacing, uptime)
        self.runner = runner = AttemptRunner(
            ledger,
            attempts,
            completer,
            rescuer,
            settings,
            gate,
            own_loop,
            offload,
            uptime,
            wake=lambda: self.loop.wake(),
        )
        due_run = DueRun(
            ledger, dispatcher, runner, attempts, completer, rescuer, settings, own_loop, offload
        )
        self.sleep = sleep = LoopSleep(
            ledger,
            dispatcher,
            attempts,
            rescuer,
            settings,
            uptime,
            offload,
            is_stopping=lambda: self.loop.is_stopping,
        )
        self.loop = Loop(
            ledger, dispatcher, runner, attempts, completer, rescuer, sleep, settings, offload
        )
        self.blocking = BlockingRuns(
            ledger, settings, self.stop_request, gate, own_loop, self.loop, due_run
        )

    async def stop(self, write_behind: Callable[[], object]) -> None:
        """Stop the loop gracefully, and then write what is behind (see `Scheduler.stop`)."""
        if not self.loop.begin_to_stop() or self.gate.is_inside:
            return
        self._patience.hurry()
        try:
            if await self.loop.stop():
                await self.loop.do_last(write_behind)
        finally:
            if not self._is_closed():
                self._patience.calm_down()

    def end(self) -> None:
        """End at once what runs; its attempts are recorded as interrupted, or logged as lost."""
        if not self.loop.end():
            self.runner.give_up("the scheduler was closed")
        elif self._offload.is_elsewhere:
            self._offload.wait_for_all(CANCEL_S)
            self.runner.record_left()
        self._offload.close(CANCEL_S)
        self.completer.tell_lost()

    def release(self) -> None:
        """Let go of the event loop and of the runner's right: somebody else may run the jobs."""
        self.own_loop.close()
        self.lease.release()

    def abandon(self) -> None:
        """Let go of everything without a word to the disk: it is another process's now."""
        self.own_loop.abandon()
        self._offload.close(0)
        self.loop.is_stopping = True
        self.lease.abandon()
