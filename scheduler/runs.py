"""Running jobs: what `run_due` does, in the caller's thread or in an event loop of the scheduler's.

How an attempt ends is decided by the steps of `execution`; here they are driven, and whatever else
may end an attempt is given its name: nobody called the publisher, it was interrupted, its task was
cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from ..domain.errors import StorageError, ValidationError
from ..domain.job import commands as c
from ..instrumentation.foreign import described
from ..instrumentation.log import logger
from .attempt import Port, PostCallback, Publisher
from .attempting import Attempting
from .calls import NotCalledError, call_async, call_blocking
from .completer import OUTCOMES
from .execution import interruption, steps
from .gate import Gate
from .own_loop import CANCEL_S, OwnLoop
from .running import Running
from .signals import StopSignals, raise_as_program
from .stopping import Interrupted, Stop, StopRequest

LOOK_EVERY_S = 0.1
"""How long it may take until a change by another process is noticed."""


class Runs(Attempting):
    """The methods of a Scheduler that run jobs without its loop."""

    _gate: Gate
    _stop_request: StopRequest
    _own_loop: OwnLoop
    _no_thread: NotCalledError | None
    """Why the last publisher that needs a thread was not called; None: it was, or none was due."""
    _not_called: int
    """How many of the attempts of this run were put back."""
    _is_recording_soon: bool

    @property
    def last_outcomes(self) -> Mapping[str, int]:
        """What became of the attempts since the latest `run_due` or `start` began: how many
        `completed`, failed and will be `retried`, `failed` for good, ended `unknown` to anybody,
        were `interrupted` (to be tried or asked again), or were `refused`, because their job had
        gone on without them."""
        return {name: self._completer.outcomes[name] for name in OUTCOMES}

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that is made for async publishers: a simulated one has its own time."""
        return asyncio.new_event_loop()

    def run_due(self, post_callback: PostCallback | Publisher, limit: int | None = None) -> int:
        """Recover stuck jobs, expire, then run what is due now, best first; return how many ran.

        Each due job gets one attempt, at most `limit` jobs in all; a job that the pacing of its
        account holds back is told so and left. A plain callback runs in the caller's thread, unless
        it has a `publish_timeout`; async ones in an event loop that is the same at every call. Of
        calls in several threads one runs jobs, and the others wait for their turn.

        `stop_soon` ends it when the attempts that run have ended. So do SIGTERM, SIGINT and SIGHUP
        in the main thread, where the program has no handler of its own for them: it ends with the
        attempt that runs or after `grace_s`, at a second signal at once, and then SIGINT raises
        KeyboardInterrupt and the others SystemExit.

        Raises:
            SchedulerRunningError: this scheduler has been started; or a publisher calls this.
            StorageError: a change could not be recorded. How attempts have ended is kept, and
                recorded by the next call, or `start`, or `close`.
        """
        port = Port(post_callback)
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
            raise ValidationError(f"limit must be an int, not {limit!r}", field="limit")
        if limit is not None and limit < 0:
            raise ValidationError(f"limit must be at least 0, not {limit}", field="limit")
        self._check_open("run_due")
        request = self._stop_request
        with (
            StopSignals(request.ask, request.ask_at_once, self._settings.grace_s) as signals,
            request.seen() as stop,
            self._hurrying(),
            self._gate.entered(
                "run_due", lambda: stop.is_asked or self._closed, wait=True
            ) as is_in,
        ):
            self._check_open("run_due")  # it may have been closed while this waited
            count = self._run_due(port, limit, stop) if is_in else 0
        if signals.received is not None:
            raise_as_program(signals.received)
        return count

    @contextmanager
    def _hurrying(self) -> Iterator[None]:
        """Within the `with` a request to stop ends long waits for locks that others hold."""
        try:
            with self._stop_request.waking(self._patience.hurry):
                yield
        finally:
            if not self._closed:
                self._patience.calm_down()

    def _run_due(self, port: Port, limit: int | None, stop: Stop) -> int:
        self._completer.outcomes.clear()
        self._no_thread, self._not_called, self._is_recording_soon = None, 0, False
        with self._recording_all():
            self._let_go_of_dead_loops()
            self._settle()
            self.recover_stuck_jobs()
            self.cleanup_expired_jobs()
            if self._settings.concurrency == 1 and not port.is_async(port.publish):
                count = self._run_due_here(port, limit, stop)
            else:
                work = self._run_due_together(port, limit, stop)
                count = self._own_loop.run(work, lambda: stop.is_at_once)
            self._check_open("run_due")  # a publisher, or another thread, may have closed it
            return count - self._not_called

    @contextmanager
    def _recording_all(self) -> Iterator[None]:
        """Whatever ends the `with`: what is known then is recorded if that is possible."""
        try:
            yield
        except BaseException:
            if not self._is_let_go:
                self._give_up("run_due was broken off")
            raise

    # -- in the caller's thread ------------------------------------------------------------------

    def _run_due_here(self, port: Port, limit: int | None, stop: Stop) -> int:
        now, done = self._now(), set[str]()
        count = 0
        running = None if limit == 0 or stop.is_asked else self._begin(port, now, done)
        while running is not None:
            done.add(running.job.job_id)
            count += 1
            self._run_here(port, running, stop)
            if self._closed:
                break
            if count == limit or stop.is_asked or self._no_thread is not None:
                self._record_now()
                break
            try:
                running = self._end_and_begin(port, running, now, done)
            except Exception:  # noqa: BLE001 - whatever it was, the end is known
                self._record_now()
                running = self._begin(port, now, done)
        return count

    def _record_now(self) -> None:
        """Record what is known; where that fails, once more on the log opened again."""
        try:
            self._completer.record()
        except Exception:  # noqa: BLE001 - if it fails again, it is raised
            self._settle()

    def _run_here(self, port: Port, running: Running, stop: Stop) -> None:
        """Make the attempt; from then on its end is known."""

        def finish(work: Coroutine[Any, Any, Any]) -> Any:
            return self._own_loop.run(_until_at_once(work, stop), lambda: stop.is_at_once)

        try:
            job, settings = running.job, self._attempt_settings()
            timeout_s = settings.timeout_s(job)
            flow = steps(job, port.reconcilable, settings)
            question = next(flow)
            while True:
                attempt = self._attempt(running, question)
                with self._gate.inside():
                    if timeout_s is None:
                        answer = call_blocking(port, question, attempt, finish)
                    else:
                        answer = finish(call_async(port, question, attempt, timeout_s))
                question = flow.send(answer)
        except StopIteration as end:
            self._take_end(running, end.value)
        except BaseException as error:
            self._break_off(running, error)
            if not isinstance(error, Exception | Interrupted):
                raise

    def _break_off(self, running: Running, error: BaseException) -> None:
        """Something else than an answer of the publisher has ended an attempt."""
        if not running.was_called:
            self._put_back(running, error)
            self._not_called += 1
            if isinstance(error, NotCalledError):
                self._no_thread = error
            return
        job, settings = running.job, self._attempt_settings()
        if isinstance(error, KeyboardInterrupt | SystemExit | asyncio.CancelledError):
            told = f"interrupted: stopped during attempt {job.attempt}"
            end = interruption(job, "stopped", told, settings)
        else:
            logger(job_id=job.job_id, attempt=job.attempt).error(
                "the answer of a publisher could not be taken", error=error
            )
            told = f"interrupted: {described(error)}"
            end = interruption(job, "outcome_unknown", told, settings, settle=True)
        self._completer.end(running, end)

    # -- in an event loop ------------------------------------------------------------------------

    async def _run_due_together(self, port: Port, limit: int | None, stop: Stop) -> int:
        now, done = self._now(), set[str]()
        count, failure = 0, None
        give_up_at: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            # rule: room-for-more
            room = self._settings.concurrency - len(self._running)
            room = room if limit is None else min(room, limit - count)
            if stop.is_asked or failure is not None or self._no_thread is not None:
                room = 0
            try:
                begun = self._begin_all(port, now, done, room) if room > 0 else []
                done.update(running.job.job_id for running in begun)
                count += len(begun)
                self._launch(port, begun)
            except Exception as error:  # noqa: BLE001 - it is raised when nothing runs any more
                failure = error
            if not self._tasks():
                if failure is not None:
                    raise failure
                if not self._running:
                    return count
            if stop.is_asked and give_up_at is None:
                give_up_at = loop.time() + self._settings.grace_s
            await self._wait_for_an_end()
            if give_up_at is not None and (stop.is_at_once or loop.time() >= give_up_at):
                await self._cancel_all(self._settings.grace_s)
                self._give_up("run_due was stopped")
                return count
            failure = self._settle_and_fence()

    def _settle_and_fence(self) -> Exception | None:
        """Record what has ended, and give up what its job has gone on without; why not."""
        try:
            self._settle()
            self._store.refresh()
        except Exception as error:  # noqa: BLE001 - it is raised when nothing runs any more
            return error
        self._fence()
        return None

    async def _wait_for_an_end(self) -> None:
        tasks = self._tasks()
        self._uptime.look()
        if tasks:
            await asyncio.wait(tasks, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(0)  # one that is over has not said so yet

    async def _cancel_all(self, longest_s: float) -> None:
        """Cancel what runs, and give it some time to clean up."""
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=min(longest_s, CANCEL_S))

    def _launch(self, port: Port, begun: list[Running]) -> None:
        """Make the attempts, each in a task of its own."""
        for place, running in enumerate(begun):
            work = self._run_async(port, running)
            try:
                running.task = asyncio.create_task(work)
            except BaseException as error:
                work.close()
                for other in begun[place:]:
                    self._put_back(other, error)
                raise
            running.task.add_done_callback(partial(self._has_ended, running))

    async def _run_async(self, port: Port, running: Running) -> None:
        """Make an attempt; its end is recorded with all that end in this turn of the loop."""
        job, settings = running.job, self._attempt_settings()
        timeout_s = settings.timeout_s(job)
        flow = steps(job, port.reconcilable, settings)
        with self._gate.inside():
            try:
                question = next(flow)
                while True:
                    attempt = self._attempt(running, question)
                    question = flow.send(await call_async(port, question, attempt, timeout_s))
            except StopIteration as end:
                self._take_end(running, end.value)
        self._record_in_this_turn(asyncio.get_running_loop())

    def _has_ended(self, running: Running, task: asyncio.Task[None]) -> None:
        """A task is over, however that came: the end of its attempt is known."""
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None and self._is_awaited(running):
            self._break_off(running, error)
            self._record_in_this_turn(task.get_loop())

    def _record_in_this_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_recording_soon:
            self._is_recording_soon = True
            loop.call_soon(self._record_soon)

    def _take_end(self, running: Running, command: c.OfAttempt) -> None:
        """The publisher's answers have led to this end."""
        if self._is_awaited(running):
            self._completer.end(running, command)
        else:
            self._completer.refuse(running, command)

    def _is_awaited(self, running: Running) -> bool:
        """Whether an attempt has not been given up, or ended in another way."""
        return self._running.get(running.job.job_id) is running and running.end is None

    def _record_soon(self) -> None:
        self._is_recording_soon = False
        try:
            if self._running:
                self._completer.record()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001, S110 - it is kept and told; whoever runs tries again
            pass
        self._wake()

    def _wake(self) -> None:
        """Have the loop look around."""

    def _tasks(self) -> list[asyncio.Task[None]]:
        """Of the attempts that are still under way."""
        every = list(self._running.values())
        return [running.task for running in every if running.task and not running.task.done()]

    # -- letting go ------------------------------------------------------------------------------

    def _fence(self) -> None:
        """Give up the attempts whose job has gone on without them: cancelled, or recovered."""
        for job_id, running in list(self._running.items()):
            task = running.task
            if running.end is not None or task is None or self._is_current(running):
                continue
            self._completer.forget(running)
            if not task.done():  # else it has an answer, which will be refused
                task.cancel()
                logger(job_id=job_id, attempt=running.number).warning("attempt given up")

    def _give_up(self, why: str, left: list[Running] | None = None) -> None:
        """End attempts here that have not ended by themselves, and record it if that is possible;
        what cannot be recorded is kept."""
        for running in list(self._running.values()) if left is None else left:
            if running.attempt is not None:
                running.attempt._cancel()
            if running.task is not None:
                cancel_anywhere(running.task)
            if running.end is None and not self._is_current(running):
                self._completer.forget(running)
            elif running.end is None and not running.was_called:
                self._put_back(running, RuntimeError(why))
            elif running.end is None:
                told = f"interrupted: {why} during attempt {running.number}"
                end = interruption(running.job, "stopped", told, self._attempt_settings())
                self._completer.end(running, end)
        try:
            self._settle()
        except Exception as error:  # noqa: BLE001 - it is kept, and told when it is lost
            logger().warning("how attempts ended cannot be recorded now", error=error)

    def _let_go_of_dead_loops(self) -> None:
        """Give up the attempts whose event loop has ended: they can never go on."""
        left = [
            running
            for running in self._running.values()
            if running.task and running.is_under_way and _is_dead(running.task.get_loop())
        ]
        if left:
            self._give_up("its event loop ended", left)

    def _check_open(self, what: str) -> None:
        """
        Raises:
            StorageError: this scheduler is closed, or was another process's before a fork.
        """
        self._store.check_not_forked()
        if self._closed:
            raise StorageError(
                f"{what}: the scheduler of {self.directory} is closed",
                path=str(self.directory),
                hint="open another one",
            )


async def _until_at_once(work: Coroutine[Any, Any, Any], stop: Stop) -> Any:
    """Do the work, unless it is to end at once.

    Raises:
        Interrupted: it has been cancelled.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=LOOK_EVERY_S)
            if stop.is_at_once and not task.done():
                raise Interrupted
    except BaseException:
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_S)
        raise
    return task.result()


def cancel_anywhere(task: asyncio.Task[Any]) -> None:
    """Cancel a task of any event loop, from any thread."""
    loop = task.get_loop()
    with suppress(RuntimeError):  # the loop is closed: nothing of it goes on
        if asyncio._get_running_loop() is loop:
            task.cancel()
        else:
            loop.call_soon_threadsafe(task.cancel)


def _is_dead(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether an event loop has ended, or is left while another one runs here."""
    return loop.is_closed() or not loop.is_running()
