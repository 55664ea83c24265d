"""Day files that were packed: read as if they were not.

A day that nothing is appended to any more may be kept as `events_DAY.jsonl.zst`: one frame of
Zstandard, with the length of what is in it and a checksum. Whoever asks for the file of the day is
given the lines, unpacked into a file without a name; so nothing that reads a log knows of this.
Where both are there, packing was broken off, and the file itself counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from ....domain import LedgerCorruptError, StorageError
from ....release import how_to_install
from .filesystem import FileSystem, storage_errors

FoundT = TypeVar("FoundT")

ENDING = ".zst"
_CHUNK = 256 * 1024
_FRAME_HEADER = 18


def packed_path(path: Path) -> Path:
    """Return where a day's file is when it is packed."""
    return path.with_name(path.name + ENDING)


def is_packed(fs: FileSystem, path: Path) -> bool:
    """Say whether a day is there packed, and only so.

    Raises:
        OSError: nobody can say.
    """
    return _is_there(fs, packed_path(path)) and not _is_there(fs, path)


def open_day(fs: FileSystem, path: Path, *, to_write: bool = False) -> tuple[int, int | None]:
    """Open a day's file; return it, and its length where it was packed (it has no name then).

    Raises:
        FileNotFoundError: the day has no file, nor is it packed.
        OSError: it cannot be opened.
        LedgerCorruptError: it is packed, and cannot be unpacked.
        StorageError: what it is packed into cannot be read, or the extra for that is missing.
    """
    opening = fs.open_write if to_write else fs.open_read
    return _either(fs, path, lambda: (opening(path), None), _unpacked)


def day_length(fs: FileSystem, path: Path) -> int:
    """Return how long the file of a day is, or was before it was packed.

    Raises: as `open_day`.
    """
    return _either(fs, path, lambda: fs.file_size(path), _length)


def _either(
    fs: FileSystem,
    path: Path,
    of_file: Callable[[], FoundT],
    of_packed: Callable[[FileSystem, int, Path], FoundT],
) -> FoundT:
    """Return what is found of a day's file, else of what it is packed into, which is open then."""
    for _ in range(2):  # somebody may be packing or unpacking it just now
        try:
            return of_file()
        except FileNotFoundError as error:
            missing = error
        try:
            packed = fs.open_read(packed_path(path))
        except FileNotFoundError:
            continue
        try:
            return of_packed(fs, packed, packed_path(path))
        finally:
            fs.close(packed)
    raise missing


def pack_day(fs: FileSystem, path: Path, level: int) -> tuple[int, int]:
    """Pack the file of a day, which stays beside it; return the lengths of both.

    What was written is unpacked again, and is the same byte for byte, before this returns; it is on
    disk then.

    Raises:
        StorageError: one of them cannot be read or written, or the extra for it is missing.
        LedgerCorruptError: what was written is not what it was made of.
    """
    packed = packed_path(path)
    with storage_errors("read", path):
        fd = fs.open_read(path)
    try:
        with storage_errors("read", path):
            size, digest = fs.size(fd), sha256()
        with storage_errors("write", packed):
            fs.write_parts_durably(packed, _frame(_parts(fs, fd, path, digest.update), size, level))
    finally:
        fs.close(fd)
    with storage_errors("read", packed):
        fd = fs.open_read(packed)
        try:
            found, length = sha256(), 0
            for part in _contents(fs, fd, packed):
                found.update(part)
                length += len(part)
            if (length, found.digest()) != (size, digest.digest()):  # rule: packed-is-read-back
                raise _cannot_unpack(packed, 0, "it is not what it was made of")
            return size, fs.size(fd)
        finally:
            fs.close(fd)


