"""`jobledger list` on many jobs: the whole process, and what of it is importing.

python benchmarks/listing.py [JOBS] [ROUNDS]
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from statistics import median

from histories import BEGIN
from measure import in_turn, process, tell

from jobledger import Ledger, ManualClock, NewJob

_IMPORTS = """
import jobledger.tools.cli, jobledger.tools.commands.list, jobledger.tools.render.tables
from jobledger import Ledger
"""
"""What the command imports."""


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as place:
        directory = str(Path(place, "jobs"))
        with Ledger(directory, clock=ManualClock(BEGIN)) as ledger:
            due = BEGIN + timedelta(days=30)
            ledger.add_jobs([NewJob(f"a{n % 7}", f"Post {n}: xin chào", due) for n in range(jobs)])
        command = ("-m", "jobledger", "--dir", directory, "list")
        taken = in_turn(
            {
                "list": lambda: process(*command).seconds,
                "list --json": lambda: process(*command, "--json").seconds,
                "import": lambda: process("-c", _IMPORTS).seconds,
                "bare python": lambda: process("-c", "").seconds,
            },
            rounds,
        )
    tell(
        "jobledger list, the whole process",
        {
            "jobs": jobs,
            "seconds": taken,
            "median seconds": {name: round(median(times), 3) for name, times in taken.items()},
        },
    )


if __name__ == "__main__":
    main()
