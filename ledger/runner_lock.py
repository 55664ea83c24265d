"""The runner lock: one runner a ledger, proved by the kernel.

Whoever holds it knows that no other process runs jobs of this ledger, so every RUNNING job is an
orphan. The lock goes with its process, however that dies; the file stays, with the last pid in it.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..domain import SchedulerRunningError, StorageError
from ..eventstore import Engine, KeepsRunner, Place, RunnerLock, RunnerSeen, SharesRuns
from ..eventstore.engines.files import FileIdentity, FileSystem, located, storage_errors

LOCK_NAME = "runner.lock"
_TRIES = 10
_WAIT_S = 0.01
"""Somebody who asks `find_runner` holds the lock for an instant; a runner holds it for good."""


def find_runner_lock(engine: Engine, place: Place | None) -> RunnerLock:
    """Return the lock of one runner of a ledger, not taken yet: the engine's own, or a file in its
    place.

    Raises:
        StorageError: the engine has neither.
    """
    if isinstance(engine, KeepsRunner):
        return engine.runner_lock()
    if place is None:
        raise StorageError(
            f"the engine of {engine.location} has no lock for a runner: its jobs cannot be run",
            path=engine.location,
            hint="an engine gives one by `runner_lock`, or a directory for files by `place`",
        )
    return FileRunnerLock(place.fs, place.directory)


def runner_pid(engine: Engine, place: Place | None) -> int | None:
    """Return the process that runs a ledger's jobs (0: it does not say); None without one.

    Raises:
        StorageError: the lock's file cannot be read.
    """
    if isinstance(engine, SharesRuns):
        return 0 if running_now(engine) else None
    if isinstance(engine, KeepsRunner):
        return engine.runner_pid()
    return None if place is None else find_runner(place.fs, place.directory)


def runner_since(engine: Engine, place: Place | None) -> datetime | None:
    """Return since when that process runs them; None without one, or where that is not known.

    Raises:
        StorageError: the lock's file cannot be read.
    """
    if isinstance(engine, SharesRuns):
        since = (seen.started_at for seen in running_now(engine) if seen.started_at is not None)
        return min(since, default=None)
    if isinstance(engine, KeepsRunner) or place is None or runner_pid(engine, place) is None:
        return None
    path = located(place.fs, place.directory) / LOCK_NAME
    with storage_errors("read", path):
        # A runner writes its pid once.
        return datetime.fromtimestamp(place.fs.written_s(path), UTC)


def runners_of(engine: Engine, place: Place | None) -> list[RunnerSeen]:
    """Return the runners of a ledger, the newest last; of an engine that shares its runs also those
    that ended lately.

    Raises:
        StorageError: they cannot be read.
    """
    if isinstance(engine, SharesRuns):
        return engine.runners()
    pid = runner_pid(engine, place)
    if pid is None:
        return []
    return [RunnerSeen(f"pid {pid}" if pid else "a process", runner_since(engine, place))]


def running_now(engine: SharesRuns) -> list[RunnerSeen]:
    """Return the runners that nobody has ended.

    Raises:
        StorageError: they cannot be read.
    """
    return [seen for seen in engine.runners() if seen.ended_at is None]


class FileRunnerLock:
    """The lock of one runner, from `acquire` to `release`."""

    def __init__(self, fs: FileSystem, directory: Path) -> None:
        self._path = directory / LOCK_NAME
        self._fs = fs
        self._fd: int | None = None
        self._identity: FileIdentity = 0, 0

    def acquire(self) -> None:
        """Take the lock. Whatever it raises, `release` lets go of what was taken by then.

        Raises:
            SchedulerRunningError: another runner holds it; names its pid.
        """
        fs, path = self._fs, self._path
        with storage_errors("lock", path):
            self._fd = fs.open_write(path, create=True)
            self._identity = fs.identity(self._fd)
            if not _take(fs, self._fd):  # rule: one-runner
                holder = fs.read_at(self._fd, 32, 0)
                self.abandon()
                raise _taken(path, holder)
            fs.truncate(self._fd, 0)
            fs.write_at(self._fd, b"%d\n" % fs.process_id(), 0)

    def check(self) -> None:
        """Check that we are still the one. If somebody has removed or replaced the lock's file it
        protects nothing any more: then the lock is taken again.

        Raises:
            SchedulerRunningError: another runner was faster.
        """
        if self._fd is None:
            raise _taken(self._path, b"")
        try:
            with storage_errors("read", self._path):
                # rule: runner-lock-by-its-name
                self._fs.named_size(self._path, self._identity)
        except StorageError as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise
            self.release()
            try:
                self.acquire()
            except BaseException:
                self.release()
                raise

    def release(self) -> None:
        """Let go of the lock, and then of its file; again where that was interrupted."""
        if self._fd is not None:
            self._fs.unlock(self._fd)
        self.abandon()

    def abandon(self) -> None:
        """Let go of the file alone: in the child of a fork the lock is the parent's, too."""
        fd, self._fd = self._fd, None  # first: a number that is closed may be another file's
        if fd is not None:
            self._fs.close(fd)


def _take(fs: FileSystem, fd: int) -> bool:
    for left in reversed(range(_TRIES)):
        if fs.lock(fd, wait=False):
            return True
        if left:
            fs.pause(_WAIT_S)
    return False


def find_runner(fs: FileSystem, directory: Path) -> int | None:
    """Return the pid of what runs the jobs of `directory` (0: it does not say), or None."""
    path = located(fs, directory) / LOCK_NAME
    with storage_errors("read", path):
        try:
            fd = fs.open_read(path)
        except FileNotFoundError:
            return None
        try:
            if fs.lock(fd, wait=False, shared=True):
                return None
            return _pid(fs.read_at(fd, 32, 0)) or 0
        finally:
            fs.close(fd)


def _pid(content: bytes) -> int | None:
    with suppress(ValueError):
        return int(content)
    return None


def _taken(path: Path, content: bytes) -> SchedulerRunningError:
    pid = _pid(content)
    who = f"process {pid}" if pid is not None else "another process"
    return SchedulerRunningError(
        f"{who} already runs the jobs of {path.parent}",
        pid=pid,
        path=str(path),
        remedy="stop_runner",
    )
