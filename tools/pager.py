"""What is longer than the screen goes through a pager, wherever in a command it is printed.

Standard output holds back what is written until that fills the screen. Then the pager is started,
and given all of it; what is shorter is written as it is.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .streams import ReaderGone, write_through

if TYPE_CHECKING:
    from subprocess import Popen

    from _typeshed import ReadableBuffer

_USUAL = "less -FRX"
_VARIABLES = ("JOBLEDGER_PAGER", "PAGER")
_TAB = 8
_UNSEEN = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|[\0-\x08\x0b-\x1f]"
)
"""What takes no room: colours, the addresses of links, and whatever else controls a terminal."""


@contextmanager
def paging() -> Iterator[None]:
    """Have what is printed in the `with` go through the pager, where standard output is a terminal
    that can be paged on, and it is longer than that."""
    command = _command()
    if not command or os.environ.get("TERM", "dumb") == "dumb" or not sys.stdout.isatty():
        yield
        return
    from shutil import get_terminal_size

    paged = _Paged(command, get_terminal_size(), sys.stdout.encoding)
    before = write_through(paged)
    try:
        yield
    finally:
        if before is not None:
            try:
                settle()
            finally:
                write_through(before)


def settle() -> None:
    """Have people see what was printed by now: they have to leave the pager before what standard
    error says is seen, and what is printed afterwards is not paged."""
    paged = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(paged, _Paged):
        try:
            with suppress(ReaderGone):  # they have left it, and need no more
                sys.stdout.flush()
        finally:
            rest = paged.end()
        sys.stdout.buffer.write(rest)
        sys.stdout.flush()


def rows_of(line: str, columns: int) -> int:
    """Return how many rows of a screen a line takes that is wrapped: a wide character is not cut,
    and what only colours takes no room."""
    from rich.cells import get_character_cell_size

    rows, column = 1, 0
    for character in _UNSEEN.sub("", line):
        if character == "\t":  # it goes no further than the last column
            column = min(column + _TAB - column % _TAB, columns - 1)
            continue
        width = get_character_cell_size(character)
        if column + width > columns and column:
            rows, column = rows + 1, 0
        column += width
    return rows


def _command() -> list[str]:
    """Return the words of the pager's command; none where there is to be no pager."""
    given = (os.environ[name] for name in _VARIABLES if name in os.environ)
    try:
        words = shlex.split(next(given, _USUAL))
    except ValueError:
        return []
    return [] if words == ["cat"] else words


class _Paged(io.RawIOBase):
    """The terminal, with what may have to go through the pager held back."""

    def __init__(self, command: Sequence[str], screen: os.terminal_size, encoding: str) -> None:
        self._terminal = io.FileIO(1, "w", closefd=False)
        self._command = command
        self._screen = screen
        self._encoding = encoding
        self._held: bytes | None = b""
        """None once it is known what becomes of it."""
        self._ended = 0
        """So many bytes of it are lines that have ended, which take so many `_rows`."""
        self._rows = 0
        self._pager: Popen[bytes] | None = None

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()

    def write(self, data: ReadableBuffer, /) -> int | None:
        if self._held is None:
            return self._target().write(data)
        self._held += bytes(data)
        if self._is_more_than_fits(self._held):
            self._begin(self._held)
        return memoryview(data).nbytes

    def _is_more_than_fits(self, held: bytes) -> bool:
        """Whether the screen is full, with a row for what the shell asks next."""
        while (end := held.find(b"\n", self._ended)) >= 0:
            self._rows += self._rows_of(held[self._ended : end])
            self._ended = end + 1
            if self._rows >= self._screen.lines:
                return True
        return self._rows + self._rows_of(held[self._ended :]) > self._screen.lines

    def _rows_of(self, line: bytes) -> int:
        if len(line) <= self._screen.columns and b"\t" not in line:  # no character is that wide
            return 1
        return rows_of(line.decode(self._encoding, "replace"), self._screen.columns)

    def end(self) -> bytes:
        """Wait until people have left the pager; return what is held back, if there was none."""
        rest, self._held = self._held or b"", None
        pager, self._pager = self._pager, None
        if pager is not None and pager.stdin is not None:
            with suppress(OSError):  # it has gone already
                pager.stdin.close()
            while pager.returncode is None:
                with suppress(KeyboardInterrupt):  # which is for the pager
                    pager.wait()
        return rest

    def _begin(self, held: bytes) -> None:
        """Start the pager; without one, everything goes to the terminal from now on."""
        import subprocess

        self._held = None
        with suppress(OSError):
            self._pager = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, bufsize=0, env={"LESS": "FRX", **os.environ}
            )
        rest = memoryview(held)
        while rest:
            rest = rest[self._target().write(rest) or 0 :]

    def _target(self) -> io.FileIO:
        if self._pager is None:
            return self._terminal
        assert isinstance(self._pager.stdin, io.FileIO)
        return self._pager.stdin
