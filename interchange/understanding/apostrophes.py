"""Texts that go through a spreadsheet as CSV: an apostrophe keeps them from being calculated.

A column whose name begins with one has cells that begin with one, and it is taken off again. It is
put where a spreadsheet could make something else of a text: a formula, a number, a date, a boolean.
What one does not keep, a carriage return, is written as a JSON string behind the apostrophe.
A program that itself takes the apostrophe for a sign, and not for a letter, takes it off the name
of the column as well: so either way what is read is what was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

MARK = "'"
_SAFE = re.compile(
    r"-?(?:0|[1-9]\d{0,10})"  # longer numbers are rounded, zeros in front of one are cut off
    r"|\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d"  # an instant: no spreadsheet knows offsets
    r"|\{.*",
    re.A | re.S,
)
_BOOLEANS = {
    "true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "falso", "vero", "waar",
    "onwaar", "sand", "falsk", "sant", "usant", "tosi", "prawda", "fałsz", "igaz", "hamis",
    "đúng", "sai", "истина", "ложь", "verdadeiro", "doğru", "yanliş",
}  # fmt: skip
_LONG = 60
"""No number, date or boolean has so many characters."""


def is_safe(text: str) -> bool:
    """Whether a spreadsheet leaves a text as it is."""
    if not text or _SAFE.fullmatch(text):
        return True
    if not text[0].isalpha() or "\r" in text:
        return False
    if len(text) > _LONG:
        return True
    return not any(char.isdigit() for char in text) and text.casefold() not in _BOOLEANS


def protected(text: str, is_kept: Callable[[str], bool] = is_safe) -> str:
    """Return the cell of a text in a column with an apostrophe."""
    if is_kept(text) and not text.startswith(MARK):
        return text
    is_json = "\r" in text or text.startswith('"')
    return MARK + (json.dumps(text, ensure_ascii=False) if is_json else text)


def plain(cell: str) -> str:
    """Return the text of a cell in a column with an apostrophe."""
    if not cell.startswith(MARK):
        return cell
    text = cell[1:]
    if text.startswith('"'):
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, str) else text
    return text
