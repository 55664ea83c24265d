"""JSON: a job a line, or the daily files, `{"date": …, "updated_at": …, "jobs": [ … ]}`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from ...domain import ValidationError
from ..fields import Row
from ..problems import RowProblem, place
from .kinds import check_document

_DECODER = json.JSONDecoder()
"""Python's own, since it keeps a number too long for the log as it is, to be refused."""
_SPACE = " \t\r\n"


def read_lines(text: str, source: str) -> Iterator[Row | RowProblem]:
    """Read the jobs of a file with one on each line; empty lines are skipped."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip(_SPACE):
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield RowProblem(source, number, f"not JSON: {_said(error)}")
            continue
        yield _row(value, source, number)


class DailyFile(msgspec.Struct):
    """What a daily file holds; `updated_at` None where it does not say."""

    updated_at: str | None
    rows: list[Row | RowProblem]


def read_daily(text: str, source: str, key: str = "jobs") -> DailyFile:
    """Read the jobs of one daily file, or of a bare list of jobs, each with its line; of another
    tool's document those under its `key`.

    Raises:
        ValidationError: it is not JSON, or not of this form.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        where = place(source, error.lineno)
        fault = f"{where}: not JSON: {error.msg} at column {error.colno}"
        by_line = error.msg == "Extra data"
        hint = "if each line is a job of its own, say --format jsonl" if by_line else None
        raise ValidationError(fault, field="file", hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{source}: not JSON: {_said(error)}", field="file") from None
    named = isinstance(document, dict)
    check_document(document, source)
    jobs = document.get(key) if named else document
    if not isinstance(jobs, list):
        raise ValidationError(
            f"{place(source, 1)}: neither a list of jobs nor an object with the list `{key}`",
            field="file",
        )
    updated_at = document.get("updated_at") if named else None
    lines = _lines_of_jobs(text, key)
    rows = [_row(job, source, line) for job, line in zip(jobs, lines, strict=True)]
    return DailyFile(updated_at if isinstance(updated_at, str) else None, rows)


def _row(value: object, source: str, line: int) -> Row | RowProblem:
    if not isinstance(value, dict):
        return RowProblem(source, line, f"not a job: {type(value).__name__}, not an object")
    return Row(source, line, value)


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "too deeply nested" if isinstance(error, RecursionError) else str(error)


def _lines_of_jobs(text: str, wanted: str) -> Iterator[int]:
    """Yield the line that each job begins on, in a text that is JSON of the right form."""
    line, counted = 1, 0
    for begin in _jobs_begin(text, wanted):
        line += text.count("\n", counted, begin)
        counted = begin
        yield line


def _jobs_begin(text: str, wanted: str) -> list[int]:
    begin = _skip(text, 0)
    if text[begin] == "[":
        return _items_begin(text, begin)
    found: list[int] = []
    at = _skip(text, begin + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)  # behind the colon
        if key == wanted and text[at] == "[":
            found = _items_begin(text, at)
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def _items_begin(text: str, at: int) -> list[int]:
    found = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        found.append(at)
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at
    return found


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
