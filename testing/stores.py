"""What a simulated ledger lies in: it outlives the processes that work with it, and their handles.

Every store can be opened and read as anybody could; what only some can have happen to them is a
protocol of its own.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Protocol, Self, runtime_checkable
from uuid import UUID

from ..eventstore import Engine
from ..eventstore.engines import EngineOptions, MemoryLedger, register
from ..integrity import VerifyReport, verify_directory, verify_engine
from ..ledger import Ledger
from .disk import SimulatedDisk
from .faults import Fault, Faulty, FaultyFileSystem
from .faulty_engine import FaultyEngine

LEDGER = Path("/ledgers/jobs")
"""Where the ledger is on a simulated disk."""


class Store(Protocol):
    """A place of one ledger. `runner_pid` is by which number a runner on it is told of; `FAULTS`
    are what may go wrong there with one operation of a process, by name."""

    FAULTS: ClassVar[Mapping[str, Fault]]
    runner_pid: int

    def open(self, kind: type[Ledger], settings: dict[str, Any]) -> tuple[Ledger, Faulty]:
        """Open a handle, as a new process does; and what the process's operations may fail in."""

    def days(self) -> list[str]:
        """Return the names of the days that the log has, in order."""

    def read(self, day: str, offset: int) -> bytes:
        """Return the lines of a day from an offset on, as they are."""

    def verify(self) -> VerifyReport:
        """Verify the whole log, and what is derived from it."""


@runtime_checkable
class LosesPower(Protocol):
    """A store that keeps only what was synced when the power goes."""

    def crash(self, chance: Random) -> Self:
        """Return what is left of it then."""


@runtime_checkable
class HasTornTails(Protocol):
    """A store in which a process that dies in a write may leave a part of it."""

    def tear_tail(self, garbage: bytes) -> None:
        """Put something behind the last record."""


class DiskStore:
    """A directory on a disk."""

    FAULTS: ClassVar[Mapping[str, Fault]] = {
        "killed": Fault(0, None),
        "killed in a write": Fault(0, None, part=0.6, only=["write"]),
        "EIO once": Fault(0, errno.EIO),
        "sync fails": Fault(0, errno.EIO, only=["sync"]),
        "full disk": Fault(0, errno.ENOSPC, always=True),
        "short write": Fault(0, errno.ENOSPC, part=0.6, only=["write"]),
    }

    def __init__(self, disk: SimulatedDisk | None = None) -> None:
        self._disk = SimulatedDisk() if disk is None else disk
        self.runner_pid = self._disk.process

    def open(self, kind: type[Ledger], settings: dict[str, Any]) -> tuple[Ledger, Faulty]:
        """Open a handle with a view of the disk of its own."""
        fs = FaultyFileSystem(self._disk)
        return kind(LEDGER, fs=fs, **settings), fs

    def days(self) -> list[str]:
        """Return the names of the day files."""
        if not self._disk.is_directory(LEDGER):
            return []
        names = self._disk.list_directory(LEDGER)
        return [name for name in names if name.startswith("events_") and name.endswith(".jsonl")]

    def read(self, day: str, offset: int) -> bytes:
        """Return what is in a day's file behind an offset."""
        fd = self._disk.open_read(LEDGER / day)
        try:
            return self._disk.read_at(fd, self._disk.size(fd) - offset, offset)
        finally:
            self._disk.close(fd)

    def verify(self) -> VerifyReport:
        """Verify the log and the derived files."""
        return verify_directory(LEDGER, fs=self._disk)

    def crash(self, chance: Random) -> DiskStore:
        """Return a disk that the machine could wake up with."""
        return DiskStore(self._disk.crash(chance))

    def tear_tail(self, garbage: bytes) -> None:
        """Put something behind the last line of the newest day file."""
        fd = self._disk.open_write(LEDGER / self.days()[-1])
        self._disk.write_at(fd, garbage, self._disk.size(fd))
        self._disk.close(fd)


class MemoryStore:
    """The memory of an engine that has no files: it loses nothing, but answers of it get lost."""

    FAULTS: ClassVar[Mapping[str, Fault]] = {
        "killed": Fault(0, None),
        "killed before an append": Fault(0, None, only=["append"]),
        "killed after an append": Fault(0, None, part=1.0, only=["append"]),
        "request lost": Fault(0, errno.ECONNRESET, only=["append"]),
        "answer lost": Fault(0, errno.ECONNRESET, part=1.0, only=["append"]),
        "out of reach": Fault(0, errno.EHOSTUNREACH, only=["tail", "append"], always=True),
    }
    _SCHEME = "simulated"

    def __init__(self) -> None:
        self._ledger: MemoryLedger | None = None
        self._machine = SimulatedDisk()
        """Of it nothing is asked but the number of a process, which is the same in every run."""
        self.runner_pid = os.getpid()

    def open(self, kind: type[Ledger], settings: dict[str, Any]) -> tuple[Ledger, Faulty]:
        """Open a handle with an engine of its own."""
        opened: list[FaultyEngine] = []

        def open_engine(location: str, options: EngineOptions) -> Engine:
            if self._ledger is None:
                zone, ledger_id = options.timezone or "UTC", str(UUID(int=1))
                self._ledger = MemoryLedger("simulated", timezone=zone, ledger_id=ledger_id)
            opened.append(FaultyEngine(self._ledger))
            return opened[0]

        register(self._SCHEME, open_engine)
        return kind(f"{self._SCHEME}:", fs=self._machine, **settings), opened[0]

    def days(self) -> list[str]:
        """Return the days of the writes."""
        writes = [] if self._ledger is None else self._ledger.writes
        return list(dict.fromkeys(write.day for write in writes))

    def read(self, day: str, offset: int) -> bytes:
        """Return the lines of a day's writes."""
        writes = [] if self._ledger is None else self._ledger.writes
        return b"".join([write.lines for write in writes if write.day == day])[offset:]

    def verify(self) -> VerifyReport:
        """Verify the log, written out as files."""
        assert self._ledger is not None
        return verify_engine(FaultyEngine(self._ledger))


STORES: dict[str, type[DiskStore] | type[MemoryStore]] = {
    "files": DiskStore,
    "memory": MemoryStore,
}
"""The store of each engine that is simulated."""
