"""CSV: a job a row, as spreadsheets save it and as RFC 4180 has it.

A cell is text, so what JSON tells apart has to be said: an empty cell is what is not there, and in
fields that are a text or nothing, such as `error`, a cell that is a JSON string stands for that
string. So the empty text is written as `""`, and a text that begins with a double quote as a JSON
string.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from ...domain import ScheduledJob, ValidationError
from .fields import DOUBT, KEYS, NEEDED, STATE, Row, RowFault, place, to_document

BOM = "\ufeff"
_SEPARATORS = (",", ";", "\t")
_LONGEST_CELL = 2**24


def read_csv(text: str, source: str) -> Iterator[Row | RowFault]:
    """Read the rows of a file; its separator is the one that its first row is understood with.

    Raises:
        ValidationError: the first row does not name the columns.
    """
    longest = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield from _read(text, source)
    finally:
        csv.field_size_limit(longest)


def _read(text: str, source: str) -> Iterator[Row | RowFault]:
    separator, begin = _find_separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns: list[str] = []
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield RowFault(place(source, line), f"not CSV: {error}")
            return
        if reader.line_num > begin and any(cell.strip() for cell in cells):
            if not columns:
                columns = _columns(cells, place(source, line))
            else:
                try:
                    yield Row(source, line, _values(columns, cells))
                except ValidationError as error:
                    yield RowFault(place(source, line), str(error))
        line = reader.line_num + 1
    if not columns:
        raise ValidationError(
            f"{source} is empty", field="file", hint=f"the first row names the columns: {_needed()}"
        )


def _find_separator(text: str) -> tuple[str, int]:
    """Find the separator, and how many lines before the names say it, as Excel's `sep=;`."""
    first = text.split("\n", 1)[0].rstrip("\r")
    if first.lower().startswith("sep=") and len(first) == 5:
        return first[4], 1
    best, most = ",", (-1, -1)
    for separator in _SEPARATORS:
        names = _first_row(text, separator)
        found = (sum(name in NEEDED for name in names), len(names))
        if found > most:
            best, most = separator, found
    return best, 0


def _first_row(text: str, separator: str) -> list[str]:
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if any(cell.strip() for cell in cells):
                return [cell.strip().lower() for cell in cells]
    except csv.Error:
        pass
    return []


def _columns(cells: Sequence[str], where: str) -> list[str]:
    """Read the names of the columns: those that are known in lower case, any other as it is.

    Raises:
        ValidationError: one is there twice, or one that is needed is not there.
    """
    names = []
    for cell in cells:
        name = cell.strip()
        names.append(name.lower() if name.lower() in (*KEYS, *STATE) else name)
    seen: dict[str, str] = {}
    for name in names:
        if name and name.lower() in seen:
            raise ValidationError(f"{where}: the column {name!r} is there twice", field=name)
        seen[name.lower()] = name
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise ValidationError(
            f"{where}: there is no column {' and no '.join(missing)}",
            field=missing[0],
            hint=f"the first row names the columns: {_needed()}",
        )
    return names


def _needed() -> str:
    return f"{', '.join(NEEDED[:-1])} and {NEEDED[-1]} are needed"


def _values(columns: list[str], cells: list[str]) -> dict[str, Any]:
    """Read the cells of a row as JSON values; empty ones are left out.

    Raises:
        ValidationError: a cell is not what its column should have.
    """
    values = {}
    for index, cell in enumerate(cells):
        name = columns[index] if index < len(columns) else ""
        if not name:
            if cell.strip():
                raise ValidationError(
                    f"cell {index + 1}, {cell!r:.40}, is in a column without a name",
                    field="columns",
                    hint="a text with separators or line breaks in it must be in double quotes",
                )
            continue
        read = _READERS.get(name)
        text = cell.strip() if read in _STRIPPED else cell
        if text:
            values[name] = text if read is None else read(text, name)
    return values


def _stripped(text: str, name: str) -> str:
    return text


def _int(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValidationError(f"{name} must be an int, not {text!r:.60}", field=name) from None


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValidationError(f"{name} must be a number, not {text!r:.60}", field=name) from None


def _flag(text: str, name: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    except KeyError:
        fault = f"{name} must be true or false, not {text!r:.60}"
        raise ValidationError(fault, field=name) from None


def _object(text: str, name: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValidationError(f"{name} is not JSON: {error}", field=name) from None
    if not isinstance(value, dict):
        raise ValidationError(f"{name} must be a JSON object, not {text:.40}", field=name)
    return value


def _maybe_quoted(text: str, name: str) -> str:
    if text.startswith('"'):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, str) else text
    return text


def _reader(kind: Any) -> Callable[[str, str], Any] | None:
    """Return what reads the cells of a field of this type; None: they are as they stand there."""
    members = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    kinds = {get_origin(each) or each for each in members}
    for simple, read in _OF_TYPES:
        if simple in kinds:
            return read
    if str in kinds:
        return _maybe_quoted if NoneType in kinds else None
    return _stripped


_OF_TYPES: tuple[tuple[type, Callable[[str, str], Any]], ...] = (
    (bool, _flag), (int, _int), (float, _number), (dict, _object),
)  # fmt: skip
_READERS = {
    **{
        field.name: _reader(field.type)
        for field in msgspec.structs.fields(ScheduledJob)
        if field.name in (*KEYS, *STATE)
    },
    **dict.fromkeys(DOUBT, _flag),
    "job_id": _stripped,
}
_STRIPPED = (_stripped, _int, _flag, _object, _number)


# -- writing -------------------------------------------------------------------------------------


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
        writer.writerow([_cell(name, document.get(name)) for name in columns])
    return ((BOM if excel else "") + out.getvalue()).encode()


def _cell(name: str, value: object) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, str):
        quoted = _READERS[name] is _maybe_quoted and (not value or value.startswith('"'))
        return json.dumps(value, ensure_ascii=False) if quoted else value
    return msgspec.json.encode(value).decode()
