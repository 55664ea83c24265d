"""How often each library really syncs for an add, and for a life: counted by strace.

    python benchmarks/peers_syncs.py [JOBS]

No time is taken here. Every fsync, fdatasync, msync, sync_file_range and syncfs of the library's
process counts, its threads' and its server's too, so what is written behind is among them; opening
and closing are not. So does every write to a file that was opened with O_DSYNC or O_SYNC, which
waits for the disk as a sync does. Whoever uses io_uring could sync unseen: they are named. Where
strace is not installed, or may not trace, nothing is counted, and the answer says so.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from measure import ROOT, tell
from others import ALL
from others.taking_part import gather

_SYNC = re.compile(r"\b(fsync|fdatasync|msync|sync_file_range|syncfs)\(")
_CALL = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>|\((\d*))")
_OPENED = re.compile(r"= (\d+)$")
_MARK = re.compile(r'access\(.*"mark: (\w+)"')
_CALLS = (
    "trace=fsync,fdatasync,msync,sync_file_range,syncfs,access,faccessat,faccessat2,"
    "open,openat,close,write,pwrite64,writev,pwritev,pwritev2,io_uring_setup"
)
_WRITES = {"write", "pwrite64", "writev", "pwritev", "pwritev2"}
URING = "uses io_uring"


class SyncedFiles:
    """Which numbers are files whose writes wait for the disk: of the calls of all processes, since
    only whoever has a database opens one so."""

    def __init__(self) -> None:
        self._open: set[str] = set()
        self._opening: set[str] = set()

    def is_synced_write(self, line: str) -> bool:
        """Take in a line of the trace; whether it is a write to such a file."""
        call = _CALL.match(line)
        if call is None:
            return False
        process, name, number = call.groups()
        if name in ("open", "openat"):
            if "O_DSYNC" in line or "O_SYNC" in line:
                self._opening.add(process)
            if "<unfinished" not in line and process in self._opening:
                self._opening.discard(process)
                self._open.update(_OPENED.findall(line.strip()))
        elif name == "close":
            self._open.discard(number)
        return name in _WRITES and number in self._open


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    counted, missing = {}, {}
    if shutil.which("strace"):
        for name in ALL:
            try:
                counted[name] = count_of(name, jobs)
            except LookupError as error:
                missing[name] = str(error)
    else:
        missing = dict.fromkeys(ALL, "no strace on this machine")
    tell(
        "how often each library syncs, by strace",
        {
            "jobs": jobs,
            "not counted": missing,
            "may sync unseen by io_uring": [n for n, each in counted.items() if URING in each],
            "syncs": counted,
        },
    )


def count_of(name: str, jobs: int) -> dict[str, float]:
    """Count the syncs an add and a life of a peer.

    Raises:
        LookupError: it is not here, or strace did not work.
    """
    with tempfile.TemporaryDirectory() as place:
        trace = Path(place, "trace")
        command = ["strace", "-f", "-qq", "-e", _CALLS, "-o", str(trace), sys.executable]
        done = subprocess.run([*command, __file__, name, str(jobs)], cwd=ROOT, check=False)
        if done.returncode:
            raise LookupError(f"strace ended with {done.returncode}")
        counts: Counter[str] = Counter()
        phase = ""
        files = SyncedFiles()
        with trace.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                mark = _MARK.search(line)
                if mark:
                    phase = mark[1]
                elif _SYNC.search(line) or files.is_synced_write(line):
                    counts[phase] += 1
                elif "io_uring_setup(" in line:
                    counts[URING] += 1
    if not phase:
        raise LookupError("not installed")
    return {what: round(counts[what] / jobs, 2) for what in ("add", "life")} | (
        {URING: 1} if counts[URING] else {}
    )


def act(name: str, jobs: int) -> None:
    """As the traced process: say where one phase ends and the next begins, and do it."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as opened:
        company = gather(Path(place), opened, [name])
        if name not in company.peers:
            return
        _mark("warm")
        company.peers[name].add(2)
        _mark("add")
        company.peers[name].add(jobs)
        living = company.living().get(name)
        if living is not None:
            _mark("warm")
            living.live(2)
            _mark("life")
            living.live(jobs)
        _mark("end")


def _mark(phase: str) -> None:
    os.access(f"mark: {phase}", os.F_OK)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        act(sys.argv[1], int(sys.argv[2]))
    else:
        main()
