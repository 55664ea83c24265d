"""The command `archive`: what it says, what it leaves, and its ways back."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger, ManualClock


@pytest.fixture
def jobs(directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three days, long ago; the current directory is empty."""
    with Ledger(directory, clock=clock) as ledger:
        for _ in range(3):
            for _ in range(20):
                ledger.add_job("acc", "the same words again", clock.now(), hold=True)
            clock.advance(timedelta(days=1))
    place = directory.parent / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    return directory


def days(jobs: Path) -> list[str]:
    return sorted(path.name for path in jobs.glob("events_*"))


def test_days_without_a_seal_are_named_and_left(jobs: Path) -> None:
    """It says what to do, and what it did with those that have one."""
    left = run_here(jobs, "archive", "--before", "today")
    assert left.code == 0
    assert left.out == (
        "left 2 days, 2026-03-02 to 2026-03-03, that no seal covers: `jobledger seal` makes seals,"
        " --unsealed packs them as they are\n"
    )
    assert run_here(jobs, "seal", "--new-key", "seals").code == 0
    assert run_here(jobs, "seal", "--key", "seals").code == 0
    done = run_here(jobs, "archive", "--before", "30 days ago")
    assert done.out.startswith("packed 2 days, 2026-03-02 to 2026-03-03: ")
    assert days(jobs)[:2] == ["events_2026-03-02.jsonl.zst", "events_2026-03-03.jsonl.zst"]
    assert run_here(jobs, "archive", "--before", "today").out == (
        "nothing to pack: no day before that is over and not packed\n"
    )
    assert run_here(jobs, "verify", "--public-key", "seals.pub").code == 0


def test_a_machine_is_told_the_same(jobs: Path) -> None:
    """`--json` has the bytes of each day, before and after; a dry run has no after."""
    words = ["archive", "--before", "2026-03-03", "--unsealed", "--json"]
    dry = json.loads(run_here(jobs, *words, "--dry-run").out)
    assert (dry["dry_run"], days(jobs)[0]) == (True, "events_2026-03-02.jsonl")
    size = (jobs / "events_2026-03-02.jsonl").stat().st_size
    assert dry["packed"] == [{"day": "2026-03-02", "bytes": size, "packed_bytes": 0}]
    told = json.loads(run_here(jobs, *words).out)
    [day] = told["packed"]
    assert day["bytes"] == size
    assert day["packed_bytes"] == (jobs / "events_2026-03-02.jsonl.zst").stat().st_size < size / 2
    back = json.loads(run_here(jobs, "archive", "--unpack", "--json").out)
    assert back["unpacked"] == [day]
    assert run_here(jobs, "archive", "--unpack").out == "nothing to unpack: no such day is packed\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give --before to pack days, or --unpack"),
        (["--before", "today", "--unpack"], "give --before to pack days, or --unpack"),
        (["--before", "today", "--since", "today"], "--since is for --unpack"),
        (["--unpack", "--dry-run"], "--unsealed and --dry-run are for packing"),
        (["--before", "soon"], "'soon' is not a time"),
    ],
)
def test_wrong_use_is_one_line(jobs: Path, words: list[str], says: str) -> None:
    """Exit 2, and every file is as it was."""
    before = days(jobs)
    done = run_here(jobs, "archive", *words)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert says in done.err
    assert days(jobs) == before
