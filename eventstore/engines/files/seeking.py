"""Finding a record in a day file by its number, without reading what is before it.

The numbers go up by one from line to line, so the place is found by halving: there is no index that
could be behind the file, or wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ...record import MAX_LINE_BYTES, Record, RecordError, decode_record
from .filesystem import FileSystem, storage_errors

_NEARLY_ALWAYS = 16 * 1024
"""Most lines are shorter. What is left of a file at last is looked at line by line."""


class Found(NamedTuple):
    """A record, its line without the newline, and where that ends, behind the newline."""

    record: Record
    line: bytes
    end: int


def find_record(
    fs: FileSystem, fd: int, path: Path, seq: int, begin: int, size: int
) -> Found | None:
    """Find the record `seq` in an open day file, from `begin` on, of which `size` bytes count.

    Reads some kilobytes for each doubling of the file. None: it is not found in this way, because
    it is not there, or a line that was looked at on the way is no sound record.

    Raises:
        StorageError: the file cannot be read.
    """
    lines = _Lines(fs, fd, path, size)
    try:
        low, high = begin, size  # its line begins at `low` or later, and before `high`
        while high - low > _NEARLY_ALWAYS:
            middle = (low + high) // 2
            begin = lines.begin(middle)
            found = lines.read(begin) if begin < high else None
            if found is None or found.record.seq > seq:
                high = middle
            elif found.record.seq < seq:
                low = found.end
            else:
                return found
        while low < high:
            found = lines.read(low)
            if found.record.seq == seq:
                return found
            low = found.end
    except RecordError:
        return None
    return None


class _Lines:
    """The lines of an open file, each by where it begins."""

    def __init__(self, fs: FileSystem, fd: int, path: Path, size: int) -> None:
        self._fs = fs
        self._fd = fd
        self._path = path
        self._size = size
        self._at, self._data = 0, b""
        """What was read last, and where it begins: the next line is mostly in it."""

    def begin(self, offset: int) -> int:
        """Return where the first line at `offset` or behind it begins; there may be none."""
        before = self._up_to_newline(offset - 1)
        return offset - 1 + len(before)

    def read(self, begin: int) -> Found:
        """Return the record of the line that begins there.

        Raises:
            RecordError: it is none that is sound.
        """
        line = self._up_to_newline(begin)
        if not line.endswith(b"\n"):
            raise RecordError("incomplete", "the line has no end")
        return Found(decode_record(line[:-1]), line[:-1], begin + len(line))

    def _up_to_newline(self, offset: int) -> bytes:
        """Return the bytes from `offset` on up to the first newline, with it if there is one."""
        for most in (0, _NEARLY_ALWAYS, MAX_LINE_BYTES + 1):
            if most:
                with storage_errors("read", self._path):
                    data = self._fs.read_at(self._fd, min(most, self._size - offset), offset)
                self._at, self._data = offset, data
            begin = offset - self._at
            end = self._data.find(b"\n", begin) + 1 if 0 <= begin < len(self._data) else 0
            if end:
                return self._data[begin:end]
        return self._data
