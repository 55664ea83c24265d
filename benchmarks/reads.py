"""Reads that cost what they return: on one long day, against reading all of it.

    python benchmarks/reads.py [EVENTS] [ROUNDS]

What comes behind a number, a job's history, and the next step of a slider over the past; beside
them every event of the day, and a moment that is made from the first event on.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from itertools import cycle
from pathlib import Path

from histories import lived_for_days
from measure import in_turn, middle, share, tell, timed

from jobledger import Ledger, ManualClock

STEPS = 200
"""So many steps a slider has from the first event to the last."""


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 22_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place, "jobs")
        clock = ManualClock(lived_for_days(directory, events // 3, 1))
        with Ledger(directory, clock=clock) as ledger:
            taken = in_turn(_ways(ledger, directory, clock), rounds)
    new, day = taken["events(after) of one"], taken["events() of all"]
    step, whole = taken["a slider's step"], taken["as_of from the first event"]
    tell(
        "reads that cost what they return, in a long day",
        {
            "events": events,
            "seconds": taken,
            "median milliseconds": {
                name: round(1000 * middle(seconds), 2) for name, seconds in taken.items()
            },
            "times faster": {
                "what comes": round(share(day, new)),
                "a history": round(share(day, taken["history of a job"])),
                "a step": round(share(whole, step)),
            },
        },
    )


def _ways(ledger: Ledger, directory: Path, clock: ManualClock) -> dict[str, Callable[[], float]]:
    last, ids = ledger.seq, cycle(ledger.known_ids()[:: max(ledger.seq // 300, 1)])
    moments = cycle(range(last // STEPS, last + 1, max(last // STEPS, 1)))

    def whole() -> float:
        with Ledger(directory, clock=clock, read_only=True, use_snapshot=False) as reader:
            return timed(lambda: reader.as_of(last))

    def history() -> float:
        job_id = next(ids)
        return timed(lambda: ledger.history(job_id))

    def step() -> float:
        seq = next(moments)
        return timed(lambda: ledger.as_of(seq))

    return {
        "events(after) of one": lambda: timed(lambda: list(ledger.events(last - 1))),
        "events() of all": lambda: timed(lambda: list(ledger.events())),
        "history of a job": history,
        "a slider's step": step,
        "as_of from the first event": whole,
    }


if __name__ == "__main__":
    main()
