"""Runs: the files beside the snapshot that have what is closed, each written once.

A snapshot names the runs that it consists of, the oldest first. What a later one says of a job
takes the place of what an earlier one says; pages are numbered through all of them. Nothing of a
run is read before somebody asks for what is in it; the table of its blocks is verified then by the
core of the snapshot, each block by the table.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping

import msgspec

from .saved_blocks import BlocksTable, SavedBlocks, SavedFile, digest_of
from .saved_ids import SavedDay, SavedIds
from .saved_index import IndexBlocks, SavedIndex

_FILE = re.compile(r"\.?snapshot_closed_[0-9A-Za-z-]+\.run(\.tmp)?")
_names = msgspec.msgpack.Decoder(list[str])


def run_file(key: str) -> str:
    """Return the name of a run's file."""
    return f"snapshot_closed_{key}.run"


def is_run_file(name: str) -> bool:
    """Whether a file is a run, or was to become one."""
    return _FILE.fullmatch(name) is not None


class RunName(msgspec.Struct, frozen=True, array_like=True):
    """What the core of a snapshot says of a run: its file, how long that is, where the table begins
    and what it is verified by; how many entries and pages it has."""

    name: str
    size: int
    begin: int
    digest: bytes
    entries: int
    pages: int


class RunTable(msgspec.Struct, frozen=True, array_like=True):
    """What is in a run, and where."""

    firsts: bytes
    marks: bytes
    names: BlocksTable
    pages: BlocksTable
    accounts: BlocksTable
    members: BlocksTable
    index: BlocksTable


_tables = msgspec.msgpack.Decoder(RunTable)


class RunParts:
    """The parts of a run, by its table."""

    def __init__(self, file: SavedFile, table: RunTable) -> None:
        self.names = SavedBlocks(file, table.names)
        self.pages = SavedBlocks(file, table.pages)
        self.accounts = SavedBlocks(file, table.accounts)
        self.members = SavedBlocks(file, table.members)
        self.index = IndexBlocks(SavedBlocks(file, table.index), table.firsts, table.marks)


class SavedRun:
    """A run, whose file is open."""

    def __init__(self, file: SavedFile, named: RunName) -> None:
        self.file = file
        self.named = named
        self._parts: RunParts | None = None

    @property
    def parts(self) -> RunParts:
        """Return what is in it.

        Raises:
            SavedPartError: the table is damaged, or cannot be read.
        """
        if self._parts is None:
            named = self.named
            data = self.file.bytes_at(named.begin, named.size - named.begin)
            if digest_of(data) != named.digest:  # rule: hash-of-the-table-of-a-run
                raise self.file.fault("its table is damaged: the hash does not match its bytes")
            try:
                self._parts = RunParts(self.file, _tables.decode(data))
            except (msgspec.MsgspecError, ValueError) as error:
                raise self.file.fault(f"its table cannot be read: {error}") from error
        return self._parts

    @property
    def index(self) -> IndexBlocks:
        """Return its part of the index. Raises as `parts`."""
        return self.parts.index

    def page(self, number: int) -> bytes:
        """Return one of its pages. Raises as `parts`, and for the page."""
        return self.parts.pages.read(number)

    def member_blocks(self, day: SavedDay) -> Iterator[bytes]:
        """Yield the blocks that have the jobs of a day. Raises as `page`."""
        return map(self.parts.members.read, range(day.first, day.first + day.blocks))

    def check(self) -> None:
        """Read all of it. Raises as `page`."""
        parts = self.parts
        for blocks in (parts.names, parts.pages, parts.accounts, parts.members, parts.index.blocks):
            for _ in blocks:
                pass


class SavedRuns:
    """The runs of one snapshot, the oldest first, and where in them the jobs of each day are."""

    def __init__(self, runs: list[SavedRun], days: list[SavedDay]) -> None:
        self.runs = runs
        self.index = SavedIndex(runs)
        self.days: Mapping[str, SavedIds] = {day.day: SavedIds(runs[day.run], day) for day in days}

    def names(self) -> Iterator[str]:
        """Yield all ids that there ever were, in the order of their coming.

        Raises:
            SavedPartError: a block is damaged, or cannot be read.
        """
        for run in self.runs:
            for block in run.parts.names:
                yield from _names.decode(zlib.decompress(block))

    def tell_faults(self, call: Callable[[str], object]) -> None:
        """Have this called where a part turns out to be no good."""
        for run in self.runs:
            run.file.on_fault = call

    def close(self) -> None:
        """Let go of the files: nothing can be asked then."""
        for run in self.runs:
            run.file.close()


class SavedVersions:
    """The versions in the runs of a snapshot."""

    def __init__(self, runs: SavedRuns) -> None:
        self.runs = runs

    def find(self, key: str) -> int:
        """Return the version of a job. As `SavedNumbers.find`."""
        return self.runs.index.find(key)[0]

    def __iter__(self) -> Iterator[str]:
        return self.runs.names()


class SavedPlaces:
    """The pages in the runs of a snapshot, as numbers plus one."""

    def __init__(self, runs: SavedRuns) -> None:
        self.runs = runs

    def find(self, key: str) -> int:
        """Return the page of a job. As `SavedNumbers.find`."""
        return self.runs.index.find(key)[1]

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError("which jobs are on pages, the pages say")


class SavedAccounts:
    """Which accounts are on which pages, as `PageAccounts` packs it."""

    def __init__(self, runs: SavedRuns) -> None:
        self.runs = runs

    def __iter__(self) -> Iterator[bytes]:
        for run in self.runs.runs:
            yield from run.parts.accounts
