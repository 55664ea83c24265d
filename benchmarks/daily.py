"""The daily files: what a day of many jobs costs the caller of a change, and how stale its file is.

    python benchmarks/daily.py [JOBS] [CHANGES] [ROUNDS]

The same jobs twice: all of one day, and spread over many days. Jobs are held and released, one
after the other, each durable; the files are written behind meanwhile. What a simple scheduler does
stands beside it: the day's file written and synced at each change (ready bytes, nothing rendered).
How much was written for the file is held against what the log has grown by. Then changes come at a
steady pace, and each is looked up in the file: how long after its event was it there?
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from measure import in_turn, middle, share, tell, timed

from jobledger import Ledger, NewJob
from jobledger.eventstore.engines.files.filesystem import FileSystem

APART_S = 0.02
SPREAD_DAYS = 300
_UPDATED_AT = re.compile(rb'"updated_at": "([^"]+)"')


class Write(NamedTuple):
    """A daily file that was put in place: the last event in it, when it was there, its size."""

    updated_at: datetime
    done_at: datetime
    size: int


class Watched(FileSystem):
    """The disk, with a note of every daily file that is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[Write] = []

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        if target.name.startswith("jobs_"):
            data = target.read_bytes()
            [updated_at] = _UPDATED_AT.findall(data, 0, 200)
            at = datetime.fromisoformat(updated_at.decode())
            self.writes.append(Write(at, datetime.now(UTC), len(data)))


class Day:
    """A ledger, and jobs of one of its days to be changed."""

    def __init__(self, ledger: Ledger, jobs: int, days: int) -> None:
        self.ledger = ledger
        first = (datetime.now(UTC) + timedelta(days=3)).replace(hour=12)
        ids = ledger.add_jobs(
            [NewJob("shop", "x" * 120, first + timedelta(days=n % days)) for n in range(jobs)]
        )
        self._ids = ids[::days]
        self._turn = 0
        self.jobs = len(self._ids)
        ledger.write_behind()

    def change(self) -> None:
        """Hold a job, or release the one that is held."""
        job_id = self._ids[self._turn // 2 % self.jobs]
        (self.ledger.release_job if self._turn % 2 else self.ledger.hold_job)(job_id)
        self._turn += 1


def log_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("events_*.jsonl"))


def rewriting(path: Path, content: bytes, times: int) -> float:
    fs = FileSystem()

    def rewrite() -> None:
        for _ in range(times):
            fs.write_file_durably(path, content)

    return timed(rewrite)


def staleness(day: Day, watched: Watched, changes: int) -> list[float]:
    """For each of so many changes at a steady pace, the seconds until it was in the file, or until
    they ended."""
    before = day.ledger.seq
    for _ in range(changes):
        day.change()
        time.sleep(APART_S)
    happened = [event.at for event in day.ledger.events(after=before)]
    day.ledger.write_behind()
    contained = [write.updated_at for write in watched.writes]
    found = [watched.writes[bisect_left(contained, at)].done_at - at for at in happened]
    return [round(each.total_seconds(), 3) for each in found]


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    changes = int(sys.argv[2]) if len(sys.argv) > 2 else 2_000
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with tempfile.TemporaryDirectory() as name, ExitStack() as opened:
        watched = Watched()
        large = Day(opened.enter_context(Ledger(Path(name, "large"), fs=watched)), jobs, 1)
        small = Day(opened.enter_context(Ledger(Path(name, "small"))), jobs, SPREAD_DAYS)
        [file] = Path(name, "large").glob("jobs_*.json")
        content, first = file.read_bytes(), len(watched.writes)
        log_before = log_bytes(Path(name, "large"))
        few = max(1, changes // 50)

        def changing(day: Day) -> Callable[[], float]:
            def change() -> None:
                for _ in range(changes):
                    day.change()

            return lambda: timed(change)

        taken = in_turn(
            {
                "a large day": changing(large),
                "a small day": changing(small),
                "rewriting it each time": lambda: (
                    rewriting(Path(name, "bare"), content, few) * (changes / few)
                ),
            },
            rounds,
        )
        large.ledger.write_behind()
        writes = watched.writes[first:]
        grown = log_bytes(Path(name, "large")) - log_before
        stale = staleness(large, watched, changes // 4)
        all_changes = changes * (rounds + 1)
    tell(
        "what a large day costs the caller of a change, and how stale its file is",
        {
            "jobs": jobs,
            "jobs of the small day": small.jobs,
            "changes": changes,
            "times a small day": round(1 / share(taken["a small day"], taken["a large day"]), 2),
            "milliseconds a change": {
                how: round(1000 * middle(seconds) / changes, 3) for how, seconds in taken.items()
            },
            "rewrites": len(writes),
            "changes a rewrite": round(all_changes / max(1, len(writes)), 1),
            "bytes written a change": round(sum(each.size for each in writes) / all_changes),
            "bytes written, against the log's": round(sum(each.size for each in writes) / grown, 1),
            "bytes of the file": len(content),
            "seconds stale": {"median": middle(stale), "most": max(stale)},
            "seconds": taken,
            "every second stale": stale,
        },
    )


if __name__ == "__main__":
    main()
