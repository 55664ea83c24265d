"""What runs the jobs of one chain: which parts there are, and which of them each works with."""

from __future__ import annotations

from collections.abc import Callable

from .attempt_runner import AttemptRunner
from .completer import Completer
from .dispatcher import Dispatcher
from .due_run import DueRun
from .ledger_access import LedgerAccess
from .loop import Loop
from .own_loop import CANCEL_S
from .pacing import AccountPacing
from .preflight import Preflight
from .recording import LedgerRecorder
from .rescuer import Rescuer
from .running import RunningAttempts
from .shared import SharedParts
from .sleep import LoopSleep
from .watch import RunnerWatch


class RunnerParts:
    """The parts of a runner that each chain has for itself, each made from those before it.

    `pacing` is None where no account has one. `shared` are the others.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        pacing: AccountPacing | None,
        shared: SharedParts,
        write_behind: Callable[[], object],
    ) -> None:
        making, settings, places = shared.making, shared.settings, shared.places
        holds = shared.holds
        self._offload = offload = making._new_offload(is_remote=ledger.lease.is_shared)
        self.is_closed, self._write_behind = ledger.is_closed, write_behind
        self.lease, self.patience = ledger.lease, ledger.patience
        self.gate, self.own_loop = shared.gate, shared.own_loop
        self.uptime = uptime = making._new_uptime()
        is_remote = ledger.lease.is_shared
        self.attempts = attempts = RunningAttempts(
            ledger.log, ledger.state, lambda: ledger.lease.runner, is_remote=is_remote
        )
        recorder, on_failure = LedgerRecorder(ledger, settings), shared.on_failure
        self.completer = completer = Completer(attempts.by_job, recorder, on_failure)
        self.rescuer = rescuer = Rescuer(ledger, attempts, completer, settings, uptime, on_failure)
        dispatcher = Dispatcher(ledger, attempts, completer, pacing, holds, uptime)
        self.dispatcher = dispatcher
        self.runner = runner = AttemptRunner(
            ledger,
            attempts,
            completer,
            rescuer,
            holds,
            settings,
            shared.gate,
            shared.own_loop,
            offload,
            uptime,
            wake=lambda: places.ended(attempts),
        )
        self.due_run = DueRun(
            ledger, dispatcher, runner, attempts, completer, rescuer, settings,
            shared.own_loop, offload, places,
        )  # fmt: skip
        self.preflight = preflight = Preflight(ledger, settings.preflight, offload)
        self.sleep = sleep = LoopSleep(
            ledger,
            dispatcher,
            attempts,
            rescuer,
            settings,
            uptime,
            offload,
            places,
            preflight,
            is_stopping=lambda: self.loop.is_stopping,
        )
        self.loop = Loop(
            ledger, dispatcher, runner, attempts, completer, rescuer, sleep, settings, offload,
            places, preflight,
        )  # fmt: skip
        self.watch = RunnerWatch(self.loop, self.lease)
        shared.loops.append(self.loop)
        places.add(attempts, self.loop.wake)

    async def stop(self) -> None:
        """Stop the loop gracefully, and then write what is behind (see `Scheduler.stop`)."""
        self.patience.hurry()
        try:
            if await self.loop.stop():
                await self.loop.do_last(self._write_behind)
        finally:
            if not self.is_closed():
                self.patience.calm_down()

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
