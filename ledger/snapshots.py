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
    Snapshot,
    SnapshotError,
    SnapshotHeader,
    check_of_one_moment,
    encode_snapshot,
    is_made_by,
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

    def load(self) -> Snapshot | None:
        """Read the one on disk; None, and a line in the operational log, where it is useless."""
        try:
            snapshot = read_snapshot(self._fs, self._path.parent, self._release)
        except OtherReleaseError as error:
            logger(path=str(self._path)).info("snapshot of another release", found=error.message)
            return None
        except SnapshotError as error:
            self.ignore(error.message)
            return None
        self._saved = 0 if snapshot is None else snapshot.position.seq
        return snapshot

    def between(self, after: int, until: int) -> Snapshot | None:
        """Return the one on disk if it can be used, and its event is behind `after` and not behind
        `until`; for any thread."""
        directory = self._path.parent
        header = read_snapshot_header(self._fs, directory)
        if header is None or header.ledger != self._ledger_id or not after < header.seq <= until:
            return None
        try:
            return read_snapshot(self._fs, directory, self._release)
        except SnapshotError:  # opening tells of it
            return None

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

    def save(self, snapshot: Snapshot, sync: Callable[[], None]) -> None:
        """Put a snapshot in place, unless another process has put a newer one there.

        It stands for events that are on disk: `sync` makes sure of that. A failure is told of in
        the operational log and does no harm: it is tried again after as many events.
        """
        seq = snapshot.position.seq
        try:
            check_of_one_moment(snapshot)  # rule: snapshot-of-one-moment
        except SnapshotError as error:
            tell(SnapshotNotWritten(path=str(self._path), error=error.message, is_ours=True))
            return
        data = encode_snapshot(snapshot, self._release)
        try:
            with self._writer.locked():
                self._saved = self._on_disk(seq)
                if not self.is_due(seq):
                    return
                sync()  # rule: snapshot-of-what-is-on-disk
                with storage_errors("write", self._path):
                    self._writer.put(self._path, (data,))
        except StorageError as error:
            tell(SnapshotNotWritten(path=str(self._path), error=error.message))
        self._saved = seq

    def _on_disk(self, seq: int) -> int:
        """Return the event that the one on disk stands for, whoever put it there; 0: useless."""
        header = read_snapshot_header(self._fs, self._path.parent)
        if header is None or header.ledger != self._ledger_id:
            return 0
        if not is_made_by(header, self._release):
            return 0
        is_witness = self._is_sound and header.seq > seq
        return 0 if header == self._useless and not is_witness else header.seq
