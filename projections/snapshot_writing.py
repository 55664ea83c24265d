"""Writing a snapshot: part by part, no more at once than others are glad to wait for.

What was saved before is copied as it is, verified; what is new is packed, some hundred jobs at a
time. Nothing of it is done under a lock that somebody else wants.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from .picked_jobs import pack, unpack
from .saved_blocks import BlocksWriter, SavedFile
from .saved_ids import SavedDay, SavedIds, blocks_of_members, blocks_of_names
from .saved_index import SavedPlaces, SavedVersions, entry_of, in_blocks, merged, without_pages
from .saved_state import Core, SavedState
from .snapshot import Snapshot, ending, header_line, header_of

_AT_ONCE = 512
"""So many open jobs are encoded at once, and so many are there twice when they are read."""
_ACCOUNTS_AT_ONCE = 1024


class SnapshotFile:
    """The bytes of a snapshot's file, which can be iterated over more than once."""

    def __init__(self, snapshot: Snapshot, release: str) -> None:
        self._snapshot = snapshot
        self._release = release
        self._core: Core | None = None

    def state_in(self, file: SavedFile) -> SavedState:
        """Return what is in the file that the bytes were written to."""
        assert self._core is not None
        return SavedState(file, self._core)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the parts.

        Raises:
            SavedPartError: what was saved before is damaged, or cannot be read.
        """
        snapshot = self._snapshot
        position, board = snapshot.position, snapshot.board
        line = header_line(header_of(position, self._release))
        yield line
        names = BlocksWriter(len(line))
        yield from map(names.add, self._names())
        pages = BlocksWriter(names.end)
        for page in board.jobs.pages:
            yield pages.add(page.data)
        accounts = BlocksWriter(pages.end)
        yield from map(accounts.add, self._accounts())
        members, days = BlocksWriter(accounts.end), list[SavedDay]()
        yield from self._days(members, days)
        index, firsts = BlocksWriter(members.end), array("Q")
        for first, block in in_blocks(self._entries()):
            firsts.append(first)
            yield index.add(block)
        self._core = Core(
            days_read=position.days,
            line=position.line,
            batch=position.batch,
            write_offset=position.write_offset,
            repairs=position.repairs,
            at=board.at,
            open=list(self._open()),
            recent=pack(board.jobs.recent),
            left={number: list(ids) for number, ids in board.jobs.left.items()},
            packed=board.jobs.packed,
            generation=board.jobs.generation,
            counts=board.counts,
            unknown=board.unknown,
            days=days,
            post_times=snapshot.post_times,
            schedules=board.schedules,
            counters=snapshot.counts,
            firsts=firsts.tobytes(),
            names=names.table(),
            pages=pages.table(),
            accounts=accounts.table(),
            members=members.table(),
            index=index.table(),
        )
        core = msgspec.msgpack.encode(self._core)
        yield core
        yield ending(line, core, index.end)

    def _open(self) -> Iterator[bytes]:
        jobs = self._snapshot.board.jobs.open
        for begin in range(0, len(jobs), _AT_ONCE):
            yield pack(jobs[begin : begin + _AT_ONCE])

    def _names(self) -> Iterator[bytes]:
        versions = self._snapshot.position.versions
        saved = versions.saved
        if isinstance(saved, SavedVersions):
            yield from saved.names.blocks
            yield from blocks_of_names(key for key in versions.fresh() if not saved.find(key))
        else:
            yield from blocks_of_names(versions)

    def _accounts(self) -> Iterator[bytes]:
        every = iter(self._snapshot.board.jobs.accounts.by_account().items())
        while some := dict(islice(every, _ACCOUNTS_AT_ONCE)):
            yield msgspec.msgpack.encode({name: pages.tobytes() for name, pages in some.items()})

    def _days(self, written: BlocksWriter, days: list[SavedDay]) -> Iterator[bytes]:
        jobs = self._snapshot.board.jobs
        for day in self._snapshot.days:
            first, generation, members = len(written), jobs.generation, day.jobs
            if isinstance(members, SavedIds):
                blocks, generation = members.raw(), members.day.generation
            else:
                blocks = blocks_of_members((each, jobs.places.get(each)) for each in members)
            yield from map(written.add, blocks)
            count = len(written) - first
            at = day.updated_at
            days.append(SavedDay(day.day, day.seq, at, first, count, len(members), generation))

    def _entries(self) -> Iterator[bytes]:
        """Yield the entries of the index, in order."""
        versions, places = self._snapshot.position.versions, self._snapshot.board.jobs.places
        saved, changed, placed = versions.saved, versions.fresh(), places.fresh()
        old: Iterable[bytes] = ()
        find = places.get
        if isinstance(saved, SavedVersions):
            old = saved.index.entries()
        if _index_of(saved) is not _index_of(places.saved):
            # Pages were numbered anew, or are another file's.
            old, placed, find = without_pages(old), dict(self._placed()), _nowhere
        new = {}
        for key, place in placed.items():
            digest, entry = entry_of(key, versions.get(key), place)
            new[digest] = entry
        for key, version in changed.items():
            if key not in placed:
                digest, entry = entry_of(key, version, find(key))
                new[digest] = entry
        return merged(old, new)

    def _placed(self) -> Iterator[tuple[str, int]]:
        """Yield each packed job with its page plus one."""
        jobs = self._snapshot.board.jobs
        for number, page in enumerate(jobs.pages):
            gone = jobs.left.get(number, ())
            for job in unpack(page.data):
                if job.job_id not in gone:
                    yield job.job_id, number + 1


def _nowhere(key: str) -> int:
    return 0


def _index_of(saved: object) -> object:
    return saved.index if isinstance(saved, SavedVersions | SavedPlaces) else None


def encode_snapshot(snapshot: Snapshot, release: str) -> bytes:
    """Return the file's bytes. They are read only by the same `release` on the same kind of
    machine."""
    return b"".join(SnapshotFile(snapshot, release))
