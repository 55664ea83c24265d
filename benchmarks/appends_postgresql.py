"""One `add_job` after the other on a PostgreSQL server, beside a bare INSERT and COMMIT.

    python benchmarks/appends_postgresql.py [JOBS] [ROUNDS]

The bare way inserts a line of the same length into a table of the same columns and index, with
nothing looked at and nothing chained. Both wait for each COMMIT, on the same server, in turn.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import urlencode

import psycopg
from measure import in_turn, middle, share, tell, timed
from others.postgres import Server

from jobledger import Ledger

TEXT = "x" * 120
_TABLE = """
CREATE TABLE bare (seq bigint PRIMARY KEY, day date, job text, account text, line bytea NOT NULL);
CREATE INDEX ON bare (job)
"""
_INSERT = "INSERT INTO bare (seq, day, job, account, line) VALUES (%s, %s, %s, %s, %s)"


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    server = Server()
    try:
        parts = psycopg.conninfo.conninfo_to_dict(server.conninfo)
        query = urlencode({"host": parts["host"], "ledger": "appends"})
        seqs, now = count(1), datetime.now(UTC) + timedelta(days=1)
        with (
            psycopg.connect(server.conninfo, autocommit=True) as bare,
            Ledger(f"postgresql://{parts['user']}@/{parts['dbname']}?{query}") as ledger,
        ):
            bare.execute(_TABLE)
            ledger.add_job("account", TEXT, now)
            line = b"x" * 480

            def insert() -> None:
                for seq in (next(seqs) for _ in range(jobs)):
                    bare.execute(_INSERT, (seq, now.date(), f"job-{seq}", "account", line))

            def add() -> None:
                for _ in range(jobs):
                    ledger.add_job("account", TEXT, now)

            taken = in_turn({"bare": lambda: timed(insert), "ours": lambda: timed(add)}, rounds)
    finally:
        server.stop()
    tell(
        "adding one by one on a PostgreSQL server, beside a bare INSERT and COMMIT",
        {
            "jobs": jobs,
            "share of the bare rate": share(taken["bare"], taken["ours"]),
            "median microseconds": {
                name: round(1e6 * middle(seconds) / jobs) for name, seconds in taken.items()
            },
        },
        packages=["psycopg"],
    )


if __name__ == "__main__":
    main()
