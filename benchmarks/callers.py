"""Threads that add at the same time, next to one that adds one by one: group commit.

python benchmarks/callers.py [ADDS IN ALL] [ROUNDS]
"""

from __future__ import annotations

import sys
import tempfile
import threading
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

from measure import in_turn, tell, timed

from jobledger import Ledger

CALLERS = (1, 2, 4, 8, 16, 32, 64)


def main() -> None:
    adds = int(sys.argv[1]) if len(sys.argv) > 1 else 1920
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as place:
        now, numbers = datetime.now(UTC), count()

        def together(threads: int) -> float:
            with Ledger(Path(place, f"jobs {next(numbers)}")) as ledger:
                return in_it(ledger, threads)

        def in_it(ledger: Ledger, threads: int) -> float:
            def add() -> None:
                for _ in range(adds // threads):
                    ledger.add_job("my-shop", "x" * 120, now)

            workers = [threading.Thread(target=add) for _ in range(threads)]

            def run() -> None:
                for worker in workers:
                    worker.start()
                for worker in workers:
                    worker.join()

            return timed(run)

        taken = in_turn({str(n): lambda n=n: together(n) for n in CALLERS}, rounds)  # type: ignore[misc]
    rate = {name: round(adds / median(seconds)) for name, seconds in taken.items()}
    tell(
        "adding from several threads against one by one",
        {
            "adds": adds,
            "seconds": taken,
            "adds a second": rate,
            "times one by one": {name: round(each / rate["1"], 2) for name, each in rate.items()},
        },
    )


if __name__ == "__main__":
    main()
