"""A table as it stands in a file: its lines, each with its cells as text."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ...domain import ValidationError
from ..problems import RowProblem
from ..wishes import Wishes


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


def bounded(lines: TableLines, source: str, wishes: Wishes) -> TableLines:
    """Yield the lines, as long as they are no more than is to be read.

    Raises:
        ValidationError: there are more cells, or a line has more columns.
    """
    most, cells = wishes.most, 0
    for line in lines:
        cells += max(1, len(line.cells))
        if cells > most.cells or len(line.cells) > most.columns:  # rule: no-more-cells-than-said
            raise ValidationError(
                f"{source} has more cells than a list of posts has, at line {line.number}",
                field="file",
                hint="keep the posts alone, in a file of their own",
            )
        yield line
