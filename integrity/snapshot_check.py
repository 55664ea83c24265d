"""Whether the snapshot on disk is what the log gives; for `verify`, which trusts no cache."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..eventstore import Layers
from ..eventstore.engines.files import FileSystem
from ..projections import (
    UNREADABLE,
    Board,
    CountsOfLog,
    DailyFiles,
    Marker,
    OtherReleaseError,
    SavedPartError,
    Snapshot,
    SnapshotError,
    read_snapshot,
    snapshot_path,
)
from ..release import __version__
from .findings import Findings


class SnapshotCheck:
    """Reads the snapshot; `compare` is to be called when the events up to `seq` were applied."""

    def __init__(self, fs: FileSystem, directory: Path, findings: Findings) -> None:
        self._findings = findings
        self._path = snapshot_path(directory)
        self._snapshot: Snapshot | None = None
        try:
            self._snapshot = read_snapshot(fs, directory, __version__)
            if self._snapshot is not None and self._snapshot.saved is not None:
                self._snapshot.saved.check()
        except SavedPartError as error:
            self._snapshot = None
            findings.note(f"{self._path} will not be used: {error.message}")
        except OtherReleaseError as error:
            findings.note(f"{self._path} is behind and will not be used: {error.message}")
        except SnapshotError as error:
            findings.note(f"{self._path} will not be used: {error.message}")
        self.seq = 0 if self._snapshot is None else self._snapshot.position.seq
        self.marker: Marker | None = None
        """What it stands for."""
        if self._snapshot is not None:
            position = self._snapshot.position
            self.marker = Marker.at(position.ledger, position.days[-1])

    def compare(
        self,
        ledger: object,
        board: Board,
        files: DailyFiles | None,
        removed: Mapping[str, int],
        counts: CountsOfLog,
    ) -> None:
        """Compare the state at `seq` with the snapshot's; `removed` are the last versions of jobs
        that are gone, `counts` what was counted."""
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None:
            return
        if snapshot.position.ledger != ledger:
            self._findings.note(f"{self._path} will not be used: it is of another ledger")
            return
        try:
            saved = Board()
            saved.restore(snapshot.board)
            same = board.same_as(saved)
        except UNREADABLE:
            same = False
        if (
            not same
            or not _same_versions(snapshot.position.versions, board, removed)
            or (files is not None and not files.same_as(snapshot.days))
            or not _same_counts(snapshot.counts, counts)
        ):
            message = "the snapshot is not what the log gives; `Ledger.rebuild()` removes it"
            self._findings.add("projection", self._path, message)


def _same_counts(saved: CountsOfLog | None, counts: CountsOfLog) -> bool:
    """Whether these are the counters; those that were counted in another way are not used."""
    return saved is None or not saved.is_usable or saved == counts


def _same_versions(versions: Layers, board: Board, removed: Mapping[str, int]) -> bool:
    """Whether these are the versions of the jobs that are there, of those that are gone, and of the
    schedules.

    A removed job's id is never used again.
    """
    of_schedules = board.schedules.versions()
    return (
        len(versions) == len(board.jobs) + len(removed) + len(of_schedules)
        and all(versions.get(job.job_id) == job.version for job in board.jobs.each())
        and all(versions.get(job_id) == version for job_id, version in removed.items())
        and all(versions.get(key) == version for key, version in of_schedules.items())
    )
