"""Copying a part of a file, durably but for the copy's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .filesystem import FileSystem, storage_errors

_AT_ONCE = 1024 * 1024


def copy_file(
    fs: FileSystem, source: Path, target: Path, begin: int = 0, end: int | None = None
) -> None:
    """Copy the bytes of `source` from `begin` to `end` (by default all) to `target`, made anew.

    Raises:
        StorageError: one of them cannot be read or written, or the source is shorter.
    """
    for _ in copying(fs, source, target, begin, end):
        pass


def copying(
    fs: FileSystem, source: Path, target: Path, begin: int = 0, end: int | None = None
) -> Iterator[int]:
    """Copy as `copy_file` does, step by step: yield how many bytes were copied at a time."""
    with storage_errors("read", source):
        read = fs.open_read(source)
    try:
        with storage_errors("read", source):
            end = fs.size(read) if end is None else end
        with storage_errors("write", target):
            written = fs.open_write(target, create=True, truncate=True)
        try:
            offset = begin
            while offset < end:
                with storage_errors("read", source):
                    data = fs.read_at(read, min(_AT_ONCE, end - offset), offset)
                    if not data:
                        raise OSError(f"it has {offset} bytes, and had {end}")
                with storage_errors("write", target):
                    fs.write_at(written, data, offset - begin)
                offset += len(data)
                yield len(data)
            with storage_errors("write", target):
                fs.sync_data(written)
        finally:
            fs.close(written)
    finally:
        fs.close(read)
