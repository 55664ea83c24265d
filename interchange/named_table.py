"""A table, looked into before its rows are read: what its columns are, and what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from .rows import table_of
from .sources import Source
from .understanding.columns import FileColumns, columns_of
from .understanding.header import score
from .wishes import Wishes

_FIRST_ROWS = 10


class NamedTable(msgspec.Struct, frozen=True):
    """The columns of a table by their names, and the cells of the rows below them."""

    columns: FileColumns
    rows: Sequence[Sequence[str]]

    def samples(self, index: int, count: int) -> list[str]:
        """Return the first cells of a column that have something in them."""
        found = (row[index] for row in self.rows if index < len(row) and row[index].strip())
        return [text for text, _ in zip(found, range(count), strict=False)]

    def values(self, targets: Collection[str]) -> list[str]:
        """Return what stands in the columns that are one of these, row by row."""
        wanted = [n for n, each in enumerate(self.columns.columns) if each.target in targets]
        return [row[n] for row in self.rows for n in wanted if n < len(row) and row[n].strip()]


def look_into(source: Source, wishes: Wishes) -> NamedTable | None:
    """Find the row that names the columns of a table; None where the file is none, or is empty.

    Raises:
        StorageError: it cannot be read.
        ValidationError: it cannot be read as it was said.
    """
    lines = table_of(source, wishes)
    if lines is None:
        return None
    table = [line.cells for line in lines if line.problem is None and not line.is_empty]
    if not table:
        return None
    first = range(min(len(table), _FIRST_ROWS))
    at = max(first, key=lambda n: (score(table[n], wishes), len(table[n]), -n))
    return NamedTable(columns_of(table[at], wishes), table[at + 1 :])
