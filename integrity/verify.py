"""verify: every record of every file, read by code that shares nothing with the writer's.

The chain, the sequence and the versions are checked a second time from docs/log-format.md
(`chain`, `second_reader`), so that one mistake cannot hide in both. What the events mean is the
domain's, and there is only one of that. Exported heads and seals (`proofs`) reach further than any
check of the log alone: see docs/proofs.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ..domain import Remedy, StorageError
from ..eventstore.engines.files import FileSystem, located, storage_errors
from ..instrumentation import Progress
from ..projections import marker_path, snapshot_path
from .ahead import check_markers, read_markers
from .chain import ChainCheck, LinePlace
from .findings import Findings, Problem, ProblemKind, VerifyReport
from .heads import ExportedHead
from .journal_reader import JOURNAL_NAME, read_kept
from .media_check import MediaCheck
from .packed_reader import ENDING, length_of
from .proofs import Seals, check_heads, check_seals, load_seals
from .reading import reading
from .replay_check import ReplayCheck
from .seals import Seal, TrustedKeys
from .second_reader import HeadValues, parse_head
from .snapshot_check import SnapshotCheck

__all__ = ["Problem", "ProblemKind", "Verification", "VerifyReport", "verify_directory"]

_FILE = re.compile(r"events_(\d{4}-\d{2}-\d{2})\.jsonl(?:\.zst)?")
_HEAD_NAME = "HEAD"
_MIRROR_NAME = "mirror.json"
ELSEWHERE = Path()
"""Stands for a directory of media that is not known."""
_REPAIR_NAME = "repair.json"


def verify_directory(
    directory: Path,
    *,
    fs: FileSystem | None = None,
    progress: Progress = lambda done, total: None,
    since_heads: Sequence[ExportedHead] = (),
    public_keys: Sequence[str | bytes] = (),
    media: Path | None = None,
) -> VerifyReport:
    """Check a whole ledger directory, or a copy of one; it takes no lock and changes nothing.

    `progress` gets the bytes read and the bytes in all. With `since_heads`, also that the log still
    has what it had when they were exported; with `public_keys` (PEM), that every seal is signed
    with one of them and holds. `media` is where its files of posts are, else `media/` in it, or,
    for `ELSEWHERE`, nobody knows where.

    Raises:
        StorageError: there is no ledger, it cannot be read, or a newer release wrote it.
        ValidationError: a public key is none.
        JobLedgerError: there are public keys, and the extra `seal` is not installed.
    """
    keys = TrustedKeys(public_keys) if public_keys else None
    verification = Verification(directory, fs=fs, heads=since_heads)
    return verification.run(progress=progress, keys=keys, media=media)


class Verification:
    """One pass over a ledger directory.

    After `run`, `chain` has what was read: the last record of each day, and the places of the
    positions that seals, heads and HEAD name.
    """

    def __init__(
        self, directory: Path, *, fs: FileSystem | None = None, heads: Sequence[ExportedHead] = ()
    ) -> None:
        self._fs = fs or FileSystem()
        self.directory = directory = located(self._fs, directory)
        self._heads = heads
        self._findings = Findings()
        snapshot = SnapshotCheck(self._fs, directory, self._findings)
        self._replayed = ReplayCheck(self._findings, snapshot)
        with storage_errors("read", directory):
            names = self._fs.list_directory(directory)
            # What names a position comes before the log: what is appended meanwhile is beyond it.
            self._head = self._read_head(names)
            self._markers = read_markers(self._fs, directory, names, self._findings)
            if snapshot.marker is not None:
                self._markers[snapshot_path(directory)] = snapshot.marker
            self.seals: Seals = load_seals(self._fs, directory, names)
            names = self._names = self._fs.list_directory(directory)
        self.paths = _day_files(directory, names)
        if not self.paths and self._head is None:
            raise StorageError(f"there is no ledger in {directory}", path=str(directory))
        with storage_errors("read", directory / JOURNAL_NAME):
            self._kept = read_kept(self._fs, directory, names, self.paths, self._findings)
        self.chain = ChainCheck(
            self._findings,
            durable_seq=0 if self._head is None else self._head.durable_seq,
            wanted=self._positions(),
            begin=self._replayed.begin,
            apply=self._replayed.apply,
        )

    def _positions(self) -> set[int]:
        wanted = {0, *(head.seq for head in self._heads)}
        wanted |= {marker.seq for marker in self._markers.values()}
        wanted |= {seal.seq for seal in self.seals.values() if isinstance(seal, Seal)}
        if self._head is not None:
            wanted |= {self._head.seq, self._head.durable_seq}
        return wanted

    def _read_head(self, names: list[str]) -> HeadValues | None:
        path = self.directory / _HEAD_NAME
        if _HEAD_NAME not in names:
            self._findings.note("there is no HEAD: a log cut at a line's end would not be noticed")
            return None
        head = parse_head(self._fs.read_file(path))
        if head is None:
            self._findings.note(f"{path} is not readable and was not used")
        return head

    def run(
        self,
        *,
        progress: Progress = lambda done, total: None,
        keys: TrustedKeys | None = None,
        daily_files: bool = True,
        media: Path | None = None,
    ) -> VerifyReport:
        """Read everything and say what is wrong.

        Raises:
            StorageError: a file cannot be read, or a newer release wrote it.
        """
        chain, findings = self.chain, self._findings
        with storage_errors("read", self.directory):
            total = self._size_of(self.paths)
        with self._replayed.reading(), reading(self._fs, self.paths, total, self._kept) as read:
            chain.run(self.paths, read, lambda done: progress(done, max(done, total)))
        self._check_head()
        self._check_repair()
        sound = not findings.problems
        ahead = check_markers(self._markers, chain, findings) if sound else set()
        check_heads(self._heads, chain, self.paths, findings, sound=sound)
        if keys is not None:
            check_seals(self.seals, keys, chain, self.directory, findings, sound=sound)
        elif self.seals:
            seals = "1 seal" if len(self.seals) == 1 else f"{len(self.seals)} seals"
            findings.note(f"{seals} not checked: that needs the public key")
        if daily_files and sound:
            path = marker_path(self.directory, "daily_files")
            self._replayed.check_daily_files(
                self._fs,
                self.directory,
                self._markers.get(path),
                is_ahead=path in ahead,
                has_grown=self._has_grown,
            )
        elif daily_files:
            findings.note("the daily files were not compared: mend the log first")
        if sound:
            self._check_media(media)
        self._note_packed()
        return VerifyReport(
            ok=not findings.problems,
            events=chain.events,
            files=len(self.paths),
            head={"seq": chain.seq, "hash": chain.last.hash if chain.last else None},
            problems=findings.problems,
            notes=findings.notes,
            proven=findings.proven,
            exported_head=None if findings.problems else self._exported_head(),
        )

    def _check_media(self, media: Path | None) -> None:
        posts = self._replayed.posts()
        if media == ELSEWHERE or (media is None and _MIRROR_NAME in self._names):
            if posts:
                self._findings.note("files of posts are not here, and were not looked at")
            return
        check = MediaCheck(self._fs, media or self.directory / "media", self._findings)
        check.run(posts)

    def _note_packed(self) -> None:
        packed = [path for path in self.paths if path.suffix == ENDING]
        if packed:
            days = "1 day is" if len(packed) == 1 else f"{len(packed)} days are"
            self._findings.note(f"{days} packed; what is in them was read")
        for path in self.paths:
            if path.name + ENDING in self._names:
                self._findings.note(
                    f"{path} is there packed, too: packing it was broken off, and can be done again"
                )

    def _has_grown(self) -> bool:
        """Say whether the log has more by now than what was read."""
        with storage_errors("read", self.directory):
            paths = _day_files(self.directory, self._fs.list_directory(self.directory))
            return paths != self.paths or self._size_of(paths) != self.chain.size

    def _size_of(self, paths: Sequence[Path]) -> int:
        return sum(length_of(self._fs, path) for path in paths)

    def _check_repair(self) -> None:
        if _REPAIR_NAME in self._names:
            path = self.directory / _REPAIR_NAME
            message = "a repair was begun and not finished"
            self._findings.add("repair", path, message, remedy="finish_repair")

    def _check_head(self) -> None:
        head, chain, path = self._head, self.chain, self.directory / _HEAD_NAME
        if head is None:
            return
        sound = not self._findings.problems
        if chain.first is not None and head.ledger != chain.first.ledger:
            self._findings.add("head", path, f"HEAD is of ledger {head.ledger}")
        elif head.durable_seq > chain.seq and sound:
            where = self.paths[-1] if self.paths else path
            with storage_errors("read", where):
                size = length_of(self._fs, where)
            message = (
                f"the log ends at record {chain.seq}, HEAD says {head.durable_seq}: its end was"
                " lost, or this is a copy of a running ledger in which HEAD came last"
            )
            remedy: Remedy = "make_backup"
            self._findings.add("truncated", where, message, offset=size, remedy=remedy)
        elif head.offset and (places := chain.found.get(head.seq)):
            # After a crash between a new file's header and its first record, HEAD stands there.
            same = [place for place in places if place.hash == head.hash]
            if not same:
                message = f"record {head.seq} is not the one that HEAD has"
                self._findings.add("head", path, message)
            elif sound and all((each.day, each.end) != (head.day, head.offset) for each in same):
                message = f"HEAD has record {head.seq} at byte {head.offset} of {head.day}"
                self._findings.add("head", path, f"{message}, where it does not end")

    def durable(self) -> LinePlace | None:
        """Return the last position that is known to be on disk; None where there is no sound line.

        A copy without HEAD was written long ago as far as anybody can tell.
        """
        chain = self.chain
        if self._head is None or self._head.durable_seq >= chain.seq:
            seq, place = chain.seq, chain.last
        else:
            seq, place = self._head.durable_seq, None
        return place or next(iter(chain.found.get(seq, [])), None)

    def _exported_head(self) -> ExportedHead | None:
        first, place = self.chain.first, self.durable()
        if first is None or place is None:
            return None
        return ExportedHead(
            ledger=str(first.ledger),
            timezone=str(first.timezone),
            seq=place.seq,
            hash=place.hash,
            at=place.at,
            events=place.seq,
            files=place.file,
            day=place.day,
        )


def _day_files(directory: Path, names: Sequence[str]) -> list[Path]:
    """Return the files of a log, in order; of a day that is there twice, the one that is not
    packed."""
    found = {
        match[1]: name for name in sorted(names, reverse=True) if (match := _FILE.fullmatch(name))
    }
    return [directory / found[day] for day in sorted(found)]
