"""One durable add after another, in other libraries, next to ours and to a bare append.

    python benchmarks/peers.py [ADDS] [ROUNDS]

Each peer keeps a job of the same text so that a power cut after the add does not take it, as far as
it can be told to: `settings` says how. Those that are not installed are left out
(`pip install -r benchmarks/requirements.txt`). A job here is not the same everywhere: ours has a
lifecycle, a history and a chain of hashes; a queue's is a row.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from bare import Bare, lines_of
from measure import in_turn, share, tell, timed

from jobledger import Ledger

TEXT = "x" * 120
Adder = Callable[[int], None]
LATER = datetime.now(UTC) + timedelta(days=30)


def publish(account: str, text: str) -> None:
    """What a peer would call."""


def jobledger(place: Path) -> tuple[str, Adder]:
    ledger = Ledger(place / "jobs")
    return "fdatasync of the log at each add", lambda n: _times(
        n, lambda: ledger.add_job("my-shop", TEXT, LATER)
    )


def json_file(place: Path) -> tuple[str, Adder]:
    """What a simple scheduler does: a dict, written as a whole at each change."""
    jobs: dict[str, Any] = {}

    def add() -> None:
        jobs[str(len(jobs))] = {"account": "my-shop", "text": TEXT, "at": LATER.isoformat()}
        path = place / "jobs.json.tmp"
        with path.open("w") as file:
            json.dump(jobs, file)
            file.flush()
            os.fsync(file.fileno())
        path.replace(place / "jobs.json")

    return "the whole file and fsync at each add, growing", lambda n: _times(n, add)


def apscheduler(place: Path) -> tuple[str, Adder]:
    from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    scheduler = BackgroundScheduler()
    scheduler.add_jobstore(SQLAlchemyJobStore(f"sqlite:///{place / 'aps.db'}"))
    scheduler.start(paused=True)
    return "SQLite, rollback journal, synchronous=FULL", lambda n: _times(
        n,
        lambda: scheduler.add_job("peers:publish", "date", run_date=LATER, args=["my-shop", TEXT]),
    )


def huey(place: Path) -> tuple[str, Adder]:
    from huey import SqliteHuey

    queue = SqliteHuey(filename=str(place / "huey.db"), fsync=True)
    task = queue.task()(publish)
    return "SQLite WAL, fsync=True", lambda n: _times(
        n, lambda: task.schedule(("my-shop", TEXT), eta=LATER)
    )


def huey_unsynced(place: Path) -> tuple[str, Adder]:
    from huey import SqliteHuey

    queue = SqliteHuey(filename=str(place / "huey-unsynced.db"))
    task = queue.task()(publish)
    return "SQLite WAL, no sync: a power cut may take it", lambda n: _times(
        n, lambda: task.schedule(("my-shop", TEXT), eta=LATER)
    )


def persist_queue(place: Path) -> tuple[str, Adder]:
    import persistqueue

    queue = persistqueue.SQLiteAckQueue(str(place / "pq"), auto_commit=True)
    return "SQLite WAL, as it comes", lambda n: _times(
        n, lambda: queue.put({"account": "my-shop", "text": TEXT, "at": LATER.isoformat()})
    )


def eventsourcing(place: Path) -> tuple[str, Adder]:
    from eventsourcing.application import Application
    from eventsourcing.domain import Aggregate, event

    class Job(Aggregate):
        @event("Added")
        def __init__(self, account: str, text: str, at: datetime) -> None:
            self.account, self.text, self.at = account, text, at

    application: Any = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(place / "events.db"),
        }
    )
    return "SQLite WAL, as it comes", lambda n: _times(
        n, lambda: application.save(Job(account="my-shop", text=TEXT, at=LATER))
    )


PEERS: dict[str, Callable[[Path], tuple[str, Adder]]] = {
    "jobledger": jobledger,
    "a JSON file": json_file,
    "APScheduler": apscheduler,
    "Huey": huey,
    "Huey, not synced": huey_unsynced,
    "persist-queue": persist_queue,
    "eventsourcing": eventsourcing,
}


def _times(count: int, work: Callable[[], object]) -> None:
    for _ in range(count):
        work()


def main() -> None:
    adds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ways: dict[str, Callable[[], float]] = {}
    settings, missing = {}, []
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        bare = Bare(place / "bare")
        for peer, make in PEERS.items():
            try:
                settings[peer], add = make(place)
            except ImportError as error:
                missing.append(f"{peer}: {error}")
                continue
            ways[peer] = lambda add=add: timed(lambda: add(adds))  # type: ignore[misc]
        ways["bare"] = lambda: _bare(bare, lines_of(place / "jobs", adds))
        taken = in_turn(ways, rounds)
        tell(
            "one durable add after another, in other libraries",
            {
                "adds": adds,
                "settings": settings,
                "not installed": missing,
                "adds a second": {n: round(adds / median(times)) for n, times in taken.items()},
                "share of the bare rate": {
                    peer: share(taken["bare"], taken[peer]) for peer in settings
                },
                "seconds": taken,
            },
        )
        sys.stdout.flush()
        os._exit(0)  # some of them leave threads that wait for ever


def _bare(bare: Bare, lines: list[bytes]) -> float:
    return timed(lambda: bare.write(lines))


if __name__ == "__main__":
    main()
