"""What a ledger writes that nobody waits for: syncs of what is not durable yet, daily files, users'
projections, snapshots.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from ..domain import JobLedgerError, LedgerBusyError, StorageError
from ..eventstore import Decision, Durability, EventLog, NewRecord
from ..instrumentation import DailyFilesBehind, Repeated, tell
from ..projections import LogEntry
from .background import Background, WritesBehind
from .derived_files import DerivedFiles
from .job_events import JobEvents
from .snapshots import Snapshots
from .state import State

BATCH_MS = 100
"""With `durability="batch"`, the most time that an acknowledged event is not on disk yet."""
DAILY_FILES_DELAY_S = 0.3
DAILY_FILES_LONGEST_S = 0.8
"""How long after a change the daily files are written: the longer, the more work that is. Large
ones later than that: see `Rewriting`."""
_LAST_WRITING_S = 30.0
"""How long closing waits for files that are just being written."""


class WriteBehind:
    """Writes behind the changes of one handle, on a thread of its own where there is one."""

    def __init__(
        self,
        owner: WritesBehind,
        log: EventLog[LogEntry],
        state: State,
        files: DerivedFiles | None,
        snapshots: Snapshots | None,
        events: JobEvents,
        durability: Durability,
        background: type[Background],
    ) -> None:
        self._log = log
        self._state = state
        self._files = files
        self._snapshots = snapshots
        self._events = events
        self._is_batch = durability == "batch"
        self._saving = threading.Lock()
        self._trouble = Repeated(
            "writing behind failed; will be tried again", again="writing behind works again"
        )
        self._background = background(
            owner,
            BATCH_MS / 1000 if self._is_batch else DAILY_FILES_DELAY_S,
            BATCH_MS / 1000 if self._is_batch else DAILY_FILES_LONGEST_S,
        )

    def follow(self) -> None:
        """From here on each change wakes the thread; and now, if something is behind."""
        self._state.on_change.insert(0, self._background.wake)
        if self._is_behind:
            self._background.wake()

    def append(self, records: Sequence[NewRecord]) -> None:
        """Append decided events, all or none; what is to follow, and no thread does, is done here.

        Raises as `EventLog.append`.
        """
        self._log.append(records)
        if self._background.is_late:
            self._work_here()

    def decide(self, decision: Decision) -> bool:
        """Append what a decision gives, as `append` does; return whether it was anything.

        Raises as `EventLog.decide`.
        """
        written = self._log.decide(decision)
        if written and self._background.is_late:
            self._work_here()
        return bool(written)

    def _work_here(self) -> None:
        if self._is_batch:
            self._log.sync()  # nothing is at risk for longer than was promised
        self._background.work_here()

    def write(self, *, everything: bool = True) -> bool:
        """Sync, and write what is behind; return whether there is nothing left to be done. Without
        `everything`, daily files only where that is in proportion to what has been appended; what
        is held back so is written when it may be.
        """
        try:
            self._log.sync()
            wait_s = self._write_files(everything=everything)
            self.save_snapshot()
            self._events.save()
        except JobLedgerError as error:
            self._trouble.failed(str(error))
            return False
        except Exception as error:  # nobody else would tell it: this is called in the background
            self._trouble.failed(error)
            raise
        self._trouble.worked()
        self._background.wake_in(wait_s or None)
        is_done = self._log.is_sound or not self._is_behind
        if is_done:
            self._background.works_again()
        return is_done

    @property
    def _is_behind(self) -> bool:
        return self._files is not None and self._files.is_behind

    def _write_files(self, *, everything: bool = True) -> float:
        return 0.0 if self._files is None else self._files.write(everything=everything)

    def try_soon(self) -> None:
        """Expect what failed to work again: it is not waited out any longer."""
        self._background.works_again()

    def save_snapshot(self) -> None:
        """Replace the snapshot where it has fallen far behind."""
        snapshots = self._snapshots
        if snapshots is None or not snapshots.is_due(self._log.seq):
            return
        if not self._saving.acquire(blocking=False):
            return  # another thread is just at it
        try:
            with self._log.still() as position, self._state.lock:
                if not self._log.is_sound:
                    return
                snapshot = self._state.capture(position())
            saved = snapshots.save(snapshot, self._log.sync)
            if saved is not None:
                snapshots.settle(snapshot, saved)
                with self._log.still(), self._state.lock:
                    snapshot.position.versions.settle(saved.versions)
                    self._state.adopt(snapshot, saved)
                snapshots.spend(snapshot)
        finally:
            self._saving.release()

    def stop(self) -> bool:
        """End the thread; return whether it has ended, and does not write any more."""
        return self._background.stop(_LAST_WRITING_S)

    def let_go(self) -> None:
        """Let go of what is read on as it is asked for."""
        if self._snapshots is not None:
            self._snapshots.let_go()

    def write_last(self) -> None:
        """Write what is behind, before the handle lets go.

        Raises:
            StorageError: it cannot be written.
        """
        reason = "a change could not be written"
        try:
            self._write_files()
            self.save_snapshot()
            self._events.save()
        except StorageError as error:
            if self._log.is_sound and not isinstance(error, LedgerBusyError):
                raise
            reason = str(error)
        if self._is_behind:  # what failed was reported; the next opening brings them up
            tell(DailyFilesBehind(reason=reason))
