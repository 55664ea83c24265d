"""CSV: a job a row, in columns of our own."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ....domain import ScheduledJob
from ..fields import KEYS, STATE, to_document
from ..reading.encodings import BOM
from ..understanding.cells import write_cell


def write_csv(jobs: Sequence[ScheduledJob], *, excel: bool = False) -> bytes:
    """Write the jobs in this order; columns of `STATE` only where a job needs them.

    For `excel` with a byte order mark, so that it takes the file as UTF-8, and `;` between cells.
    """
    documents = [to_document(job) for job in jobs]
    needed = {name for document in documents for name in document}
    columns = [name for name in (*KEYS, *STATE) if name in KEYS or name in needed]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if excel else ",", lineterminator="\r\n")
    writer.writerow(columns)
    for document in documents:
        writer.writerow([write_cell(name, document.get(name)) for name in columns])
    return ((BOM if excel else "") + out.getvalue()).encode()
