"""Who reads the files of a log for `verify`: the process itself, or one beside it.

Cutting lines, hashing them and taking them apart is half of the work, and needs nothing but the
files: with a second core, and where it is worth the start of a process, that is done beside
(`reading_beside`). What the lines mean is judged here, one after the other, by the same code: so
what is found, and in which order, does not depend on who has read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..eventstore.engines.files import FileSystem
from .findings import Broken, ProblemKind
from .second_reader import KeptBytes, Line, SoundRecord, parse_record, read_lines

if TYPE_CHECKING:
    from .reading_beside import Helper

WORTH_A_PROCESS = 16 * 1024 * 1024
"""From so many bytes on a process is started: to verify them takes some ten times as long as its
start does."""

ReadLine = tuple[Line, SoundRecord | Broken | None]
"""A line, and what it is; None for the first one of a file, which is left to who asks."""
Read = Callable[[Path, Callable[[int], None]], Iterator[ReadLine]]
"""Reads a file, as `read_lines`."""


class LinesRead(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Some lines of a file, as they are sent: each with its record, or with what is wrong with it
    (kind and words). `read`: how many bytes were read then. `broken`: it cannot be unpacked from
    here on. `is_last`: there are no more.

    Of the lines' bytes only those of the first one are there, which nobody else looks at.
    """

    lines: list[tuple[Line, SoundRecord | None, tuple[ProblemKind, str] | None]]
    read: int | None = None
    broken: tuple[ProblemKind, str] | None = None
    is_last: bool = False


def judged(line: Line) -> ReadLine:
    """Return a line with what it is."""
    if line.number == 1:
        return line, None
    try:
        return line, parse_record(line)
    except Broken as fault:
        return line, fault


def read_here(
    fs: FileSystem, path: Path, progress: Callable[[int], None], kept: KeptBytes | None = None
) -> Iterator[ReadLine]:
    """Read a file in this process. As `read_lines`."""
    return map(judged, read_lines(fs, path, progress, kept))


@contextmanager
def reading(
    fs: FileSystem, paths: Sequence[Path], total: int, kept: KeptBytes | None = None
) -> Iterator[Read]:
    """Have somebody who reads these files, in this order, of `total` bytes, within the `with`; what
    is `kept` counts in place of what its file has."""
    small = total < WORTH_A_PROCESS
    if small or kept is not None or type(fs) is not FileSystem or _cores() < 2:
        yield lambda path, progress: read_here(fs, path, progress, kept)
        return
    from .reading_beside import Helper  # whoever needs no process does not import what starts one

    helper = Helper(paths)
    try:
        yield _Beside(fs, helper).read
    finally:
        helper.end()


def _cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except (AttributeError, OSError):  # other systems than Linux
        return os.cpu_count() or 1


class _Beside:
    """Reads files by a helper for as long as there is one; what it cannot do is done here."""

    def __init__(self, fs: FileSystem, helper: Helper) -> None:
        self._fs = fs
        self._helper = helper

    def read(self, path: Path, progress: Callable[[int], None]) -> Iterator[ReadLine]:
        """Read a file. As `read_lines`; where the helper is gone, from where it was."""
        done = reached = 0

        def report(read: int) -> None:
            nonlocal reached
            if read > reached:  # else it is read a second time
                reached = read
                progress(read)

        for part in self._helper.parts(path):
            for line, record, fault in part.lines:
                done += 1
                yield line, record if fault is None else Broken(*fault)
            if part.broken is not None:
                raise Broken(*part.broken)
            if part.read is not None:
                report(part.read)
            if part.is_last:
                return
        lines = islice(read_lines(self._fs, path, report), done, None)
        yield from map(judged, lines)
