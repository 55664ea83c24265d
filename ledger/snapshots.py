"""Snapshots on disk: finding the one that there is, and replacing it when it has fallen behind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from errno import ENOENT

from ..domain import StorageError
from ..eventstore import Place
from ..eventstore.engines.files import Patience, storage_errors
from ..instrumentation import SnapshotIgnored, SnapshotNotWritten, logger, tell
from ..projections import (
    NewSnapshot,
    OtherReleaseError,
    ProjectionWriter,
    RunName,
    SavedState,
    Snapshot,
    SnapshotError,
    SnapshotHeader,
    check_of_one_moment,
    is_made_by,
    is_run_file,
    open_run,
    read_snapshot,
    read_snapshot_header,
    run_file,
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
        """Read on in files, which tell where they turn out to be damaged."""
        self._in_use = saved
        if saved is not None:
            saved.runs.tell_faults(self._met_fault)

    def _met_fault(self, fault: str) -> None:
        # rule: damaged-part-is-not-used-again
        self._damaged = read_snapshot_header(self._fs, self._path.parent)
        self.ignore(fault)
        self.on_fault()

    def let_go(self) -> None:
        """Let go of the files that are read on: nothing that was made of them can be asked then."""
        if self._in_use is not None:
            self._in_use.runs.close()
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
            snapshot.saved.runs.tell_faults(self._met_fault)
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
            self._remove_runs(())
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
        seq = snapshot.position.seq
        try:
            check_of_one_moment(snapshot)  # rule: snapshot-of-one-moment
        except SnapshotError as error:
            tell(SnapshotNotWritten(path=str(self._path), error=error.message, is_ours=True))
            return None
        try:
            return self._put(snapshot, sync)
        except StorageError as error:
            self._saved = self._on_disk(seq)
            if self.is_due(seq):  # else another process was faster, and has tidied up
                tell(SnapshotNotWritten(path=str(self._path), error=error.message))
                self._saved = seq
        return None

    def _put(self, snapshot: Snapshot, sync: Callable[[], None]) -> SavedState | None:
        fs, directory, seq = self._fs, self._path.parent, snapshot.position.seq
        self._saved = self._on_disk(seq)
        if not self.is_due(seq):
            return None
        with storage_errors("read", directory):
            present = fs.list_sizes(directory)
        name = next(each for each in self._names() if each not in present)
        new, path = NewSnapshot(snapshot, self._release, name, present), directory / name
        is_ours = True
        try:
            with storage_errors("write", path):  # before others have to wait for the lock
                fs.write_parts_durably(path, self._one_by_one(new.run()))
                core = new.core(self._let_others_in)
                run = open_run(fs, directory, new.named)
            with self._writer.locked():
                self._saved = self._on_disk(seq)
                if not self.is_due(seq):
                    return None
                sync()  # rule: snapshot-of-what-is-on-disk
                with storage_errors("write", self._path):
                    self._check_there(core.runs)
                    is_ours = False
                    self._writer.put(self._path, new.file(core))
                self._saved = seq
                self._remove_runs({named.name for named in core.runs})
        finally:
            if is_ours:  # nobody knows of it
                with suppress(OSError):
                    fs.remove(path)
        return SavedState(core, [*new.kept(), run])

    def _names(self) -> Iterator[str]:
        while True:
            yield run_file(self._fs.new_id())

    def _one_by_one(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        for part in parts:
            if part:
                yield part
            self._let_others_in()

    def _let_others_in(self) -> None:
        self._fs.pause(0)  # whoever waits for the interpreter comes in between

    def _check_there(self, runs: Iterable[RunName]) -> None:
        """Check that another process has not removed a run meanwhile; under the lock."""
        present = self._fs.list_sizes(self._path.parent)
        for run in runs:  # rule: name-runs-that-are-there
            if present.get(run.name) != run.size:
                raise FileNotFoundError(ENOENT, f"{run.name} was removed meanwhile")

    def _remove_runs(self, named: Collection[str]) -> None:
        """Remove those that the snapshot does not name, as far as that works; under the lock."""
        directory = self._path.parent
        with suppress(OSError):
            for name in self._fs.list_directory(directory):
                if is_run_file(name) and name not in named:  # rule: keep-runs-that-are-named
                    with suppress(OSError):
                        self._fs.remove(directory / name)

    def settle(self, snapshot: Snapshot, saved: SavedState) -> None:
        """Have the pages of what was saved in the new files, and read on in those."""
        saved.settle(snapshot.board.jobs.pages)
        self._use(saved)

    def spend(self, snapshot: Snapshot) -> None:
        """Free what was captured, and is read in the files from now on; no more at once than others
        are glad to wait for."""
        for layers in (snapshot.position.versions, snapshot.board.jobs.places):
            for _ in layers.spend():
                self._let_others_in()
        while snapshot.days:
            snapshot.days.pop()
            self._let_others_in()

    def _on_disk(self, seq: int) -> int:
        """Return the event that the one on disk stands for, whoever put it there; 0: useless."""
        header = read_snapshot_header(self._fs, self._path.parent)
        if header is None or header.ledger != self._ledger_id:
            return 0
        if not is_made_by(header, self._release):
            return 0
        is_witness = self._is_sound and header.seq > seq
        return 0 if header == self._useless and not is_witness else header.seq
