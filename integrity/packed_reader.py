"""The second reader of packed days: what is in them, and how much (docs/log-format.md)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from ..domain import StorageError
from ..eventstore.engines.files import FileSystem, storage_errors
from ..release import how_to_install
from .findings import Broken

ENDING = ".zst"
_CHUNK = 256 * 1024


def where_it_is(fs: FileSystem, path: Path) -> Path:
    """Return where a day's file is: its path, or that of what it was packed into meanwhile.

    Raises:
        OSError: nobody can say.
    """
    packed = path.with_name(path.name + ENDING)
    for each in (path, packed):
        try:
            fs.file_size(each)
        except FileNotFoundError:
            continue
        return each
    return path


def read_packed(fs: FileSystem, path: Path) -> Iterator[bytes]:
    """Yield what is packed in a file, in parts that are bounded.

    Raises:
        Broken: it is no single frame of Zstandard, is damaged, or has more in it than it says.
        StorageError: it cannot be read, or the extra for it is missing.
    """
    zstd, read, given = _library(path), 0, 0
    with storage_errors("read", path):
        fd = fs.open_read(path)
    try:
        decompressor, said = zstd.ZstdDecompressor(), None
        while not decompressor.eof:
            data = b""
            if decompressor.needs_input:
                with storage_errors("read", path):
                    data = fs.read_at(fd, _CHUNK, read)
                if not data:
                    raise Broken("packed", f"the file ends at byte {read}, before what is in it")
            if read == 0:
                said = zstd.get_frame_info(data).decompressed_size
            read += len(data)
            part = decompressor.decompress(data, max_length=_CHUNK)
            given += len(part)
            if said is None or given > said:
                raise Broken("packed", "the file does not say how much is in it")
            yield part
        with storage_errors("read", path):
            is_more = decompressor.unused_data or fs.read_at(fd, 1, read)
        if given != said or is_more:
            raise Broken("packed", "the file has more or less in it than it says")
    except zstd.ZstdError as error:
        raise Broken("packed", f"the file cannot be unpacked: {error}") from None
    finally:
        fs.close(fd)


def length_of(fs: FileSystem, path: Path) -> int:
    """Return how long a day's file is, or, where it is packed, how much it says is in it (0: it
    does not say).

    Raises:
        OSError: it cannot be read.
        StorageError: the extra for it is missing.
    """
    path = where_it_is(fs, path)
    if path.suffix != ENDING:
        return fs.file_size(path)
    zstd, fd = _library(path), fs.open_read(path)
    try:
        return zstd.get_frame_info(fs.read_at(fd, 18, 0)).decompressed_size or 0
    except zstd.ZstdError:
        return 0  # reading it says so
    finally:
        fs.close(fd)


def _library(path: Path) -> ModuleType:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise StorageError(
            f"{path} is packed, and the library that unpacks it is missing",
            path=str(path),
            hint=how_to_install("archive"),
        ) from None
    return zstd
