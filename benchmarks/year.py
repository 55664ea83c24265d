"""A year of posts: how much room its log takes up, plain and packed.

    python benchmarks/year.py [POSTS A DAY] [DAYS]

Posts of forty accounts, with texts of ten to forty words, are added on their day, go out at their
times, and are done. Then all days but the newest are packed. The log is not synced meanwhile: it is
its size that is asked for, and what reading it costs.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from jobledger import Ledger, ManualClock, NewJob, PostResult, Scheduler
from jobledger.integrity import pack_days, verify_directory

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = (
    "morning coffee sale new today only best for you friends weekend recipe tip how to share"
    " love thanks photo video link shop free offer limited autumn winter summer spring big small"
    " quick easy good great of the day behind scenes café bánh mì tuần này giảm giá"
)


def live(directory: Path, posts: int, days: int) -> None:
    """Let the posts of so many days go out."""
    chance, clock = random.Random(1), ManualClock(FIRST)
    words = TEXT.split()
    apart = timedelta(days=1) / (posts + 1)
    with Scheduler(directory, clock=clock, durability="none") as scheduler:
        for day in range(days):
            clock.advance(FIRST + timedelta(days=day) - clock.now())
            scheduler.add_jobs(
                NewJob(
                    f"account-{chance.randrange(40)}",
                    f"{' '.join(chance.choices(words, k=chance.randrange(10, 40)))} #{n}",
                    clock.now() + apart * (n + 1),
                    metadata={"campaign": f"c{n % 7}"},
                )
                for n in range(posts)
            )
            for _ in range(posts):
                clock.advance(apart)
                scheduler.run_due(
                    lambda account, text: PostResult(True, str(chance.getrandbits(60)))
                )


def bytes_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("events_*"))


def taken(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    posts, days = (int(word) for word in [*sys.argv[1:], "1000", "365"][:2])
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "ledger"
        live(directory, posts, days)
        plain = bytes_of(directory)
        read = taken(lambda: verify_directory(directory))
        packing = taken(lambda: pack_days(directory, date(2030, 1, 1), unsealed=True))
        packed = bytes_of(directory)
        read_packed = taken(lambda: verify_directory(directory))
        with Ledger(directory, read_only=True) as ledger:
            job_id = next(iter(ledger.events())).job_id
            one = taken(lambda: ledger.history(job_id))
        print(f"{posts} posts a day, {days} days")
        print(
            f"log: {plain / 1e6:.1f} MB, packed {packed / 1e6:.1f} MB ({plain / packed:.1f} times)"
        )
        print(f"packing (verifying once, reading back): {packing:.1f} s")
        print(f"verify: {read:.1f} s, of packed days {read_packed:.1f} s")
        print(f"history of a job of the first day, packed: {one * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
