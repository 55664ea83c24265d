"""The daily files: `jobs_YYYY-MM-DD.json`, the jobs of one day for people and other programs.

A job is in the file of the day of its `completed_at`, else of its `scheduled_time`, in the
ledger's time zone. `updated_at` is the time of the last event that touched the day. Both come from
the log alone, so a rebuild gives the same bytes.

Files are written for the days that changed, as a whole and atomically (`writer`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ..domain import Event, Moment, ScheduledJob
from ..eventstore.engines.files import FileSystem
from .day_file import DayFile, Entries
from .days import Days
from .id_set import FrozenIds, IdSet, same_ids
from .jobs import Jobs
from .picked_jobs import Pages, Picked
from .projection import Change, Folded
from .saved_ids import SavedIds

_NAME = re.compile(r"jobs_(\d{4}-\d{2}-\d{2})\.json")
_MOST_KEPT = 20_000
"""So many jobs are remembered as they stand in the files written last: some 10 MB."""

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_LATEST_DAYS = 3
"""So many days, those touched last, stay at hand when they are saved."""


class _Day:
    __slots__ = ("changed", "entries", "jobs", "saved", "seq", "updated_at")

    def __init__(self) -> None:
        self.jobs: IdSet | SavedIds = IdSet()
        self.seq = 0
        self.updated_at: datetime | None = None
        self.saved: SavedIds | None = None
        """The jobs as they were saved, as long as nobody has made use of where they were then."""
        self.entries: Entries | None = None
        """What the jobs looked like in the file when it was last written; None: not known."""
        self.changed: dict[str, bool] = {}
        """The jobs that were touched since, and whether they are still in the file."""

    def members(self) -> IdSet:
        """Return the jobs in the day's file, for changing them."""
        if isinstance(self.jobs, SavedIds):
            self.saved = self.jobs
            self.jobs = IdSet(self.jobs)
        return self.jobs

    def pick(self, jobs: Jobs, pages: Pages | None = None) -> Picked:
        """Return its jobs, found by the pages that they were on when they were saved."""
        saved = self.jobs if isinstance(self.jobs, SavedIds) else self.saved
        if saved is not None:
            jobs.remember(*saved.placed(), saved.day.generation)
            self.saved = None
        return jobs.pick(self.jobs, pages)


class DayState(msgspec.Struct, frozen=True):
    """What is known of one day: the last event that touched it, and the jobs in its file."""

    day: str
    seq: int
    updated_at: Moment | None
    jobs: FrozenIds | SavedIds


