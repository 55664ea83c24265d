"""CSV: a job a row, in columns of our own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from ...domain import ScheduledJob, ValidationError
from ..fields import KEYS, STATE, to_document
from ..reading.encodings import BOM
from ..understanding.apostrophes import MARK, is_safe, protected
from ..understanding.cells import write_cell

LONGEST_CELL = 32_767
"""The most characters that a spreadsheet keeps in a cell."""


def write_csv(jobs: Sequence[ScheduledJob], *, excel: bool = False) -> bytes:
    """Write the jobs in this order; columns of `STATE` only where a job needs them.

    For `excel` with a byte order mark, so that it takes the file as UTF-8, `;` between cells, and
    apostrophes where it would make something else of a text.

    Raises:
        ValidationError: a text is longer than what a spreadsheet keeps of it.
    """
    columns, rows = cells_of(jobs)
    if excel:
        check_lengths(columns, rows)
        columns, rows = with_marks(columns, rows, is_safe)
    return encoded([columns, *rows], delimiter=";" if excel else ",", mark=BOM if excel else "")


def cells_of(jobs: Sequence[ScheduledJob]) -> tuple[list[str], list[list[str]]]:
    """Return the names of the columns, and the cells of each job as texts."""
    documents = [to_document(job) for job in jobs]
    needed = {name for document in documents for name in document}
    columns = [name for name in (*KEYS, *STATE) if name in KEYS or name in needed]
    return columns, [
        [write_cell(name, document.get(name)) for name in columns] for document in documents
    ]


def with_marks(
    columns: Sequence[str], rows: Sequence[Sequence[str]], is_kept: Callable[[str], bool]
) -> tuple[list[str], list[list[str]]]:
    """Return the same with apostrophes in the columns that have a text which would not be kept."""
    marked = {n for row in rows for n, cell in enumerate(row) if not is_kept(cell)}
    return [MARK + name if n in marked else name for n, name in enumerate(columns)], [
        [protected(cell, is_kept) if n in marked else cell for n, cell in enumerate(row)]
        for row in rows
    ]


def check_lengths(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Check that a spreadsheet keeps all of each cell.

    Raises:
        ValidationError: one is longer.
    """
    for row in rows:
        for name, cell in zip(columns, row, strict=True):
            if len(cell) > LONGEST_CELL:
                raise ValidationError(
                    f"{name} of job {row[0]} has {len(cell)} characters, and a spreadsheet keeps"
                    f" {LONGEST_CELL} of a cell",
                    field=name,
                    hint="export it as JSON lines, or as CSV without --excel",
                )


def encoded(rows: Iterable[Sequence[str]], *, delimiter: str = ",", mark: str = "") -> bytes:
    """Return the rows as CSV."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return (mark + out.getvalue()).encode()
