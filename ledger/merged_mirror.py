"""Mirroring several chains: a directory for each, in that of the mirror."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from ..domain import JobLedgerError
from .mirroring import LedgerMirror


class MergedMirror(LedgerMirror):
    """The mirrors of all chains, `shard-1` and so on in `directory`; each is one by itself."""

    def __init__(self, mirrors: Sequence[LedgerMirror], directory: Path) -> None:
        self.directory = directory
        self._mirrors = tuple(mirrors)

    @property
    def seq(self) -> int:
        """How many events the mirrors have."""
        return sum(each.seq for each in self._mirrors)

    def catch_up(self) -> int:
        """As `LedgerMirror.catch_up`, of all chains: also where one is in trouble, which is raised
        when the others were copied."""
        count, trouble = 0, None
        for each in self._mirrors:
            try:
                count += each.catch_up()
            except JobLedgerError as error:
                trouble = trouble or error
        if trouble is not None:
            raise trouble
        return count

    def close(self) -> None:
        """Let go of the directories. Calling it again does nothing."""
        with ExitStack() as stack:
            for each in self._mirrors:
                stack.callback(each.close)
