"""Random damage: opening for writing and `verify` agree about every single case."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from support.beside import beside

from jobledger import Ledger, LedgerCorruptError, ManualClock, NewJob
from jobledger.integrity.verify import verify_directory

CASES = 400
CASES_BESIDE = 20


@pytest.fixture
def sound(directory: Path, clock: ManualClock) -> Path:
    """Make a closed ledger of two days, with single writes and writes of several records."""
    with Ledger(directory, clock=clock) as ledger:
        new = NewJob(account_id="a", content="text", scheduled_time=clock.now())
        for _ in range(3):
            ledger.hold_job(ledger.add_jobs([new])[0])
        ledger.add_jobs([new] * 3)
        clock.advance(timedelta(hours=13))
        ledger.cancel_job(ledger.list_jobs()[0].job_id)
        ledger.add_jobs([new] * 3)
    return directory


def damaged(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """One of seven kinds of damage somewhere in a file, and its name."""
    lines = data.split(b"\n")[:-1]
    at, line, other = (chance.randrange(n) for n in (len(data), len(lines), len(lines)))
    kind = chance.choice(["cut", "flip", "delete", "double", "swap", "garbage", "zeros"])
    if kind == "cut":
        return kind, data[:at]
    if kind == "flip":
        return kind, data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    if kind == "garbage":
        return kind, data + chance.randbytes(chance.randrange(1, 40))
    if kind == "zeros":
        count = min(60, len(data) - at)
        return kind, data[:at] + bytes(count) + data[at + count :]
    if kind == "delete":
        del lines[line]
    elif kind == "double":
        lines.insert(other, lines[line])
    else:
        lines[line], lines[other] = lines[other], lines[line]
    return kind, b"".join(each + b"\n" for each in lines)


def test_a_process_that_reads_beside_finds_the_same(sound: Path, tmp_path: Path) -> None:
    """In the same order."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    copy = tmp_path / "copy"
    for case in range(CASES_BESIDE):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(sound, copy)
        path = chance.choice(sorted(copy.glob("events_*.jsonl")))
        kind, data = damaged(path.read_bytes(), chance)
        path.write_bytes(data)
        expected = verify_directory(copy)
        with beside() as seen:
            assert verify_directory(copy) == expected, f"seed {seed}, case {case}: {kind}"
        assert seen.parts > 0


@pytest.mark.parametrize("head", [True, False], ids=["HEAD", "no HEAD"])
def test_opening_and_verify_agree(
    sound: Path, tmp_path: Path, clock: ManualClock, head: bool
) -> None:
    """What one takes for damage the other does; a refusal changes nothing; garbage at the end is
    a torn tail. Without HEAD a log cut at its end may open, but then verify sees that the daily
    files are ahead of it."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    copy = tmp_path / "copy"
    for case in range(CASES):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(sound, copy)
        if not head:
            (copy / "HEAD").unlink()
        path = chance.choice(sorted(copy.glob("events_*.jsonl")))
        before = path.read_bytes()
        kind, data = damaged(before, chance)
        if data == before:
            continue
        path.write_bytes(data)
        what = f"seed {seed}, case {case}: {kind} in {path.name}"
        files = {each.name: each.read_bytes() for each in copy.iterdir()}
        report = verify_directory(copy)
        in_the_log = [p for p in report.problems if p.kind not in ("projection", "ahead")]
        try:
            Ledger(copy, clock=clock).close()
            opened = True
        except LedgerCorruptError:
            opened = False
            assert files == {each.name: each.read_bytes() for each in copy.iterdir()}, what
        assert opened == (not in_the_log), what
        if kind == "garbage":
            assert opened == (path.name == "events_2026-03-03.jsonl"), what
            continue
        assert not (head and opened), what
        if data == before[:-1]:  # only the last newline is lost: that alone can be mended
            assert report.ok == opened, what
        else:
            assert not report.ok, what
