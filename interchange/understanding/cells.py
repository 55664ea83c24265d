"""Cells: what the text of one means in the column of a field.

A cell is text, so what JSON tells apart has to be said: an empty cell is what is not there, and in
fields that are a text or nothing, such as `error`, a cell that is a JSON string stands for that
string. So the empty text is written as `""`, and a text that begins with a double quote as a JSON
string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from ...domain import Post, ScheduledJob, ValidationError
from ..fields import DOUBT, KEYS, STATE

_ROUNDED = re.compile(r"[+-]?\d(?:[.,]\d+)?E[+-]\d+", re.I | re.A)
_ERRORS = re.compile(
    r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|ERROR!|####*)"
    r"|Err:\d{3}",
    re.I,
)
_IDS = ("job_id", "thread_id", "account_id")


def read_cell(text: str, name: str, *, genuine: bool = False) -> Any:
    """Return what a cell says in the column of a field; None where it says nothing.

    One that is `genuine` is known to be what was written.

    Raises:
        ValidationError: it is not what the field has, or a spreadsheet has made something of it.
    """
    read = _READERS.get(name)
    if read in _STRIPPED:
        text = text.strip()
    if not text:
        return None
    if not genuine and is_error(text):
        raise ValidationError(
            f"{name} is {text.strip()}: the spreadsheet could not calculate it",
            field=name,
            hint="correct its formula, or put the text there",
        )
    if not genuine and name in _IDS and _ROUNDED.fullmatch(text.strip()):
        raise ValidationError(
            f"{name} is {text.strip()}: a spreadsheet has made a number of it, and its last digits"
            " are gone",
            field=name,
            hint="format the column as text and put the ids in again",
        )
    return text if read is None else read(text, name)


def is_error(text: str) -> bool:
    """Whether a cell has what a spreadsheet shows where it could not calculate."""
    return _ERRORS.fullmatch(text.strip()) is not None


def write_cell(name: str, value: object) -> str:
    """Return the text from which `read_cell` has the value again."""
    if value is None or value == {}:
        return ""
    if isinstance(value, str):
        quoted = _READERS[name] is _maybe_quoted and (not value or value.startswith('"'))
        return json.dumps(value, ensure_ascii=False) if quoted else value
    return msgspec.json.encode(value).decode()


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


def read_flag(text: str, name: str) -> bool:
    """Read a cell that is true or false.

    Raises:
        ValidationError: it is neither.
    """
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
    (bool, read_flag), (int, _int), (float, _number), (dict, _object),
    (Post, _object),
)  # fmt: skip
_READERS = {
    **{
        field.name: _reader(field.type)
        for field in msgspec.structs.fields(ScheduledJob)
        if field.name in (*KEYS, *STATE)
    },
    **dict.fromkeys(DOUBT, read_flag),
    "job_id": _stripped,
    "date": _stripped,
    "time": _stripped,
}
_STRIPPED = (_stripped, _int, read_flag, _object, _number)
