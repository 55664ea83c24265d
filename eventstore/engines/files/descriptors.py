"""Opening files at descriptors of 3 and above, whatever became of the standard streams.

Where a standard stream is closed, the next file that is opened gets its number, and what anybody
then writes to "standard error" (a warning of a library in C) goes into that file.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from os import PathLike
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap

OPEN_FILES = "/proc/self/fd/" if os.path.isdir("/proc/self/fd") else ""
"""Where the system tells by which name it knows an open file now. It is asked there in place of
`stat`, which has a price: a file whose times somebody has looked at gets new ones with its next
write, to the nanosecond (Linux 6.13 and later), and the sync behind that write waits for the file
system's journal, half as long again."""
FIRST = 3
"""The first descriptor that belongs to no standard stream."""

_opening = threading.RLock()
"""While one thread has the free numbers taken, no other finds them taken and then free again. A
signal's handler may open files in the middle of it."""


def _forked() -> None:
    global _opening
    _opening = threading.RLock()  # another thread of the parent may have held it


os.register_at_fork(after_in_child=_forked)


def open_file(path: str | PathLike[str], flags: int, mode: int = 0o777) -> int:
    """Open as `os.open` does, closed on exec, and never at the number of a standard stream."""
    with _opening:
        taken = _take_what_is_free()  # rule: streams-are-taken
        try:
            fd = os.open(path, flags | os.O_CLOEXEC, mode)
        finally:
            for each in taken:
                os.close(each)
    return fd if fd >= FIRST else _move_up(fd)  # rule: above-the-streams


def _take_what_is_free() -> list[int]:
    """Have the null device at each free number of a standard stream, until they are closed."""
    taken: list[int] = []
    if all(map(_is_open, range(FIRST))):
        return taken
    with suppress(OSError):  # a place without it, or without a number to spare
        while (fd := os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)) < FIRST:
            taken.append(fd)
        os.close(fd)
    return taken


def _is_open(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True


def _move_up(fd: int) -> int:
    """Somebody has closed a stream just now."""
    try:
        return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST)
    finally:
        os.close(fd)


def read_whole(path: str) -> bytes:
    """Read what is in a file whose size the system does not say."""
    fd, data = open_file(path, os.O_RDONLY), b""
    try:
        while part := os.read(fd, 64 * 1024):
            data += part
    finally:
        os.close(fd)
    return data


def unnamed_file() -> int:
    """Open a file of our own in the system's place for such, to read and to write; it has no name,
    and is gone when it is closed."""
    import tempfile  # for those who have packed days

    with _opening:
        taken = _take_what_is_free()
        try:
            with tempfile.TemporaryFile(buffering=0) as file:
                return fcntl.fcntl(file.fileno(), fcntl.F_DUPFD_CLOEXEC, FIRST)
        finally:
            for each in taken:
                os.close(each)


def map_file(fd: int, size: int) -> mmap:
    """Map the bytes of an open file, which is not empty, to be read where they are looked at."""
    import mmap  # for those who have media

    with _opening:
        taken = _take_what_is_free()  # it keeps a descriptor of its own
        try:
            return mmap.mmap(fd, size, access=mmap.ACCESS_READ)
        finally:
            for each in taken:
                os.close(each)