def unpack_day(fs: FileSystem, path: Path, end: int | None = None) -> int:
    """Make the file of a day out of what it is packed into, which stays beside it, or the first
    `end` bytes of it; return how long it is. Durable when it returns.

    Raises:
        StorageError: one of them cannot be read or written, or the extra for it is missing.
        LedgerCorruptError: it cannot be unpacked; nothing was made.
    """
    packed, done = packed_path(path), 0

    def parts() -> Iterator[bytes]:
        nonlocal done
        for part in _contents(fs, fd, packed):
            part = part if end is None else part[: end - done]
            done += len(part)
            yield part
            if done == end:
                return

    with storage_errors("read", packed):
        fd = fs.open_read(packed)
    try:
        with storage_errors("write", path):
            fs.write_parts_durably(path, parts())
    finally:
        fs.close(fd)
    return done


def _frame(parts: Iterator[bytes], size: int, level: int) -> Iterator[bytes]:
    zstd = _library(None)
    compressor = zstd.ZstdCompressor(
        options={
            zstd.CompressionParameter.compression_level: level,
            zstd.CompressionParameter.checksum_flag: 1,
        }
    )
    compressor.set_pledged_input_size(size)
    for part in parts:
        yield compressor.compress(part)
    yield compressor.flush()


def _parts(fs: FileSystem, fd: int, path: Path, seen: Callable[[bytes], object]) -> Iterator[bytes]:
    offset = 0
    while True:
        with storage_errors("read", path):
            data = fs.read_at(fd, _CHUNK, offset)
        if not data:
            return
        offset += len(data)
        seen(data)
        yield data


def _unpacked(fs: FileSystem, packed: int, path: Path) -> tuple[int, int | None]:
    fd = fs.open_unnamed()
    try:
        offset = 0
        for part in _contents(fs, packed, path):
            fs.write_at(fd, part, offset)
            offset += len(part)
    except BaseException:
        fs.close(fd)
        raise
    return fd, offset


def _contents(fs: FileSystem, packed: int, path: Path) -> Iterator[bytes]:
    """Yield what is packed, as long as its frame says it is, and not a byte more.

    Raises:
        LedgerCorruptError: it is no such frame, or is damaged.
        StorageError: it cannot be read, or the extra for it is missing.
    """
    zstd, left = _library(path), _length(fs, packed, path)
    decompressor, offset = zstd.ZstdDecompressor(), 0
    try:
        while not decompressor.eof:
            data = b""
            if decompressor.needs_input:
                with storage_errors("read", path):
                    data = fs.read_at(packed, _CHUNK, offset)
                if not data:
                    raise _cannot_unpack(path, offset, "it ends too soon")
            offset += len(data)
            part = decompressor.decompress(data, max_length=_CHUNK)
            left -= len(part)
            if left < 0:
                break
            yield part
    except zstd.ZstdError as error:
        raise _cannot_unpack(path, offset, str(error)) from None
    with storage_errors("read", path):
        is_more = decompressor.unused_data or fs.read_at(packed, 1, offset)
    if left or is_more:
        raise _cannot_unpack(path, offset, "it has more or less in it than it says")


def _length(fs: FileSystem, packed: int, path: Path) -> int:
    zstd = _library(path)
    with storage_errors("read", path):
        begin = fs.read_at(packed, _FRAME_HEADER, 0)
    try:
        size = zstd.get_frame_info(begin).decompressed_size
    except zstd.ZstdError as error:
        raise _cannot_unpack(path, 0, str(error)) from None
    if size is None:
        raise _cannot_unpack(path, 0, "it does not say how long it was")
    return int(size)


def _cannot_unpack(path: Path, offset: int, why: str) -> LedgerCorruptError:
    return LedgerCorruptError(
        f"{path}, byte {offset}: it cannot be unpacked: {why}",
        path=str(path),
        offset=offset,
        kind="packed",
        hint="nothing was changed",
        remedy="verify",
    )


def _library(path: Path | None) -> ModuleType:
    """Return the module for Zstandard: of Python 3.14, or what brings it to those before."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise StorageError(
            "days are packed with a library that is missing"
            if path is None
            else f"{path} is packed, and the library that unpacks it is missing",
            path=None if path is None else str(path),
            hint=how_to_install("archive"),
        ) from None
    return zstd


def _is_there(fs: FileSystem, path: Path) -> bool:
    try:
        fs.file_size(path)
    except FileNotFoundError:
        return False
    return True
