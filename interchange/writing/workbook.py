"""Spreadsheets, `.xlsx`: the columns of our CSV, in which every cell is a text and stays one.

All that is not kept is a carriage return, so a column that has one is written as in a CSV for them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from ...domain import ScheduledJob, ValidationError
from ..workbook_text import escaped
from .csv_form import cells_of, check_lengths, with_marks

_TEXT = "@"
"""The format by which a spreadsheet leaves what is typed over it a text, too."""


def write_workbook(jobs: Sequence[ScheduledJob]) -> bytes:
    """Write the jobs in this order on one sheet.

    Raises:
        ValidationError: a text is longer than what a spreadsheet keeps of it, or what writes them
            is not installed.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise ValidationError(
            "what writes spreadsheets is not installed",
            field="format",
            hint="install the extra `excel`, or --excel with a file.csv",
        ) from None
    columns, rows = cells_of(jobs)
    check_lengths(columns, rows)
    columns, rows = with_marks(columns, rows, lambda text: "\r" not in text)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("jobs")
    sheet.freeze_panes = "A2"
    sheet.append(columns)
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=escaped(text) or None)
            if text:
                cell.data_type = "s"  # whatever it begins with
                cell.number_format = _TEXT
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
