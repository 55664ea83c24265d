"""The rows of the files that were named: read by their form, understood by their columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec

from ..domain import ValidationError
from .fields import Row
from .problems import RowProblem, problem_of
from .reading.calendar_form import read_calendar
from .reading.csv_form import read_lines_of_cells
from .reading.encodings import decode
from .reading.json_form import read_daily, read_lines
from .reading.kinds import check_bytes, check_text
from .reading.same_job import Candidates
from .reading.table import TableLines, bounded
from .reading.workbook import read_workbook
from .sources import Source
from .understanding.columns import Column, preset_of
from .understanding.header import find_columns, score
from .understanding.keys import understood
from .understanding.presets import ICS
from .wishes import Wishes


class Told(msgspec.Struct):
    """What there is to tell of files besides their rows.

    `columns` are those of tables by file, `passed_over` the lines where only columns stand that are
    not ours, `resolved` of how many jobs each file decided which another has too. `expected` is
    about how many rows there are, as far as was read.
    """

    columns: dict[str, Sequence[Column]] = {}
    passed_over: list[RowProblem] = []
    resolved: dict[str, int] = {}
    expected: int = 0


def read_rows(sources: Sequence[Source], wishes: Wishes, told: Told) -> Iterator[Row | RowProblem]:
    """Read all rows, in the order of the sources; of a directory one for each job.

    A file that is damaged as a whole is a problem like any other; the rest is read all the same.

    Raises:
        StorageError: a file cannot be read.
    """
    groups: dict[Path, Candidates] = {}
    for source in sources:
        if source.group is None:
            try:
                yield from _rows(source, wishes, told)
            except ValidationError as error:
                yield problem_of(error)
        elif source.group not in groups:
            groups[source.group] = Candidates()
            same = [each for each in sources if each.group == source.group]
            yield from _of_directory(groups[source.group], same, wishes, told)


def _of_directory(
    candidates: Candidates, sources: Sequence[Source], wishes: Wishes, told: Told
) -> Iterator[Row | RowProblem]:
    damaged: list[RowProblem] = []
    for source in sources:
        try:
            file = read_daily(decode(source.read(), source.said, wishes), source.said)
        except ValidationError as error:
            damaged.append(problem_of(error))
            continue
        for row in file.rows:
            known = understood(_with_text_ids(row), wishes, None) if isinstance(row, Row) else row
            candidates.add(known, file.updated_at, source)
    yield from candidates.rows()
    yield from damaged
    told.resolved.update(candidates.resolved)


def _with_text_ids(row: Row) -> Row:
    """Return a row with the id of its post as text, which some schedulers keep as a number."""
    value = row.values.get("thread_id")
    if not isinstance(value, int) or isinstance(value, bool):
        return row
    return msgspec.structs.replace(row, values={**row.values, "thread_id": str(value)})


def _rows(source: Source, wishes: Wishes, told: Told) -> Iterator[Row | RowProblem]:
    lines = table_of(source, wishes, told)
    if lines is not None:
        yield from _of_table(lines, source.said, wishes, told)
        return
    text = _text_of(source, wishes, told)
    preset = preset_of(wishes)
    if source.form == "calendar":
        rows, preset = read_calendar(text, source.said), preset or ICS
    elif source.form == "jsonl":
        rows = read_lines(text, source.said)
    else:
        rows = iter(read_daily(text, source.said, _list_of(text)).rows)
    for row in rows:
        yield understood(row, wishes, preset) if isinstance(row, Row) else row


def table_of(source: Source, wishes: Wishes, told: Told | None = None) -> TableLines | None:
    """Return the lines of a file that is a table; None of any other.

    Raises:
        StorageError: it cannot be read.
        ValidationError: it is no text, or no workbook.
    """
    if source.form == "excel":
        data = source.read()
        check_bytes(data[:256], source.said)
        return bounded(read_workbook(data, source.said, wishes), source.said, wishes)
    if source.form != "csv":
        return None
    text = _text_of(source, wishes, told or Told())
    check_text(text, source.said)
    lines = read_lines_of_cells(text, source.said, partial(score, wishes=wishes))
    return bounded(lines, source.said, wishes)


def _text_of(source: Source, wishes: Wishes, told: Told) -> str:
    data = source.read()
    check_bytes(data[:256], source.said)
    told.expected += data.count(b"\n")
    return decode(data, source.said, wishes)


def _list_of(text: str) -> str:
    """Return under which key a document has its list: `posts` where it has no `jobs`."""
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
        if isinstance(document, dict) and "jobs" not in document and "posts" in document:
            return "posts"
    return "jobs"


def _of_table(
    lines: TableLines, source: str, wishes: Wishes, told: Told
) -> Iterator[Row | RowProblem]:
    columns, first = find_columns(lines, wishes, source)
    told.columns[source] = columns.columns
    for line in chain(first, lines):
        if line.problem is not None:
            yield line.problem
            return
        if line.is_empty:
            continue
        row = columns.row(line, source)
        if row is not None:
            yield row
            continue
        there = [
            column.name for column, cell in zip(columns.columns, line.cells, strict=False)
            if cell.strip()
        ]  # fmt: skip
        message = f"there is nothing but {' and '.join(there)}: passed over"
        told.passed_over.append(RowProblem(source, line.number, message))
