"""EventLog: everything that is true of a ledger's log on every engine, once.

Reading on and verifying, the versions of the jobs, telling the owner what is new, writing several
callers' records together, decisions that nobody can come between, and what becomes of a handle
after a failed write, an interruption or a fork.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Generic

from ..domain import LedgerCorruptError, StorageError
from .clock_jump import Elapsed, JumpGuard
from .commit_queue import Append, CommitQueue, Decision, change_within_change
from .delivery import Delivery
from .follower import FirstReading, LogFollower
from .log_figures import LogFigures
from .port import Durability, Engine, Identity, TornTail
from .position import DayRead, Position
from .record import Form, NewRecord, R
from .standing import Standing
from .writer import LogWriter


class EventLog(Generic[R]):
    """One handle on a ledger's log. Safe to use from any thread.

    The first `refresh` (or `append`) reads and verifies the whole log, delivering it to `observer`:
    each record once, in order, whoever appended it, whole writes at a time, as `form` makes them.
    With `read_only` nothing is mended, and damage does not raise: what is sound before it is
    delivered and `damage` holds the error. `durability` is the engine's. With `elapsed`, a second
    clock, a jump ahead is noticed (`clock_jump`). `others` is called before the observer gets what
    this handle read: what others have appended, and, at first, all. The engine is closed with it.

    An interruption (Ctrl-C, a signal's handler that raises, no memory) may come anywhere. Where it
    leaves this handle in the middle of something, the next call has it forget everything, and
    `renew` brings the owner up to the log from nothing; by default that only reads the log. A
    handler that is called within a call of this handle sees what is known so far, and is refused
    changes.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime],
        form: Form[R],
        observer: Callable[[Sequence[R]], None] = lambda records: None,
        others: Callable[[], None] = lambda: None,
        durability: Durability = "fsync",
        read_only: bool = False,
        elapsed: Elapsed | None = None,
        renew: Callable[[FirstReading[R]], None] = FirstReading.read,
    ) -> None:
        self._engine = engine
        self._read_only = read_only
        self._standing = standing = Standing(engine.location, read_only=read_only)
        self._delivery = delivery = Delivery(observer, others, standing)
        self._follower = follower = LogFollower(
            engine, form, delivery, standing, renew, read_only=read_only
        )
        jump = JumpGuard(clock(), elapsed)
        self._writer = LogWriter(
            engine, follower, form, delivery, standing, clock, jump, durability
        )
        self._queue: CommitQueue[R] = CommitQueue()
        self._mutex = threading.RLock()

    # -- what is known -------------------------------------------------------------------------

    @property
    def identity(self) -> Identity:
        """Return the ledger's id and time zone."""
        return self._engine.identity

    @property
    def seq(self) -> int:
        """Return the number of the last record delivered to the observer, 0 before any."""
        return self._follower.log.cursor.seq

    @property
    def end(self) -> DayRead:
        """Return the end of what this handle knows, within the day."""
        return self._follower.log.day_read()

    @property
    def figures(self) -> LogFigures:
        """Return how large the log is, and how long the writes of this handle took."""
        return LogFigures(self._follower.log.size_bytes, self._writer.took)

    @property
    def damage(self) -> LedgerCorruptError | None:
        """Return why a handle that only reads shows only a part; None for a sound log."""
        return self._follower.damage

    @property
    def torn(self) -> TornTail | None:
        """Return what was cut off the end of the log, if anything was."""
        return self._follower.torn

    def version(self, job: str) -> int:
        """Return the version of the job's latest delivered record; 0 when it has none."""
        versions = self._follower.log.versions
        with suppress(StorageError):  # what was saved is damaged: all of it is read anew
            return versions.now.get(job, 0) if versions.is_bare else versions.get(job)
        self.refresh()
        return self._follower.log.versions.get(job)

    def jobs(self) -> Collection[str]:
        """Return the ids of all jobs with a delivered record, in the order of their first one."""
        return self._follower.log.versions

    def changed(self) -> bool:
        """Say whether `refresh` would deliver something. Cheap enough to ask all the time."""
        return self._follower.changed()

    def acknowledged_seq(self) -> int:
        """Return the number of the last acknowledged record, read or not; 0 where nobody knows."""
        return 0 if (tail := self._engine.tail()) is None else tail.seq

    @property
    def is_sound(self) -> bool:
        """Say whether what the observer was told is what the log says: nothing derived may be
        written from a handle that is refused, poisoned, damaged or in the middle of something."""
        follower = self._follower
        return follower.is_whole and self._standing.is_sound and follower.damage is None

    # -- following -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """Deliver every record that is acknowledged and that this handle has not seen.

        Within a call of this handle (in a handler that interrupted it, in an observer) it does
        nothing: what is known so far has to do.

        Raises:
            LedgerCorruptError: the log does not verify from here on.
            StorageError: it cannot be read, or the handle is closed.
        """
        if self.is_inside():
            return
        with self._mutex:
            standing, follower = self._standing, self._follower
            if not standing.is_sound:
                standing.check_open()
            try:
                if standing.was_broken_off:
                    self._writer.reopen()
                if follower.is_whole:
                    follower.read_on()
                else:
                    follower.read_anew()
            except BaseException:
                follower.let_go()
                raise

    def is_inside(self) -> bool:
        """Say whether the calling thread is in the midst of a call of this handle: in a signal's
        handler that interrupted one, or in an observer."""
        # The lock's own word for it, which `threading.Condition` relies on as well.
        return self._mutex._is_owned() or self._queue.is_here()  # type: ignore[attr-defined]

    @contextmanager
    def still(self, *, replacing: bool = False) -> Iterator[Callable[[], Position]]:
        """Tell where this handle stands, whoever asks for it; nothing is delivered to the observer
        within the `with`. With `replacing` the owner puts what it knows in place anew: broken off
        in that, it reads the log again.

        Raises:
            StorageError: it stands nowhere, since it was interrupted and has not read anew yet.
        """
        with self._mutex:
            self._standing.check_open()
            with self._follower.still(replacing=replacing) as position:
                yield position

    def has(self, end: DayRead) -> bool:
        """Say whether the log has, at an `end` that it had, the record that it had.

        Raises:
            StorageError: it cannot be read.
        """
        return self._follower.has(end)

    def first_of_day(self, day: str) -> int:
        """Return the number of a day's first record; of the next one where the day has none."""
        return self._follower.log.first_of_day(day)

    def read(self, after: int = 0, until: int | None = None) -> Iterator[R]:
        """Yield the records after `after`, in order, up to the last one that this handle knows when
        it is called; memory does not grow with the log. Behind `until` few are read, if any.

        Raises:
            StorageError: they cannot be read.
        """
        return self._follower.read(after, until)

    def find(self, seqs: Iterable[int]) -> Iterator[R | None] | None:
        """Yield the record of each number up to `seq`, None for one that is not found; return None
        where the engine finds no record without reading what is before it. Raises as `read`."""
        return self._follower.find(seqs)

    # -- appending -----------------------------------------------------------------------------

    def append(self, records: Sequence[NewRecord]) -> list[R]:
        """Append all of `records` or none, as one write, and deliver them to the observer.

        What others appended meanwhile is delivered first. On return the records are as durable as
        the engine's setting says.

        Raises:
            VersionConflictError: a record's version does not follow its job's latest one.
            StorageError: the outcome is unknown, and this handle accepts no more appends; or, where
                it says so, nothing was written.
        """
        return self._append(records)

    def decide(self, decision: Decision) -> list[R]:
        """Append what `decision` gives, which is called when the observer knows all there is, and
        nobody can append before what it gives is appended; for what is decided on more than the
        versions of the jobs concerned.

        It has to be pure: it may be called again, and by another thread. Whatever it raises is
        raised here; then nothing was appended.

        Raises: as `append`.
        """
        return self._append((), decision)

    def _append(self, records: Sequence[NewRecord], decision: Decision | None = None) -> list[R]:
        self.check_writable()
        mine: Append[R] = Append(records, decision)
        self._queue.write(mine, self._lead)
        if mine.error is not None:
            raise mine.error
        if not (self._follower.is_read and self._follower.log.is_whole):
            # It is durable, so it is acknowledged; that the state lacks it is mended now or later.
            with suppress(Exception):
                self.refresh()
        return mine.result

    def check_writable(self) -> None:
        """Check that this thread may append now; whom it would wait for may not be there at all.

        Raises:
            StorageError: it may not.
        """
        self._standing.check_writable()
        is_inside = self._mutex._is_owned()  # type: ignore[attr-defined]  # the queue looks, too
        if is_inside or self._delivery.teller == threading.get_ident():
            raise change_within_change()

    def _lead(self) -> None:
        with self._mutex:
            try:
                self._writer.commit(self._queue.take())
            except BaseException:
                self._follower.let_go()
                raise

    def sync(self) -> None:
        """Make everything acknowledged durable, whatever the durability setting.

        Raises:
            StorageError: what was acknowledged is not on disk.
        """
        if self.is_inside():
            return  # within a call: the next one does it
        with self._mutex:
            try:
                self._sync()
            except BaseException:
                self._follower.let_go()
                raise

    def _sync(self) -> None:
        if not self._read_only and not self._standing.is_forked():
            self._writer.sync()

    # -- after a failed write ------------------------------------------------------------------

    @property
    def is_poisoned(self) -> bool:
        """Say whether a write has failed, so that this handle accepts none until `reopen`."""
        return self._standing.poison is not None

    def check_not_poisoned(self) -> None:
        """Check that no write has failed. Raises as `Standing.check_not_poisoned`."""
        self._standing.check_not_poisoned()

    def reopen(self) -> None:
        """Do what closing and opening again does after a failed write, on this very handle.

        Everything behind the last acknowledged record is judged as after a crash: kept and made
        durable where it is whole, else cut off.

        Raises:
            StorageError: the disk still refuses; nothing has changed.
        """
        with self._mutex:
            self._standing.check_open()
            try:
                self._writer.reopen()
            except BaseException:
                self._follower.let_go()
                raise

    # -- letting go ----------------------------------------------------------------------------

    def check_open(self) -> None:
        """Check that this handle can be read from; raises as `refresh` where it cannot."""
        self._standing.check_open()

    def check_not_forked(self) -> None:
        """Check that it is this process's own. Raises as `Standing.check_not_forked`."""
        self._standing.check_not_forked()

    def close(self) -> None:
        """Sync, and let go of everything held. Calling it again does nothing.

        Raises:
            StorageError: what was acknowledged is not on disk; it is closed all the same.
        """
        with self._mutex:
            if self._standing.is_closed:
                self._engine.close()  # where an interruption kept it from being closed
                return
            try:
                self._sync()  # after a failed write: raises if what was acknowledged is not on disk
            finally:
                self.abandon()

    def is_in_use(self) -> bool:
        """Say whether another thread is in the midst of a call of this handle."""
        if not self._mutex.acquire(blocking=False):
            return True
        self._mutex.release()
        return False

    def abandon(self) -> None:
        """Let go of what is open without a word to the disk: for the child of a fork, which shares
        every lock with its parent and must not use any."""
        if self._standing.is_forked() and not self._standing.is_closed:
            self._mutex = threading.RLock()  # a thread that is not here may hold the other for ever
        self._standing.close()
        self._engine.close()