class DailyFiles:
    """Which job is in which day's file, and what each file holds."""

    name = "daily_files"

    def __init__(self, zone: ZoneInfo) -> None:
        self._names = Days(zone)
        self._days: dict[str, _Day] = {}
        self.dirty: set[str] = set()
        """The days touched since they were last written."""
        self._kept: dict[str, int] = {}
        """The days whose entries are known, the one written last at the end, and how many."""

    def apply(self, change: Change) -> None:
        event, old, new = change.event, change.before, change.after
        before = after = None
        moment = None if new is None else new.completed_at or new.scheduled_time
        if old is not None:
            was = old.completed_at or old.scheduled_time
            if was is moment:
                self._touch(self._names.name(was), event, is_in=True)
                return  # nearly always
            before = self._names.name(was)
        if moment is not None:
            after = self._names.name(moment)
        job_id = event.job_id
        if before is not None:
            day = self._touch(before, event, is_in=after == before)
            if after != before:
                day.members().remove(job_id)  # rule: leave-the-old-day
        if after is not None and after != before:
            self._touch(after, event, is_in=True).members().add(job_id)

    def apply_all(self, changes: Sequence[Folded]) -> None:
        """Take in many changes, as `apply` does each; a day is touched once, by the last of them.

        Moments that follow each other are mostly of one day, which is named once.
        """
        last: dict[str, Event] = {}
        span = self._names.span
        begin = end = old_begin = old_end = _BEFORE_ALL
        before = after = ""
        for event, old, new in changes:
            was = None if old is None else old.completed_at or old.scheduled_time
            if was is not None:
                if not old_begin <= was < old_end:
                    old_begin, old_end, before = span(was)
                last[before] = event
            moment = None if new is None else new.completed_at or new.scheduled_time
            if moment is was:
                continue  # nearly always
            if moment is not None:
                if not begin <= moment < end:
                    begin, end, after = span(moment)
                last[after] = event
                if was is not None and before == after:
                    continue
                self._day(after).members().add(event.job_id)
            if was is not None:
                self._day(before).members().remove(event.job_id)
        for name, touched in last.items():
            day = self._day(name)
            day.seq, day.updated_at = touched.seq, touched.at
            if day.entries is not None:
                self._note_changed(name, day, changes)
        self.dirty |= last.keys()

    def _note_changed(self, name: str, day: _Day, changes: Sequence[Folded]) -> None:
        for event, old, new in changes:
            is_in = new is not None and self.day_of(new) == name
            if is_in or (old is not None and self.day_of(old) == name):
                day.changed[event.job_id] = is_in

    def _day(self, name: str) -> _Day:
        day = self._days.get(name)
        if day is None:
            day = self._days[name] = _Day()
        return day

    def _touch(self, name: str, event: Event, *, is_in: bool) -> _Day:
        day = self._day(name)
        day.seq, day.updated_at = event.seq, event.at
        if day.entries is not None:
            day.changed[event.job_id] = is_in
        self.dirty.add(name)
        return day

    def day_of(self, job: ScheduledJob) -> str:
        """Return the day whose file the job is in."""
        return self._names.name(job.completed_at or job.scheduled_time)

    def capture(self) -> list[DayState]:
        """Return what is known of each day now, for `restore`; its jobs are shared."""
        return [
            DayState(name, day.seq, day.updated_at, _as_they_are(day.jobs))
            for name, day in self._days.items()
        ]

    def same_as(self, state: list[DayState]) -> bool:
        """Whether this is what is known now, in whatever order."""
        return len(state) == len(self._days) and all(
            (day := self._days.get(each.day)) is not None
            and (day.seq, day.updated_at) == (each.seq, each.updated_at)
            and same_ids(day.jobs, each.jobs)
            for each in state
        )

    def restore(self, state: list[DayState]) -> None:
        """Know what was known elsewhere, and nothing else; every day is dirty then."""
        self._days, self._kept = {}, {}
        for each in state:
            day = self._days[each.day] = _Day()
            day.seq, day.updated_at = each.seq, each.updated_at
            day.jobs = each.jobs if isinstance(each.jobs, SavedIds) else IdSet(each.jobs)
        self.dirty = set(self._days)

    def adopt(self, state: list[DayState], saved: Mapping[str, SavedIds]) -> None:
        """Have in `saved` what was captured of days that are over."""
        for each in sorted(state, key=attrgetter("seq"))[:-_LATEST_DAYS]:
            day = self._days.get(each.day)
            if day is not None and day.seq == each.seq and day.entries is None:
                day.jobs, day.saved = saved[each.day], None

    def mark_stale(self, position: int | None, on_disk: set[str]) -> None:
        """Reduce `dirty`, after a full replay, to the days whose file is not up to date.

        The files `on_disk` stand for the event number `position`; None: nobody knows.
        """
        if position is not None:
            self.dirty = {day for day in self.dirty if self.touched_after(day, position)}
        present = set(self.days())
        self.dirty |= present - on_disk
        self.dirty |= {day for day in on_disk - present if self.knows(day)}

    def mark_all(self) -> None:
        """Have every day written anew."""
        self.dirty |= set(self._days)

    def days(self) -> list[str]:
        """Return the days that have a file: those with at least one job."""
        return sorted(name for name, day in self._days.items() if day.jobs)

    def knows(self, day: str) -> bool:
        """Whether any event ever touched the day: a file of another day is not ours."""
        return day in self._days

    def touched_after(self, day: str, seq: int) -> bool:
        """Whether an event after `seq` touched the day."""
        return day in self._days and self._days[day].seq > seq

    def take(self, name: str, jobs: Jobs, pages: Pages) -> DayFile | None:
        """Return what a day's file is to hold, to be written now; None without jobs.

        What `keep` remembers of it need not be rendered again the next time.
        """
        day = self._days.get(name)
        if day is None or not day.jobs or day.updated_at is None:
            self.forget(name)
            return None
        known, changed = day.entries, day.changed
        day.entries, day.changed = {}, {}
        if known is None:
            anew: Entries | None = {} if len(day.jobs) <= _MOST_KEPT else None
            return DayFile(name, day.updated_at, anew, day.pick(jobs, pages))
        entries = {job_id: entry for job_id, entry in known.items() if job_id not in changed}
        fresh = [job_id for job_id, is_in in changed.items() if is_in]
        return DayFile(name, day.updated_at, entries, jobs.pick(fresh, pages))

    def keep(self, file: DayFile) -> None:
        """Remember the entries of a file that was taken and written; of the last few files, and not
        of too many jobs."""
        entries = file.entries
        if entries is None or len(entries) > _MOST_KEPT:
            self.forget(file.date)
            return
        self._days[file.date].entries = entries
        self._kept.pop(file.date, None)
        self._kept[file.date] = len(entries)
        while sum(self._kept.values()) > _MOST_KEPT:
            self.forget(next(iter(self._kept)))

    def forget(self, name: str) -> None:
        """Render all jobs of a day the next time."""
        self._kept.pop(name, None)
        if name in self._days:
            self._days[name].entries, self._days[name].changed = None, {}

    def file(self, name: str, jobs: Jobs) -> DayFile | None:
        """Return what a day's file has to hold; None where the day has no jobs and so no file."""
        day = self._days.get(name)
        if day is None or not day.jobs or day.updated_at is None:
            return None
        return DayFile(name, day.updated_at, None, day.pick(jobs))

    def render(self, name: str, jobs: Jobs) -> bytes | None:
        """Return the bytes of a day's file; None where the day has no jobs and so no file."""
        file = self.file(name, jobs)
        return None if file is None else b"".join(file)


def _as_they_are(jobs: IdSet | SavedIds) -> FrozenIds | SavedIds:
    return jobs if isinstance(jobs, SavedIds) else jobs.freeze()


def files_on_disk(fs: FileSystem, directory: Path) -> list[str]:
    """Return the days that have a `jobs_YYYY-MM-DD.json`."""
    names = map(_NAME.fullmatch, fs.list_directory(directory))
    return sorted(match[1] for match in names if match)


def job_file(directory: Path, day: str) -> Path:
    return directory / f"jobs_{day}.json"
