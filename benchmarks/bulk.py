"""`add_jobs` of many, next to one by one, and next to encoding and hashing the same records.

python benchmarks/bulk.py [JOBS] [ROUNDS]
"""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path

import msgspec
from bare import lines_of
from measure import in_turn, share, tell, timed

from jobledger import Ledger, NewJob


def main() -> None:
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    single = jobs // 20
    with (
        tempfile.TemporaryDirectory() as place,
        Ledger(Path(place, "many")) as many,
        Ledger(Path(place, "single")) as one,
    ):
        now = datetime.now(UTC)
        news = [NewJob("my-shop", "x" * 120, now) for _ in range(jobs)]

        def one_by_one() -> None:
            for _ in range(single):
                one.add_job("my-shop", "x" * 120, now)

        def bare() -> float:
            decoded = [msgspec.json.decode(line) for line in lines_of(Path(place, "many"), jobs)]

            def encode() -> None:
                for value in decoded:
                    blake2b(msgspec.json.encode(value), digest_size=16).hexdigest()

            return timed(encode)

        taken = in_turn(
            {
                "add_jobs": lambda: timed(lambda: many.add_jobs(news)),
                "one by one": lambda: timed(one_by_one) * (jobs / single),
                "encode and hash": bare,
            },
            rounds,
        )
    tell(
        "add_jobs of many",
        {
            "jobs": jobs,
            "seconds": taken,
            "times one by one": share(taken["one by one"], taken["add_jobs"]),
            "share of encoding and hashing": share(taken["encode and hash"], taken["add_jobs"]),
        },
    )


if __name__ == "__main__":
    main()
