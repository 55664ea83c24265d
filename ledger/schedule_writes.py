"""One write of a schedule: its events and those of its jobs, decided on the newest state."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import datetime

from ..domain import Outlook, Schedule, SchedulePlan, schedule_key
from ..eventstore import EventLog
from ..projections import Board, LogEntry, by_time
from .command_handler import CommandHandler
from .intents import Intended, ScheduleIntent
from .job_book import JobBook
from .state import State
from .uniqueness import Uniqueness

Decide = Callable[[Schedule | None, Board, datetime, Outlook], SchedulePlan]


class ScheduleWrites:
    """Writes what is decided on the schedules of one ledger, for one handle."""

    def __init__(
        self, log: EventLog[LogEntry], state: State, uniqueness: Uniqueness | None
    ) -> None:
        self._log = log
        self._state = state
        self._uniqueness = uniqueness

    def change(self, handler: CommandHandler, schedule_id: str, decision: Decide) -> bool:
        """Change one schedule and its jobs in one write; return whether there was anything."""

        def all_of_it(now: datetime) -> list[Intended]:
            with self._state.lock:
                board = self._state.board
                schedule = board.schedules.by_id.get(schedule_id)
                book = JobBook(board, self._log.version, now)
                plan = decision(schedule, board, now, self._outlook(schedule_id, book, now))
                return self._intended(schedule_id, schedule, plan, book)

        return handler.change_schedules(all_of_it)

    def _intended(
        self, schedule_id: str, schedule: Schedule | None, plan: SchedulePlan, book: JobBook
    ) -> list[Intended]:
        for job_id, command in plan.commands:
            book.tell(job_id, command)
        before = 0 if schedule is None else schedule.version
        own = ScheduleIntent(schedule_key(schedule_id), before, plan.events)
        # The schedule first: it is at the version that it was planned at, or nothing is written.
        return [*([own] if plan.events else []), *book.intents()]

    def _outlook(self, schedule_id: str, book: JobBook, now: datetime) -> Outlook:
        board, uniqueness = self._state.board, self._uniqueness
        opened = (board.get(job_id) for job_id in board.schedules.jobs_of(schedule_id))
        jobs = sorted((job for job in opened if job is not None), key=by_time)
        texts: set[tuple[str, str]] = set()

        def may_have(account_id: str, text: str, leaving: Container[str]) -> bool:
            if uniqueness is None:
                return True
            key = account_id, text
            if key in texts or not uniqueness.may_have(account_id, text, now, leaving):
                return False
            texts.add(key)
            return True

        return Outlook(jobs, book.find, book.is_known, may_have)
