"""The whole state from its history: ours, and eventsourcing's two ways, over the same jobs.

    python benchmarks/peers_replay.py [JOBS] [ROUNDS]

Each job was added, started and completed. Ours opens the ledger without its snapshot: every line's
hash, chain and number is verified, and the board, its indexes and the daily files' contents are
built. eventsourcing gets every aggregate from its repository, which is its way of making one from
its stored events; or, what its users would have to write themselves, all stored events are read in
order, a thousand at a time, and each is folded into its aggregate. It verifies nothing in either.
All of them read a warm page cache.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from histories import BEGIN, content_of, lived
from measure import in_turn, share, tell, timed

from jobledger import Ledger, ManualClock

if TYPE_CHECKING:
    from others.eventsourcing_sqlite import EventSourcing

OURS = "jobledger: opening without the snapshot"
REPOSITORY = "eventsourcing: repository.get of each"
LOG = "eventsourcing: all events in order, folded by hand"


def replayed(directory: Path, jobs: int) -> float:
    gc.collect()

    def run() -> None:
        clock = ManualClock(BEGIN)
        with Ledger(directory, read_only=True, clock=clock, use_snapshot=False) as ledger:
            if ledger.seq != 3 * jobs:
                raise SystemExit(f"{ledger.seq} events, not {3 * jobs}")

    return timed(run)


def folded(peer: EventSourcing, jobs: int, *, one_by_one: bool) -> float:
    gc.collect()
    ids = peer.ids() if one_by_one else []

    def run() -> None:
        found = peer.by_repository(ids) if one_by_one else peer.by_notification_log()
        if len(found) != jobs or any(job.status != "completed" for job in found.values()):
            raise SystemExit("that is not the history that was saved")

    return timed(run)


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    missing = {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        lived(place / "jobs", 3 * jobs)
        ways = {OURS: lambda: replayed(place / "jobs", jobs)}
        try:
            from others.eventsourcing_sqlite import EventSourcing
        except ImportError as error:
            missing["eventsourcing"] = str(error)
        else:
            peer = EventSourcing(place)
            peer.save_lives(
                (f"account-{n % 7}", content_of(f"job-{n:07d}"), BEGIN) for n in range(jobs)
            )
            ways[REPOSITORY] = lambda: folded(peer, jobs, one_by_one=True)
            ways[LOG] = lambda: folded(peer, jobs, one_by_one=False)
        taken = in_turn(ways, rounds)
        if not missing:
            peer.close()
    times = {name: share(seconds, taken[OURS]) for name, seconds in taken.items() if name != OURS}
    tell(
        "the whole state from its history, ours and eventsourcing's",
        {
            "jobs": jobs,
            "events": 3 * jobs,
            "not here": missing,
            "seconds": taken,
            "events a second": {n: round(3 * jobs / median(each)) for n, each in taken.items()},
            "times their rate": times,
        },
        packages=["jobledger"] if missing else ["eventsourcing"],
    )


if __name__ == "__main__":
    main()
