"""Opening a ledger by the length of its history: from its snapshot, and by reading all of it.

    python benchmarks/opening.py [MOST EVENTS] [ROUNDS]

Histories of a thousandth, a hundredth, a tenth and all of the most events: jobs that came and went.
Then, on a tenth of them, what opening from a snapshot does grow with: jobs that are open, and
events that came after the snapshot (read-only, so that none is saved anew). Only the opening is
timed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from growth import Place, opened, powers
from histories import BEGIN, lived, mixed, more_events
from measure import exponent, in_turn, middle, share, tell, timed

from jobledger import Ledger, ManualClock

READ_ALL = "reading all"
SNAPSHOT = "from the snapshot"
OPEN = "open jobs"
AFTER = "events after it"


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        by_history = _by_history(place, most, rounds)
        rest = _by_the_rest(place, most // 10, rounds)
    tell(
        "opening a ledger by the length of its history",
        {"most events": most, **by_history, "on a tenth of the history": rest},
    )


def _by_history(place: Path, most: int, rounds: int) -> dict[str, Any]:
    sizes = powers(most // 1000, most)
    ways = {}
    for events in sizes:
        directory = place / f"events {events}"
        ledger = Place(directory, lived(directory, events))
        opened(ledger, use_snapshot=True)  # which saves one as it is closed
        ways[f"{events} {SNAPSHOT}"] = partial(opened, ledger, use_snapshot=True)
        ways[f"{events} {READ_ALL}"] = partial(opened, ledger, use_snapshot=False)
    taken = in_turn(ways, rounds, warm=False)
    medians = {
        how: [middle(taken[f"{events} {how}"]) for events in sizes] for how in (SNAPSHOT, READ_ALL)
    }
    return {
        "events": sizes,
        "median seconds": medians,
        "times faster from the snapshot": {
            str(n): share(taken[f"{n} {READ_ALL}"], taken[f"{n} {SNAPSHOT}"]) for n in sizes
        },
        "exponent of growth": {how: exponent(sizes, times) for how, times in medians.items()},
        "seconds": taken,
    }


def _by_the_rest(place: Path, events: int, rounds: int) -> dict[str, Any]:
    """Open from a snapshot, with more and more jobs open, and more and more events after it."""
    counts = powers(events // 100, events)
    ways = {"neither": partial(opened, _saved(place / "no rest", events, 0), use_snapshot=True)}
    for count in counts:
        directory = place / f"open {count}"
        ledger = _saved(directory, events, count)
        ways[f"{count} {OPEN}"] = partial(opened, ledger, use_snapshot=True)
    for count in counts:
        directory = place / f"after {count}"
        shutil.copytree(place / "no rest", directory)
        more_events(directory, count)
        ways[f"{count} {AFTER}"] = partial(followed, directory)
    taken = in_turn(ways, rounds, warm=False)
    return {
        "events": events,
        "counts": counts,
        "median seconds": {
            what: [middle(taken[f"{count} {what}"]) for count in counts] for what in (OPEN, AFTER)
        },
        "median seconds of neither": middle(taken["neither"]),
        "seconds": taken,
    }


def followed(directory: Path) -> float:
    """Open it read-only, so that no newer snapshot is saved afterwards; return the seconds."""
    return timed(
        lambda: Ledger(directory, clock=ManualClock(BEGIN), read_only=True).close(),
    )


def _saved(directory: Path, events: int, waiting: int) -> Place:
    jobs = events // 3
    ledger = Place(directory, mixed(directory, jobs + waiting, waiting=waiting))
    opened(ledger, use_snapshot=True)
    return ledger


if __name__ == "__main__":
    main()
