"""One durable `add_job` after another, next to a bare append and fdatasync of the same bytes.

    python benchmarks/adding.py [ADDS] [ROUNDS]

Ours validates, decides, chains, keeps HEAD and the state, and holds the lock that other processes
would wait for; the daily files are written behind meanwhile. The bare one writes the very lines
that ours has written, one by one, each synced.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bare import Bare, lines_of
from measure import in_turn, middle, share, tell, timed

from jobledger import Ledger

CONTENT = "x" * 120


def main() -> None:
    adds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as place:
        bare = Bare(Path(place, "bare"))
        with Ledger(Path(place, "jobs")) as ledger:
            now = datetime.now(UTC)

            def add() -> None:
                for _ in range(adds):
                    ledger.add_job("my-shop", CONTENT, now)

            def last_lines() -> list[bytes]:
                return lines_of(Path(place, "jobs"), adds)

            def write_bare() -> float:
                lines = last_lines()
                return timed(lambda: bare.write(lines))

            taken = in_turn(
                {
                    "add_job": lambda: timed(add),
                    "bare": write_bare,
                },
                rounds,
            )
            size = len(last_lines()[-1])
    tell(
        "add_job one by one against a bare append and fdatasync",
        {
            "adds": adds,
            "bytes a line": size,
            "seconds": taken,
            "share of the bare rate": share(taken["bare"], taken["add_job"]),
            "median microseconds": {
                name: round(1e6 * middle(seconds) / adds, 1) for name, seconds in taken.items()
            },
        },
    )


if __name__ == "__main__":
    main()
