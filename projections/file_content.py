"""Comparing a file with what it has to hold, neither of them in memory as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ..eventstore.engines.files import FileSystem

Content = Iterable[bytes]
"""What a file has to hold, in parts; it can be iterated over more than once."""

_SHOWN = 200
_MORE = 64 * 1024
"""So much is read behind a part that differs, for the rest of its line."""


class FirstDifference(msgspec.Struct, frozen=True):
    """The first line (from 1) that differs, the beginning of it, and of what is due there; None:
    the file, or what is due, has ended before."""

    line: int
    found: str | None
    expected: str | None


def is_same(fs: FileSystem, path: Path, content: Content | None) -> bool:
    """Whether a file holds this; None: whether there is no such file."""
    try:
        fd = fs.open_read(path)
    except FileNotFoundError:
        return content is None
    try:
        return content is not None and _first_difference(fs, fd, content) is None
    finally:
        fs.close(fd)


def first_difference(fs: FileSystem, path: Path, content: Content) -> FirstDifference | None:
    """Where a file differs from this; None where it does not.

    Raises:
        FileNotFoundError: there is no such file.
    """
    fd = fs.open_read(path)
    try:
        return _first_difference(fs, fd, content)
    finally:
        fs.close(fd)


def _first_difference(fs: FileSystem, fd: int, content: Content) -> FirstDifference | None:
    offset, line = 0, 1
    begun = b""
    """What both have of the line that goes on."""
    parts = iter(content)
    for due in parts:
        found = fs.read_at(fd, len(due), offset)
        if found != due:
            more = fs.read_at(fd, _MORE, offset + len(found))
            return _at(line, begun + found + more, begun + due + _to_line_end(parts))
        offset += len(due)
        line += due.count(b"\n")
        last = due.rfind(b"\n") + 1
        begun = due[last:] if last else begun + due
    more = fs.read_at(fd, _MORE, offset)
    return _at(line, begun + more, begun) if more else None


def _to_line_end(parts: Iterator[bytes]) -> bytes:
    text = b""
    for part in parts:
        text += part
        if b"\n" in part or len(text) > _MORE:
            break
    return text


def _at(line: int, found: bytes, due: bytes) -> FirstDifference:
    """Where two texts differ that begin at the beginning of a line."""
    old, new = found.split(b"\n"), due.split(b"\n")
    same = next(
        (index for index, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    shown = (
        lines[same].decode(errors="replace")[:_SHOWN] if same < len(lines) else None
        for lines in (old, new)
    )
    return FirstDifference(line + same, *shown)
