"""A program with projections and a clock of its own."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import assert_type

from jobledger import Change, Clock, Ledger, ScheduledJob, StoredProjection, SystemClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class PerAccount:
    """How many jobs each account ever had."""

    name = "per_account.txt"

    def __init__(self) -> None:
        self.jobs: Counter[str] = Counter()

    def apply(self, change: Change) -> None:
        assert_type(change.event.seq, int)
        assert_type(change.before, ScheduledJob | None)
        assert_type(change.after, ScheduledJob | None)
        if change.before is None and change.after is not None:
            self.jobs[change.after.account_id] += 1

    def render(self) -> bytes:
        return repr(sorted(self.jobs.items())).encode()


class OfOne(PerAccount):
    """One that is made with an argument."""

    def __init__(self, account_id: str) -> None:
        super().__init__()
        self.name = f"of_{account_id}"


class Noon:
    """A clock needs one method."""

    def now(self) -> datetime:
        return NOON


CLOCKS: list[Clock] = [Noon(), SystemClock()]


def main(directory: Path) -> None:
    factories = [PerAccount, lambda: OfOne("mai")]
    with Ledger(directory, projections=factories, clock=CLOCKS[0]) as ledger:
        ledger.add_job("mai", "Xin chào", NOON)
        kept = ledger.projection("per_account.txt")
        assert_type(kept, StoredProjection)
        assert_type(kept.render(), bytes)
        assert_type(kept.name, str)
