"""A table as it stands in a file: its lines, each with its cells as text."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..problems import RowProblem


class TableLine(msgspec.Struct, frozen=True):
    """One line of a table: where it begins, counted from 1, and its cells.

    `problem` is why nothing can be read from here on.
    """

    number: int
    cells: list[str]
    problem: RowProblem | None = None

    @property
    def is_empty(self) -> bool:
        return not any(cell.strip() for cell in self.cells)


TableLines = Iterator[TableLine]
