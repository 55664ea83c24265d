"""Texts in a workbook: characters that XML has not, or does not keep, are `_xHHHH_` there."""

from __future__ import annotations

import re

_CODE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def escaped(text: str) -> str:
    """Return a text as a workbook has it."""
    return _ODD.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescaped(text: str) -> str:
    """Return the text that a workbook means."""
    return _CODE.sub(lambda found: chr(int(found[1], 16)), text)
