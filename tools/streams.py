"""The standard streams of a command: no encoding makes them fail, and what was lost is told.

Whatever writes to standard output (we, click, rich, a library) writes to one stream that is set up
here. A character that its encoding does not have is shown as an escape, our own dashes and dots as
in ASCII. A write that fails raises `OutputError`, or `ReaderGone` where nobody reads any more; from
then on what is written is dropped, so that nothing fails a second time while the program ends.
Standard error drops what it cannot write: there is nobody left to tell.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

_Name = Literal["stdin", "stdout", "stderr"]
_DESCRIPTORS: dict[_Name, int] = {"stdin": 0, "stdout": 1, "stderr": 2}
_ESCAPE = "jobledger-escape"
_ASCII = "jobledger-ascii"
_OURS = {
    "–": "-", "—": "-", "…": "...", "→": "->", "⏎": "\\n", "━": "-", "╸": "-", "╺": "-", "•": "*",
    "│": "|", "─": "-",
}  # fmt: skip
"""What we and rich print besides letters, as ASCII has it."""


class OutputError(Exception):
    """Standard output cannot be written. No OSError, which others would take for one of theirs."""


class ReaderGone(Exception):
    """Whoever read standard output has gone, as `head` does: that is no fault of ours."""


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_OURS.get(char) or escaped(char, "ascii") for char in lost), error.end


def escaped(text: str, encoding: str) -> str:
    """Write what an encoding lacks as escapes, such as `\u1ea1`."""
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _find_ascii(name: str) -> codecs.CodecInfo | None:
    """ASCII under a name of its own: of a stream that says ASCII click thinks that it does not mean
    it, and writes UTF-8 to a terminal that has none."""
    if name.replace("_", "-") != _ASCII:
        return None
    info = codecs.lookup("ascii")
    return codecs.CodecInfo(
        info.encode, info.decode, info.streamreader, info.streamwriter,
        info.incrementalencoder, info.incrementaldecoder, name=_ASCII,
    )  # fmt: skip


codecs.register_error(_ESCAPE, _escaped)
codecs.register(_find_ascii)


def has_unicode(encoding: str | None) -> bool:
    """Whether everything can be written in an encoding."""
    return (encoding or "").lower().startswith("utf")


class _Output(io.BufferedWriter):
    """A descriptor that people or programs read, with failures that say so.

    What is given to the descriptor is given by the library alone: in a method of ours an
    interruption could come between the system's write and the note that it was done, and what is
    already out would be written again when the program ends.
    """

    def __init__(self, name: _Name) -> None:
        super().__init__(io.FileIO(_DESCRIPTORS[name], "w", closefd=False))
        self.raises = name == "stdout"
        self.failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        rest = memoryview(data).cast("B")
        size = rest.nbytes
        while not self.failed:
            try:
                super().write(rest)
            except BlockingIOError as error:
                rest = rest[error.characters_written :]
                self._wait()
            except OSError as error:
                self._fail(error)
            else:
                break
        return size

    def flush(self) -> None:
        while not self.failed:
            try:
                super().flush()
            except BlockingIOError:
                self._wait()
            except OSError as error:
                self._fail(error)
            else:
                break

    def exchange(self, raw: io.RawIOBase) -> io.RawIOBase:
        """Write to another stream from now on; return the one before."""
        before = cast("io.RawIOBase", self.raw)
        self.flush()
        super().__init__(raw)
        return before

    def _wait(self) -> None:
        select.select([], [self.fileno()], [])  # whoever started us reads without blocking

    def _fail(self, error: OSError) -> None:
        self.failed = True
        super().__init__(self.raw)  # begins anew: what waits is dropped, and is not tried again
        if self.raises:
            raise _failure(error) from error


class _ClosedInput(io.RawIOBase):
    """Standard input where there is none."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        raise OSError(errno.EBADF, "it is closed")


@contextmanager
def losing_what_others_print() -> Iterator[None]:
    """Drop what cannot be written to standard output within the `with`; we find out afterwards.

    A publisher that prints must not fail by that: its post may be out already.
    """
    output = getattr(sys.stdout, "buffer", None)
    if not isinstance(output, _Output):
        yield
        return
    output.raises = False
    try:
        yield
        sys.stdout.flush()
    finally:
        output.raises, output.failed = True, False


def write_through(raw: io.RawIOBase) -> io.RawIOBase | None:
    """Have what is written to standard output go to `raw`; return to what it went before. None:
    it is not ours, and stays as it is."""
    output = getattr(sys.stdout, "buffer", None)
    if not isinstance(output, _Output):
        return None
    if not output.failed:
        sys.stdout.flush()
    return output.exchange(raw)


def _failure(error: OSError) -> Exception:
    if error.errno == errno.EPIPE:
        return ReaderGone()
    is_closed = error.errno == errno.EBADF
    return OutputError("it is closed" if is_closed else error.strerror or str(error))


@contextmanager
def standard_streams() -> Iterator[None]:
    """Have the standard streams as the module says, within the `with`; afterwards as they were."""
    with ExitStack() as undoing:
        for name in _DESCRIPTORS:
            stream = getattr(sys, name)
            if stream is None:
                _occupy(_DESCRIPTORS[name], reading=name != "stdin")
            made = _reader(stream) if name == "stdin" else _writer(name, stream, undoing.callback)
            setattr(sys, name, made)
            undoing.callback(setattr, sys, name, stream)
        yield


def _occupy(descriptor: int, *, reading: bool) -> None:
    """Open a descriptor that was closed at our start so that its use fails, rather than let the
    next file have it: what anybody prints would go in there."""
    with suppress(OSError):
        os.fstat(descriptor)
        return
    opened = os.open(os.devnull, os.O_RDONLY if reading else os.O_WRONLY)
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)
    os.set_inheritable(descriptor, True)


def _reader(stream: io.TextIOWrapper | None) -> io.TextIOBase:
    if stream is not None:
        return stream
    return io.TextIOWrapper(io.BufferedReader(_ClosedInput()), "utf-8")


def _writer(
    name: _Name, stream: io.TextIOWrapper | None, undo: Callable[..., object]
) -> io.TextIOBase:
    """Make a stream in place of `stream`, or have that one escape until it is undone."""
    encoding, errors = _settings(stream)
    if stream is None or _descriptor(stream) == _DESCRIPTORS[name]:
        if stream is not None:
            with suppress(OSError):
                stream.flush()
        return io.TextIOWrapper(
            _Output(name),
            encoding,
            errors,
            line_buffering=stream is None or stream.line_buffering,
            write_through=stream is not None and stream.write_through,
        )
    if isinstance(stream, io.TextIOWrapper):
        undo(stream.reconfigure, encoding=stream.encoding, errors=stream.errors)
        stream.reconfigure(encoding=encoding, errors=errors)
    return stream


def _settings(stream: io.TextIOWrapper | None) -> tuple[str, str]:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    errors = getattr(stream, "errors", None) or "strict"
    is_ascii = False
    with suppress(LookupError):
        is_ascii = codecs.lookup(encoding).name == "ascii"
    fails = errors in ("strict", "surrogateescape", "backslashreplace")
    return (_ASCII if is_ascii else encoding), (_ESCAPE if fails else errors)


def _descriptor(stream: io.TextIOWrapper) -> int | None:
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None
