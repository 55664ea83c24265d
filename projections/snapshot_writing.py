"""Writing a snapshot: what came since the one before it, in a new run, and the core.

The cost is in proportion to what changed: the last runs are written again, with what is new, only
as long as each has less than twice of that, so every job is written a few times in the life of a
ledger, and there are few runs. It is made part by part, no more at once than others are glad to
wait for, and under no lock that somebody else wants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import islice

import msgspec

from .daily_files import DayState
from .picked_jobs import pack, unpack
from .saved_blocks import BlocksWriter, digest_of
from .saved_ids import SavedDay, SavedIds, blocks_of_members, blocks_of_names
from .saved_index import NOWHERE, IndexWriter, NewEntries, digest_of_id
from .saved_runs import RunName, RunTable, SavedPlaces, SavedRun, SavedRuns, SavedVersions
from .saved_state import Core
from .snapshot import Snapshot, ending, header_line, header_of

_AT_ONCE = 512
"""So many open jobs are encoded at once, and so many are there twice when they are read."""
_ACCOUNTS_AT_ONCE = 1024
_LOOKED_UP_AT_ONCE = 256
_NAMES_AT_ONCE = 1024
_MERGE_BELOW = 2
"""A run that has less than so many times the entries of what is new is written again with it."""


class NewSnapshot:
    """The files of a snapshot that is saved: the run with what is new, in a file of this `name`,
    which is written first, then the snapshot itself. `present` are the files of the directory by
    their names, with their lengths."""

    def __init__(
        self, snapshot: Snapshot, release: str, name: str, present: Mapping[str, int]
    ) -> None:
        self._snapshot = snapshot
        self._release = release
        self._name = name
        versions, places = snapshot.position.versions, snapshot.board.jobs.places
        before = versions.saved
        self._before = before.runs if isinstance(before, SavedVersions) else SavedRuns([], [])
        # Else pages were numbered anew, or are another file's: none of them is where it was.
        self._has_pages = (
            isinstance(places.saved, SavedPlaces) and places.saved.runs is self._before
        ) or (places.saved is None and not any(run.named.pages for run in self._before.runs))
        self._kept = self._before.runs[: self._to_keep(present)]
        self._merged = self._before.runs[len(self._kept) :]
        self._days = list[SavedDay]()
        self._named: RunName | None = None

    def _to_keep(self, present: Mapping[str, int]) -> int:
        """Return how many of the older runs stay as they are."""
        if not self._has_pages:
            return 0
        runs, position = self._before.runs, self._snapshot.position
        keep = 0
        # rule: write-again-what-is-gone
        while keep < len(runs) and present.get(runs[keep].named.name) == runs[keep].named.size:
            keep += 1
        new = len(position.versions.fresh()) + sum(run.named.entries for run in runs[keep:])
        while keep and runs[keep - 1].named.entries < _MERGE_BELOW * new:
            keep -= 1
            new += runs[keep].named.entries
        return keep

    def kept(self) -> list[SavedRun]:
        """Return the older runs that it consists of, besides the new one."""
        return self._kept

    @property
    def named(self) -> RunName:
        """Return the new run, once its bytes were made."""
        assert self._named is not None
        return self._named

    def run(self) -> Iterator[bytes]:
        """Yield the new run, part by part; some parts are of no bytes.

        Raises:
            SavedPartError: what was saved before is damaged, or cannot be read.
        """
        names, new = BlocksWriter(0), self._new_entries()
        for run in self._merged:
            yield from map(names.add, run.parts.names)
        for block in self._names(new):
            yield names.add(block) if block else block
        pages = BlocksWriter(names.end)
        for page in self._snapshot.board.jobs.pages[self._first_page :]:
            yield pages.add(page.data)
        accounts = BlocksWriter(pages.end)
        yield from map(accounts.add, self._accounts())
        members = BlocksWriter(accounts.end)
        yield from self._members(members)
        index, noted = BlocksWriter(members.end), IndexWriter()
        older = [run.index.blocks for run in self._merged]
        yield from map(index.add, noted.blocks(new.merged(older, with_pages=self._has_pages)))
        table = msgspec.msgpack.encode(
            RunTable(
                firsts=noted.firsts.tobytes(),
                marks=bytes(noted.marks),
                names=names.table(),
                pages=pages.table(),
                accounts=accounts.table(),
                members=members.table(),
                index=index.table(),
            )
        )
        self._named = RunName(
            name=self._name,
            size=index.end + len(table),
            begin=index.end,
            digest=digest_of(table),
            entries=len(noted.marks) // 2,
            pages=len(pages),
        )
        yield table

    def core(self, pause: Callable[[], object] = lambda: None) -> Core:
        """Return the core, once the bytes of the run were made; `pause` lets others in between."""
        snapshot, opened = self._snapshot, list[bytes]()
        for part in self._open():
            opened.append(part)
            pause()
        position, board = snapshot.position, snapshot.board
        return Core(
            days_read=position.days,
            line=position.line,
            batch=position.batch,
            write_offset=position.write_offset,
            repairs=position.repairs,
            at=board.at,
            open=opened,
            recent=pack(board.jobs.recent),
            left={number: list(ids) for number, ids in board.jobs.left.items()},
            empty=[number for number, page in enumerate(board.jobs.pages) if page.is_empty],
            packed=board.jobs.packed,
            generation=board.jobs.generation,
            counts=board.counts,
            unknown=board.unknown,
            days=self._days,
            post_times=snapshot.post_times,
            schedules=board.schedules,
            counters=snapshot.counts,
            runs=[*(run.named for run in self._kept), self.named],
        )

    def file(self, core: Core) -> list[bytes]:
        """Return the snapshot's own bytes."""
        line = header_line(header_of(self._snapshot.position, self._release))
        encoded = msgspec.msgpack.encode(core)
        return [line, encoded, ending(line, encoded)]

    @property
    def _first_page(self) -> int:
        return sum(run.named.pages for run in self._kept)

    def _open(self) -> Iterator[bytes]:
        jobs = self._snapshot.board.jobs.open
        for begin in range(0, len(jobs), _AT_ONCE):
            yield pack(jobs[begin : begin + _AT_ONCE])

    def _new_entries(self) -> NewEntries:
        merged = sum(run.named.entries for run in self._merged)
        changed = len(self._snapshot.position.versions.fresh())
        return NewEntries(changed + len(self._placed) + merged)

    def _names(self, new: NewEntries) -> Iterator[bytes]:
        """Yield blocks of the ids that were not there before, and take all that changed into the
        index, too; some are of no bytes."""
        versions, placed, came = self._snapshot.position.versions, self._placed, list[str]()
        changed, find = versions.fresh(), self._before.index.find_digest
        for number, (key, version) in enumerate(changed.items()):
            digest = digest_of_id(key)
            was, page = find(digest) or NOWHERE
            new.add(digest, version, placed.get(key, page if self._has_pages else 0))
            if version and not was:
                came.append(key)
            if number % _LOOKED_UP_AT_ONCE == 0:
                yield b""
            if len(came) == _NAMES_AT_ONCE:  # they are never there as a whole
                yield from blocks_of_names(came)
                came.clear()
        yield from blocks_of_names(came)
        for number, (key, page) in enumerate(placed.items()):
            if key not in changed:
                new.add(digest_of_id(key), versions.get(key), page)
            if number % _LOOKED_UP_AT_ONCE == 0:
                yield b""

    @cached_property
    def _placed(self) -> dict[str, int]:
        """Return on which page each job is, as a number plus one, as far as that is not saved."""
        jobs = self._snapshot.board.jobs
        if self._has_pages or jobs.places.saved is None:
            return jobs.places.fresh()
        return {
            job.job_id: number + 1
            for number, page in enumerate(jobs.pages)
            for job in unpack(page.data)
            if job.job_id not in jobs.left.get(number, ())
        }

    def _accounts(self) -> Iterator[bytes]:
        accounts = self._snapshot.board.jobs.accounts
        if self._has_pages:
            older = (block for run in self._merged for block in run.parts.accounts)
            by = accounts.fresh(older)
        else:
            by = accounts.by_account()
        every = iter(by.items())
        while some := dict(islice(every, _ACCOUNTS_AT_ONCE)):
            yield msgspec.msgpack.encode({name: pages.tobytes() for name, pages in some.items()})

    def _members(self, written: BlocksWriter) -> Iterator[bytes]:
        """Yield the jobs of the days that are in no run that stays, and note where each day is."""
        jobs, number_of = self._snapshot.board.jobs, {run: n for n, run in enumerate(self._kept)}
        self._days = []
        for day in self._snapshot.days:
            saved, at = self._saved_members(day), day.updated_at
            if saved is not None and isinstance(saved.of, SavedRun) and saved.of in number_of:
                run = number_of[saved.of]
                moved = msgspec.structs.replace(saved.day, run=run, seq=day.seq, updated_at=at)
                self._days.append(moved)
                continue
            first = len(written)
            if saved is None:
                blocks = blocks_of_members((each, jobs.places.get(each)) for each in day.jobs)
            else:
                blocks = saved.raw()
            yield from map(written.add, blocks)
            self._days.append(
                SavedDay(
                    day=day.day,
                    seq=day.seq,
                    updated_at=at,
                    run=len(self._kept),
                    first=first,
                    blocks=len(written) - first,
                    members=len(day.jobs),
                    generation=jobs.generation if saved is None else saved.day.generation,
                )
            )

    def _saved_members(self, day: DayState) -> SavedIds | None:
        """Return the jobs of a day where they are saved; None where they have changed."""
        if isinstance(day.jobs, SavedIds):
            return day.jobs
        saved = self._before.days.get(day.day)
        is_same = saved is not None and (saved.day.seq, len(saved)) == (day.seq, len(day.jobs))
        return saved if is_same else None
