"""How far a reader has to go to follow a lone change: from file to file, from call to answer."""

from __future__ import annotations

import gc
import sys
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from types import FrameType

import pytest
from support.anchors import ROOT
from support.durability import without_background

from jobledger import Ledger, ManualClock
from jobledger.eventstore.engines.files import filesystem

MOST = 75
"""Of an `add_job` on files. It may only shrink: of these some 30 are the seam of the disk, through
which each of nine system calls goes, and the parts of the engine that are between them."""


def calls_of(ledger: Ledger, clock: ManualClock) -> list[str]:
    """Return the files of the product's functions that an `add_job` calls, one for each call."""
    files: list[str] = []

    def note(frame: FrameType, event: str, argument: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(str(ROOT)) and "/tests/" not in file:
            files.append(file)

    due = clock.now() + timedelta(hours=1)
    gc.disable()  # else what other tests have left may be let go of within the call
    sys.setprofile(note)
    try:
        ledger.add_job("shop", "text", due)
    finally:
        sys.setprofile(None)
        gc.enable()
    return files


@pytest.mark.parametrize("already", [0, 2, 50])
def test_a_lone_change_goes_through_few_files(
    tmp_path: Path, clock: ManualClock, already: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many jobs there are; the first one of a day begins its file, the third of a handle
    finds or makes the journal."""
    # Others may have imported it, and whoever traces goes further.
    monkeypatch.delitem(sys.modules, "opentelemetry.trace", raising=False)
    monkeypatch.setattr(filesystem, "QUIET_NS", 0)  # however fast this machine is
    with without_background(), Ledger(tmp_path / "jobs", clock=clock) as ledger:
        for _ in range(already + 1):
            ledger.add_job("shop", "text", clock.now())
        files = calls_of(ledger, clock)
    changes = sum(before != after for before, after in pairwise(files))
    assert 0 < changes <= MOST, f"{changes} changes of file in {len(files)} calls"
