"""Derived files that stand for more than the log has: the witnesses of a log that lost its end.

They are told, left as they are, and written over only when somebody accepts the loss; then they are
kept aside.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..domain import WORDS, Remedy, StorageError, joined
from ..eventstore import EventLog
from ..eventstore.engines.files import (
    DIRECTORY_MODE,
    FileSystem,
    copy_file,
    is_no_file,
    storage_errors,
)
from ..instrumentation import DerivedFilesAhead, tell
from ..projections import (
    LogEntry,
    Marker,
    ProjectionWriter,
    SnapshotError,
    is_run_file,
    read_snapshot,
    read_snapshot_header,
    snapshot_path,
)
from ..release import __version__

_REMEDY: Remedy = "rebuild"
_ADVICE = "restore the log from a copy, and keep these files until then"


class Witnesses:
    """The projections of one ledger whose files stand for more than its log has."""

    def __init__(
        self, log: EventLog[LogEntry], writer: ProjectionWriter, fs: FileSystem, directory: Path
    ) -> None:
        self._log = log
        self._writer = writer
        self._fs = fs
        self._directory = directory
        self._told: set[str] = set()

    def is_one(self, marker: Marker | None) -> bool:
        """Whether files that stand for this are witnesses, as far as this handle knows the log."""
        log = self._log
        return marker is not None and not marker.is_of(log.end, log.has)

    def sign_of(self, name: str) -> str | None:
        """Say what a projection's files are the sign of; None: they are in step, or behind.

        Under the files' lock, with the log read to its end: else they may only be newer than what
        is known here.
        """
        marker = self._writer.marker(name)
        if marker is None or not self.is_one(marker):
            return None
        return _ahead(f"the files of {name} stand", marker.seq, self._log.seq)

    def sign_of_snapshot(self) -> str | None:
        """Say what the snapshot is the sign of. As `sign_of`."""
        header = read_snapshot_header(self._fs, self._directory)
        if header is None or header.seq <= self._log.seq:
            return None
        try:  # one that is damaged is the sign of nothing
            snapshot = read_snapshot(self._fs, self._directory, __version__)
        except SnapshotError:
            return None
        if snapshot is None or snapshot.position.ledger != self._log.identity.ledger_id:
            return None
        return _ahead("the snapshot stands", snapshot.position.seq, self._log.seq)

    def holds_back(self, name: str) -> bool:
        """Whether a projection's files are not to be written; that is told once. As `sign_of`."""
        sign = self.sign_of(name)
        if sign is not None and name not in self._told:
            self._told.add(name)
            hint = joined(_ADVICE, WORDS[_REMEDY])
            where = str(self._directory)
            tell(DerivedFilesAhead(directory=where, sign=sign, hint=hint, remedy=_REMEDY))
        return sign is not None

    def check_none(self, names: Iterable[str]) -> None:
        """Check that there is none of these names. As `sign_of`.

        Raises:
            StorageError: there is one.
        """
        for sign in (*map(self.sign_of, names), self.sign_of_snapshot()):
            if sign is not None:
                raise StorageError(sign, path=str(self._directory), hint=_ADVICE, remedy=_REMEDY)

    def keep(self, files: Iterable[Path]) -> Path:
        """Copy these, as far as they are there, and the snapshot, to a new directory. Durable when
        it returns.

        Raises:
            StorageError: they cannot be read or written.
        """
        fs, directory = self._fs, self._directory
        with storage_errors("keep what was lost of", directory):
            taken = set(fs.list_directory(directory))
            base = f"lost_after_{self._log.seq}"
            names = (base + (f"-{n}" if n else "") for n in range(len(taken) + 1))
            kept = directory / next(name for name in names if name not in taken)
            fs.make_one_directory(kept, DIRECTORY_MODE)
            runs = [directory / name for name in sorted(taken) if is_run_file(name)]
            for path in [*files, *runs, snapshot_path(directory)]:
                if path.name in taken:
                    self._keep(path, kept)
            fs.sync_directory(kept)
            fs.sync_directory(directory)
        return kept

    def _keep(self, path: Path, kept: Path) -> None:
        try:
            copy_file(self._fs, path, kept / path.name)
        except StorageError as error:
            if not is_no_file(error.__cause__):
                raise


def _ahead(what: str, seq: int, end: int) -> str:
    more = f"event {seq}, and the log ends at event {end}"
    other = f"another event {seq} than the log has"
    return (
        f"{what} for {more if seq > end else other}: its end was cut off, or an older one was put"
        " there"
    )
