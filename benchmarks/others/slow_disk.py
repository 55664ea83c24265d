"""A disk that is slower than the one that is here: a library that every process has preloaded.

Its C source is beside this file. It is compiled where it is used, with `cc`. What it cannot slow
are programs that are linked statically, and calls that go round the C library (io_uring); no peer
has one of these (`peers_syncs.py` looks for io_uring).
"""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import NotHereError

_SOURCE = Path(__file__).with_name("slow_syncs.c")
_SHARED = "SLOW_SYNCS"
_NUMBER = 8


class SlowDisk:
    """The disk of this process and of those that it starts, to be slowed and counted."""

    def __init__(self) -> None:
        with Path(os.environ[_SHARED]).open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 2 * _NUMBER)

    def slow(self, milliseconds: float) -> None:
        """From now on each call that waits for the disk takes so much longer."""
        self._shared[:_NUMBER] = round(1e6 * milliseconds).to_bytes(_NUMBER, sys.byteorder)

    def calls(self) -> int:
        """How many calls have waited for the disk, of all processes, since the first began."""
        return int.from_bytes(self._shared[_NUMBER:], sys.byteorder)


def is_preloaded() -> bool:
    """Whether this process has such a disk."""
    return _SHARED in os.environ


def preloading(place: Path) -> dict[str, str]:
    """Compile the library into `place`; return the environment of a process that is to have it.

    Servers of other users read both files, so `place` is opened to everybody.

    Raises:
        NotHereError: it cannot be compiled or preloaded on this machine.
    """
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        raise NotHereError("there is no C compiler (`cc`) on this machine, or it is not Linux")
    library, shared = place / "slow_syncs.so", place / "shared"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHereError(f"`cc` does not compile {_SOURCE.name}: {done.stderr[-300:]}")
    shared.write_bytes(bytes(2 * _NUMBER))
    place.chmod(0o755)
    shared.chmod(0o666)
    return {"LD_PRELOAD": str(library), _SHARED: str(shared)}
