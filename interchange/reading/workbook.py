"""Spreadsheets, `.xlsx`: the cells of one sheet as the texts that they would be in a CSV.

Read with openpyxl: it goes through a sheet row by row, and tells an error such as #REF! from an
empty cell, which faster readers give as the same.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from ...domain import ValidationError
from ..wishes import Wishes
from ..workbook_text import unescaped
from .packed import PackedParts, TooMuchError
from .table import TableLine

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

EXACT = 10**15
"""Whole numbers below it are kept by a spreadsheet to the last digit."""
_MOST_LINES = 2**20
"""As many as a sheet can have."""


def read_workbook(data: bytes, source: str, wishes: Wishes) -> Iterator[TableLine]:
    """Read the lines of the sheet that was named, or of the only one.

    Raises:
        ValidationError: it is no workbook, there are several sheets and none was named, or what
            reads them is not installed.
    """
    try:
        from openpyxl.reader.excel import ExcelReader
    except ImportError:
        raise ValidationError(
            f"{source} is a spreadsheet, and what reads those is not installed",
            field="file",
            hint="install the extra `excel`, or save it as CSV UTF-8",
        ) from None
    with warnings.catch_warnings(), _told_of(source):
        warnings.simplefilter("ignore")  # of styles and the like, which nobody asks for here
        packed = PackedParts(data, wishes.most)
        packed.check(source)
        reader = ExcelReader(io.BytesIO(data), read_only=True, data_only=True)
        reader.archive = packed
        reader.read()
        book = reader.wb
        try:
            for number, row in enumerate(_rows(book, _sheet(book, source, wishes), wishes), 1):
                yield TableLine(number, [_text(value) for value in row])
        finally:
            book.close()


@contextmanager
def _told_of(source: str) -> Iterator[None]:
    """Say of which file it is whatever openpyxl says of a broken one, in whichever way.

    Raises:
        ValidationError: it cannot be read.
    """
    try:
        yield
    except ValidationError:
        raise
    except Exception as error:  # noqa: BLE001 - each part of a file has errors of its own
        said = str(error) or type(error).__name__
        fault = f"{source} is no workbook that can be read: {said:.200}"
        if isinstance(error, TooMuchError) or isinstance(error.__cause__, TooMuchError):
            fault = f"{source} has the same in it too many times"
        raise ValidationError(fault, field="file") from None


def _rows(book: Workbook, name: str, wishes: Wishes) -> Iterator[Sequence[object]]:
    """Yield the cells of a sheet, each row as wide as it is, whatever the sheet says of its size.

    Raises:
        ValidationError: it has more rows than a sheet can have, or more cells than are to be read.
    """
    sheet: Any = book[name]
    sheet.reset_dimensions()
    cells = 0
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        cells += len(row)
        if number == _MOST_LINES or cells > wishes.most.cells:  # rule: a-sheet-has-an-end
            raise ValidationError(
                f"the sheet {name!r:.40} has too many cells",
                field="file",
                hint="keep the posts alone, in a file of their own",
            )
        yield row


def _sheet(book: Workbook, source: str, wishes: Wishes) -> str:
    """Choose the sheet.

    Raises:
        ValidationError: there is none of the name that was given, or it is not clear which.
    """
    shown = [each.title for each in book.worksheets if each.sheet_state == "visible"]
    if wishes.sheet is not None:
        if wishes.sheet in [each.title for each in book.worksheets]:
            return wishes.sheet
        raise ValidationError(
            f"{source} has no sheet {wishes.sheet!r:.60}", field="sheet", hint=", ".join(shown)
        )
    full = [name for name in shown if _has_text(book, name, wishes)]
    if len(full) == 1:
        return full[0]
    if not full:
        raise ValidationError(f"{source} is empty", field="file")
    raise ValidationError(
        f"{source} has several sheets: {', '.join(full)}",
        field="sheet",
        hint=f"say which one: {wishes.hint('--sheet', full[0])}",
    )


def _has_text(book: Workbook, name: str, wishes: Wishes) -> bool:
    return any(value not in (None, "") for row in _rows(book, name, wishes) for value in row)


def _text(value: object) -> str:
    """Write a cell as CSV has it: whole numbers without a dot, times in ISO form; a number whose
    last digits a spreadsheet does not keep as such, `1.79E+16`."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            if abs(value) >= EXACT:
                return f"{value:.5E}"
            return str(int(value)) if value == int(value) else repr(value)
        case datetime():
            return _to_the_second(value).isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case str():
            return unescaped(value)
        case _:
            return str(value)


def _to_the_second(moment: datetime) -> datetime:
    """Return a time without what a spreadsheet loses by keeping it as a fraction of a day."""
    rounded = moment + timedelta(microseconds=500_000)
    return rounded.replace(microsecond=0)
