"""What a sync does to the work behind it: an add right after one, and one right after an add.

    python benchmarks/cold.py [TIMES]

The ledger syncs nothing here (`durability="none"`), so both adds are Python's work and the calls of
the system. Before each first one, a bare line is appended to another file and synced: while a
process waits for the disk, what it had in the caches of the processor goes.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bare import Bare
from measure import tell, timed

from jobledger import Ledger


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    first, second, bare_appends = list[float](), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as place:
        bare, now = Bare(Path(place, "bare")), datetime.now(UTC)
        line = b"x" * 498 + b"\n"
        with Ledger(Path(place, "jobs"), durability="none") as ledger:
            for _ in range(times):
                bare_appends.append(timed(lambda: bare.write([line])))
                for taken in (first, second):
                    taken.append(timed(lambda: ledger.add_job("my-shop", "x" * 120, now)))
    tell(
        "an add that is not synced, right after somebody's sync and right after another add",
        {
            "times": times,
            "median microseconds": {
                name: round(1e6 * median(seconds), 1)
                for name, seconds in (
                    ("after a sync", first),
                    ("after an add", second),
                    ("a bare append and its sync", bare_appends),
                )
            },
        },
    )


if __name__ == "__main__":
    main()
