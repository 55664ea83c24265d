"""JsonlEventStore: the log as daily JSONL files, shared by any number of processes.

Writers take turns under `append.lock`; whoever holds it first brings its own position up to the end
of the log, mends what a dead writer left behind, and only then appends. Readers never lock: HEAD
tells them how far the log is acknowledged.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ..domain.errors import JobLedgerError, LedgerBusyError, LedgerCorruptError, StorageError
from .clock_jump import Elapsed, JumpGuard
from .commit_queue import Append, CommitQueue, accept, broken_off, change_within_change
from .engines.files.filesystem import FileSystem, located, storage_error, storage_errors
from .engines.files.head import Head, HeadFile, encode_head
from .engines.files.ledger_directory import LOCK_NAME, create_ledger, find_days, identify, open_lock
from .engines.files.lock import AppendLock, Patience
from .engines.files.segment import Cursor, corrupt, create_segment, day_file
from .engines.files.tail import TornTail, recover_tail
from .log import Log, LogReplacedError
from .position import DayRead, Position
from .record import RECORDS, Form, NewRecord, encode_write
from .store import Durability, Identity, Observer


@contextmanager
def _without_gc() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class FirstReading:
    """How an owner of a store brings itself up to the log from nothing: at the first call, and
    again where an interruption left the store in the middle of something.

    Nothing else of the store may be used meanwhile but what it tells.
    """

    def __init__(self, store: JsonlEventStore) -> None:
        self._store = store

    @property
    def position(self) -> Position:
        """Where the store stands: at the beginning, before `read` was called."""
        return self._store._log.position()

    @property
    def damage(self) -> LedgerCorruptError | None:
        """What a handle that only reads has met."""
        return self._store.damage

    def go_on_from(self, position: Position) -> None:
        """Take the log up to `position` as read: `read` delivers what comes after it.

        Raises:
            PositionError: the log does not have what was before it; `read` starts at the beginning,
                as if this had not been asked.
            StorageError: a file cannot be read.
        """
        self._store._log.go_on_from(position)

    def start_over(self) -> None:
        """Stand at the beginning again."""
        self._store._begin_log()

    def read(self) -> None:
        """Deliver the log to the observer, mending its end unless this handle only reads.

        Raises:
            LedgerCorruptError: the log does not verify.
        """
        self._store._read_all()


class JsonlEventStore:
    """One handle on a ledger directory (the promises are those of `EventStore`).

    Opening makes the ledger where there is none. The first `refresh` reads and verifies the whole
    log, delivering it to `observer`, and cuts a torn tail off (`torn` says what went). With
    `read_only` nothing is created, locked or mended, and damage does not raise: what is sound
    before it is delivered and `damage` holds the error. `allow_network` opens a directory on a
    network file system. With `elapsed`, a second clock, a jump ahead is noticed (`clock_jump`).
    `form` is what records are handed out as, `patience` how long locks are waited for. `others` is
    called before the observer gets what this handle read: that is what others have appended, and,
    at first, all there is.

    An interruption (Ctrl-C, a signal's handler that raises, no memory) may come anywhere. Where it
    leaves this handle in the middle of something, the next call has it forget everything, and
    `renew` brings the owner up to the log from nothing; by default that only reads the log. A
    handler that is called within a call of this handle sees what is known so far, and is refused
    changes.

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
        others: Callable[[], None] = lambda: None,
        timezone: str | None = None,
        durability: Durability = "fsync",
        read_only: bool = False,
        allow_network: bool = False,
        elapsed: Elapsed | None = None,
        form: Form = RECORDS,
        renew: Callable[[FirstReading], None] = FirstReading.read,
        patience: Patience | None = None,
        fs: FileSystem | None = None,
    ) -> None:
        self._fs = fs or FileSystem()
        self._directory = directory = located(self._fs, directory)
        self._clock = clock
        self._jump = JumpGuard(clock(), elapsed)
        self._observer = observer
        self._others = others
        self._form = form
        self._durability = durability
        self._read_only = read_only
        self._renew = renew
        self._patience = patience or Patience()
        self._queue = CommitQueue()
        self._mutex = threading.RLock()
        self._append_lock: AppendLock | None = None
        self._poison: StorageError | None = None
        self._was_broken_off = False
        """Whether the handle is poisoned by an interruption alone: the disk is not to blame."""
        self._refused: Exception | None = None
        self._telling = 0
        """The thread that is telling the observer something just now; 0: none is."""
        self._durable_seq = 0
        self._is_whole = False
        """Whether the log's cursor, the versions and the observer have all seen the same records.
        Not before the first reading, nor within a step that moves them; where that is broken off it
        stays so, and everything is read anew."""
        self._closed = False
        self._left_by_fork = False
        self._pid = os.getpid()
        self._head_file = HeadFile(self._fs, directory, read_only=read_only)
        self.torn: TornTail | None = None
        self.damage: LedgerCorruptError | None = None
        try:
            if not read_only:
                fd = open_lock(self._fs, directory, allow_network=allow_network)
                lock = AppendLock(self._fs, directory / LOCK_NAME, fd, self._patience)
                self._append_lock = lock
            self._identity = self._open(timezone)
        except BaseException:
            self._head_file.close()
            self._close_lock()
            raise
        self._log = self._new_log()

    # -- opening -------------------------------------------------------------------------------

    def _open(self, timezone: str | None) -> Identity:
        """Find out which ledger this is; make one where there is none and we may write."""
        days = find_days(self._fs, self._directory)
        if not days and not self._read_only:
            with self._locked():
                days = create_ledger(
                    self._fs, self._directory, self._head_file, timezone or "UTC", self._clock()
                )
        try:
            return identify(self._fs, self._directory, days, timezone)
        except LedgerCorruptError as error:
            if not self._read_only:
                raise
            self.damage = error
            return Identity("", timezone or "UTC")

    def _new_log(self) -> Log:
        return Log(
            self._fs,
            self._directory,
            self._identity.ledger_id,
            self._take_in,
            read_only=self._read_only,
            form=self._form,
        )

    def _begin_log(self) -> None:
        """Have read nothing."""
        left, self._log, self.damage = self._log, self._new_log(), None
        left.close()

    def _read_anew(self) -> None:
        """Forget everything, and bring the owner up to the log from nothing."""
        if not self._identity.ledger_id:
            self._is_whole = True  # nothing is sound: `damage` says so
            return
        self._begin_log()
        self._telling = 0
        with _without_gc():  # millions of new objects, none of them garbage
            self._renew(FirstReading(self))
        self._is_whole = True

    def _read_all(self) -> None:
        """Deliver the log from where the cursor stands, mending its end where we may write."""
        if self._read_only or self._poison is not None:
            try:
                self._follow(self._read_head())
            except LedgerCorruptError as error:
                self._check_delivered()
                if not self._read_only:
                    raise
                self.damage = error
        else:
            head = self._read_head()
            if head is not None:
                self._log.advance(head)  # what does not verify is judged under the lock
            with self._locked():
                self._catch_up(opening=True)

    # -- following -----------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        return self._identity

    @property
    def seq(self) -> int:
        return self._log.cursor.seq

    @property
    def place(self) -> DayRead:
        """Where this handle stands: the end of what it knows, within the day's file."""
        return self._log.day_read()

    def version(self, job: str) -> int:
        return self._log.versions.get(job, 0)

    def jobs(self) -> Collection[str]:
        return self._log.versions.keys()

    def changed(self) -> bool:
        if self._closed or self.damage is not None:
            return False
        head = self._read_head()
        return not self._is_whole if head is None else head.seq > self._log.cursor.seq

    def acknowledged_seq(self) -> int:
        """The number of the last acknowledged record, read or not; 0 where HEAD does not say."""
        head = self._read_head()
        return 0 if head is None else head.seq

    def refresh(self) -> None:
        if self.is_inside():
            return  # a handler, or an observer, within a call: what is known has to do
        with self._mutex:
            self._check_open()
            try:
                if self._was_broken_off:
                    self._reopen()
                if not self._is_whole:
                    self._read_anew()
                elif self.damage is None:
                    head = self._read_head()
                    if head is not None and head.seq > self._log.cursor.seq:
                        self._read_on(head)
            except BaseException:
                self._let_go()
                raise

    def _read_on(self, head: Head) -> None:
        self._is_whole = False  # rule: half-read-is-read-anew
        try:
            self._follow(head)
        except LedgerCorruptError as error:
            self._check_delivered()
            if not self._read_only:
                self._is_whole = True  # up to the damage, which stays where it is
                raise
            self.damage = error
        self._is_whole = True

    def is_inside(self) -> bool:
        """Whether the calling thread is in the midst of a call of this handle: in a signal's
        handler that interrupted one, or in an observer."""
        # The lock's own word for it, which `threading.Condition` relies on as well.
        return self._mutex._is_owned() or self._queue.is_here()  # type: ignore[attr-defined]

    @property
    def is_sound(self) -> bool:
        """Whether what the observer was told is what the log says: nothing derived may be written
        from a handle that is refused, poisoned, damaged or in the middle of something."""
        return (
            self._is_whole
            and self._poison is None
            and self._refused is None
            and self.damage is None
            and not self._closed
        )

    @contextmanager
    def still(self, *, replacing: bool = False) -> Iterator[Callable[[], Position]]:
        """Tell where this handle stands, whoever asks for it; nothing is delivered to the observer
        within the `with`. With `replacing` the owner puts what it knows in place anew: broken off
        in that, it reads the log again.

        Raises:
            StorageError: it stands nowhere, since it was interrupted and has not read anew yet.
        """
        with self._mutex:
            self._check_open()
            if not self._is_whole:
                raise broken_off()
            self._is_whole = not replacing
            yield self._log.position
            self._is_whole = True

    def _follow(self, head: Head | None) -> None:
        """Read up to `head` (without one, to the end), as a reader: nothing there may be torn."""
        damage = self._log.advance(head)
        if damage is not None:
            raise damage
        self._log.check_head(head)

    def _take_in(self, records: Sequence[Any]) -> None:
        """Deliver what was read: this handle delivers what it appends without reading it."""
        self._others()
        self._deliver(records)

    def _deliver(self, records: Sequence[Any]) -> None:
        """Hand records to the observer; one that refuses them makes this handle useless. What is
        no refusal (no memory, say) leaves it in the middle of something."""
        self._telling = threading.get_ident()
        try:
            self._observer(records)
        except JobLedgerError as error:
            self._refused = error
            raise
        finally:
            self._telling = 0

    def _check_delivered(self) -> None:
        if self._refused is not None:
            raise self._refused

    def _read_head(self) -> Head | None:
        try:
            head = self._head_file.read()
        except OSError as error:
            raise storage_error("read", self._head_file.path, error) from error
        # rule: head-of-this-ledger
        if head is not None and head.ledger != self._identity.ledger_id:
            raise corrupt(self._head_file.path, 1, 0, "head", "HEAD is of another ledger")
        return head

    # -- the end of the log, under the lock ----------------------------------------------------

    def _catch_up(self, *, opening: bool = False) -> None:
        """Bring the cursor to the end of the log and make that end sound. Called under the lock."""
        head, log = self._read_head(), self._log
        cursor = log.cursor
        if (
            not opening
            and head is not None
            and head.seq == cursor.seq
            and head.day == cursor.day
            and head.offset == cursor.offset == log.size()
        ):
            self._durable_seq = head.durable_seq
            return
        was_whole, self._is_whole = self._is_whole, False
        damage = log.advance(None)
        self.torn = recover_tail(self._fs, log, head, damage) or self.torn
        self._is_whole = was_whole
        self._log.check_head(head)
        if head is None or head.day != cursor.day or head.offset == 0:
            # Whoever made this day's file may have died before its name was on disk.
            with storage_errors("sync", self._directory):
                self._fs.sync_directory(self._directory)
        known = 0 if head is None else head.durable_seq if opening else head.seq
        if known < cursor.seq:
            self._adopt()  # rule: adopt-before-it-counts
            self._durable_seq = cursor.seq
        else:
            self._durable_seq = 0 if head is None else min(head.durable_seq, cursor.seq)
        self._write_head(cursor)
        if head is not None and head.seq > cursor.seq:
            # Others will have those numbers: a HEAD that still names the lost ones must not return.
            with storage_errors("sync", self._head_file.path):
                self._head_file.sync()

    def _adopt(self) -> None:
        """Make sure of the last batch, which its writer may not have seen through to the disk.

        It was read back from the page cache, which proves nothing after a failed sync: the same
        bytes are written again, so that the sync that follows has something to do.
        """
        log, cursor = self._log, self._log.cursor
        with storage_errors("write", log.path):
            size = cursor.offset - cursor.write_offset
            data = self._fs.read_at(log.fd, size, cursor.write_offset)
            self._fs.write_at(log.fd, data, cursor.write_offset)  # rule: write-what-is-adopted
            self._fs.sync_data(log.fd)

    def _write_head(self, cursor: Cursor) -> None:
        self._put_head(self._head_at(cursor, self._durable_seq))

    def _head_at(self, cursor: Cursor, durable_seq: int) -> Head:
        return Head(
            self._identity.ledger_id,
            cursor.day,
            cursor.offset,
            cursor.seq,
            durable_seq,
            cursor.hash,
        )

    def _put_head(self, head: Head, encoded: bytes | None = None) -> None:
        try:
            self._head_file.write(head, encoded)
        except OSError as error:
            raise storage_error("write", self._head_file.path, error) from error

    # -- appending -----------------------------------------------------------------------------

    def append(self, records: Sequence[NewRecord], *, expected_seq: int | None = None) -> list[Any]:
        mine = Append(records, expected_seq)
        self._check_writable()  # now: whom one would wait for may not be there at all
        self._queue.write(mine, self._lead)
        if mine.error is not None:
            raise mine.error
        if not self._is_whole:
            # It is durable, so it is acknowledged; that the state lacks it is mended now or later.
            with suppress(Exception):
                self.refresh()
        return mine.result

    def _lead(self) -> None:
        with self._mutex:
            try:
                self._commit(self._queue.take())
            except BaseException:
                self._let_go()
                raise

    def _commit(self, together: list[Append]) -> None:
        """One write and one sync for everybody who waits."""
        try:
            self._mend()
            with self._locked():
                self._catch_up()  # rule: catch-up-before-appending
                accepted, versions = accept(together, self._log.cursor.seq, self._log.versions)
                written = self._write([new for request in accepted for new in request.records])
            start = 0
            for request in accepted:
                request.result = written[start : start + len(request.records)]
                request.is_written = True
                start += len(request.records)
            self._log.versions.update(versions)
            if written:
                self._tell(written)
        except LogReplacedError as error:
            self._is_whole = False
            self._fail(together, error)
        except Exception as error:  # noqa: BLE001 - every waiting caller has to hear of it
            self._let_go()
            self._fail(together, error)
        except BaseException:
            # Ctrl-C in the middle of a write: nobody knows how far it got.
            self._poison, self._was_broken_off = broken_off(), True
            raise  # whoever waits hears of it by `CommitQueue`
        for request in together:
            request.finish()

    def _mend(self) -> None:
        """Be a handle that can write: go on after an interruption, which is no fault of the disk's.

        Raises:
            StorageError: the handle is closed, refused or poisoned.
        """
        if self._was_broken_off and not self._closed:
            self._reopen()
        self._check_usable()
        if not self._is_whole:
            self._read_anew()

    def _tell(self, written: list[Any]) -> None:
        """Deliver what is in the log. It is acknowledged whatever comes of that: an observer that
        has no memory just now, or no thread, has it read the log anew."""
        try:
            self._deliver(written)
        except JobLedgerError:
            raise
        except Exception:  # noqa: BLE001 - it is not whole, and so it is read anew
            return
        self._is_whole = True

    @staticmethod
    def _fail(together: list[Append], error: Exception) -> None:
        for request in together:
            if not request.is_written:
                request.error = request.error or error

    def _write(self, news: list[NewRecord]) -> list[Any]:
        """Append, sync as the durability says, and move HEAD; only then the cursor moves."""
        if not news:
            return []
        now = self._clock()
        day = max(now.date().isoformat(), self._log.cursor.day)  # rule: day-never-goes-back
        if day != self._log.cursor.day:
            self._jump.check(now, self._log.cursor.day)  # rule: no-file-after-a-jump
            self._is_whole = False  # in between the cursor is in neither file
            self._roll_over(day)
            self._is_whole = True
        log, after = self._log, self._log.cursor.copy()
        batch = self._durable_seq + 1  # rule: record-names-its-batch
        if after.batch != batch:
            after.batch, after.write_offset = batch, after.offset
        data, records = encode_write(
            news, seq=after.seq + 1, batch=batch, at=now, prev=after.hash, form=self._form
        )
        after.seq, after.hash = records[-1].seq, records[-1].hash
        after.offset += len(data)
        after.line += len(records)
        is_synced = self._durability == "fsync"
        head = self._head_at(after, after.seq if is_synced else self._durable_seq)
        encoded = encode_head(head)  # now: after a sync all that it needs has left the caches
        try:
            self._fs.write_at(log.fd, data, log.cursor.offset)
            if is_synced:
                self._fs.sync_data(log.fd)  # rule: sync-before-acknowledging
                self._durable_seq = after.seq
            self._put_head(head, encoded)  # rule: head-moves-last
        except StorageError as error:
            self._poison = self._unknown(self._head_file.path, error.message, error.hint)
            raise self._poison from error
        except OSError as error:
            raise self._poisoned("append to", log.path, error) from error
        self._is_whole = False  # rule: half-told-is-read-anew
        log.cursor = after
        return records

    def _roll_over(self, day: str) -> None:
        """Begin a new day file: the old one durable first, the new one before its first record."""
        path, log = day_file(self._directory, day), self._log
        try:
            if self._durable_seq < log.cursor.seq:  # rule: old-day-is-durable-first
                self._fs.sync_data(log.fd)
                self._durable_seq = log.cursor.seq
            # A HEAD at offset 0 of a day announces its file: whoever finds it looks for the file
            # before appending anywhere else.
            announced = log.cursor.copy()
            announced.day, announced.offset = day, 0
            self._write_head(announced)
            create_segment(
                self._fs,
                self._directory,
                log.cursor,
                ledger=self._identity.ledger_id,
                timezone=self._identity.timezone,
                day=day,
            )
        except OSError as error:
            raise self._poisoned("begin", path, error) from error
        log.enter(day)

    def sync(self) -> None:
        if self.is_inside():
            return  # within a call: the next one does it
        with self._mutex:
            try:
                self._sync()
            except BaseException:
                self._let_go()
                raise

    def _sync(self) -> None:
        log = self._log
        idle = self._closed or self._read_only or not self._is_whole
        if idle or self._refused is not None or self._is_forked():
            return
        if self._poison is not None:
            if self._durable_seq < log.cursor.seq and self._durability != "fsync":
                raise self._poison  # what was acknowledged is not on disk
            return
        try:
            with self._locked():
                self._catch_up()
                if self._durable_seq < log.cursor.seq:
                    self._sync_data()
                    self._write_head(log.cursor)
                self._head_file.sync()
        except LedgerBusyError:
            # What was acknowledged here can be made certain all the same; HEAD is for another time.
            if self._durable_seq < log.cursor.seq:
                self._sync_data()
        except LogReplacedError:
            self._is_whole = False
            raise
        except OSError as error:
            raise self._poisoned("sync", log.path, error) from error

    def _sync_data(self) -> None:
        log = self._log
        try:
            self._fs.sync_data(log.fd)
        except OSError as error:
            raise self._poisoned("sync", log.path, error) from error
        self._durable_seq = log.cursor.seq

    @property
    def is_poisoned(self) -> bool:
        """Whether a write has failed, so that this handle accepts none until `reopen`."""
        return self._poison is not None

    def check_not_poisoned(self) -> None:
        """
        Raises:
            StorageError: a write has failed, and the log has not been reopened since.
        """
        if self._poison is not None:
            raise StorageError(
                "a write has failed; whether it is in the log is unknown until it is reopened",
                path=str(self._directory),
            )

    def reopen(self) -> None:
        """What closing and opening again does after a failed write, on this very handle.

        Everything behind the last acknowledged record is judged as after a crash: kept and made
        durable where it is whole, else cut off.

        Raises:
            StorageError: the disk still refuses; nothing has changed.
        """
        with self._mutex:
            self._check_open()
            try:
                self._reopen()
            except BaseException:
                self._let_go()
                raise

    def _reopen(self) -> None:
        if self._poison is None:
            return
        try:
            if self._is_whole:
                self._log.reopen()
        except LogReplacedError:
            self._is_whole = False
        self._head_file.close()
        if not self._is_whole:
            self._read_anew()
        with self._locked():
            self._catch_up(opening=True)
        self._poison, self._was_broken_off = None, False

    def _poisoned(self, doing: str, path: Path, error: OSError) -> StorageError:
        """After a failed write nothing on this handle is trusted any more."""
        cause = storage_error(doing, path, error)
        poison = self._unknown(path, cause.message, cause.hint)
        self._poison = poison  # rule: failed-write-poisons
        return poison

    @staticmethod
    def _unknown(path: Path, what: str, hint: str | None) -> StorageError:
        return StorageError(
            f"{what}; whether the change is in the log is unknown until it is reopened",
            path=str(path),
            hint=hint or "close this ledger and open it again",
        )

    # -- reading, holding and letting go -------------------------------------------------------

    def read(self, after: int = 0) -> Iterator[Any]:
        return self._log.read(after)

    def _locked(self) -> AppendLock:
        assert self._append_lock is not None
        return self._append_lock

    def _let_go(self) -> None:
        """Release the lock where an interruption kept it from being released."""
        if self._append_lock is not None:
            self._append_lock.let_go()

    def _is_forked(self) -> bool:
        """Whether this is the child of a fork, which shares every lock with its parent."""
        return os.getpid() != self._pid

    def check_not_forked(self) -> None:
        """
        Raises:
            StorageError: this is the child of a fork, and the handle is its parent's.
        """
        if self._left_by_fork:
            raise self._forked()

    def _check_open(self) -> None:
        self.check_not_forked()
        if self._closed:
            raise StorageError(
                f"the ledger {self._directory} is closed",
                path=str(self._directory),
                hint="open it again",
            )
        self._check_delivered()

    def _forked(self) -> StorageError:
        return StorageError(
            f"the ledger {self._directory} was opened before this process was forked: a handle is"
            " of the process that opened it",
            path=str(self._directory),
            hint="open it again in the child: in a worker's start, after the fork",
        )

    def _check_usable(self) -> None:
        if self._closed or self._refused is not None:
            self._check_open()
        if self._poison is not None and not self._was_broken_off:
            raise self._poison

    def _check_writable(self) -> None:
        self._check_usable()
        if self._read_only:
            raise StorageError(
                f"the ledger {self._directory} is open read-only", path=str(self._directory)
            )
        if self._telling == threading.get_ident() or self.is_inside():
            raise change_within_change()
        if self._is_forked():  # rule: no-lock-in-a-fork
            raise self._forked()

    def close(self) -> None:
        with self._mutex:
            if self._closed:
                self._let_go_of_files()  # where an interruption kept them from being closed
                return
            try:
                self._sync()  # after a failed write: raises if what was acknowledged is not on disk
            finally:
                self.abandon()

    def is_in_use(self) -> bool:
        """Whether another thread is in the midst of a call of this handle."""
        if not self._mutex.acquire(blocking=False):
            return True
        self._mutex.release()
        return False

    def abandon(self) -> None:
        """Let go of the files without a word to the disk: for the child of a fork, which shares
        every lock with its parent and must not use any."""
        if self._is_forked() and not self._closed:
            self._left_by_fork = True
            self._mutex = threading.RLock()  # a thread that is not here may hold the other for ever
        self._closed = True
        self._let_go_of_files()

    def _let_go_of_files(self) -> None:
        self._head_file.close()
        self._log.close()
        self._close_lock()

    def _close_lock(self) -> None:
        if self._append_lock is not None:
            with suppress(OSError):
                self._append_lock.close()
