"""Whether the snapshot on disk is what the log gives; for `verify`, which trusts no cache."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from ..eventstore.filesystem import FileSystem, storage_errors
from ..release import __version__
from .board import Board
from .daily_files import DailyFiles, DayState
from .findings import Findings
from .snapshot import OtherReleaseError, Snapshot, SnapshotError, decode_snapshot, snapshot_path

_CANNOT_BE_READ = (LookupError, ValueError, zlib.error, msgspec.MsgspecError)
"""What a snapshot may lead to that somebody has forged."""


class SnapshotCheck:
    """Reads the snapshot; `compare` is to be called when the events up to `seq` were applied."""

    def __init__(self, fs: FileSystem, directory: Path, findings: Findings) -> None:
        self._findings = findings
        self._path = snapshot_path(directory)
        self._snapshot: Snapshot | None = None
        try:
            with storage_errors("read", self._path), suppress(FileNotFoundError):
                self._snapshot = decode_snapshot(fs.read_file(self._path), __version__)
        except OtherReleaseError:
            pass  # nobody will use it
        except SnapshotError as error:
            findings.note(f"{self._path} will not be used: {error.message}")
        self.seq = 0 if self._snapshot is None else self._snapshot.position.seq

    def compare(
        self, ledger: object, board: Board, files: DailyFiles | None, removed: Mapping[str, int]
    ) -> None:
        """Compare the state at `seq` with the snapshot's; `removed` are the last versions of jobs
        that are gone."""
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None:
            return
        if snapshot.position.ledger != ledger:
            self._findings.note(f"{self._path} will not be used: it is of another ledger")
            return
        saved = Board()
        try:
            saved.restore(snapshot.board)
            same = _state(saved) == _state(board)
        except _CANNOT_BE_READ:
            same = False
        versions = {job.job_id: job.version for job in board.jobs.values()} | dict(removed)
        if (
            not same
            or versions != snapshot.position.versions
            or (files is not None and _days(files.capture()) != _days(snapshot.days))
        ):
            message = "the snapshot is not what the log gives; `Ledger.rebuild()` removes it"
            self._findings.add("projection", self._path, message)


def _state(board: Board) -> tuple[object, ...]:
    state = board.capture()
    return (
        state.seq,
        state.at,
        dict(board.jobs),
        {status: set(ids) for status, ids in state.by_status.items()},
        {account: set(ids) for account, ids in state.by_account.items()},
    )


def _days(days: Iterable[DayState]) -> dict[str, object]:
    return {day.day: (day.seq, day.updated_at, set(day.jobs)) for day in days}
