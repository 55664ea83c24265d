"""What is longer than the screen goes through a pager, wherever in a command it is printed.

Standard output holds back what is written until that fills the screen. Then the pager is started,
and given all of it; what is shorter is written as it is.
"""

from __future__ import annotations

import io
import os
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


@contextmanager
def paging() -> Iterator[None]:
    """Have what is printed in the `with` go through the pager, where standard output is a terminal
    that can be paged on, and it is longer than that."""
    command = _command()
    if not command or os.environ.get("TERM", "dumb") == "dumb" or not sys.stdout.isatty():
        yield
        return
    from shutil import get_terminal_size

    paged = _Paged(command, get_terminal_size().lines)
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

    def __init__(self, command: Sequence[str], lines: int) -> None:
        self._terminal = io.FileIO(1, "w", closefd=False)
        self._command = command
        self._lines = lines
        self._held: bytes | None = b""
        """None once it is known what becomes of it."""
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
        if self._held.count(b"\n") >= self._lines:
            self._begin(self._held)
        return memoryview(data).nbytes

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
