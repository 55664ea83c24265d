"""JsonlEventStore: the log as daily JSONL files, shared by any number of processes.

Writers take turns under `append.lock`; whoever holds it first brings its own position up to the end
of the log, mends what a dead writer left behind, and only then appends. Readers never lock: HEAD
tells them how far the log is acknowledged.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from ..domain.errors import LedgerCorruptError, StorageError, ValidationError
from .filesystem import FileSystem, storage_error, storage_errors
from .head import Head, HeadFile
from .record import NewRecord, Record, encode_record
from .segment import (
    Cursor,
    corrupt,
    create_segment,
    day_file,
    enter_segment,
    list_days,
    read_header,
    scan,
)
from .store import Durability, Identity, Observer, VersionConflictError
from .tail import MAX_WRITE_BYTES, TornTail, cut, lacks_only_newline, why_not_torn

_ENVELOPE_BYTES = 512
"""More than a record has around its data."""
MAX_APPEND_BYTES = MAX_WRITE_BYTES // 2


class _Append:
    """One caller's records, waiting for a write that may carry those of others too."""

    __slots__ = ("done", "error", "records", "result", "size")

    def __init__(self, records: Sequence[NewRecord], size: int) -> None:
        self.records = records
        self.size = size
        self.result: list[Record] = []
        self.error: Exception | None = None
        self.done = False


