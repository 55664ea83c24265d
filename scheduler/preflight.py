"""Asking a publisher, ahead of a post's time, whether what it needs can be had.

What a platform fetches by itself may be gone, and nobody would know before the post has failed. So
a publisher that has a `preflight` is asked once for each post that is as good as due, beside the
loop: nothing waits for its answer, and the post is tried at its time whatever that is.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ..domain import (
    InvalidTransitionError,
    JobLedgerError,
    JobMovedOnError,
    JobNotFoundError,
    JobStatus,
    ScheduledJob,
    ValidationError,
    clean_text,
    detached,
)
from ..domain import commands as c
from ..instrumentation import Repeated, described, guarded, logger, without_secrets
from .adapter import PublisherAdapter
from .calls import ends_program
from .failures import without_text
from .ledger_access import LedgerAccess
from .offload import Offload, TooLateError
from .own_loop import cancel_anywhere
from .uptime import wait_while_running

AT_ONCE = 4
"""How many posts are asked about at once."""
LONGEST_S = 60.0
"""How long a publisher may take for an answer; then nothing is known."""
EVERY = timedelta(seconds=1)
"""How often it is looked for posts that were added or changed."""


class Preflight:
    """What one loop has asked ahead of time, and what it has still to ask.

    A post is asked about once, and again when it was changed; one that is tried again after a
    failure is not: its attempt has told. Used in the event loop that it was begun in.
    """

    def __init__(self, ledger: LedgerAccess, ahead: timedelta | None, offload: Offload) -> None:
        self._state = ledger.state
        self._handler = ledger.handler
        self._now = ledger.now
        self._offload = offload
        self._ahead = ahead
        self._publisher: PublisherAdapter | None = None
        self._asked: dict[str, ScheduledJob] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)
        self._looked: tuple[datetime, int] | None = None
        """When it was last looked, and the position of the log then."""
        self._next: datetime | None = None
        self.longest_s = LONGEST_S
        self._trouble = Repeated("a publisher could not be asked ahead of time", again="it can be")

    def begin(self, publisher: PublisherAdapter) -> None:
        """Begin anew with a publisher, in the running event loop."""
        self.end()
        can = self._ahead is not None and publisher.preflight is not None
        self._publisher = publisher if can else None
        self._asked, self._looked, self._next = {}, None, None
        self._places = asyncio.Semaphore(AT_ONCE)

    def end(self) -> None:
        """Ask no more, and wait for no answer; from any thread."""
        self._publisher = None
        tasks, self._tasks = self._tasks, set()
        for task in list(tasks):
            cancel_anywhere(task)

    def next_moment(self) -> datetime | None:
        """Return when it is to look again; None: not by itself. With the lock of the state."""
        if self._publisher is None or self._looked is None:
            return None
        at, seq = self._looked
        changed = None if seq == self._state.board.seq else at + EVERY
        return min((each for each in (changed, self._next) if each is not None), default=None)

    def look(self) -> None:
        """Ask about each post whose time for that has come; return at once."""
        publisher, ahead = self._publisher, self._ahead
        if publisher is None or ahead is None:
            return
        now = self._now()
        with self._state.lock:
            if not self._is_time(now):
                return
            self._looked = now, self._state.board.seq
            try:
                near, later = self._state.board.ahead(now + ahead)
            except OverflowError:
                near, later = [], None
        self._next = None if later is None else later - ahead
        near = [job for job in near if job.scheduled_time > now]
        # One that is tried again has its error, and one in doubt is asked about.
        wanted = {job.job_id: job for job in near if job.error is None and not job.in_doubt}
        self._asked = {name: job for name, job in self._asked.items() if name in wanted}
        for name, job in wanted.items():
            if not _is_same(self._asked.get(name), job):
                self._asked[name] = job
                task = asyncio.create_task(self._see_to(publisher, job), name="jobledger-preflight")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _is_time(self, now: datetime) -> bool:
        if self._looked is None or now < self._looked[0]:
            return True
        is_changed = self._state.board.seq != self._looked[1] and now - self._looked[0] >= EVERY
        return is_changed or (self._next is not None and now >= self._next)

    async def _see_to(self, publisher: PublisherAdapter, job: ScheduledJob) -> None:
        try:
            async with self._places:
                command = await self._ask(publisher, job)
            if command is not None:
                await self._offload.do(partial(self._record, job, command))
        except (JobLedgerError, OSError, RuntimeError, TooLateError) as error:  # it is only told
            self._trouble.failed(error, job_id=job.job_id)

    async def _ask(self, publisher: PublisherAdapter, job: ScheduledJob) -> c.Foretell | None:
        """Ask the publisher; return what is to be recorded, if anything."""
        assert publisher.preflight is not None
        call = asyncio.ensure_future(_answer(publisher.preflight, publisher.preflights_async, job))
        try:
            has_ended = await wait_while_running(call, self.longest_s)
        finally:
            call.cancel()  # one that does not end by it is left alone
        if not has_ended:
            error = f"no answer in {self.longest_s:g} s"
            self._trouble.failed(error, job_id=job.job_id)
            return None
        failure = asyncio.CancelledError() if call.cancelled() else call.exception()
        value, raised = call.result() if failure is None else (None, _foreign(failure))
        if isinstance(raised, ValidationError):
            value = str(raised)
        elif raised is not None or not (value is None or isinstance(value, str)):
            told = f"it gave {value!r:.60}, and not a text or None"
            self._trouble.failed(told if raised is None else raised, job_id=job.job_id)
            return None
        self._trouble.worked()
        lacks = clean_text(without_secrets(value), 400) if value and value.strip() else None
        if lacks is None and not job.is_lacking:
            return None
        return c.Foretell(reason=lacks)

    def _record(self, job: ScheduledJob, command: c.Foretell) -> None:
        """Record what was found, unless the post has been changed meanwhile."""
        with self._state.lock:
            current = self._state.board.get(job.job_id)
        if current is None or not _is_same(current, job) or current.status is not _SCHEDULED:
            return
        try:
            self._handler.change(job.job_id, command, current.version)
        except (JobMovedOnError, InvalidTransitionError, JobNotFoundError):
            self._asked.pop(job.job_id, None)  # by somebody else, just now: it is asked again
            return
        if command.reason is not None:
            lacks = without_text(command.reason, job)
            log = logger(job_id=job.job_id, account_id=job.account_id, lacks=lacks)
            log.warning("a post lacks something ahead of its time")


_SCHEDULED = JobStatus.SCHEDULED
Said = tuple[Any, BaseException | None]
"""What a publisher gave, or raised."""


def _is_same(one: ScheduledJob | None, job: ScheduledJob) -> bool:
    return one is not None and _asked_about(one) == _asked_about(job)


def _asked_about(job: ScheduledJob) -> tuple[Any, ...]:
    """Return what an answer is about: the post, and when it is to be out."""
    return job.scheduled_time, job.platform, job.content, job.metadata, job.post


async def _answer(method: Callable[[ScheduledJob], Any], is_async: bool, job: ScheduledJob) -> Said:
    """Call the publisher, in a thread where that may take its time."""
    given = detached(job)
    if is_async:
        return await _awaited(partial(method, given))
    value, raised = await _in_thread(partial(method, given))
    if raised is None and guarded(lambda: inspect.isawaitable(value), False):
        return await _awaited(lambda: value)
    return value, raised


async def _awaited(call: Callable[[], Any]) -> Said:
    task = asyncio.current_task()
    try:
        return await call(), None
    except BaseException as error:
        is_cancelled = task is not None and task.cancelling() > 0
        if is_cancelled or (isinstance(error, SystemExit) and ends_program(error)):
            raise
        return None, _foreign(error)


async def _in_thread(call: Callable[[], Any]) -> Said:
    """Call in a daemon thread, which is left alone where nobody waits any more."""
    loop = asyncio.get_running_loop()
    said: asyncio.Future[Said] = loop.create_future()

    def settle(value: Said) -> None:
        if not said.done():
            said.set_result(value)

    def run() -> None:
        try:
            value: Said = (call(), None)
        except BaseException as error:  # noqa: BLE001 - it is the publisher's answer
            value = None, _foreign(error)
        with suppress(RuntimeError):  # that event loop has ended
            loop.call_soon_threadsafe(settle, value)

    try:
        threading.Thread(target=run, name="jobledger-preflight", daemon=True).start()
    except (RuntimeError, MemoryError) as error:
        return None, error
    return await said


def _foreign(error: BaseException) -> BaseException:
    """Return an error of a publisher as what can be told of it."""
    if isinstance(error, ValidationError):
        return error
    return JobLedgerError(described(error))
