"""What is in a snapshot's file besides its core: closed jobs, ids, members of days, in blocks.

The core says where they are and what they are verified by; none of them is read before somebody
asks for what is in it.
"""

from __future__ import annotations

import msgspec

from ..domain import JobPlace, JobStatus, Moment
from ..eventstore import DayRead, Repaired
from .counters import CountsOfLog
from .post_times import PostTimesState
from .saved_blocks import BlocksTable, SavedBlocks, SavedFile
from .saved_ids import SavedDay, SavedIds
from .saved_index import SavedIndex, SavedNames, SavedPlaces, SavedVersions
from .schedules import SchedulesState


class Core(msgspec.Struct, frozen=True, array_like=True):
    """What is read at once."""

    days_read: list[DayRead]
    line: int
    batch: int
    write_offset: int
    repairs: list[Repaired]
    at: Moment | None
    open: list[bytes]
    recent: bytes
    left: dict[int, list[str]]
    packed: int
    generation: int
    counts: dict[str, dict[JobStatus, int]]
    unknown: dict[str, JobPlace]
    days: list[SavedDay]
    post_times: PostTimesState | None
    schedules: SchedulesState
    counters: CountsOfLog | None
    firsts: bytes
    names: BlocksTable
    pages: BlocksTable
    accounts: BlocksTable
    members: BlocksTable
    index: BlocksTable


class SavedState:
    """What a file has by its core."""

    def __init__(self, file: SavedFile, core: Core) -> None:
        self.file = file
        index = SavedIndex(SavedBlocks(file, core.index), core.firsts)
        self.names = SavedNames(SavedBlocks(file, core.names))
        self.versions = SavedVersions(index, self.names)
        self.places = SavedPlaces(index)
        self.pages = SavedBlocks(file, core.pages)
        self.accounts = SavedBlocks(file, core.accounts)
        self._members = SavedBlocks(file, core.members)
        self.days = {day.day: SavedIds(self._members, day) for day in core.days}

    def check(self) -> None:
        """Read all of it.

        Raises:
            SavedPartError: a block is damaged, or cannot be read.
        """
        every = (self.names.blocks, self.pages, self.accounts, self._members)
        for blocks in (*every, self.places.index.blocks):
            for _ in blocks:
                pass
