"""What tests of the log share: ledger directories, an observer that remembers, a disk with faults.

Nothing here checks anything, and the lines made by `seal` come from the standard library alone.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jobledger import JobLedgerError, ManualClock
from jobledger.eventstore.engines.files.engine import FileEngine
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.record import RECORDS, Form, NewRecord, R, Record

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GENESIS = "0" * 32


def new(job: str = "a", version: int = 1, data: bytes = b"{}", type: str = "noted") -> NewRecord:
    """Make a record to append; the log does not care what it means."""
    return NewRecord(type=type, job_id=job, version=version, schema=1, data=data)


class Seen:
    """An observer that remembers the writes it was given."""

    def __init__(self) -> None:
        self.calls: list[list[Record]] = []

    def __call__(self, records: Sequence[Record]) -> None:
        self.calls.append(list(records))

    @property
    def records(self) -> list[Record]:
        return [record for call in self.calls for record in call]

    @property
    def seqs(self) -> list[int]:
        return [record.seq for record in self.records]


def at_once(*actions: Callable[[], object]) -> list[BaseException | None]:
    """Run each action in a thread of its own, starting together; what each of them raised."""
    start = threading.Barrier(len(actions))
    raised: list[BaseException | None] = [None] * len(actions)

    def run(index: int, action: Callable[[], object]) -> None:
        start.wait()
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            raised[index] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


# -- the disk ----------------------------------------------------------------------------------


@dataclass
class _Fault:
    operation: str
    name: str | tuple[str, ...]
    error: BaseException
    after: int
    always: bool
    written: int


ACKNOWLEDGING = ("events_", "JOURNAL")
"""The files with whose sync a change is acknowledged."""


class WatchedFileSystem(FileSystem):
    """The real file system, which notes each call that changes or syncs something, and can fail.

    `calls` holds pairs of an operation and a file's name. After `fail(operation, name, error)`,
    that operation on a file whose name starts with `name` raises `error`, once, or for ever with
    `always`; the first `after` times it still succeeds. A failing write first puts `written` bytes
    in place.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self._names: dict[int, str] = {}
        self._faults: list[_Fault] = []

    def count(self, operation: str, name: str | tuple[str, ...] = "") -> int:
        """Count the calls on files whose name starts with this, or with one of these."""
        return sum(1 for call in self.calls if call[0] == operation and call[1].startswith(name))

    def fail(
        self,
        operation: str,
        name: str | tuple[str, ...],
        error: BaseException,
        *,
        after: int = 0,
        always: bool = False,
        written: int = 0,
    ) -> None:
        self._faults.append(_Fault(operation, name, error, after, always, written))

    def mend(self) -> None:
        """From here on nothing fails any more."""
        self._faults.clear()

    def _happens(
        self, operation: str, name: str, write: Callable[[int], None] | None = None
    ) -> None:
        self.calls.append((operation, name))
        for fault in list(self._faults):
            if fault.operation != operation or not name.startswith(fault.name):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if not fault.always:
                self._faults.remove(fault)
            if write is not None and fault.written:
                write(fault.written)
            raise fault.error

    def open_read(self, path: Path) -> int:
        fd = super().open_read(path)
        self._names[fd] = path.name
        return fd

    def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
        self._happens("open_write", path.name)
        fd = super().open_write(path, create=create, truncate=truncate)
        self._names[fd] = path.name
        return fd

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        def part(count: int) -> None:
            super(WatchedFileSystem, self).write_at(fd, data[:count], offset)

        self._happens("write", self._names[fd], part)
        super().write_at(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        self._happens("truncate", self._names[fd])
        super().truncate(fd, size)

    def sync_data(self, fd: int) -> None:
        self._happens("sync", self._names[fd])
        super().sync_data(fd)

    def sync_directory(self, path: Path) -> None:
        self._happens("sync_directory", path.name)
        super().sync_directory(path)

    def rename(self, source: Path, target: Path) -> None:
        self._happens("rename", target.name)
        super().rename(source, target)

    def lock(self, fd: int, *, wait: bool, shared: bool = False) -> bool:
        self._happens("lock", self._names[fd])
        return super().lock(fd, wait=wait, shared=shared)

    def unlock(self, fd: int) -> None:
        self._happens("unlock", self._names[fd])
        super().unlock(fd)


class UnsyncedFileSystem(FileSystem):
    """A disk that syncs nothing, for tests of very many openings."""

    def sync_data(self, fd: int) -> None:
        pass

    def sync_directory(self, path: Path) -> None:
        pass


# -- ledger directories ------------------------------------------------------------------------


_OF_ENGINE = ("timezone", "read_only", "durability", "allow_network", "patience", "fs")
_OF_BOTH = ("read_only", "durability")


def file_log(
    directory: Path, *, clock: Callable[[], datetime], form: Form[R], **options: Any
) -> EventLog[R]:
    """Open a log of day files; the options are those of `FileEngine` and `EventLog`."""
    of_engine = {name: options[name] for name in _OF_ENGINE if name in options}
    of_log = {name: options[name] for name in options if name not in _OF_ENGINE or name in _OF_BOTH}
    engine = FileEngine(directory, clock=clock, **of_engine)
    return EventLog(engine, clock=clock, form=form, **of_log)


class LogDirectory:
    """A directory with a log, a clock, and the handles opened on it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock(NOON)
        self._handles: list[EventLog[Record]] = []

    def open(self, **options: Any) -> EventLog[Record]:
        """Another handle, which has read nothing yet."""
        store = file_log(self.path, clock=self.clock.now, form=RECORDS, **options)
        self._handles.append(store)
        return store

    def load(self, **options: Any) -> EventLog[Record]:
        """Another handle, which has read the whole log."""
        store = self.open(**options)
        try:
            store.refresh()
        except BaseException:
            store.close()
            raise
        return store

    def write(self, *writes: Sequence[NewRecord]) -> None:
        """Append each of `writes` by itself, and close."""
        store = self.load()
        for records in writes:
            store.append(records)
        store.close()

    def days(self) -> list[Path]:
        return sorted(self.path.glob("events_*.jsonl"))

    @property
    def log(self) -> Path:
        """The newest day file."""
        return self.days()[-1]

    @property
    def head(self) -> Path:
        return self.path / "HEAD"

    @property
    def torn(self) -> list[Path]:
        """What was kept of torn tails."""
        return sorted(self.path.glob("*.torn-*"))

    def files(self) -> dict[str, bytes]:
        """Every file's name and bytes."""
        return contents(self.path)

    def restore(self, files: dict[str, bytes]) -> None:
        """Make the directory hold these files and no others."""
        for path in self.path.iterdir():
            if path.name not in files:
                path.unlink()
        for name, data in files.items():
            (self.path / name).write_bytes(data)

    def crashed(self, name: str = "crashed") -> LogDirectory:
        """Copy the files as they stand: what a machine that died now would wake up with."""
        copy = self.path.with_name(name)
        shutil.copytree(self.path, copy)
        return LogDirectory(copy)

    def close(self) -> None:
        for store in self._handles:
            with suppress(JobLedgerError):
                store.close()


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def lines_of(path: Path) -> list[bytes]:
    """Return a file's lines, with their newlines."""
    return [line + b"\n" for line in path.read_bytes().split(b"\n")[:-1]]


def append_bytes(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def damages(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every truncation and every single-bit flip of `data`, with a name for each."""
    for size in range(len(data)):
        yield f"cut to {size} bytes", data[:size]
    for index in range(len(data)):
        for bit in range(8):
            flipped = bytes([data[index] ^ (1 << bit)])
            yield f"byte {index}, bit {bit}", data[:index] + flipped + data[index + 1 :]


# -- lines, made with the standard library ---------------------------------------------------------


def seal(fields: dict[str, Any]) -> bytes:
    """Write a line with the hash that its bytes call for."""
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))[:-1].encode()
    return body + b',"hash":"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"}\n'


def reseal(line: bytes, **changes: Any) -> bytes:
    """Change some of a line's fields, and give it a hash that fits."""
    fields = json.loads(line)
    del fields["hash"]
    return seal({**fields, **changes})
