"""The daily files: `jobs_YYYY-MM-DD.json`, the jobs of one day for people and other programs.

A job is in the file of the day of its `completed_at`, else of its `scheduled_time`, in the
ledger's time zone. `updated_at` is the time of the last event that touched the day. Both come from
the log alone, so a rebuild gives the same bytes.

Files are written for the days that changed, as a whole and atomically (`writer`).
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ..domain.job import ScheduledJob
from ..eventstore.filesystem import FileSystem
from .days import Days
from .jobs import Jobs
from .members import Members
from .projection import Change

_NAME = re.compile(r"jobs_(\d{4}-\d{2}-\d{2})\.json")


class _Day:
    __slots__ = ("jobs", "seq", "updated_at")

    def __init__(self) -> None:
        self.jobs = Members()
        self.seq = 0
        self.updated_at: datetime | None = None


class DayState(msgspec.Struct, frozen=True):
    """What is known of one day: the last event that touched it, and the jobs in its file."""

    day: str
    seq: int
    updated_at: datetime | None
    jobs: list[str]


class DailyFiles:
    """Which job is in which day's file, and what each file holds."""

    name = "daily_files"

    def __init__(self, zone: ZoneInfo) -> None:
        self._names = Days(zone)
        self._days: dict[str, _Day] = {}
        self.dirty: set[str] = set()
        """The days touched since they were last written."""

    def apply(self, change: Change) -> None:
        old, new = change.before, change.after
        before = None if old is None else self.day_of(old)
        if new is None:
            after = None
        elif old is not None and _moment(old) is _moment(new):
            after = before  # nearly always
        else:
            after = self.day_of(new)
        job_id = change.event.job_id
        if before is not None:
            self._touch(before, change)
            if after != before:
                self._days[before].jobs.remove(job_id)
        if after is not None and after != before:
            self._touch(after, change).jobs.add(job_id)

    def _touch(self, name: str, change: Change) -> _Day:
        day = self._days.get(name)
        if day is None:
            day = self._days[name] = _Day()
        day.seq, day.updated_at = change.event.seq, change.event.at
        self.dirty.add(name)
        return day

    def day_of(self, job: ScheduledJob) -> str:
        """The day whose file the job is in."""
        return self._names.name(job.completed_at or job.scheduled_time)

    def capture(self) -> list[DayState]:
        """What is known now."""
        return [
            DayState(name, day.seq, day.updated_at, list(day.jobs))
            for name, day in self._days.items()
        ]

    def restore(self, state: list[DayState]) -> None:
        """Know what was known elsewhere, and nothing else; every day is dirty then."""
        self._days = {}
        for each in state:
            day = self._days[each.day] = _Day()
            day.seq, day.updated_at, day.jobs = each.seq, each.updated_at, Members(each.jobs)
        self.dirty = set(self._days)

    def capture(self) -> list[DayState]:
        """What is known now."""
        return [
            DayState(name, day.seq, day.updated_at, list(day.jobs))
            for name, day in self._days.items()
        ]

    def restore(self, state: list[DayState]) -> None:
        """Know what was known elsewhere, and nothing else; every day is dirty then."""
        self._days = {}
        for each in state:
            day = self._days[each.day] = _Day()
            day.seq, day.updated_at, day.jobs = each.seq, each.updated_at, Members(each.jobs)
        self.dirty = set(self._days)

    def mark_stale(self, position: int | None, on_disk: set[str]) -> None:
        """Reduce `dirty`, after a full replay, to the days whose file is not up to date.

        The files `on_disk` stand for the event number `position`; None: nobody knows.
        """
        if position is not None:
            self.dirty = {day for day in self.dirty if self.touched_after(day, position)}
        present = set(self.days())
        self.dirty |= present - on_disk
        self.dirty |= {day for day in on_disk - present if self.knows(day)}

    def days(self) -> list[str]:
        """The days that have a file: those with at least one job."""
        return sorted(name for name, day in self._days.items() if day.jobs)

    def knows(self, day: str) -> bool:
        """Whether any event ever touched the day: a file of another day is not ours."""
        return day in self._days

    def touched_after(self, day: str, seq: int) -> bool:
        """Whether an event after `seq` touched the day."""
        return day in self._days and self._days[day].seq > seq

    def collect(self, name: str, jobs: Jobs) -> DayFile | None:
        """What a day's file holds, its jobs by time and order of adding; None without jobs."""
        day = self._days.get(name)
        if day is None or not day.jobs or day.updated_at is None:
            return None
        chosen = jobs.collect(day.jobs)
        return DayFile(
            name, day.updated_at, sorted(chosen, key=lambda job: (job.scheduled_time, job.order))
        )

    def render(self, name: str, jobs: Jobs) -> bytes | None:
        """The bytes of a day's file; None where the day has no jobs and so no file."""
        day = self.collect(name, jobs)
        return None if day is None else day.encode()


def _moment(job: ScheduledJob) -> datetime:
    return job.completed_at or job.scheduled_time


class DayFile(msgspec.Struct, frozen=True):
    """The contents of one file, as values: encoding them needs no lock."""

    date: str
    updated_at: datetime
    jobs: list[ScheduledJob]

    def encode(self) -> bytes:
        document = {
            "date": self.date,
            "updated_at": self.updated_at.isoformat(),
            "jobs": [job.to_dict() for job in self.jobs],
        }
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def files_on_disk(fs: FileSystem, directory: Path) -> list[str]:
    """The days that have a `jobs_YYYY-MM-DD.json`."""
    names = map(_NAME.fullmatch, fs.list_directory(directory))
    return sorted(match[1] for match in names if match)


def job_file(directory: Path, day: str) -> Path:
    return directory / f"jobs_{day}.json"
