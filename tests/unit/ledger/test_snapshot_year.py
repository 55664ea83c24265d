"""How much is written for snapshots over a year."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.durability import without_background
from support.snapshots import CountingSnapshots, live, log_of, runs_of

from jobledger import Ledger, ManualClock, Scheduler


@pytest.mark.thorough
def test_over_a_year_the_snapshots_have_half_of_the_logs_bytes_at_most(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 100 posts a day, saved as those of 1,000 a day are."""
    monkeypatch.setattr(Ledger, "_SNAPSHOT_EVERY", 1_000)
    fs, most = CountingSnapshots(), 0
    with (
        without_background(),
        Scheduler(directory, clock=clock, fs=fs, durability="none") as scheduler,
    ):
        for _ in range(365):
            live(scheduler, clock, 100)
            scheduler._behind.save_snapshot()
            most = max(most, len(runs_of(directory)))
    assert 1 < most <= 6
    assert 0 < fs.written <= 0.5 * log_of(directory)
