"""`run_due`: running what is due now, in the caller's thread or in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from ..domain import ValidationError
from .adapter import PublisherAdapter
from .attempt_runner import AttemptRunner
from .completer import Completer
from .dispatcher import Dispatcher
from .ledger_access import LedgerAccess
from .offload import Offload
from .own_loop import OwnLoop
from .places import Places
from .rescuer import Rescuer
from .running import Running, RunningAttempts
from .settings import RunSettings
from .stop_request import Stop


class DueRun:
    """Runs the jobs that are due when it is called, each once."""

    def __init__(
        self,
        ledger: LedgerAccess,
        dispatcher: Dispatcher,
        runner: AttemptRunner,
        attempts: RunningAttempts,
        completer: Completer,
        rescuer: Rescuer,
        settings: RunSettings,
        own_loop: OwnLoop,
        offload: Offload,
        places: Places,
    ) -> None:
        self._dispatcher = dispatcher
        self._runner = runner
        self._attempts = attempts
        self._completer = completer
        self._rescuer = rescuer
        self._settings = settings
        self._own_loop = own_loop
        self._offload = offload
        self._places = places
        self._now = ledger.now
        self._expire = ledger.expire
        self._plan = ledger.plan
        self._is_closed = ledger.is_closed
        self._is_let_go = ledger.is_let_go

    def run(self, publisher: PublisherAdapter, limit: int | None, stop: Stop) -> int:
        """Run what is due, at most `limit` jobs; return how many ran. Raises as `run_due`."""
        self._runner.begin()
        self._offload.wait_for_all()  # of a loop that was stopped while the ledger was away
        with self._recording_all():
            self._runner.let_go_of_dead_loops()
            self._rescuer.settle()
            self._rescuer.recover_stuck()
            self._expire()
            self._plan()
            if self._settings.concurrency == 1 and not publisher.is_async(publisher.publish):
                count = self._run_here(publisher, limit, stop)
            else:
                work = self._run_together(publisher, limit, stop)
                count = self._own_loop.run(work, lambda: stop.is_at_once)
            return count - self._runner.not_called

    @contextmanager
    def _recording_all(self) -> Iterator[None]:
        """Whatever ends the `with`: what is known then is recorded if that is possible."""
        try:
            yield
        except BaseException:
            if not self._is_let_go():
                self._runner.give_up("run_due was broken off")
            raise

    def _run_here(self, publisher: PublisherAdapter, limit: int | None, stop: Stop) -> int:
        now, done = self._now(), set[str]()
        count = 0
        running = (
            None if limit == 0 or stop.is_asked else self._dispatcher.begin(publisher, now, done)
        )
        while running is not None:
            done.add(running.job.job_id)
            count += 1
            self._runner.run_here(publisher, running, stop)
            if self._is_closed():
                break
            if count == limit or stop.is_asked or self._runner.no_thread is not None:
                self._record_now()
                break
            try:
                running = self._dispatcher.end_and_begin(publisher, running, now, done)
            except Exception:  # noqa: BLE001 - whatever it was, the end is known
                self._record_now()
                self._rescuer.keep_right()
                running = self._dispatcher.begin(publisher, now, done)
        return count

    def _record_now(self) -> None:
        """Record what is known; where that fails, once more on the log opened again."""
        try:
            self._completer.record()
        except Exception:  # noqa: BLE001 - if it fails again, it is raised
            self._rescuer.settle()

    async def _run_together(
        self, publisher: PublisherAdapter, limit: int | None, stop: Stop
    ) -> int:
        now, done = self._now(), set[str]()
        count, failure = 0, None
        give_up_at: float | None = None
        loop = asyncio.get_running_loop()
        while True:
            room = self._places.free()
            room = room if limit is None else min(room, limit - count)
            if stop.is_asked or failure is not None or self._runner.no_thread is not None:
                room = 0
            try:
                begin = partial(self._dispatcher.begin_all, publisher, now, done, room)
                begun = await self._begin(begin) if room > 0 else []
                done.update(running.job.job_id for running in begun)
                count += len(begun)
                self._runner.launch(publisher, begun)
            except Exception as error:  # noqa: BLE001 - it is raised when nothing runs any more
                failure = error
            if not self._attempts.tasks():
                if failure is not None:
                    raise failure
                if not self._attempts.by_job:
                    return count
            if stop.is_asked and give_up_at is None:
                give_up_at = loop.time() + self._settings.grace_s
            await self._runner.wait_for_an_end()
            if give_up_at is not None and (stop.is_at_once or loop.time() >= give_up_at):
                await self._runner.cancel_all(self._settings.grace_s)
                self._runner.give_up("run_due was stopped")
                return count
            failure = await self._offload.do(self._runner.settle)
            self._runner.fence()

    async def _begin(self, begin: Callable[[], list[Running]]) -> list[Running]:
        return await self._offload.do(begin, self._dispatcher.give_back)


def check_limit(limit: int | None) -> None:
    """Check how many jobs are to be run at most; None: as many as are due.

    Raises:
        ValidationError: it is no such number.
    """
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int)):
        raise ValidationError(f"limit must be an int, not {limit!r}", field="limit")
    if limit is not None and limit < 0:
        raise ValidationError(f"limit must be at least 0, not {limit}", field="limit")
