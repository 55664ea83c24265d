"""The texts of a schedule as they are given: one by one, or in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ...domain import ValidationError
from ..files import read_in
from ..job_changes import read_content

_MOST_BYTES = 4 * 1024 * 1024
_JSON_LINES = (".jsonl", ".ndjson")


def read_texts(given: Sequence[str], file: str | None) -> list[str]:
    """Return the texts; none where none are given. `-` is standard input.

    Raises:
        StorageError: the file cannot be read.
        ValidationError: both are given, or the file has none, or what is no text.
    """
    if given and file is not None:
        raise ValidationError(
            "give --content or --content-file, not both", field="content", hint="or put all in one"
        )
    if file is None:
        return [read_content(text) for text in given]
    name = "standard input" if file == "-" else file
    data = read_in(file, most_bytes=_MOST_BYTES)
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"{name} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}",
            field="content",
            hint="iconv -t UTF-8 makes it so",
        ) from None
    is_json = Path(file).suffix.lower() in _JSON_LINES
    found = list(_from_json(lines, name)) if is_json else [line for line in lines if line.strip()]
    if not found:
        raise ValidationError(f"{name} has no text", field="content")
    return found


def _from_json(lines: Sequence[str], name: str) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=str)
        except msgspec.MsgspecError:
            yield _content_of(line, f"{name}, line {number}")


def _content_of(line: str, place: str) -> str:
    try:
        said = msgspec.json.decode(line, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise ValidationError(
            f"{place}: no JSON text, and no object with one: {error}",
            field="content",
            hint='such as "Good morning", or {"content": "Good morning"}',
        ) from None
    others = ", ".join(sorted(said.keys() - {"content"}))
    text = said.get("content")
    if others or not isinstance(text, str):
        what = f"nothing reads {others}" if others else "there is no text as `content`"
        raise ValidationError(
            f"{place}: {what}", field="content", hint='such as {"content": "Good morning"}'
        )
    return text
