"""CSV in its dialects: separators, Excel's `sep=`, and every kind of line end."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..problems import RowProblem
from .table import TableLine, TableLines

_SEPARATORS = (",", ";", "\t", "|")
_LONGEST_CELL = 2**24
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_FIRST_ROWS = 10
"""In which the names of the columns are looked for."""


def read_lines_of_cells(
    text: str, source: str, score: Callable[[Sequence[str]], int]
) -> TableLines:
    """Read the lines of a table; of the separators the one is taken with which a row among the
    first ones has the best `score` as names of columns."""
    with _long_cells():
        separator, begin = _find_separator(text, score)
        reader = csv.reader(_lines(text), delimiter=separator, strict=True)
        line = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield TableLine(line, [], RowProblem(source, line, f"not CSV: {error}", "file"))
                return
            if reader.line_num > begin:
                yield TableLine(line, cells)
            line = reader.line_num + 1


def _lines(text: str) -> Iterator[str]:
    """Yield the lines with their ends, whatever these are; without another copy of the text."""
    return (found[0] for found in _LINE.finditer(text) if found[0])


@contextmanager
def _long_cells() -> Iterator[None]:
    longest = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(longest)


def _find_separator(text: str, score: Callable[[Sequence[str]], int]) -> tuple[str, int]:
    """Find the separator, and how many lines before the names say it, as Excel's `sep=;`."""
    first = text[:10].splitlines()[0] if text else ""
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4], 1
    best, most = ",", (-1, -1)
    for separator in _SEPARATORS:
        for cells in _first_rows(text, separator):
            found = (score(cells), len(cells))
            if found > most:
                best, most = separator, found
    return best, 0


def _first_rows(text: str, separator: str) -> list[list[str]]:
    found: list[list[str]] = []
    try:
        for cells in csv.reader(_lines(text), delimiter=separator):
            if any(cell.strip() for cell in cells):
                found.append(cells)
            if len(found) == _FIRST_ROWS:
                break
    except csv.Error:
        pass
    return found
