"""Ledger: jobs that can be added, changed and asked about, by many processes at once.

What it can be asked is in `queries` and `past`, how it changes in `changes`; here it is opened,
kept in step and closed.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self, get_args
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from ..domain.errors import (
    JobLedgerError,
    LedgerBusyError,
    LedgerCorruptError,
    StorageError,
    ValidationError,
)
from ..domain.job.events import Event
from ..domain.policy import EXPIRE_AFTER
from ..domain.times import in_utc
from ..eventstore.clock_jump import boot_time
from ..eventstore.filesystem import FileSystem, located
from ..eventstore.jsonl import FirstReading, JsonlEventStore
from ..eventstore.lock import LockWait, Patience
from ..eventstore.position import Position, PositionError
from ..eventstore.record import NewRecord, Record
from ..eventstore.store import Durability
from ..instrumentation.log import logger
from ..instrumentation.telling import OnlyTold, Repeated
from ..integrity.findings import VerifyReport
from ..integrity.heads import ExportedHead
from ..projections.board import Board
from ..projections.projection import EVENTS, Change, to_event
from ..projections.rebuild import Progress, RebuildReport, Replay
from ..projections.snapshot import Snapshot, SnapshotError
from ..projections.stored import ProjectionFactory, StoredProjection, make_all
from ..release import __version__
from .background import Background
from .changes import Changes
from .clock import Clock, SystemClock
from .derived_files import Upkeep
from .past import Past
from .runner_lock import find_runner
from .snapshots import Snapshots
from .uniqueness import Unique, Uniqueness, check_setting
from .zone import load_zone

if TYPE_CHECKING:
    from .backup import BackupReport

BATCH_MS = 100
"""With `durability="batch"`, the most time that an acknowledged event is not on disk yet."""
DAILY_FILES_DELAY_S = 0.3
DAILY_FILES_LONGEST_S = 0.8
"""How long after a change the daily files are written: the longer, the more work that is."""
_LAST_WRITING_S = 30.0
"""How long closing waits for files that are just being written."""
_MANY = 256
"""From so many events on it is worth it to find out which jobs are open only after all of them."""

_open_ledgers: weakref.WeakSet[Ledger] = weakref.WeakSet()
_open_readers: weakref.WeakSet[Ledger] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for ledger in list(_open_ledgers):
        try:
            ledger.close()
        except Exception as error:  # noqa: BLE001 - the others are closed all the same
            logger(directory=str(ledger.directory)).error("closing failed", error=error)


def _close_quietly(ledger: Ledger) -> None:
    """Close for somebody who could not wait for it."""
    try:
        ledger.close()
    except Exception as error:  # noqa: BLE001 - nobody else would hear of it
        logger(directory=str(ledger.directory)).error("closing failed", error=error)


def _tell_of_waiting(wait: LockWait) -> None:
    logger(path=str(wait.path), held_by=str(wait.holder or "another process")).warning(
        "waiting for a lock"
    )


def _abandon_all() -> None:
    for ledger in list(_open_ledgers):
        ledger._abandon()
    for ledger in list(_open_readers):
        if ledger._is_in_use():
            ledger._abandon()


# A fork shares its parent's locks: using them would break them for both, and a child that only
# lived on would hold a dead runner's. So in the child every ledger is closed, without a word. One
# that only reads has none of those, unless a thread that is not there was just using it.
os.register_at_fork(after_in_child=_abandon_all)


class Ledger(Changes, Past):
    """One handle on a ledger directory; any number of processes may hold one on it.

    `timezone` (an IANA name) is fixed when the ledger is created, UTC where it is not given: it is
    what naive times mean and what groups jobs into days. `durability`: `"fsync"` has every
    acknowledged change on disk; `"batch"` may lose the last 100 ms of acknowledged changes in a
    power cut (none when only the process dies); `"none"`, for tests, leaves it to the system. With
    `read_only` nothing is created, locked or mended, changes are refused, and of a damaged log what
    is sound before the damage can be read. `projections` make projections of your own, which are
    kept in step and on disk beside the daily files (docs/projections.md). With `unique` a text is
    refused that another job of the account has, which is open or was posted (ever, or within a
    timedelta) or may be out: by add, edit and requeue, whoever else is adding at the same moment.
    A directory on a network file system is refused unless `allow_network` says that all processes
    of the ledger run on one machine. Opening goes on from the snapshot where there is one, and
    verifies what came after it; without `use_snapshot` it reads and verifies the whole log.
    `progress` gets the events read so far, and those in all as far as that is known.

    Safe to use from any thread. A context manager; `close` also runs at the program's end.

    Raises:
        StorageError: the directory cannot be made, read or written, or a newer release wrote it.
        LedgerCorruptError: the log does not verify; nothing was changed.
        ValidationError: an argument is not acceptable, or the ledger has another time zone.
    """

    _store: JsonlEventStore
    _BACKGROUND: ClassVar[type[Background]] = Background
    """What calls `write_behind` while the program goes on."""
    _SNAPSHOT_EVERY: ClassVar[int] = 10_000
    """The least number of events after which a new snapshot is worth its writing."""

    def __init__(
        self,
        directory: str | Path = "jobs",
        *,
        timezone: str | ZoneInfo | None = None,
        durability: Durability = "fsync",
        clock: Clock | None = None,
        expire_after: timedelta = EXPIRE_AFTER,
        read_only: bool = False,
        unique: Unique = False,
        projections: Iterable[ProjectionFactory] = (),
        allow_network: bool = False,
        use_snapshot: bool = True,
        progress: Progress = lambda done, total: None,
        fs: FileSystem | None = None,
    ) -> None:
        self._closed = self._is_let_go = True  # until it is open: `close` must work on half of one
        progress = OnlyTold("progress", progress)
        self._behind = Repeated(
            "writing behind failed; will be tried again", again="writing behind works again"
        )
        if durability not in get_args(Durability):
            raise ValidationError(
                f"durability must be one of {', '.join(get_args(Durability))}, not {durability!r}",
                field="durability",
            )
        if not isinstance(expire_after, timedelta) or expire_after <= timedelta(0):
            raise ValidationError("expire_after must be a positive timedelta", field="expire_after")
        if clock is not None and not callable(getattr(clock, "now", None)):
            raise ValidationError(f"clock must have a now(), not {clock!r:.60}", field="clock")
        if not str(directory).strip() or "\0" in str(directory):
            raise ValidationError(f"directory {str(directory)!r} cannot be one", field="directory")
        zone_name = None if timezone is None else load_zone(timezone).key
        check_setting(unique)
        factories = tuple(projections)
        stored = make_all(factories)
        self._clock = clock or SystemClock()
        self._expire_after = expire_after
        self._read_only = read_only
        self._lock = threading.RLock()
        self._board = Board()
        self._uniqueness = Uniqueness(self._board, unique) if unique else None
        self._listeners: list[Callable[[], None]] = []
        self._replayed = 0
        """Up to which event the state was made from the whole log, since that was asked for."""
        self._fs = fs or FileSystem()
        self.directory = located(self._fs, Path(directory))
        self._closing = threading.RLock()
        self._patience = Patience(_tell_of_waiting)
        self._durability = durability
        self._progress: Progress = progress
        self._factories = factories
        self._use_snapshot = use_snapshot and not stored
        self._nothing: Snapshot | None = None
        """The state before any event; None before it has been seen."""
        self._store = JsonlEventStore(
            self.directory,
            clock=self._now,
            observer=self._observe,
            others=self._find_others,
            timezone=zone_name,
            durability=durability,
            read_only=read_only,
            allow_network=allow_network,
            elapsed=boot_time() if type(self._clock) is SystemClock else None,
            form=EVENTS,
            renew=self._renew,
            patience=self._patience,
            fs=self._fs,
        )
        self._background = self._BACKGROUND(
            self,
            BATCH_MS / 1000 if durability == "batch" else DAILY_FILES_DELAY_S,
            BATCH_MS / 1000 if durability == "batch" else DAILY_FILES_LONGEST_S,
        )
        try:
            self._zone = load_zone(self._store.identity.timezone)
            self._upkeep = Upkeep(
                self._store,
                self._board,
                self._lock,
                self._fs,
                self.directory,
                self._zone,
                factories,
                stored,
                self._patience,
            )
            self._snapshots = Snapshots(
                self._fs,
                self.directory,
                self._store.identity.ledger_id,
                __version__,
                self._SNAPSHOT_EVERY,
                self._patience,
            )
            self._followers = self._who_follows()
            self._store.refresh()
            self._progress = lambda done, total: None
            group = None if read_only else self._group_that_may_write()
        except BaseException:
            self._store.close()
            raise
        self._closed = self._is_let_go = False
        self._report_opening(durability, group)
        if read_only:
            _open_readers.add(self)
        else:
            _open_ledgers.add(self)
            if self._upkeep.is_behind:
                self._background.wake()

    def _renew(self, reading: FirstReading) -> None:
        """Bring the state up to the log from nothing: at opening, and where an interruption left it
        in the middle of something."""
        if self._nothing is None:
            self._nothing = self._capture(reading.position)
        else:
            self._forget()
            self._upkeep.start_over()
        self._read_log(reading)
        if not self._read_only:
            self._upkeep.find_stale()

    def _forget(self) -> None:
        """Have the state before any event."""
        assert self._nothing is not None
        self._restore(deepcopy(self._nothing))  # what is restored is not copied by its new owner

    def _read_log(self, reading: FirstReading) -> None:
        """Read it from the snapshot where there is one that fits, else from the beginning. What
        does not verify behind a snapshot is judged without it."""
        snapshot = self._snapshots.load() if self._use_snapshot else None
        if snapshot is not None and self._go_on_from(reading, snapshot):
            try:
                self._load(reading)
                damage = reading.damage
            except LedgerCorruptError as error:
                damage = error
            if damage is None:
                return
            self._snapshots.ignore(f"what comes after it does not verify: {damage.message}")
            self._forget()  # rule: judge-damage-by-the-whole-log
            reading.start_over()
        self._load(reading)
        self._replayed = 0 if self._use_snapshot else self._board.seq

    def _load(self, reading: FirstReading) -> None:
        progress = self._progress
        total = 0 if reading.damage is not None else self._store.acknowledged_seq()
        listeners, self._listeners = (
            self._listeners,
            [lambda: progress(self._board.seq, total)],
        )
        try:
            with self._board.loading():
                reading.read()
        finally:
            self._listeners = listeners

    def _go_on_from(self, reading: FirstReading, snapshot: Snapshot) -> bool:
        try:
            self._check_fits(snapshot)
            reading.go_on_from(snapshot.position)
        except (PositionError, SnapshotError) as error:
            self._snapshots.ignore(error.message)
            return False
        self._restore(snapshot)
        return True

    def _check_fits(self, snapshot: Snapshot) -> None:
        """
        Raises:
            SnapshotError: it lacks something that this handle needs.
        """

    def _capture(self, position: Position) -> Snapshot:
        """The state now, which is the one at `position`."""
        return Snapshot(position, self._board.capture(), self._upkeep.capture())

    def _restore(self, snapshot: Snapshot) -> None:
        """Have the state of a snapshot, and nothing else."""
        self._board.restore(snapshot.board)
        self._upkeep.restore(snapshot.days)
        if self._uniqueness is not None:
            self._uniqueness.restore(self._board.jobs.values())

    def _save_snapshot(self) -> None:
        """Replace the snapshot where it has fallen far behind."""
        if self._read_only or not self._snapshots.is_due(self._store.seq):
            return
        with self._store.still() as position, self._lock:
            if not self._store.is_sound:
                return
            snapshot = self._capture(position())
        self._snapshots.save(snapshot, self._store.sync)

    def _report_opening(self, durability: Durability, group: int | None) -> None:
        torn, damage = self._store.torn, self._store.damage
        if torn is not None:
            logger(path=torn.path, offset=torn.offset, size=torn.size, kept=torn.kept).warning(
                "torn tail cut off"
            )
        if damage is not None:
            logger(path=damage.path, line=damage.line, offset=damage.offset).warning(
                "damaged log: only what is sound before the damage is shown"
            )
        if group is not None:
            logger(directory=str(self.directory), group=group).warning(
                "a group may write in the directory and replace the log",
                hint=f"chmod g-w {self.directory}; chmod g+ws if it is meant to share the ledger",
            )
        if durability == "batch":
            logger(at_risk_ms=BATCH_MS).info("acknowledged changes may be lost in a power cut")

    def _group_that_may_write(self) -> int | None:
        with suppress(OSError):
            return self._fs.group_that_may_write(self.directory)
        return None

    # -- checking and rebuilding ---------------------------------------------------------------

    def verify(
        self,
        progress: Progress = lambda done, total: None,
        *,
        since_heads: Sequence[ExportedHead] = (),
        public_keys: Sequence[str | bytes] = (),
    ) -> VerifyReport:
        """Check every record of every file and the daily files; see docs/log-format.md.

        With `since_heads`, also that the log still has what it had when they were exported; with
        `public_keys` (PEM), that every seal is signed with one of them and holds (docs/proofs.md).
        Damage is reported, not raised. `progress` gets the bytes read so far and in all.

        Raises:
            ValidationError: a public key is none.
            JobLedgerError: there are public keys, and the extra `seal` is not installed.
        """
        from ..integrity.verify import verify  # seldom asked for, and a fifth of what is imported

        if not self._read_only and not self._closed:
            self._upkeep.write()
        return verify(
            self.directory,
            fs=self._fs,
            progress=OnlyTold("progress", progress),
            since_heads=since_heads,
            public_keys=public_keys,
        )

    def export_head(self) -> ExportedHead:
        """The log's position now, for somebody else to keep, once the whole log has verified.

        Raises:
            LedgerCorruptError: it does not.
        """
        self._store.sync()
        report = self.verify()
        if report.exported_head is None:
            first = report.problems[0]
            raise LedgerCorruptError(
                f"{first.path}: {first.message}",
                path=first.path,
                line=first.line,
                offset=first.offset,
                kind=first.kind,
                hint="only the head of a sound log is exported",
            )
        return report.exported_head

    def backup(
        self, directory: str | Path, *, progress: Progress = lambda done, total: None
    ) -> BackupReport:
        """Copy the ledger, as it is now, to a new directory, and verify the copy.

        Nobody is disturbed, however many processes write meanwhile; what they add after the call is
        not in it. The copy has the log, the seals and the daily files; it is there as a whole, on
        disk, when this returns, and not at all before. `progress` gets the bytes copied so far and
        in all. Only one of a ledger and its copies may be written to from then on.

        Raises:
            LedgerCorruptError: the ledger does not verify; nothing was made.
            StorageError: there is something at `directory`, or a file cannot be read or written.
        """
        from .backup import back_up  # seldom asked for

        self._refresh()
        if self.damage is not None:
            raise self.damage
        self._store.sync()
        with self._store.still() as position:
            at = position()

        def derive(copy: Path) -> None:
            Ledger(
                copy, clock=self._clock, use_snapshot=False, allow_network=True, fs=self._fs
            ).close()

        target = Path(directory).absolute()
        return back_up(self._fs, self.directory, target, at, derive, OnlyTold("progress", progress))

    def rebuild(
        self,
        *,
        check: bool = False,
        only: Sequence[str] = (),
        accept_loss: bool = False,
        progress: Progress = lambda done, total: None,
    ) -> RebuildReport:
        """Make every derived file, and the state itself, anew from the log alone; with `check`
        write nothing, and only say which are not byte for byte what the log gives.

        `only` names projections: `daily_files`, and those that the ledger was opened with. A handle
        that was told to read the whole log when it was opened (`use_snapshot=False`), and has read
        nothing since, does not read it again.
        Files that stand for more than the log has are the sign of a log that was cut: they are not
        written over unless `accept_loss` gives up what is lost.
        `progress` gets the events read so far and in all. Safe while other processes work on the
        ledger, and safe to interrupt: each file is replaced atomically. The snapshot is removed; a
        new one is written when that is worth it.

        Raises:
            LedgerCorruptError: the log does not verify.
            StorageError: a file cannot be written, is ahead of the log, the ledger is read-only, or
                a projection failed.
            ValidationError: there is no projection of a name in `only`.
        """
        self._refresh()
        if self.damage is not None:
            raise self.damage
        names = self._upkeep.names(only)
        progress = OnlyTold("progress", progress)
        if check:
            return self._upkeep.check(names, progress, self._replay())
        self._check_writable()
        if not accept_loss:
            self._upkeep.check_not_ahead(names)
        self._snapshots.remove()
        return self._upkeep.rebuild(names, progress, self._replay())

    def _replay(self) -> Replay | None:
        """The state as it is, where a replay of the log would do nothing but make it again: this
        handle was told to make it so when it was opened, and nothing came after it."""
        with self._lock:
            return self._upkeep.as_replayed() if self._replayed == self._board.seq else None

    def projection(self, name: str) -> StoredProjection:
        """The projection of this name that the ledger was opened with, brought up to date.

        It goes on following the log whenever this handle looks at it.

        Raises:
            ValidationError: there is none.
            StorageError: it has failed; the message says where.
        """
        if name not in self._upkeep.stored:
            raise ValidationError(f"there is no projection {name!r}", field="name")
        self._refresh()
        stored = self._upkeep.stored[name]
        if stored.failure is not None:
            raise stored.failure
        return stored.projection

    # -- following, and writing behind -----------------------------------------------------------

    def _observe(self, records: Sequence[Record | Event]) -> None:
        """Apply one or more whole writes; called by the store, in order."""
        with self._lock:
            if len(records) > max(_MANY, len(self._board.jobs.open) // 4):
                with self._board.loading():
                    self._apply_all(records)
            else:
                self._apply_all(records)
        if not self._closed and not self._read_only:
            self._background.wake()
        for listener in list(self._listeners):
            listener()

    def _find_others(self) -> None:
        """What is observed next was appended by another handle; called by the store."""

    def _apply_all(self, records: Sequence[Record | Event]) -> None:
        apply, followers = self._board.apply, self._followers
        for record in records:
            change = apply(record if type(record) is Event else to_event(record))
            for follow in followers:
                follow(change)

    def _who_follows(self) -> list[Callable[[Change], object]]:
        """What takes in each change of the board, in this order; under the lock."""
        followers = self._upkeep.followers()
        if self._uniqueness is not None:
            followers.append(self._uniqueness.apply)
        return followers

    def _append(self, records: Sequence[NewRecord], *, expected_seq: int | None = None) -> None:
        """Append decided events, all or none; what is to follow, and no thread does, is done here.

        Raises as `EventStore.append`.
        """
        self._store.append(records, expected_seq=expected_seq)
        if self._background.is_late:
            if self._durability == "batch":
                self._store.sync()  # nothing is at risk for longer than was promised
            self._background.work_here()

    def write_behind(self) -> bool:
        """Sync, and write the daily files that are behind. For the background thread."""
        if self._is_let_go:
            return True
        try:
            self._store.sync()
            self._upkeep.write()
            self._save_snapshot()
        except JobLedgerError as error:
            self._behind.failed(str(error))
            return self._closed
        self._behind.worked()
        return self._closed or self._store.is_sound or not self._upkeep.is_behind

    def leave_alone_s(self, takes_s: float) -> float:
        """For the background thread: nothing here hurries; a runner's jobs do."""
        return 0.0

    # -- the rest ------------------------------------------------------------------------------

    @property
    def ledger_id(self) -> str:
        """The id that the ledger got when it was created."""
        return self._store.identity.ledger_id

    @property
    def timezone(self) -> str:
        """The IANA name of the ledger's time zone."""
        return self._store.identity.timezone

    @property
    def damage(self) -> LedgerCorruptError | None:
        """Why a read-only handle shows only a part of a damaged log; None for a sound one."""
        return self._store.damage

    @property
    def seq(self) -> int:
        """The sequence number of the last event known here."""
        return self._store.seq

    @property
    def expire_after(self) -> timedelta:
        """How late a job may be before it expires, by this handle's setting."""
        return self._expire_after

    def runner_pid(self) -> int | None:
        """The process that runs this ledger's jobs (0: it does not say which); None without one.

        Raises:
            StorageError: the lock's file cannot be read.
        """
        return find_runner(self._fs, self.directory)

    def now(self) -> datetime:
        """The time by the ledger's clock, in UTC."""
        return self._now()

    @cached_property
    def _namespace(self) -> UUID:
        return UUID(self.ledger_id)

    def idempotency_key(self, job_id: str) -> str:
        """A key that is the same for every attempt of a job, and different for every job."""
        return str(uuid5(self._namespace, job_id))

    def _now(self) -> datetime:
        now = self._clock.now()
        try:
            return in_utc(now)
        except ValueError as error:
            raise ValidationError(
                f"the clock's now() must give a datetime with a time zone: {error}", field="clock"
            ) from None

    def _refresh(self) -> None:
        self._store.refresh()

    def _check_writable(self) -> None:
        if self._read_only:
            raise StorageError(
                f"the ledger {self.directory} is open read-only", path=str(self.directory)
            )

    def close(self) -> None:
        """Bring the daily files up to date, sync, and let go. Calling it again does nothing.

        From within a call of this very handle (in a signal's handler that interrupted one, in a
        projection) it returns at once, and the handle is closed when that call is over, at the
        latest at the program's end. It waits briefly for locks that others hold: then the daily
        files are behind, and whoever opens the ledger next brings them up.

        Raises:
            StorageError: the files cannot be written; or, without durability "fsync", what was
                acknowledged could not be synced.
        """
        if self._is_let_go:
            return
        if self._is_inside():
            self._close_later()
            return
        with self._closing:
            if not self._is_let_go:
                self._closed = True
                self._patience.hurry()
                self._let_go()
                self._is_let_go = True
        _open_ledgers.discard(self)
        _open_readers.discard(self)

    def _is_inside(self) -> bool:
        """Whether the calling thread is in the midst of a call of this handle."""
        # The locks' own word for it, which `threading.Condition` relies on as well.
        mine = self._lock._is_owned() or self._closing._is_owned()  # type: ignore[attr-defined]
        return mine or self._store.is_inside() or self._upkeep.is_inside()

    def _close_later(self) -> None:
        """Have a thread close, which waits for the call that this one is in."""
        if self._closed:
            return  # it is being closed
        self._closed = True
        self._patience.hurry()
        with suppress(RuntimeError):  # no thread just now: it is closed at the program's end
            threading.Thread(target=_close_quietly, args=(self,), daemon=True).start()

    def _let_go(self) -> None:
        """Do what closing does; again where it was interrupted."""
        if not self._background.stop(_LAST_WRITING_S):
            logger(directory=str(self.directory)).error("closed while files are being written")
        try:
            if not self._read_only:
                self._write_last()
        finally:
            self._store.close()

    def _write_last(self) -> None:
        reason = "a change could not be written"
        try:
            self._upkeep.write()
            self._save_snapshot()
        except StorageError as error:
            if self._store.is_sound and not isinstance(error, LedgerBusyError):
                raise
            reason = str(error)
        if self._upkeep.is_behind:  # what failed was reported; the next opening brings them up
            logger(reason=reason).warning("the daily files are behind")

    def _is_in_use(self) -> bool:
        """Whether another thread is in the midst of a call of this handle."""
        if not self._lock.acquire(blocking=False):
            return True
        self._lock.release()
        return self._store.is_in_use()

    def _abandon(self) -> None:
        """In the child of a fork: let go of what is the parent's, touching nothing."""
        self._closed = self._is_let_go = True
        self._store.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if not getattr(self, "_is_let_go", True):
            self.close()

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"seq {self._store.seq}"
        return f"<{type(self).__name__} {str(self.directory)!r}, {state}>"
