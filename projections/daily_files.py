"""The daily files: `jobs_YYYY-MM-DD.json`, the jobs of one day for people and other programs.

A job is in the file of the day of its `completed_at`, else of its `scheduled_time`, in the
ledger's time zone. `updated_at` is the time of the last event that touched the day. Both come from
the log alone, so a rebuild gives the same bytes.

Files are written for the days that changed, as a whole and atomically, under `projections.lock`;
`snapshot_daily_files.json` records which position they stand for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ..domain.job import ScheduledJob
from ..eventstore.filesystem import FileSystem, storage_errors
from .projection import Change

MARKER_NAME = "snapshot_daily_files.json"
LOCK_NAME = "projections.lock"
_NAME = re.compile(r"jobs_(\d{4}-\d{2}-\d{2})\.json")


class Marker(msgspec.Struct, frozen=True):
    """The position in the log that the files on disk stand for."""

    ledger: str
    seq: int


class _Day:
    __slots__ = ("job_ids", "seq", "updated_at")

    def __init__(self) -> None:
        self.job_ids: dict[str, None] = {}
        self.seq = 0
        self.updated_at: datetime | None = None


class DailyFiles:
    """Which job is in which day's file, and what each file holds."""

    name = "daily_files"

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._days: dict[str, _Day] = {}
        self.dirty: set[str] = set()
        """The days touched since they were last written."""

    def apply(self, change: Change) -> None:
        before = None if change.before is None else self.day_of(change.before)
        after = None if change.after is None else self.day_of(change.after)
        job_id = change.event.job_id
        if before is not None:
            self._touch(before, change)
            if after != before:
                del self._days[before].job_ids[job_id]
        if after is not None and after != before:
            self._touch(after, change).job_ids[job_id] = None

    def _touch(self, name: str, change: Change) -> _Day:
        day = self._days.get(name)
        if day is None:
            day = self._days[name] = _Day()
        day.seq, day.updated_at = change.event.seq, change.event.at
        self.dirty.add(name)
        return day

    def day_of(self, job: ScheduledJob) -> str:
        """The day whose file the job is in."""
        moment = job.completed_at or job.scheduled_time
        return moment.astimezone(self._zone).date().isoformat()

    def days(self) -> list[str]:
        """The days that have a file: those with at least one job."""
        return sorted(name for name, day in self._days.items() if day.job_ids)

    def knows(self, day: str) -> bool:
        """Whether any event ever touched the day: a file of another day is not ours."""
        return day in self._days

    def touched_after(self, day: str, seq: int) -> bool:
        """Whether an event after `seq` touched the day."""
        return day in self._days and self._days[day].seq > seq

    def collect(self, name: str, jobs: Mapping[str, ScheduledJob]) -> DayFile | None:
        """What a day's file holds, its jobs by time and order of adding; None without jobs."""
        day = self._days.get(name)
        if day is None or not day.job_ids or day.updated_at is None:
            return None
        chosen = (jobs[job_id] for job_id in day.job_ids)
        return DayFile(
            name, day.updated_at, sorted(chosen, key=lambda job: (job.scheduled_time, job.order))
        )

    def render(self, name: str, jobs: Mapping[str, ScheduledJob]) -> bytes | None:
        """The bytes of a day's file; None where the day has no jobs and so no file."""
        day = self.collect(name, jobs)
        return None if day is None else day.encode()


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


def read_marker(fs: FileSystem, directory: Path) -> Marker | None:
    """The position that the files stand for; None where that is not known."""
    with suppress(FileNotFoundError, msgspec.MsgspecError):
        return msgspec.json.decode(fs.read_file(directory / MARKER_NAME), type=Marker)
    return None


class DailyFilesWriter:
    """Puts daily files on disk, for one handle on a ledger directory.

    An older state cannot replace a newer one: whoever writes holds `projections.lock`, and brings
    its own state up to the log while holding it.
    """

    def __init__(self, fs: FileSystem, directory: Path, ledger_id: str) -> None:
        self._fs = fs
        self._directory = directory
        self._ledger_id = ledger_id

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the files; across processes, and across threads by its own open file."""
        path = self._directory / LOCK_NAME
        with storage_errors("lock", path):
            fd = self._fs.open_write(path, create=True)
            self._fs.lock(fd, wait=True)
        try:
            yield
        finally:
            self._fs.close(fd)

    def mark_stale(self, files: DailyFiles) -> None:
        """Reduce `files.dirty`, after a full replay, to the days whose file is not up to date."""
        with storage_errors("read", self._directory):
            marker = read_marker(self._fs, self._directory)
            on_disk = set(files_on_disk(self._fs, self._directory))
        present = set(files.days())
        if marker is not None and marker.ledger == self._ledger_id:
            files.dirty = {day for day in files.dirty if files.touched_after(day, marker.seq)}
        files.dirty |= present - on_disk
        files.dirty |= {day for day in on_disk - present if files.knows(day)}

    def write(self, days: Mapping[str, DayFile | None], seq: int) -> int:
        """Write the files of `days` and record that all files stand for `seq`; under the lock.

        Returns how many files changed on disk.
        """
        changed = 0
        for name, day in days.items():
            path = job_file(self._directory, name)
            with storage_errors("write", path):
                changed += self._put(path, None if day is None else day.encode())
        path = self._directory / MARKER_NAME
        with storage_errors("write", path):
            self._fs.write_file_durably(path, msgspec.json.encode(Marker(self._ledger_id, seq)))
        return changed

    def set_aside(self, day: str) -> None:
        """Rename a file that the log knows nothing of, so that it is no day's file any more."""
        path = job_file(self._directory, day)
        with storage_errors("set aside", path):
            taken = set(self._fs.list_directory(self._directory))
            names = (f"{path.name}.foreign" + (f".{n}" if n else "") for n in range(len(taken) + 1))
            self._fs.rename(path, path.with_name(next(n for n in names if n not in taken)))
            self._fs.sync_directory(self._directory)

    def _put(self, path: Path, content: bytes | None) -> bool:
        try:
            present = self._fs.read_file(path)
        except FileNotFoundError:
            present = None
        if present == content:
            return False
        if content is None:
            self._fs.remove(path)
            self._fs.sync_directory(path.parent)
        else:
            self._fs.write_file_durably(path, content)
        return True
