"""The process that reads beside `verify`, from both sides of the pipe (see `reading`).

It is a new Python that imports the second reader and nothing of the program: not a fork, which
would take over the locks of threads that it does not have. It changes nothing and holds nothing,
so it is simply killed when it is not needed any more. Where it cannot be started, dies, or meets
something that it cannot send, the parts end, and whoever asked goes on by themselves.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from ..eventstore.engines.files import FileSystem
from .findings import Broken
from .reading import LinesRead, judged
from .second_reader import Line, SoundRecord, read_lines

_SIZE = 4
_START = """
import json, sys
told = json.loads(sys.stdin.readline())
sys.path[:] = told["import from"]
import importlib
importlib.import_module(told["module"]).send(told["paths"], sys.stdout.buffer)
"""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(LinesRead).decode


class Helper:
    """A process that reads files, in this order, a little ahead of whoever asks for them."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._left = list(paths)
        """The files that it has not sent yet, the one that it is at included."""
        if not all(map(_is_open, range(3))):
            return  # a pipe would take the place of one of these
        told = {
            "import from": sys.path,
            "module": __name__,
            "paths": [str(path.absolute()) for path in paths],
        }
        with suppress(OSError, ValueError):
            self._process = subprocess.Popen(
                # Not from the working directory, nor by what its environment says: as here.
                [sys.executable, "-I", "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for this process, which ends it
            )
            assert self._process.stdin is not None
            with self._process.stdin as pipe:
                pipe.write(json.dumps(told).encode() + b"\n")

    def parts(self, path: Path) -> Iterator[LinesRead]:
        """Yield the parts of the next file, which is this one; they end before its last one where
        it cannot send any more."""
        if self._process is None or self._left[:1] != [path]:
            self.end()
            return
        while (part := self._receive()) is not None:
            if part.is_last or part.broken is not None:
                del self._left[0]
                yield part
                return
            yield part
        self.end()

    def _receive(self) -> LinesRead | None:
        assert self._process is not None
        assert self._process.stdout is not None
        pipe = self._process.stdout
        try:
            size = pipe.read(_SIZE)
            data = pipe.read(int.from_bytes(size, "big"))
            return _decode(data) if len(size) == _SIZE else None
        except (OSError, ValueError, msgspec.MsgspecError):  # it was killed in the middle of it
            return None

    def end(self) -> None:
        """End it, wherever it is. Calling it again does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        process.wait()


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def send(paths: Sequence[str], out: BinaryIO) -> None:
    """Read these files and send their parts, until nobody takes them any more; what the process
    that reads beside does."""
    for path in paths:
        _send_file(Path(path), out)


def _send_file(path: Path, out: BinaryIO) -> None:
    lines: list[tuple[Line, SoundRecord | None, tuple[str, str] | None]] = []

    def flush(read: int | None = None, **more: object) -> None:
        data = _encode([lines, read, more.get("broken"), more.get("is_last", False)])
        out.write(len(data).to_bytes(_SIZE, "big") + data)
        lines.clear()

    try:
        for line in read_lines(FileSystem(), path, flush):
            _, found = judged(line)
            bare = (
                line if found is None else Line(line.number, line.offset, b"", line.end, line.whole)
            )
            if isinstance(found, Broken):
                lines.append((bare, None, (found.kind, found.message)))
            else:
                lines.append((bare, found, None))
    except Broken as fault:
        flush(broken=(fault.kind, fault.message))
    else:
        flush(is_last=True)
    out.flush()
