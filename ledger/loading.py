"""Bringing the state up to the log: at opening, and where an interruption left it in the middle."""

from __future__ import annotations

from ..domain import JobLedgerError, LedgerCorruptError
from ..eventstore import EventLog, FirstReading, PositionError
from ..instrumentation import Progress
from ..projections import UNREADABLE, LogEntry, SavedPartError, Snapshot, SnapshotError
from .derived_files import DerivedFiles
from .derived_state import DerivedState
from .snapshots import Snapshots
from .state import State


class StateLoader:
    """Reads the log from the snapshot where there is one that fits, else from the beginning.

    With `use_snapshot` False it is always the whole log. `progress` gets the events read so far,
    and those in all as far as that is known.
    """

    def __init__(
        self,
        log: EventLog[LogEntry],
        state: State,
        snapshots: Snapshots | None,
        derived: DerivedState,
        files: DerivedFiles | None,
        *,
        use_snapshot: bool,
        read_only: bool,
        progress: Progress,
    ) -> None:
        self._log = log
        self._state = state
        self._snapshots = snapshots
        self._derived = derived
        self._files = files
        self._use_snapshot = use_snapshot
        self._read_only = read_only
        self.progress = progress
        self.replayed = 0
        """Up to which event the state was made from the whole log, since that was asked for."""

    def renew(self, reading: FirstReading[LogEntry]) -> None:
        """Bring the state up to the log from nothing."""
        if self._state.begin(reading.position):
            self._derived.start_over()
        self._read(reading)
        if not self._read_only and self._files is not None:
            self._files.find_stale()

    def _read(self, reading: FirstReading[LogEntry]) -> None:
        """Read the log. What does not verify behind a snapshot is judged without it."""
        snapshots = self._snapshots if self._use_snapshot else None
        if self._snapshots is not None:
            self._snapshots.on_fault = reading.lose
        snapshot = None if snapshots is None else snapshots.load()
        if snapshots and snapshot and self._go_on_from(reading, snapshots, snapshot):
            damage: JobLedgerError | None
            try:
                self._load(reading)
                damage = reading.damage
            except (LedgerCorruptError, SavedPartError) as error:
                damage = error
            if damage is None:
                return
            snapshots.ignore(f"what comes after it does not verify: {damage.message}")
            self._state.forget()  # rule: judge-damage-by-the-whole-log
            reading.start_over()
        self._load(reading)
        self.replayed = 0 if self._use_snapshot else self._state.board.seq

    def _load(self, reading: FirstReading[LogEntry]) -> None:
        state, progress = self._state, self.progress
        total = 0 if reading.damage is not None else self._log.acknowledged_seq()
        others, state.on_change = state.on_change, [lambda: progress(state.board.seq, total)]
        try:
            with state.board.loading():
                reading.read()
        finally:
            state.on_change = others

    def _go_on_from(
        self, reading: FirstReading[LogEntry], snapshots: Snapshots, snapshot: Snapshot
    ) -> bool:
        try:
            self._state.check_fits(snapshot)
            reading.go_on_from(snapshot.position)
        except PositionError as error:
            snapshots.ignore(error.message, is_sound=True)
            return False
        except SnapshotError as error:
            snapshots.ignore(error.message)
            return False
        try:
            self._state.restore(snapshot)
        except UNREADABLE as error:  # which its hash does not know of: somebody has forged it
            snapshots.ignore(f"it cannot be read: {error!r}")
            self._state.forget()
            reading.start_over()
            return False
        return True
