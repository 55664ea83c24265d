"""Making attempts: in the caller's thread, or as tasks of an event loop.

How an attempt ends is decided by the steps of `execution`; here they are driven, and whatever else
may end an attempt is given its name: nobody called the publisher, it was interrupted, its task was
cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from ..domain import ScheduledJob, StaleAttemptError
from ..domain import commands as c
from ..instrumentation import described, hide_in, is_interruption, logger, without_secrets
from .account_holds import AccountHolds
from .adapter import PublisherAdapter
from .attempt import Attempt
from .attempt_told import tell_given_up, tell_not_recorded, tell_started
from .calls import NotCalledError, call_async, call_blocking, can_start_threads
from .completer import Completer
from .execution import Question, interruption, steps
from .failures import without_text
from .gate import Gate
from .known_posts import KnownPosts
from .ledger_access import LedgerAccess
from .offload import Offload
from .own_loop import CANCEL_S, OwnLoop, cancel_anywhere, is_dead, until_at_once
from .rescuer import Rescuer
from .running import Running, RunningAttempts
from .settings import RunSettings
from .stop_request import Interrupted, Stop
from .uptime import Uptime

LOOK_EVERY_S = 0.1
"""How long it may take until a change by another process is noticed."""


class AttemptRunner:
    """Makes the attempts that were taken, one way or the other; each ends up with the completer.

    `wake` has the loop look around.
    """

    def __init__(
        self,
        ledger: LedgerAccess,
        attempts: RunningAttempts,
        completer: Completer,
        rescuer: Rescuer,
        holds: AccountHolds,
        settings: RunSettings,
        gate: Gate,
        own_loop: OwnLoop,
        offload: Offload,
        uptime: Uptime,
        *,
        wake: Callable[[], None],
    ) -> None:
        self._log = ledger.log
        self._handler = ledger.handler
        self._attempts = attempts
        self._completer = completer
        self._rescuer = rescuer
        self._holds = holds
        self._now = ledger.now
        self._settings = settings
        self._gate = gate
        self._own_loop = own_loop
        self._offload = offload
        self._uptime = uptime
        self._lease = ledger.lease
        self._is_anothers = KnownPosts(ledger.log, ledger.state).is_anothers
        self._key_of, self._media_path = ledger.key_of, ledger.media_path
        self._wake = wake
        self.no_thread: NotCalledError | None = None
        """Why the last publisher that needs a thread was not called; None: it was, or not due."""
        self.not_called = 0
        """How many of the attempts of this run were put back."""
        self._is_recording_soon = False

    def begin(self) -> None:
        """Begin a run, or the loop: what is counted begins at zero."""
        self.no_thread, self.not_called, self._is_recording_soon = None, 0, False
        self._completer.outcomes.clear()

    def check_threads(self) -> None:
        """Begin nothing that could not be gone on with: after a publisher could not be called for
        want of a thread.

        Raises:
            NotCalledError: it could not be called now either.
        """
        missing = self.no_thread
        if missing is not None and not can_start_threads():
            raise NotCalledError(missing.message, hint=missing.advice)
        self.no_thread = None

    # -- in the caller's thread ------------------------------------------------------------------

    def run_here(self, publisher: PublisherAdapter, running: Running, stop: Stop) -> None:
        """Make the attempt; from then on its end is known."""

        def finish(work: Coroutine[Any, Any, Any]) -> Any:
            return self._own_loop.run(until_at_once(work, stop), lambda: stop.is_at_once)

        try:
            job, settings = running.job, self._settings.roll()
            timeout_s = settings.timeout_s(job)
            flow = steps(job, publisher.reconcilable, settings)
            question = next(flow)
            while True:
                attempt = self._attempt(running, question)
                with self._gate.inside():
                    if timeout_s is None:
                        answer = call_blocking(publisher, question, attempt, finish)
                    else:
                        answer = finish(call_async(publisher, question, attempt, timeout_s))
                question = flow.send(answer)
        except StopIteration as end:
            self._take_end(running, end.value)
        except BaseException as error:
            self._break_off(running, error)
            if isinstance(error, Interrupted):
                return  # whoever runs looks whether it is to end
            if not isinstance(error, Exception) or is_interruption(error):
                raise

    def _break_off(self, running: Running, error: BaseException) -> None:
        """Something else than an answer of the publisher has ended an attempt."""
        if running.give_up():
            self._completer.put_back(running, error)
            self.not_called += 1
            if isinstance(error, NotCalledError):
                self.no_thread = error
            return
        job, settings = running.job, self._settings.roll()
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

    def launch(self, publisher: PublisherAdapter, begun: list[Running]) -> None:
        """Make the attempts, each in a task of its own."""
        for place, running in enumerate(begun):
            work = self._run_async(publisher, running)
            try:
                running.task = asyncio.create_task(work)
            except BaseException as error:
                work.close()
                for other in begun[place:]:
                    self._completer.put_back(other, error)
                raise
            running.task.add_done_callback(partial(self._has_ended, running))

    async def _run_async(self, publisher: PublisherAdapter, running: Running) -> None:
        """Make an attempt; its end is recorded with all that end in this turn of the loop."""
        job, settings = running.job, self._settings.roll()
        timeout_s = settings.timeout_s(job)
        flow = steps(job, publisher.reconcilable, settings)
        with self._gate.inside():
            try:
                question = next(flow)
                while True:
                    attempt = self._attempt(running, question)
                    question = flow.send(await call_async(publisher, question, attempt, timeout_s))
            except StopIteration as end:
                self._take_end(running, end.value)
        self._record_in_this_turn(asyncio.get_running_loop())

    def _has_ended(self, running: Running, task: asyncio.Task[None]) -> None:
        """See to a task that is over, however that came: the end of its attempt is known."""
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None or not self._is_awaited(running):
            return
        try:
            self._break_off(running, error)
        except BaseException:  # interrupted in the midst of that: nobody else would end it
            if running.end is None:
                self._break_off(running, error)
            raise
        finally:
            self._record_in_this_turn(task.get_loop())

    def _record_in_this_turn(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_recording_soon:
            self._is_recording_soon = True
            self._offload.soon(loop, self._record_soon)

    def _record_soon(self) -> None:
        self._is_recording_soon = False
        try:
            if self._attempts.by_job:
                self._completer.record()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001, S110 - it is kept and told; whoever runs tries again
            pass
        self._wake()

    def _take_end(self, running: Running, command: c.OfAttempt) -> None:
        """Take in the end that the publisher's answers have led to."""
        self._see_account(running.job, command)
        if not self._is_awaited(running):
            self._completer.refuse(running, command)
            return
        self._completer.end(running, command)
        if not self._completer.has(running):  # given up in another thread in just that moment
            self._completer.refuse(running, command)

    def _see_account(self, job: ScheduledJob, command: c.OfAttempt) -> None:
        """Note what an end says of the account: others are told of it, and of no text or token."""
        if isinstance(command, c.PutBack):
            error = without_text(without_secrets(command.error), job)
            self._holds.add(job.account_id, error, self._now())
        elif isinstance(command, c.Complete):
            self._holds.worked(job.account_id)

    def _is_awaited(self, running: Running) -> bool:
        """Whether an attempt has not been given up, or ended in another way."""
        return self._attempts.by_job.get(running.job.job_id) is running and running.end is None

    async def wait_for_an_end(self) -> None:
        tasks = self._attempts.tasks()
        self._uptime.look()
        if tasks:
            await asyncio.wait(tasks, timeout=LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(0)  # one that is over has not said so yet

    async def cancel_all(self, longest_s: float) -> None:
        """Cancel what runs, and give it some time to clean up."""
        tasks = self._attempts.tasks()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=min(longest_s, CANCEL_S))

    # -- what a publisher gets, and may record ----------------------------------------------------

    def _attempt(self, running: Running, question: Question) -> Attempt:
        """Make what the publisher gets: this attempt, or the doubted one it is asked about."""
        job = running.job
        number = job.doubted_attempt if question == "reconcile" else job.attempt
        if self._lease.valid_for_s() == 0:  # rule: no-call-without-a-lease
            raise NotCalledError("the lease of this runner ran out before its publisher was called")
        attempt = Attempt(
            job,
            self._key_of(job.job_id),
            self._record,
            number=number,
            is_current=self._attempts.is_newest,
            valid_for_s=self._lease.valid_for_s,
            is_anothers=self._is_anothers,
            media_path=self._media_path,
        )
        tell_started(running)
        running.give(attempt)
        return attempt

    def _record(self, job_id: str, command: c.OfAttempt) -> ScheduledJob | None:
        """Change a running job as its attempt says, without a word of what is secret."""
        command = hide_in(command)
        running = self._attempts.by_job.get(job_id)
        if running is None or running.number != command.attempt:
            # It may be given up here before the log says so.
            if self._lease.is_shared:  # rule: given-up-attempt-takes-no-step
                said = f"attempt {command.attempt} of {job_id} was given up"
                raise StaleAttemptError(said, job_id=job_id, attempt=command.attempt)
            return self._handler.change(job_id, command)  # which refuses it
        return self._completer.record_step(running, command)

    # -- letting go ------------------------------------------------------------------------------

    def settle(self) -> Exception | None:
        """Record what has ended, and look at what the log has by now; return why not."""
        try:
            self._rescuer.settle()
            self._log.refresh()
        except Exception as error:  # noqa: BLE001 - it is raised when nothing runs any more
            return error
        return None

    def fence(self) -> None:
        """Give up the attempts whose job has gone on without them: cancelled, or recovered."""
        for running in list(self._attempts.by_job.values()):
            task = running.task
            if running.end is not None or task is None or self._attempts.is_current(running):
                continue
            self._completer.forget(running)
            running.give_up()
            if not task.done():  # else it has an answer, which will be refused
                task.cancel()
                tell_given_up(running)

    def give_up(self, why: str) -> None:
        """End the attempts here that have not ended by themselves, and record it if that is
        possible; what cannot be recorded is kept."""
        self._end_all(why, list(self._attempts.by_job.values()))
        self.record_left()

    def give_up_in_loop(self, why: str, left: list[Running] | None = None) -> None:
        """Do the same in an event loop: where it must not wait for the ledger, what is known is
        recorded later."""
        self._end_all(why, list(self._attempts.by_job.values()) if left is None else left)
        if not self._offload.is_elsewhere:
            self.record_left()

    def _end_all(self, why: str, left: list[Running]) -> None:
        for running in left:
            was_not_called = running.give_up()
            if running.task is not None:
                cancel_anywhere(running.task)
            if running.end is None and not self._attempts.is_current(running):
                self._completer.forget(running)
            elif running.end is None and was_not_called:
                self._completer.put_back(running, RuntimeError(why))
            elif running.end is None:
                told = f"interrupted: {why} during attempt {running.number}"
                end = interruption(running.job, "stopped", told, self._settings.roll())
                self._completer.end(running, end)

    def record_left(self) -> None:
        """Record how attempts ended, if that is possible."""
        try:
            self._rescuer.settle()
        except Exception as error:  # noqa: BLE001 - it is kept, and told when it is lost
            tell_not_recorded(error)

    def let_go_of_dead_loops(self) -> None:
        """Give up the attempts whose event loop has ended: they can never go on."""
        left = [
            running
            for running in self._attempts.by_job.values()
            if running.task and running.is_under_way and is_dead(running.task.get_loop())
        ]
        if left:
            self.give_up_in_loop("its event loop ended", left)
