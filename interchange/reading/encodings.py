"""From bytes to text: UTF-8, UTF-16 with its mark, or the encoding that is named.

An encoding is never guessed: most bytes are text in several. What does not read as UTF-8 is shown
as other encodings have it, each with the command that takes it so.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

from ...domain import ValidationError
from ..wishes import Wishes

BOM = "\ufeff"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TRIED = ("cp1252", "cp1258", "cp1250", "cp1251", "cp932", "gb18030")
_COMBINED = {"cp1258"}
"""Encodings that have marks as letters of their own, which are one with their letter elsewhere."""
_AROUND = 16


def decode(data: bytes, name: str, wishes: Wishes) -> str:
    """Return the text of a file, without a byte order mark.

    Raises:
        ValidationError: it is in no encoding that was said, or that its mark says.
    """
    marked = next((known for mark, known in _MARKS if data.startswith(mark)), None)
    if wishes.encoding is not None and marked is None:
        return _as_said(data, name, wishes.encoding)
    if marked is None and (wide := _without_its_mark(data)):
        raise ValidationError(
            f"{name} has zero bytes, as UTF-16 without its mark has",
            field="file",
            hint=wishes.hint("--encoding", wide),
        )
    try:
        text = data.decode(marked or "utf-8").removeprefix(BOM)
    except UnicodeDecodeError as error:
        if marked is not None:
            raise ValidationError(
                f"{name} is marked as {marked.upper()}, and byte {error.start} of it is not",
                field="file",
            ) from None
        raise _other_encoding(data, name, error, wishes) from None
    return text


def _without_its_mark(data: bytes) -> str | None:
    """Return which UTF-16 it is by where its zero bytes are, if it is one: in most letters one of
    the two bytes is zero."""
    begin = data[:200]
    for encoding, zeros in (("utf-16-le", begin[1::2]), ("utf-16-be", begin[::2])):
        if len(zeros) > 1 and 2 * zeros.count(0) > len(zeros):
            return encoding
    return None


def check_encoding(name: str) -> str:
    """Return the name of an encoding of texts.

    Raises:
        ValidationError: there is none of that name.
    """
    try:
        found = codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        raise ValidationError(
            f"encoding {name!r:.40} is not known",
            field="encoding",
            hint="such as utf-16-le, cp1252 or cp1258",
        ) from None
    return found.name


def _as_said(data: bytes, name: str, encoding: str) -> str:
    try:
        text = data.decode(encoding).removeprefix(BOM)
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"{_where(data, name, error)} is not {encoding}", field="encoding"
        ) from None
    return unicodedata.normalize("NFC", text) if encoding in _COMBINED else text


def _other_encoding(
    data: bytes, name: str, error: UnicodeDecodeError, wishes: Wishes
) -> ValidationError:
    """Say what is no UTF-8, and how it reads in encodings in which it is text."""
    readings: dict[str, str] = {}
    texts: set[str] = set()
    for encoding in _TRIED:
        try:
            text = _as_said(data, name, encoding)
        except ValidationError:
            continue
        if text not in texts and not _has_controls(text):
            texts.add(text)
            readings[encoding] = _around(text)
    hint = f'save it as "CSV UTF-8", or say its encoding: {wishes.option("--encoding", "NAME")}'
    if readings:
        said = " or ".join(
            f"{shown!r} with {wishes.hint('--encoding', encoding)}"
            for encoding, shown in readings.items()
        )
        hint = f'it reads {said}; or save it as "CSV UTF-8"'
    return ValidationError(f"{_where(data, name, error)} is not UTF-8", field="file", hint=hint)


def _where(data: bytes, name: str, error: UnicodeDecodeError) -> str:
    line = data.count(b"\n", 0, error.start) + 1
    column = error.start - data.rfind(b"\n", 0, error.start)
    return f"{name}, line {line}: byte {column} of it, 0x{data[error.start]:02x},"


def _around(text: str) -> str:
    """Return what is around the first letter that is none of ASCII."""
    found = re.search(r"[^\x00-\x7f]", text)
    if found is None:
        return ""
    begin = text.rfind("\n", 0, found.start()) + 1
    line = text[max(begin, found.start() - _AROUND) :].split("\n", 1)[0].strip()
    return line[: 2 * _AROUND]


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(char) == "Cc" and char not in "\t\r\n" for char in text)
