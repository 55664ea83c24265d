"""The runner lock: one runner a ledger, proved by the kernel.

Whoever holds it knows that no other process runs jobs of this ledger, so every RUNNING job is an
orphan. The lock goes with its process, however that dies; the file stays, with the last pid in it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..domain.errors import SchedulerRunningError
from ..eventstore.filesystem import FileSystem, storage_errors

LOCK_NAME = "runner.lock"


class RunnerLock:
    """Held from the moment it is made until `release`.

    Raises:
        SchedulerRunningError: another runner holds it; names its pid.
    """

    def __init__(self, fs: FileSystem, directory: Path) -> None:
        path = directory / LOCK_NAME
        self._fs = fs
        self._fd: int | None
        with storage_errors("lock", path):
            self._fd = fs.open_write(path, create=True)
            try:
                if not fs.lock(self._fd, wait=False):
                    raise _taken(path, fs.read_at(self._fd, 32, 0))
                fs.truncate(self._fd, 0)
                fs.write_at(self._fd, b"%d\n" % os.getpid(), 0)
            except BaseException:
                fs.close(self._fd)
                self._fd = None
                raise

    def release(self) -> None:
        if self._fd is not None:
            self._fs.close(self._fd)
            self._fd = None


def _taken(path: Path, content: bytes) -> SchedulerRunningError:
    pid: int | None = None
    with suppress(ValueError):
        pid = int(content)
    who = f"process {pid}" if pid is not None else "another process"
    return SchedulerRunningError(
        f"{who} already runs the jobs of {path.parent}",
        pid=pid,
        path=str(path),
        hint="stop it first, or use a Ledger, of which there may be many",
    )
