"""Snapshots on disk: finding the one that there is, and replacing it when it has fallen behind."""

from __future__ import annotations

from collections.abc import Callable

from ..domain import StorageError
from ..eventstore import Place
from ..eventstore.engines.files import Patience, storage_errors
from ..instrumentation import SnapshotIgnored, SnapshotNotWritten, logger, tell
from ..projections import (
    OtherReleaseError,
    ProjectionWriter,
    SavedState,
    Snapshot,
    SnapshotError,
    SnapshotFile,
    SnapshotHeader,
    check_of_one_moment,
    is_made_by,
    open_written,
    read_snapshot,
    read_snapshot_header,
    snapshot_path,
)

_SHARE = 20
"""A new one waits for this part of all events at least: what it costs grows with what there is."""


class Snapshots:
    """The snapshot of one ledger, as one handle sees it; a new one is worth its writing after
    `every` events at the least."""

    def __init__(
        self,
        place: Place,
        ledger_id: str,
        release: str,
        every: int,
        patience: Patience,
    ) -> None:
        self._fs = fs = place.fs
        self._path = snapshot_path(place.directory)
        self._writer = ProjectionWriter(fs, place.directory, ledger_id, patience)
        self._ledger_id = ledger_id
        self._release = release
        self._every = every
        self._saved = 0
        """The event that the one on disk stands for; 0 where there is none that is of use."""
        self._useless: SnapshotHeader | None = None
        """That of the one which was found to be of no use."""
        self._is_sound = False
        """Whether that one is only of another log than there is now."""
        self._damaged: SnapshotHeader | None = None
        self._in_use: SavedState | None = None
        """What is read on of one, as it is asked for."""
        self.on_fault: Callable[[], object] = lambda: None
        """Called where that turns out to be damaged: nothing that was made of it is to be used."""

    def load(self) -> Snapshot | None:
        """Read the one on disk; None, and a line in the operational log, where it is useless. What
        is in it is read when it is asked for: it is met then that a part of it is damaged."""
        self._in_use = None
        if self._was_damaged():
            return None
        try:
            snapshot = read_snapshot(self._fs, self._path.parent, self._release)
        except OtherReleaseError as error:
            logger(path=str(self._path)).info("snapshot of another release", found=error.message)
            return None
        except SnapshotError as error:
            self.ignore(error.message)
            return None
        self._saved = 0 if snapshot is None else snapshot.position.seq
        self._use(None if snapshot is None else snapshot.saved)
        return snapshot

    def _was_damaged(self) -> bool:
        """Say whether the one on disk is the one a part of which was found to be damaged."""
        if self._damaged is None:
            return False
        return read_snapshot_header(self._fs, self._path.parent) == self._damaged

    def _use(self, saved: SavedState | None) -> None:
        """Read on in a file, which is told where it turns out to be damaged."""
        self._in_use = saved
        if saved is not None:
            saved.file.on_fault = self._met_fault

    def _met_fault(self, fault: str) -> None:
        # rule: damaged-part-is-not-used-again
        self._damaged = read_snapshot_header(self._fs, self._path.parent)
        self.ignore(fault)
        self.on_fault()

    def let_go(self) -> None:
        """Let go of the file that is read on: nothing that was made of it can be asked then."""
        if self._in_use is not None:
            self._in_use.file.close()
            self._in_use = None

    def between(self, after: int, until: int) -> Snapshot | None:
        """Return the one on disk if it can be used, and its event is behind `after` and not behind
        `until`; for any thread."""
        directory = self._path.parent
        header = read_snapshot_header(self._fs, directory)
        if header is None or header.ledger != self._ledger_id or not after < header.seq <= until:
            return None
        if header == self._damaged:
            return None
        try:
            snapshot = read_snapshot(self._fs, directory, self._release)
        except SnapshotError:  # opening tells of it
            return None
        if snapshot is not None and snapshot.saved is not None:
            snapshot.saved.file.on_fault = self._met_fault
        return snapshot

    def ignore(self, reason: str, *, is_sound: bool = False) -> None:
        """Say that the one on disk is not used, and why; the next one takes its place, unless it
        `is_sound` and stands for more than the log has: then it is a witness of what was lost."""
        self._is_sound = is_sound
        self._saved, self._useless = 0, read_snapshot_header(self._fs, self._path.parent)
        tell(SnapshotIgnored(path=str(self._path), reason=reason))

    def remove(self) -> None:
        """Let there be none.

        Raises:
            StorageError: it cannot be removed.
        """
        with self._writer.locked(), storage_errors("remove", self._path):
            self._writer.put(self._path, None)
        self._saved = 0

    def is_due(self, seq: int) -> bool:
        """Whether so much has happened, up to the event `seq`, that a new one is worth it."""
        return seq - self._saved >= max(self._every, self._saved // _SHARE)

    def save(self, snapshot: Snapshot, sync: Callable[[], None]) -> SavedState | None:
        """Put a snapshot in place, unless another process has put a newer one there; return what is
        in the file, if it was written.

        It stands for events that are on disk: `sync` makes sure of that. A failure is told of in
        the operational log and does no harm: it is tried again after as many events.
        """
        seq, saved = snapshot.position.seq, None
        try:
            check_of_one_moment(snapshot)  # rule: snapshot-of-one-moment
        except SnapshotError as error:
            tell(SnapshotNotWritten(path=str(self._path), error=error.message, is_ours=True))
            return None
        written = SnapshotFile(snapshot, self._release)
        try:
            parts = list[bytes]()  # made before others have to wait for the lock
            for part in written:
                parts.append(part)
                self._fs.pause(0)  # whoever waits for the interpreter comes in between
            with self._writer.locked():
                self._saved = self._on_disk(seq)
                if not self.is_due(seq):
                    return None
                sync()  # rule: snapshot-of-what-is-on-disk
                with storage_errors("write", self._path):
                    self._writer.put(self._path, parts)
                    saved = open_written(self._fs, self._path.parent, written)
        except StorageError as error:
            tell(SnapshotNotWritten(path=str(self._path), error=error.message))
        self._saved = seq
        return saved

    def settle(self, snapshot: Snapshot, saved: SavedState) -> None:
        """Have the pages of what was saved in the new file, and read on in that."""
        for number, page in enumerate(snapshot.board.jobs.pages):
            page.settle(saved.pages, number)
        self._use(saved)

    def _on_disk(self, seq: int) -> int:
        """Return the event that the one on disk stands for, whoever put it there; 0: useless."""
        header = read_snapshot_header(self._fs, self._path.parent)
        if header is None or header.ledger != self._ledger_id:
            return 0
        if not is_made_by(header, self._release):
            return 0
        is_witness = self._is_sound and header.seq > seq
        return 0 if header == self._useless and not is_witness else header.seq
