"""What `why` needs to know: a job's events, what is around it, and who else has its text.

Imported with the first question, as the words for it are.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..domain import SCHEDULE_KEY, JobStatus, ScheduledJob, folded
from ..explanation import Explanation, ScheduleStory, Surroundings, explain, explain_schedule
from ..projections import Board, Change, Choice, Pages, Snapshot, TextHints, entries_of, rank
from .coming import Coming
from .history import History
from .queries import JobQueries, LedgerView, not_found
from .state import State


class SameTexts:
    """Finds the jobs of an account with the same text, by hints that are made when they are first
    asked for, from the jobs that there are, and that follow the state from then on."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._making = threading.Lock()
        self._hints: TextHints | None = None
        """None: nobody has asked, or the state was begun anew since."""
        self._is_complete = False
        self._follows = False

    def followers(self) -> list[Callable[[Change], object]]:
        return [self._apply]

    def capture(self, snapshot: Snapshot) -> Snapshot:
        return snapshot  # the board has all of it

    def check_fits(self, snapshot: Snapshot) -> None:
        """Any snapshot will do."""

    def restore(self, snapshot: Snapshot) -> None:
        self._hints, self._is_complete = None, False

    def _apply(self, change: Change) -> None:
        before, after, hints = change.before, change.after, self._hints
        if hints is None or after is None:
            return
        if before is None or before.content != after.content:
            hints.add(after)

    def of(self, job: ScheduledJob) -> list[ScheduledJob]:
        """Return the other jobs with the text of this one, ranked. With the lock of the state."""
        board = self._state.board
        if self._hints is None or not self._is_complete:  # begun anew since they were made
            return same_text(board.select(Choice(account_id=job.account_id)), job)
        found = map(board.get, self._hints.find(job.account_id, job.content))
        return sorted(same_text(filter(None, found), job), key=rank)

    def make(self) -> None:
        """Make the hints where there are none. Without the lock of the state, which is needed for
        a moment only: the texts of jobs that are packed are read meanwhile."""
        with self._making:
            if self._is_complete:
                return
            with self._state.lock:
                if not self._follows:
                    self._state.add(self)
                    self._follows = True
                jobs = self._state.board.jobs
                hints = self._hints = TextHints(jobs)
                places = hints.places()
                picked = jobs.pick(places, Pages())
            entries = entries_of(picked, places)
            with self._state.lock:
                if self._hints is hints:
                    hints.take(entries)
                    self._is_complete = True


_MOST_LOOKED_AT = 100


def _is_let_go(coming: Coming) -> bool:
    """Whether an occurrence that is to come will not be posted as it stands."""
    return coming.is_skipped or (coming.job is not None and coming.job.status not in _WAITING)


_WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


def same_text(jobs: Iterable[ScheduledJob], job: ScheduledJob) -> list[ScheduledJob]:
    """Return those of the same account with the same text, but for the job itself."""
    wanted = job.account_id, job.content
    return [
        other
        for other in jobs
        if (other.account_id, other.content) == wanted
        and other.job_id != job.job_id
        and not _of_one_schedule(other, job)
    ]


def _of_one_schedule(other: ScheduledJob, job: ScheduledJob) -> bool:
    """Whether one schedule makes both: that it uses a text again is meant."""
    if other.schedule is None or job.schedule is None:
        return False
    return other.schedule.schedule_id == job.schedule.schedule_id


def _having(job: ScheduledJob) -> Choice:
    """Ask for the jobs of its account that have its text, maybe with more around it. It is asked as
    for a part of a list, which does not unpack what has another text."""
    return Choice(account_id=job.account_id, text=folded(job.content), limit=sys.maxsize)


class Explaining:
    """Answers `Ledger.why`, for a handle by whatever name."""

    def __init__(
        self,
        state: State,
        jobs: JobQueries,
        history: History,
        *,
        zone: ZoneInfo,
        now: Callable[[], datetime],
        expire_after: timedelta,
        runner_pid: Callable[[], int | None],
    ) -> None:
        self._jobs = jobs
        self._history = history
        self._zone = zone
        self._now = now
        self._expire_after = expire_after
        self._runner_pid = runner_pid
        self._texts = SameTexts(state)

    def why(self, job_id: str, view: LedgerView | None = None) -> Explanation:
        """As `Ledger.why`."""
        if isinstance(job_id, str) and job_id.startswith(SCHEDULE_KEY):
            return self._of_schedule(job_id.removeprefix(SCHEDULE_KEY), view)
        queries = self._jobs if view is None else view
        if view is None:
            with queries._looking() as board:
                is_there = job_id in board.jobs
            if is_there:
                self._texts.make()
        with queries._looking() as board:
            seq = board.seq
            job = board.get(job_id) if isinstance(job_id, str) else None
            around = self._around(board, job, view)
            ids = () if view is None else tuple(board.jobs)
        # Those that came meanwhile are of a later state than the one at hand.
        events = [event for event in self._history.of_job(job_id) if event.seq <= seq]
        if not events:
            raise not_found(job_id, ids)
        if view is None:
            around.runner = self._runner_pid()
        return explain(job, events, around)

    def _of_schedule(self, schedule_id: str, view: LedgerView | None) -> Explanation:
        queries = self._jobs if view is None else view
        with queries._looking() as board:
            seq = board.seq
            around = self._around(board, None, view)
        schedule = queries.get_schedule(schedule_id)
        coming = queries.upcoming(schedule_id, _MOST_LOOKED_AT)
        ahead = next((each for each in coming if not _is_let_go(each)), None)
        waiting = queries.jobs_of_schedule(schedule_id)
        if view is None:
            around.runner = self._runner_pid()
        of = ScheduleStory(
            schedule=schedule,
            waiting=waiting,
            next_job=None if ahead is None or ahead.job is None else ahead.job_id,
            next_at=None if ahead is None else ahead.at,
        )
        events = [event for event in self._history.of_job(schedule.key) if event.seq <= seq]
        return explain_schedule(of, events, around)

    def _around(
        self, board: Board, job: ScheduledJob | None, view: LedgerView | None
    ) -> Surroundings:
        """Return what is around a job but its runner. With the board's lock."""
        now = self._now() if view is None or view.at is None else view.at
        around = Surroundings(
            now=now, zone=self._zone, expire_after=self._expire_after, is_past=view is not None
        )
        if job is None:
            return around
        around.running = sorted(board.of_status(JobStatus.RUNNING), key=rank)
        if job.is_ready(now, self._expire_after):
            due = board.ready(now, self._expire_after) if view else self._due(board, now)
            ahead = [each for each in due if rank(each) < rank(job)]
            around.ahead, around.first = len(ahead), ahead[0] if ahead else None
        if view is None:
            around.same_text = self._texts.of(job)
        else:
            around.same_text = same_text(board.select(_having(job)), job)
        return around

    def _due(self, board: Board, now: datetime) -> list[ScheduledJob]:
        """Return the due jobs, ranked; those of later times, which are most, are not looked at."""
        scheduled = frozenset({JobStatus.SCHEDULED})
        due = board.select(Choice(statuses=scheduled, due_to=now + timedelta.resolution))
        return [each for each in due if each.is_ready(now, self._expire_after)]