class JsonlEventStore:
    """One handle on a ledger directory (the promises are those of `EventStore`).

    Opening makes the ledger where there is none. The first `refresh` reads and verifies the whole
    log, delivering it to `observer`, and cuts a torn tail off (`torn` says what went). With
    `read_only` nothing is created, locked or mended, and damage does not raise: what is sound
    before it is delivered and `damage` holds the error.

    Raises:
        StorageError: the directory cannot be made, read or written, or a newer release wrote it.
        LedgerCorruptError: the log does not verify; nothing was changed.
        ValidationError: the ledger was created with another time zone.
    """

    def __init__(
        self,
        directory: Path,
        *,
        clock: Callable[[], datetime],
        observer: Observer = lambda records: None,
        timezone: str | None = None,
        durability: Durability = "fsync",
        read_only: bool = False,
        fs: FileSystem | None = None,
    ) -> None:
        self._directory = directory
        self._fs = fs or FileSystem()
        self._clock = clock
        self._observer = observer
        self._durability = durability
        self._read_only = read_only
        self._cursor = Cursor()
        self._segments: list[tuple[str, int]] = []
        self._versions: dict[str, int] = {}
        self._waiting: list[_Append] = []
        self._waiting_lock = threading.Lock()
        self._mutex = threading.RLock()
        self._fd: int | None = None
        self._lock_fd: int | None = None
        self._poison: StorageError | None = None
        self._durable_seq = 0
        self._loaded = False
        self._closed = False
        self._pid = os.getpid()
        self._head_file = HeadFile(self._fs, directory, read_only=read_only)
        self._identity = Identity("", timezone or "UTC")
        self.torn: TornTail | None = None
        self.damage: LedgerCorruptError | None = None
        try:
            self._open(timezone)
        except BaseException:
            self._release()
            raise

    # -- opening -------------------------------------------------------------------------------

    def _open(self, timezone: str | None) -> None:
        if self._read_only:
            with storage_errors("read", self._directory):
                days = list_days(self._fs, self._directory)
        else:
            with storage_errors("open the ledger directory", self._directory):
                self._fs.make_directory(self._directory)
                lock = self._directory / "append.lock"
                self._lock_fd = self._fs.open_write(lock, create=True)
                with self._locked():
                    days = list_days(self._fs, self._directory)
                    if not days:
                        days = [self._create(self._identity.timezone)]
        if not days:
            raise StorageError(
                f"there is no ledger in {self._directory}",
                path=str(self._directory),
                hint="a ledger is made by opening it for writing",
            )
        try:
            self._identify(days[0], timezone)
        except LedgerCorruptError as error:
            if not self._read_only:
                raise
            self.damage = error

    def _create(self, timezone: str) -> str:
        """Make the first day file; called under the lock, in a directory without any."""
        if self._head_file.read() is not None:
            path = self._head_file.path
            raise corrupt(path, 1, 0, "missing", "HEAD is there, but the log's files are missing")
        if any(name.startswith("jobs_") for name in self._fs.list_directory(self._directory)):
            raise StorageError(
                f"{self._directory} holds jobs_*.json files but no event log",
                path=str(self._directory),
                hint="they may be another scheduler's data, which a new ledger would overwrite:"
                " give the new ledger a directory of its own",
            )
        day = self._clock().date().isoformat()
        create_segment(
            self._fs, self._directory, Cursor(), ledger=str(uuid4()), timezone=timezone, day=day
        )
        return day

    def _identify(self, first_day: str, timezone: str | None) -> None:
        path = day_file(self._directory, first_day)
        with storage_errors("read", path):
            fd = self._fs.open_read(path)
        try:
            header, _ = read_header(self._fs, fd, path)
        finally:
            self._fs.close(fd)
        self._identity = Identity(header.ledger, header.timezone)
        if timezone is not None and timezone != header.timezone:
            raise ValidationError(
                f"timezone is {timezone!r}, but this ledger was created with {header.timezone!r}",
                field="timezone",
                hint="leave it out, or give the one that the ledger has",
            )

    def _load(self) -> None:
        """Read the whole log, mending its end unless this handle only reads."""
        try:
            head = self._read_head()
            if self._read_only:
                self._advance(head)
            else:
                if head is not None:
                    self._advance(head)
                with self._locked():
                    self._catch_up(opening=True)
        except LedgerCorruptError as error:
            if not self._read_only:
                raise
            self.damage = error
        self._loaded = True

    # -- following -----------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def seq(self) -> int:
        return self._cursor.seq

    def version(self, job: str) -> int:
        return self._versions.get(job, 0)

    def changed(self) -> bool:
        if self._closed or self.damage is not None:
            return False
        head = self._read_head()
        return not self._loaded or (head is not None and head.seq > self._cursor.seq)

    def refresh(self) -> None:
        with self._mutex:
            self._check_open()
            if self.damage is not None:
                return
            if not self._loaded:
                self._load()
                return
            head = self._read_head()
            if head is not None and head.seq > self._cursor.seq:
                self._advance(head)

    def _read_head(self) -> Head | None:
        with storage_errors("read", self._head_file.path):
            head = self._head_file.read()
        if head is not None and head.ledger != self._identity.ledger_id:
            raise corrupt(self._head_file.path, 1, 0, "head", "HEAD is of another ledger")
        return head

    def _advance(self, head: Head | None) -> None:
        """Read on from the cursor, to `head`, or to the end of the log without one."""
        while True:
            if self._fd is not None:
                self._read_segment(head)
                if head is not None and head.day <= self._cursor.day:
                    break
            day = self._next_day()
            if day is None:
                break
            self._enter(day)
        if head is not None and head.seq > self._cursor.seq:
            self._refuse_shorter(head)

    def _read_segment(self, head: Head | None) -> None:
        assert self._fd is not None
        cursor, path = self._cursor, day_file(self._directory, self._cursor.day)
        with storage_errors("read", path):
            limit = self._fs.size(self._fd)
        if head is not None and head.day == cursor.day:
            limit = min(limit, head.offset)
        for records in scan(self._fs, self._fd, path, cursor, limit, self._versions):
            self._observer(records)

    def _next_day(self) -> str | None:
        with storage_errors("read", self._directory):
            days = list_days(self._fs, self._directory)
        return next((day for day in days if day > self._cursor.day), None)

    def _enter(self, day: str) -> None:
        """Go on to the next day file: the current one must end in a whole write."""
        if self._fd is not None:
            old = day_file(self._directory, self._cursor.day)
            size = self._fs.size(self._fd)
            if size != self._cursor.offset:
                raise corrupt(
                    old,
                    self._cursor.line + 1,
                    self._cursor.offset,
                    "incomplete",
                    f"the file ends in an incomplete write, but {day} follows it",
                )
        path = day_file(self._directory, day)
        with storage_errors("open", path):
            fd = self._fs.open_read(path) if self._read_only else self._fs.open_write(path)
        try:
            header = enter_segment(self._fs, fd, path, day, self._cursor, self._identity.ledger_id)
        except BaseException:
            self._fs.close(fd)
            raise
        if self._fd is not None:
            self._fs.close(self._fd)
        self._fd = fd
        self._segments.append((day, header.first_seq))

    def _refuse_shorter(self, head: Head) -> None:
        path = day_file(self._directory, self._cursor.day)
        raise corrupt(
            path,
            self._cursor.line + 1,
            self._cursor.offset,
            "truncated",
            f"the log ends at record {self._cursor.seq}, but HEAD says {head.seq}",
        )

    # -- the end of the log, under the lock -----------------------------------------------------

    def _catch_up(self, *, opening: bool = False) -> None:
        """Bring the cursor to the end of the log and make that end sound. Called under the lock."""
        head = self._read_head()
        cursor = self._cursor
        if (
            not opening
            and head is not None
            and self._fd is not None
            and head.seq == cursor.seq
            and head.day == cursor.day
            and head.offset == cursor.offset == self._fs.size(self._fd)
        ):
            self._durable_seq = head.durable_seq
            return
        damage: LedgerCorruptError | None = None
        try:
            self._advance(None)
        except LedgerCorruptError as error:
            if self._fd is None or self._next_day() is not None:
                raise
            damage = error
        self._mend_tail(head, damage)
        if head is not None and head.durable_seq > cursor.seq:
            self._refuse_shorter(head)
        if head is not None and head.seq == cursor.seq and head.hash != cursor.hash and head.offset:
            path = day_file(self._directory, cursor.day)
            raise corrupt(
                path, cursor.line, cursor.offset, "chain", "the last record is not the one in HEAD"
            )
        known = 0 if head is None else head.durable_seq if opening else head.seq
        if head is None or known < cursor.seq:
            self._adopt()
        self._durable_seq = cursor.seq if known < cursor.seq else head.durable_seq if head else 0
        self._write_head()

    def _mend_tail(self, head: Head | None, damage: LedgerCorruptError | None) -> None:
        assert self._fd is not None
        cursor, path = self._cursor, day_file(self._directory, self._cursor.day)
        with storage_errors("read", path):
            size = self._fs.size(self._fd) - cursor.offset
            tail = self._fs.read_at(self._fd, min(size, MAX_WRITE_BYTES + 1), cursor.offset)
        if not tail:
            return
        if damage is None and lacks_only_newline(tail):
            with storage_errors("write", path):
                self._fs.write_at(self._fd, b"\n", cursor.offset + len(tail))
            self._read_segment(None)
            if self._fs.size(self._fd) == cursor.offset:
                return
            tail += b"\n"
        reason = why_not_torn(tail, cursor, head)
        if reason is not None:
            if damage is not None:
                raise damage
            raise corrupt(path, cursor.line + 1, cursor.offset, "incomplete", reason)
        self.torn = cut(self._fs, self._fd, path, tail, cursor.offset)

    def _adopt(self) -> None:
        """Make sure of the last batch, which its writer may not have seen through to the disk.

        It was read back from the page cache, which proves nothing after a failed sync: the same
        bytes are written again, so that the sync that follows has something to do.
        """
        assert self._fd is not None
        cursor, path = self._cursor, day_file(self._directory, self._cursor.day)
        with storage_errors("write", path):
            size = cursor.offset - cursor.write_offset
            data = self._fs.read_at(self._fd, size, cursor.write_offset)
            self._fs.write_at(self._fd, data, cursor.write_offset)
            self._fs.sync_data(self._fd)

    def _write_head(self) -> None:
        cursor = self._cursor
        with storage_errors("write", self._head_file.path):
            self._head_file.write(
                Head(
                    ledger=self._identity.ledger_id,
                    day=cursor.day,
                    offset=cursor.offset,
                    seq=cursor.seq,
                    durable_seq=self._durable_seq,
                    hash=cursor.hash,
                )
            )

    # -- appending -----------------------------------------------------------------------------

    def append(self, records: Sequence[NewRecord]) -> list[Record]:
        size = sum(len(new.data) + _ENVELOPE_BYTES for new in records)
        if size > MAX_APPEND_BYTES:
            raise ValidationError(
                f"{len(records)} records in one write are about {size} bytes, over"
                f" {MAX_APPEND_BYTES}",
                field="jobs",
                hint="add them in several parts",
            )
        mine = _Append(records, size)
        with self._waiting_lock:
            self._waiting.append(mine)
        with self._mutex:
            while not mine.done:
                self._commit(self._take_waiting())
        if mine.error is not None:
            raise mine.error
        return mine.result

    def _take_waiting(self) -> list[_Append]:
        """Those who wait, in order, as many as fit into one write; the rest lead the next."""
        with self._waiting_lock:
            taken, size = 0, 0
            for request in self._waiting:
                size += request.size
                if taken and size > MAX_APPEND_BYTES:
                    break
                taken += 1
            together, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return together

    def _commit(self, together: list[_Append]) -> None:
        """One write and one sync for everybody who waits."""
        try:
            self._check_writable()
            if not self._loaded:
                self._load()
            with self._locked():
                self._catch_up()
                accepted = [request for request in together if self._accept(request)]
                written = self._write([new for request in accepted for new in request.records])
            start = 0
            for request in accepted:
                request.result = written[start : start + len(request.records)]
                start += len(request.records)
            if written:
                self._observer(written)
        except Exception as error:  # noqa: BLE001 - every waiting caller has to hear of it
            self._fail(together, error)
        except BaseException:
            # Ctrl-C in the middle of a write: nobody knows how far it got.
            self._poison = self._unknown(self._directory, "a write was broken off", None)
            self._fail(together, self._poison)
            raise
        finally:
            for request in together:
                request.done = True

    @staticmethod
    def _fail(together: list[_Append], error: Exception) -> None:
        for request in together:
            request.error = request.error or error

    def _accept(self, request: _Append) -> bool:
        """Take a request's versions, or set its error and take none."""
        before: dict[str, int] = {}
        for new in request.records:
            current = self._versions.get(new.job, 0)
            if new.version != current + 1:
                self._versions.update(before)
                request.error = VersionConflictError(
                    f"job {new.job} is at version {current}, not {new.version - 1}",
                    job_id=new.job,
                )
                return False
            before.setdefault(new.job, current)
            self._versions[new.job] = new.version
        return True

    def _write(self, news: list[NewRecord]) -> list[Record]:
        if not news:
            return []
        try:
            now = self._clock()
            day = max(now.date().isoformat(), self._cursor.day)
            if day != self._cursor.day:
                self._roll_over(day)
            assert self._fd is not None
            cursor, path = self._cursor, day_file(self._directory, day)
            batch = self._durable_seq + 1
            lines, records, prev = [], [], cursor.hash
            for index, new in enumerate(news):
                line, record = encode_record(
                    new,
                    seq=cursor.seq + index + 1,
                    batch=batch,
                    more=len(news) - index - 1,
                    at=now,
                    prev=prev,
                )
                prev = record.hash
                lines.append(line)
                records.append(record)
            data = b"".join(lines)
        except BaseException:
            for new in reversed(news):
                self._versions[new.job] = new.version - 1
            raise
        try:
            self._fs.write_at(self._fd, data, cursor.offset)
            if self._durability == "fsync":
                self._fs.sync_data(self._fd)
        except OSError as error:
            for new in reversed(news):
                self._versions[new.job] = new.version - 1
            raise self._poisoned("append to", path, error) from error
        if cursor.batch != batch:
            cursor.batch, cursor.write_offset = batch, cursor.offset
        cursor.offset += len(data)
        cursor.line += len(news)
        cursor.seq, cursor.hash = records[-1].seq, prev
        if self._durability == "fsync":
            self._durable_seq = cursor.seq
        try:
            self._write_head()
        except StorageError as error:
            self._poison = error
            raise
        return records

    def _roll_over(self, day: str) -> None:
        """Begin a new day file: the old one durable first, the new one before its first record."""
        path = day_file(self._directory, day)
        try:
            assert self._fd is not None
            if self._durable_seq < self._cursor.seq:
                self._fs.sync_data(self._fd)
                self._durable_seq = self._cursor.seq
            # A HEAD at offset 0 of a day announces its file: whoever finds it looks for the file
            # before appending anywhere else.
            self._head_file.write(
                Head(
                    ledger=self._identity.ledger_id,
                    day=day,
                    offset=0,
                    seq=self._cursor.seq,
                    durable_seq=self._durable_seq,
                    hash=self._cursor.hash,
                )
            )
            create_segment(
                self._fs,
                self._directory,
                self._cursor,
                ledger=self._identity.ledger_id,
                timezone=self._identity.timezone,
                day=day,
            )
            self._enter(day)
        except OSError as error:
            raise self._poisoned("begin", path, error) from error

    def sync(self) -> None:
        with self._mutex:
            if self._closed or self._read_only or self._poison is not None or not self._loaded:
                return
            assert self._fd is not None
            path = day_file(self._directory, self._cursor.day)
            with self._locked():
                self._catch_up()
                try:
                    if self._durable_seq < self._cursor.seq:
                        self._fs.sync_data(self._fd)
                        self._durable_seq = self._cursor.seq
                        self._write_head()
                    self._head_file.sync()
                except OSError as error:
                    raise self._poisoned("sync", path, error) from error

    def _poisoned(self, doing: str, path: Path, error: OSError) -> StorageError:
        """After a failed write nothing on this handle is trusted any more."""
        cause = storage_error(doing, path, error)
        self._poison = self._unknown(path, cause.message, cause.hint)
        return self._poison

    @staticmethod
    def _unknown(path: Path, what: str, hint: str | None) -> StorageError:
        return StorageError(
            f"{what}; whether the change is in the log is unknown until it is reopened",
            path=str(path),
            hint=hint or "close this ledger and open it again",
        )

    # -- reading -------------------------------------------------------------------------------

    def read(self, after: int = 0) -> Iterator[Record]:
        last = self._cursor.seq
        segments = list(self._segments)
        start = max(
            (index for index, (_, first) in enumerate(segments) if first <= after + 1), default=0
        )
        return self._read(segments[start:], after, last)

    def _read(self, segments: list[tuple[str, int]], after: int, last: int) -> Iterator[Record]:
        for day, first in segments:
            if first > last:
                return
            path = day_file(self._directory, day)
            with storage_errors("open", path):
                fd = self._fs.open_read(path)
            try:
                cursor = Cursor()
                header, length = read_header(self._fs, fd, path)
                cursor.day, cursor.offset, cursor.line = day, length, 1
                cursor.seq, cursor.hash = header.first_seq - 1, header.hash
                for records in scan(self._fs, fd, path, cursor, self._fs.size(fd)):
                    for record in records:
                        if record.seq > last:
                            return
                        if record.seq > after:
                            yield record
            finally:
                self._fs.close(fd)

    # -- holding and letting go ----------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        assert self._lock_fd is not None
        path = self._directory / "append.lock"
        with storage_errors("lock", path):
            self._fs.lock(self._lock_fd, wait=True)
        try:
            yield
        finally:
            self._fs.unlock(self._lock_fd)

    def _check_open(self) -> None:
        if self._closed:
            raise StorageError(f"the ledger {self._directory} is closed", path=str(self._directory))

    def _check_writable(self) -> None:
        self._check_open()
        if self._read_only:
            raise StorageError(
                f"the ledger {self._directory} is open read-only", path=str(self._directory)
            )
        if self._poison is not None:
            raise self._poison
        if os.getpid() != self._pid:
            raise StorageError(
                f"the ledger {self._directory} was opened before this process was forked",
                path=str(self._directory),
                hint="open it again in the child",
            )

    def close(self) -> None:
        with self._mutex:
            if self._closed:
                return
            try:
                self.sync()
            finally:
                self._closed = True
                self._release()

    def abandon(self) -> None:
        """Let go of the files without a word to the disk: for the child of a fork, which shares
        every lock with its parent and must not use any."""
        self._closed = True
        self._release()

    def _release(self) -> None:
        self._head_file.close()
        for fd in (self._fd, self._lock_fd):
            if fd is not None:
                with suppress(OSError):
                    self._fs.close(fd)
        self._fd = self._lock_fd = None
