"""Opening a ledger by the length of its history: all of it is read and verified.

python benchmarks/opening.py [ROUNDS]
"""

from __future__ import annotations

import math
import sys
import tempfile
from pathlib import Path
from statistics import median

from histories import lived
from measure import in_turn, tell, timed
from replay import open_and_close

EVENTS = (3_000, 30_000, 300_000)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as place:
        for events in EVENTS:
            lived(Path(place, str(events)), events)
        taken = in_turn(
            {
                str(n): lambda n=n: timed(lambda: open_and_close(Path(place, str(n))))  # type: ignore[misc]
                for n in EVENTS
            },
            rounds,
        )
    times = [median(taken[str(events)]) for events in EVENTS]
    tell(
        "opening a ledger by the length of its history",
        {
            "seconds": taken,
            "exponent of growth": round(
                math.log(times[-1] / times[0]) / math.log(EVENTS[-1] / EVENTS[0]), 2
            ),
        },
    )


if __name__ == "__main__":
    main()
