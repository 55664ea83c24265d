"""The loop: starts what is due, at its time, and what follows from that.

It expires what is too late, recovers what is stuck, has schedules make their jobs, starts the due
jobs that come first, and sleeps until there is more to do. Files that can wait are not written just
before a job is due.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from math import inf

from ..instrumentation import LoopCancelled, LoopEnded, Repeated, described, logger, tell
from .adapter import PublisherAdapter
from .attempt_runner import LOOK_EVERY_S, AttemptRunner
from .completer import Completer
from .dispatcher import Dispatcher
from .ledger_access import LedgerAccess
from .offload import Offload, TooLateError
from .own_loop import CANCEL_S, cancel_anywhere
from .places import Places
from .preflight import Preflight
from .rescuer import Rescuer
from .running import Running, RunningAttempts
from .settings import RunSettings
from .sleep import LoopSleep
from .upkeep import MediaUpkeep

_KEPT_WAIT_S = 1.0
"""The longest that an error is waited out while the end of an attempt is to be recorded."""


class Loop:
    """The loop over one chain of jobs, in whatever event loop it is started.

    Its work with the ledger goes through `offload`: on a server it never waits for that in the
    event loop, so that a server which is away delays neither `stop`, nor timers, nor publishers.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        dispatcher: Dispatcher,
        runner: AttemptRunner,
        attempts: RunningAttempts,
        completer: Completer,
        rescuer: Rescuer,
        sleep: LoopSleep,
        settings: RunSettings,
        offload: Offload,
        places: Places,
        preflight: Preflight,
    ) -> None:
        self._dispatcher = dispatcher
        self._runner = runner
        self._attempts = attempts
        self._completer = completer
        self._rescuer = rescuer
        self._sleep = sleep
        self._settings = settings
        self._offload = offload
        self._places = places
        self._preflight = preflight
        self._location = ledger.location
        self._now = ledger.now
        self._expire = ledger.expire
        self._plan = ledger.plan
        self._upkeep = MediaUpkeep(ledger.remove_media, ledger.now) if ledger.is_real_time else None
        self._trouble = Repeated("error in the loop", again="the loop works again")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._hurry: asyncio.Event | None = None
        self._stopping = asyncio.Event()
        self.is_stopping = False
        """From here on nothing is begun."""
        self.publisher: PublisherAdapter | None = None
        """What it was started with last."""

    # -- starting and stopping -----------------------------------------------------------------

    @property
    def task(self) -> asyncio.Task[None] | None:
        """The task that turns it; None: it was not started, or was ended."""
        return self._task

    @property
    def is_running(self) -> bool:
        """Whether the loop runs: it was started, has not ended, and neither has its event loop."""
        task, loop = self._task, self._loop
        return task is not None and not task.done() and loop is not None and not loop.is_closed()

    def let_go_of_a_dead_one(self) -> None:
        """Interrupt its attempts where its event loop has ended without `stop`."""
        task, loop = self._task, self._loop
        if task is not None and loop is not None and not loop.is_running():
            self._end(task)

    def turn_no_more(self) -> None:
        """Have it turn no more until it is started again, at once; what it has begun goes on."""
        task, self._task = self._task, None
        if task is not None:
            cancel_anywhere(task)

    def start(self, publisher: PublisherAdapter) -> None:
        """Start in the running event loop."""
        loop = asyncio.get_running_loop()
        logger()  # imports structlog, which would be felt by the job after the first
        if self._task is not None:
            cancel_anywhere(self._task)
        self._runner.let_go_of_dead_loops()
        self.is_stopping = False
        self._runner.begin()
        self._hurry, self._stopping = asyncio.Event(), asyncio.Event()
        self._sleep.begin()
        self._preflight.begin(publisher)
        self._loop, self.publisher = loop, publisher
        work = self._run(publisher)
        try:
            self._task = asyncio.create_task(work, name="jobledger-loop")
        except BaseException:
            work.close()
            raise
        self._task.add_done_callback(self._has_ended)

    def begin_to_stop(self) -> bool:
        """Begin nothing more; return whether it was running, or was left running."""
        if self._task is None or self._loop is None:
            return False
        self.is_stopping = True
        self._preflight.end()
        with suppress(RuntimeError):  # that event loop has ended
            self._loop.call_soon_threadsafe(self._stopping.set)
        self.wake()
        return True

    async def stop(self) -> bool:
        """Wait for what runs, as long as it may take, and cancel the rest; from any event loop.
        Return whether what is known then was recorded, or could have been: the ledger answers."""
        task, loop = self._task, self._loop
        if task is None or loop is None:
            return True
        if loop is asyncio.get_running_loop():
            return await self._stop_here(task)
        if loop.is_running():
            return await self._stop_elsewhere(task, loop)
        self._end(task)
        return not self._offload.is_elsewhere

    async def _stop_here(self, task: asyncio.Task[None]) -> bool:
        assert self._hurry is not None
        hurried = asyncio.ensure_future(self._hurry.wait())
        grace_s = self._settings.grace_s
        try:
            await asyncio.wait(
                [task, hurried], timeout=grace_s, return_when=asyncio.FIRST_COMPLETED
            )
            task.cancel()
            await self._runner.cancel_all(grace_s)
            if hurried.done():
                grace_s = CANCEL_S
        except BaseException:
            grace_s = CANCEL_S
            raise
        finally:
            hurried.cancel()
            self._end(task)
            answers = await self._record_last(grace_s)
        return answers

    async def _record_last(self, longest_s: float) -> bool:
        """Record how attempts ended that were ended just now, if that is possible: where something
        is known that the log lacks, it is worth that wait."""
        if not self._offload.is_elsewhere:
            return True  # that is done
        longest_s = longest_s if self._completer.kept else CANCEL_S
        try:
            await self._offload.do_within(self._runner.record_left, longest_s)
        except TooLateError:
            logger(location=self._location).warning(
                "the ledger does not answer; what is known of attempts is kept until `close`",
                kept=len(self._completer.kept),
            )
            return False
        return True

    async def do_last(self, work: Callable[[], object]) -> None:
        """Do what is left to be done when it has stopped, if the ledger answers."""
        with suppress(TooLateError):
            await self._offload.do_within(work, 2 * CANCEL_S)

    async def _stop_elsewhere(
        self, task: asyncio.Task[None], loop: asyncio.AbstractEventLoop
    ) -> bool:
        stopping = asyncio.run_coroutine_threadsafe(self._stop_here(task), loop)
        longest_s = self._settings.grace_s + 2 * CANCEL_S
        try:
            await asyncio.wait([asyncio.wrap_future(stopping)], timeout=longest_s)
        finally:
            self._end(task)  # also where that event loop is blocked, or has ended meanwhile
        return stopping.done() and not stopping.cancelled() and stopping.result()

    def _end(self, task: asyncio.Task[None]) -> None:
        """End the task and what it runs, whatever has become of the event loop."""
        if self._task is task:
            self._task = self._loop = None
            self._preflight.end()
            cancel_anywhere(task)
            self._offload.leave_all()
            self._runner.give_up_in_loop("the scheduler was stopped")

    def end(self) -> bool:
        """End at once, whatever has become of the event loop; return whether it had been started:
        what runs is interrupted."""
        self.is_stopping = True
        if self._task is None:
            return False
        self._end(self._task)
        return True

    def hurry(self) -> None:
        """Have a `stop` that waits for attempts wait no longer."""
        if self._hurry is not None:
            self._hurry.set()

    # -- turning -------------------------------------------------------------------------------

    async def _run(self, publisher: PublisherAdapter) -> None:
        trouble: BaseException | None = None
        while not self.is_stopping:
            try:
                if trouble is not None:
                    error, trouble = trouble, None
                    await self._sit_out(error)
                else:
                    await self._turn(publisher)
            except (KeyboardInterrupt, SystemExit, GeneratorExit):
                raise  # the program, or its event loop, is to end
            except TooLateError:
                break  # it is to stop, and the ledger does not answer
            except asyncio.CancelledError as error:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                trouble = error  # of somebody else: nobody has cancelled this
            except BaseException as error:  # noqa: BLE001 - whatever it was, the loop goes on
                trouble = error
                await asyncio.sleep(0)
        # Stopping: what is running may end by itself, and be recorded; `stop` bounds the wait.
        while self._attempts.by_job:
            failure = await self._offload.do(self._runner.settle)
            self._runner.fence()
            await self._runner.wait_for_an_end()
            if failure is not None:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _sit_out(self, error: BaseException) -> None:
        # What is known and not written is not left lying for longer than it has to be.
        longest_s = _KEPT_WAIT_S if self._completer.kept else inf
        wait_s = min(self._settings.error_wait_s, longest_s)
        self._trouble.failed(error, wait_s=wait_s)
        await self._sleep.pause(wait_s)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        if self.is_stopping or self._task is not task:
            return
        if task.cancelled():  # by whoever ends its event loop, as `asyncio.run` does
            tell(LoopCancelled())
        else:
            error = task.exception()
            tell(LoopEnded(error=None if error is None else described(error)))

    async def _turn(self, publisher: PublisherAdapter) -> None:
        self._sleep.turn()
        await self._offload.do(self._look_around, over=self._stopping)
        self._runner.fence()
        self._preflight.look()
        self._places.tell(self._attempts)  # what has ended in the meantime left some
        again_soon = not self.is_stopping and await self._begin_some(publisher)
        self._trouble.worked()
        await asyncio.sleep(0)  # what has started is called before anything else is thought of
        await self._sleep.until_due(again_soon=again_soon)

    async def _begin_some(self, publisher: PublisherAdapter) -> bool:
        """Begin what there is room for; return whether there is more that may be begun soon."""
        wants = self._dispatcher.has_due(self._now())
        room = self._places.take(self._attempts, wants=wants)
        if room == 0:
            return wants and self._places.free() > 0
        left_out: set[str] = set()
        try:
            self._runner.check_threads()
            begin = partial(self._begin, publisher, left_out, room)
            give_back = self._dispatcher.give_back
            begun = await self._offload.do(begin, give_back, over=self._stopping)
            self._runner.launch(publisher, begun)
        finally:
            self._places.give_back(room)
        return bool(left_out)

    def _look_around(self) -> None:
        self._rescuer.settle()
        self._rescuer.recover_stuck()
        self._expire()
        self._plan()
        if self._upkeep is not None:
            self._upkeep.look()

    def _begin(self, publisher: PublisherAdapter, left_out: set[str], room: int) -> list[Running]:
        if self.is_stopping:  # it may have been asked to while this waited for its turn
            return []
        return self._dispatcher.begin_all(publisher, self._now(), left_out, room)

    # -- being told ----------------------------------------------------------------------------

    def wake(self) -> None:
        """Look again at once: somebody has changed something, in any thread."""
        loop = self._loop
        if loop is not None:
            self._sleep.wake(loop)

    def turns(self, within_s: float) -> bool:
        """Say whether its event loop gets round to something new in that time: from another thread,
        since in its own it just has."""
        loop, turned = self._loop, threading.Event()
        if loop is None or loop is _running_here():
            return loop is not None
        with suppress(RuntimeError):  # the event loop is closed already
            loop.call_soon_threadsafe(turned.set)
            return turned.wait(within_s)
        return False

    def find_others(self) -> None:
        """Look more often for a while: another process has changed something."""
        self._sleep.found()

    def leave_alone_s(self, takes_s: float) -> float:
        """Return how long files that can wait, and take so long to write, have to wait for jobs."""
        return self._sleep.calm_in_s(takes_s) if self.is_running else 0.0


def _running_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
