"""How often each library really syncs for an add, and for a life: counted by strace.

    python benchmarks/peers_syncs.py [JOBS]

No time is taken here. Every fsync, fdatasync, msync and sync_file_range of the library's process
counts, its threads' and its server's too, so what is written behind is among them; opening and
closing are not. Where strace is not installed, or may not trace, nothing is counted, and the answer
says so.
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

_SYNC = re.compile(r"\b(fsync|fdatasync|msync|sync_file_range)\(")
_MARK = re.compile(r'access\(.*"mark: (\w+)"')
_CALLS = "trace=fsync,fdatasync,msync,sync_file_range,access,faccessat,faccessat2"


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
        {"jobs": jobs, "not counted": missing, "syncs": counted},
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
        with trace.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                mark = _MARK.search(line)
                if mark:
                    phase = mark[1]
                elif _SYNC.search(line):
                    counts[phase] += 1
    if not phase:
        raise LookupError("not installed")
    return {what: round(counts[what] / jobs, 2) for what in ("add", "life")}


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
