"""What the chain and HEAD cost: appends as they are, next to appends without them.

    python benchmarks/chain_cost.py [APPENDS]

Without them means: no hash is taken, no HEAD is read or written; the same lines are written and
synced by the same code. Each append is one record with a post of common length, synced.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from measure import in_turn, share, tell, timed

from jobledger.eventstore import record
from jobledger.eventstore.engines.files.engine import FileEngine
from jobledger.eventstore.event_log import EventLog
from jobledger.eventstore.log import VerifiedLog
from jobledger.eventstore.port import Tail
from jobledger.eventstore.record import GENESIS, RECORDS, NewRecord, R, Record

DATA = (
    b'{"account_id":"my-shop","content":"%b","scheduled_time":"2026-03-02T12:00:00Z","priority":2,'
    b'"max_retries":3,"platform":"threads"}' % (b"x" * 120)
)


class NoHead(FileEngine):
    """Alone on its ledger, so it need not look where the log ends; and nobody is told."""

    def settle(self, log: VerifiedLog[R], *, opening: bool = False) -> None:
        if opening:
            super().settle(log, opening=True)

    def _put_head(self, head: Tail, encoded: bytes | None = None) -> None:
        pass


def seal_without_hash(body: bytes) -> tuple[bytes, str]:
    return b'%b,"hash":"%b"}\n' % (body, GENESIS.encode()), GENESIS


@contextmanager
def no_hash() -> Iterator[None]:
    with patch.object(record, "seal", seal_without_hash):
        yield


def appending(store: EventLog[Record], appends: int) -> float:
    """Append so many times, one by one; return the seconds."""
    first = store.seq
    news = [
        NewRecord(type="added", job_id=f"job-{first + n}", version=1, schema=1, data=DATA)
        for n in range(appends)
    ]

    def work() -> None:
        for new in news:
            store.append([new])

    return timed(work)


def main() -> None:
    appends = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as place:

        def opened(kind: type[FileEngine], name: str) -> EventLog[Record]:
            def clock() -> datetime:
                return datetime.now(UTC)

            store = EventLog(kind(Path(place, name), clock=clock), clock=clock, form=RECORDS)
            store.refresh()
            return store

        whole, without_head = opened(FileEngine, "whole"), opened(NoHead, "no-head")
        neither = opened(NoHead, "neither")

        def bare() -> float:
            with no_hash():
                return appending(neither, appends)

        taken = in_turn(
            {
                "as it is": lambda: appending(whole, appends),
                "without HEAD": lambda: appending(without_head, appends),
                "without HEAD and hashes": bare,
            },
            rounds=7,
        )
        for store in (whole, without_head, neither):
            store.abandon()
    rest = taken["without HEAD and hashes"]
    tell(
        "what HEAD and the chain cost a durable append",
        {
            "appends": appends,
            "seconds": taken,
            "share of the rate without both": share(rest, taken["as it is"]),
            "cost of both": round(1 / share(rest, taken["as it is"]) - 1, 3),
            "cost of the hashes": round(1 / share(rest, taken["without HEAD"]) - 1, 3),
        },
    )


if __name__ == "__main__":
    main()
