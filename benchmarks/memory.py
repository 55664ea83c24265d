"""What a job takes in memory: closed ones and open ones, above an empty process.

python benchmarks/memory.py [JOBS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from measure import ROOT, tell

_FILL = """
import sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, "benchmarks")
from histories import BEGIN, lived
from jobledger import Ledger, ManualClock, NewJob

kind, directory, jobs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
if kind == "closed":
    lived(directory, 3 * jobs)
elif kind == "open":
    with Ledger(directory, clock=ManualClock(BEGIN), durability="none") as ledger:
        due = BEGIN + timedelta(days=30)
        for first in range(0, jobs, 500):
            ledger.add_jobs([NewJob(f"a{n % 7}", f"Post {n}: xin chào các bạn", due)
                             for n in range(first, min(first + 500, jobs))])
else:
    with Ledger(directory, clock=ManualClock(BEGIN)):
        pass
"""
_OPEN = """
import gc, resource, sys
from pathlib import Path
sys.path.insert(0, "benchmarks")
from histories import BEGIN
from jobledger import Ledger, ManualClock

with Ledger(Path(sys.argv[1]), clock=ManualClock(BEGIN), read_only=True):
    gc.collect()
    with open("/proc/self/statm") as file:
        print(int(file.read().split()[1]) * resource.getpagesize())
"""


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    held = {}
    with tempfile.TemporaryDirectory() as place:
        for kind in ("empty", "closed", "open"):
            directory = str(Path(place, kind))
            _python(_FILL, kind, directory, str(jobs))
            held[kind] = int(_python(_OPEN, directory))
    tell(
        "memory of a job above an empty process",
        {
            "jobs": jobs,
            "bytes held": held,
            "bytes a closed job": round((held["closed"] - held["empty"]) / jobs),
            "bytes an open job": round((held["open"] - held["empty"]) / jobs),
        },
    )


def _python(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return done.stdout


if __name__ == "__main__":
    main()
