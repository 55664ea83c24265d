"""Repair: what is sound stays, what goes is kept and on record, and the ledger goes on."""

from __future__ import annotations

import json
import os
import random
import re
import stat
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.eventstore import NOON, contents, damages, lines_of, reseal

from jobledger import Ledger, LedgerCorruptError, ManualClock, StorageError
from jobledger.eventstore.engines.files.damage import assess
from jobledger.eventstore.engines.files.filesystem import FileSystem
from jobledger.eventstore.engines.files.ledger_directory import REPAIR_NAME
from jobledger.eventstore.engines.files.repair import read_plan, repair_directory
from jobledger.eventstore.engines.registry import open_reader
from jobledger.eventstore.record import MAX_LINE_BYTES, RECORDS
from jobledger.integrity.verify import verify_directory
from jobledger.testing.faults import Fault, FaultyFileSystem, Killed

ROOT = Path(__file__).parents[3]
FIRST, SECOND, THIRD = (f"events_2026-03-0{day}.jsonl" for day in (1, 2, 3))
FS = FileSystem()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def sound(directory: Path, clock: ManualClock) -> Path:
    return a_ledger(directory, clock)


def a_ledger(directory: Path, clock: ManualClock) -> Path:
    """Make a closed ledger of three days with ten events: 1–4, 5–8 and 9–10."""
    with Ledger(directory, clock=clock) as ledger:
        for day in range(2):
            for n in range(4):
                ledger.add_job("a", "x" * 100, clock.now(), job_id=f"job-{day}-{n}", hold=True)
            clock.advance(timedelta(days=1))
        ledger.release_job("job-0-0")
        ledger.cancel_job("job-0-0")
    return directory


def events(directory: Path) -> list[dict[str, Any]]:
    with Ledger(directory, read_only=True) as ledger:
        return [event.to_dict() for event in ledger.events()]


def spoil(path: Path, line: int) -> None:
    """Change one byte in the middle of a line."""
    lines = lines_of(path)
    at = len(lines[line]) // 2
    lines[line] = lines[line][:at] + bytes([lines[line][at] ^ 1]) + lines[line][at + 1 :]
    path.write_bytes(b"".join(lines))


def opens(directory: Path, clock: ManualClock) -> bool:
    try:
        Ledger(directory, clock=clock).close()
    except LedgerCorruptError:
        return False
    return True


def mended(directory: Path, clock: ManualClock, before: list[dict[str, Any]], kept: int) -> None:
    """Check that the first `kept` events are there and no others, and that the ledger goes on."""
    with Ledger(directory, clock=clock) as ledger:
        assert [event.to_dict() for event in ledger.events()] == before[:kept]
        ledger.add_job("b", "afterwards", clock.now(), job_id="afterwards")
        assert ledger.seq == kept + 1
        ledger.rebuild()
    report = verify_directory(directory)
    assert report.ok, report.problems
    assert [note for note in report.notes if "begun by a repair" in note]


# -- what is left, and what is kept ----------------------------------------------------------------


def test_a_sound_log_is_left_alone(sound: Path, clock: ManualClock) -> None:
    """There is nothing to do, and nothing is done."""
    before = contents(sound)
    assert assess(FS, sound) is None
    assert repair_directory(FS, sound, clock.now()) is None
    assert contents(sound) == before


def test_a_torn_tail_needs_no_repair(sound: Path, clock: ManualClock) -> None:
    """Opening mends that by itself, and loses nothing acknowledged."""
    with (sound / THIRD).open("ab") as file:
        file.write(b'{"seq":11,"ba')
    assert assess(FS, sound) is None
    assert opens(sound, clock)


def test_a_repair_keeps_what_is_sound_and_every_byte_of_the_rest(
    sound: Path, clock: ManualClock
) -> None:
    """A bad line in the middle of the second day: its rest and the third day go."""
    before, files = events(sound), contents(sound)
    spoil(sound / SECOND, 2)
    spoiled = (sound / SECOND).read_bytes()
    assert not opens(sound, clock)
    plan = repair_directory(FS, sound, clock.now())
    assert plan is not None
    assert (plan.damage.seq, plan.damage.lost_to) == (5, 10)
    start = plan.damage.offset
    assert (sound / SECOND).read_bytes() == files[SECOND][:start]
    assert (sound / FIRST).read_bytes() == files[FIRST]
    kept = contents(sound / plan.kept)
    assert kept == {
        f"{SECOND}.from-{start}": spoiled[start:],
        THIRD: files[THIRD],
        "HEAD": files["HEAD"],
    }
    assert {path.stat().st_mode & 0o777 for path in (sound / plan.kept).iterdir()} == {0o600}
    assert stat.S_IMODE((sound / plan.kept).stat().st_mode) == 0o700
    mended(sound, clock, before, 5)


def test_it_names_the_events_that_can_still_be_read(sound: Path) -> None:
    """With their jobs, so that somebody can see what has to be done again."""
    spoil(sound / SECOND, 2)
    damage = assess(FS, sound)
    assert damage is not None
    assert [(event.seq, event.type, event.job) for event in damage.events] == [
        (7, "added", "job-1-2"),
        (8, "added", "job-1-3"),
        (9, "released", "job-0-0"),
        (10, "cancelled", "job-0-0"),
    ]
    assert [(part.file, part.line) for part in damage.parts] == [(SECOND, 3), (THIRD, 1)]


def test_looking_at_what_goes_changes_nothing(sound: Path) -> None:
    """Only `repair` does."""
    spoil(sound / FIRST, 1)
    before = contents(sound)
    assert assess(FS, sound) is not None
    assert contents(sound) == before


# -- every kind of damage --------------------------------------------------------------------------


def cut_at_a_lines_end(directory: Path) -> None:
    (directory / THIRD).write_bytes(b"".join(lines_of(directory / THIRD)[:-1]))


def double_a_line(directory: Path) -> None:
    lines = lines_of(directory / SECOND)
    (directory / SECOND).write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))


def swap_lines(directory: Path) -> None:
    lines = lines_of(directory / SECOND)
    (directory / SECOND).write_bytes(b"".join([*lines[:2], lines[3], lines[2], lines[4]]))


def spoil_the_first_header(directory: Path) -> None:
    spoil(directory / FIRST, 0)


def cut_the_newest_to_nothing(directory: Path) -> None:
    (directory / THIRD).write_bytes(b"")


DAMAGE = {
    "a file cut at a line's end": (cut_at_a_lines_end, 9),
    "a doubled line": (double_a_line, 6),
    "swapped lines": (swap_lines, 5),
    "a missing file": (lambda directory: (directory / SECOND).unlink(), 4),
    "a bad header": (lambda directory: spoil(directory / SECOND, 0), 4),
    "a bad first header": (spoil_the_first_header, 0),
    "a missing first file": (lambda directory: (directory / FIRST).unlink(), 0),
    "an empty newest file": (cut_the_newest_to_nothing, 8),
    "zeros": (lambda directory: (directory / FIRST).write_bytes(bytes(3000)), 0),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_after_the_repair_of_any_damage_the_ledger_goes_on(
    sound: Path, clock: ManualClock, kind: str
) -> None:
    """With the events before it, and no others."""
    before = events(sound)
    spoils, kept = DAMAGE[kind]
    spoils(sound)
    assert not opens(sound, clock)
    assert repair_directory(FS, sound, clock.now()) is not None
    mended(sound, clock, before, kept)


def test_after_any_flipped_bit_or_truncation_of_the_newest_file_a_repair_goes_on(
    sound: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """A sample of them; each is damage to begin with, and none afterwards."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    files, before = contents(sound), events(sound)
    cases = list(damages(files[THIRD]))
    for number, (what, data) in enumerate(random.Random(seed).sample(cases, 60)):
        copy = tmp_path / str(number)
        copy.mkdir(0o700)
        for name, content in (files | {THIRD: data}).items():
            (copy / name).write_bytes(content)
        if data == files[THIRD][:-1] and opens(copy, clock):
            continue
        plan = repair_directory(FS, copy, clock.now())
        assert plan is not None, what
        assert events(copy) == before[: plan.damage.seq], what
        assert opens(copy, clock), what


def test_a_head_of_another_ledger_is_put_aside(
    sound: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """Nothing of the log is lost."""
    before = events(sound)
    Ledger(tmp_path / "other", clock=clock).close()
    (sound / "HEAD").write_bytes((tmp_path / "other" / "HEAD").read_bytes())
    assert not opens(sound, clock)
    plan = repair_directory(FS, sound, clock.now())
    assert plan is not None
    assert plan.damage.parts == []
    mended(sound, clock, before, 10)


def test_a_log_of_which_nothing_can_be_read_is_not_repaired(
    sound: Path, clock: ManualClock
) -> None:
    """Nobody could say which ledger it was."""
    for name in (FIRST, SECOND, THIRD):
        spoil(sound / name, 0)
    before = contents(sound)
    with pytest.raises(StorageError, match="bring back a copy"):
        repair_directory(FS, sound, clock.now())
    assert {name: data for name, data in contents(sound).items() if name in before} == before


# -- on the record ---------------------------------------------------------------------------------


def test_the_repair_is_in_the_chain(sound: Path, clock: ManualClock) -> None:
    """In the header of the day that it begins: a reader of the log meets it in its place."""
    spoil(sound / SECOND, 2)
    plan = repair_directory(FS, sound, clock.now())
    assert plan is not None
    reader = open_reader(sound, RECORDS)
    assert len(list(reader.records())) == 5
    (found,) = reader.repairs
    reader.close()
    assert (found.at, found.lost_to, found.kept) == (clock.now(), 10, plan.kept)
    assert "line 3" in found.why


def test_a_head_exported_before_tells_of_what_is_gone(sound: Path, clock: ManualClock) -> None:
    """The log is sound again, and is not the one that it was."""
    with Ledger(sound, clock=clock) as ledger:
        head = ledger.export_head()
    spoil(sound / SECOND, 2)
    repair_directory(FS, sound, clock.now())
    with Ledger(sound, clock=clock) as ledger:
        for n in range(8):
            ledger.add_job("a", "x", clock.now(), job_id=f"new-{n}")
        assert ledger.verify().ok
        report = ledger.verify(since_heads=[head])
    assert [problem.kind for problem in report.problems] == ["rewritten"]


def test_the_reader_in_the_format_document_reads_on_behind_a_repair(
    sound: Path, clock: ManualClock
) -> None:
    """It knows nothing of repairs, as releases before them."""
    spoil(sound / SECOND, 2)
    repair_directory(FS, sound, clock.now())
    mended(sound, clock, events(sound), 5)
    document = (ROOT / "docs" / "log-format.md").read_text()
    source = re.search(r"```python\n(.*?)```", document, re.S)
    assert source is not None
    names: dict[str, Any] = {}
    exec(source[1], names)
    assert [record["seq"] for record in names["read"](sound)] == [1, 2, 3, 4, 5, 6]


def test_a_second_repair_keeps_the_first_ones_bytes(sound: Path, clock: ManualClock) -> None:
    """Each has a directory of its own, and its own day file."""
    spoil(sound / THIRD, 1)
    first = repair_directory(FS, sound, clock.now())
    assert first is not None
    spoil(sound / SECOND, 1)
    second = repair_directory(FS, sound, clock.now())
    assert second is not None
    assert first.kept != second.kept
    assert contents(sound / first.kept)
    assert opens(sound, clock)
    assert len([path for path in sound.iterdir() if path.name.startswith("damaged_")]) == 2


@pytest.mark.parametrize("size", [4095, 4096, 4097, 100_000, MAX_LINE_BYTES, MAX_LINE_BYTES + 1])
def test_a_header_of_any_length_that_a_line_may_have_is_read_by_both_readers(
    sound: Path, clock: ManualClock, size: int
) -> None:
    """As an older release may have written one, of a ledger deep down in other directories."""
    spoil(sound / SECOND, 2)
    plan = repair_directory(FS, sound, clock.now())
    assert plan is not None
    path = sound / f"events_{plan.new_day}.jsonl"
    (line,) = lines_of(path)
    repaired = json.loads(line)["repaired"]
    short = len(reseal(line, repaired={**repaired, "why": ""}))
    path.write_bytes(reseal(line, repaired={**repaired, "why": "x" * (size - short)}))
    assert len(path.read_bytes()) == size
    (sound / "HEAD").unlink()
    assert opens(sound, clock) == (size <= MAX_LINE_BYTES)
    if size <= MAX_LINE_BYTES:
        report = verify_directory(sound)
        assert (report.problems, report.events) == ([], 5)
        reader = open_reader(sound, RECORDS)
        assert len(list(reader.records())) == 5
        reader.close()
        assert len(reader.repairs[0].why) == size - short
    else:
        assert verify_directory(sound).problems[0].kind == "header"


def test_a_repair_says_the_same_wherever_the_ledger_is(
    sound: Path, clock: ManualClock, tmp_path: Path
) -> None:
    """And in few words, so that releases read on that know only short headers."""
    deep = tmp_path.joinpath(*["d" * 250] * 14)
    deep.parent.mkdir(parents=True)
    sound.rename(deep)
    spoil(deep / SECOND, 2)
    plan = repair_directory(FS, deep, clock.now())
    assert plan is not None
    assert str(deep) in plan.damage.message
    (line,) = lines_of(deep / f"events_{plan.new_day}.jsonl")
    assert len(line) < 1500
    assert json.loads(line)["repaired"]["why"].startswith(f"{SECOND}, line 3, byte ")
    mended(deep, clock, events(deep), 5)


def test_a_long_reason_is_cut(
    sound: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(sound / SECOND, 2)
    damage = assess(FS, sound)
    assert damage is not None
    longer = msgspec.structs.replace(damage, message="because " * 1000)
    monkeypatch.setattr(
        "jobledger.eventstore.engines.files.repair.assess", lambda fs, directory: longer
    )
    plan = repair_directory(FS, sound, clock.now())
    assert plan is not None
    (line,) = lines_of(sound / f"events_{plan.new_day}.jsonl")
    why = json.loads(line)["repaired"]["why"]
    assert why == ("because " * 1000)[:499] + "…"
    mended(sound, clock, events(sound), 5)


# -- a repair that is broken off -------------------------------------------------------------------


class BrokenOff(Exception):
    pass


class UntilPlanned(FileSystem):
    """Fails with the first removal, when everything is prepared."""

    def rename(self, source: Path, target: Path) -> None:
        if target.name.startswith("events_"):
            raise BrokenOff
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        raise BrokenOff


def test_a_repair_that_was_broken_off_keeps_everybody_out_until_it_is_finished(
    sound: Path, clock: ManualClock
) -> None:
    """Nothing is half done behind anybody's back."""
    before = events(sound)
    spoil(sound / SECOND, 2)
    with pytest.raises(BrokenOff):
        repair_directory(UntilPlanned(), sound, clock.now())
    with pytest.raises(LedgerCorruptError, match=r"begun and not finished") as caught:
        Ledger(sound, clock=clock)
    assert caught.value.remedy == "finish_repair"
    assert "repair" in {problem.kind for problem in verify_directory(sound).problems}
    plan = repair_directory(FS, sound, clock.now() + timedelta(days=40))
    assert plan is not None
    assert plan.at == clock.now()
    assert not (sound / REPAIR_NAME).exists()
    mended(sound, clock, before, 5)


def test_a_plan_that_is_damaged_is_never_followed(sound: Path, clock: ManualClock) -> None:
    """Not even where only a number in it is another one: it says what to do, and keeps everybody
    out until then."""
    before = events(sound)
    spoil(sound / SECOND, 2)
    with pytest.raises(BrokenOff):
        repair_directory(UntilPlanned(), sound, clock.now())
    good = (sound / REPAIR_NAME).read_bytes()
    bad = [data for _, data in islice(damages(good), 0, None, 97)]
    assert len(bad) > 50
    for data in [
        *bad,
        b"",
        b"[" * 100_000,
        b"\xff",
        b"null",
        b"{}",
        good.replace(b"check", b"chekc"),
    ]:
        (sound / REPAIR_NAME).write_bytes(data)
        if data.rstrip() == good.rstrip():
            continue
        with pytest.raises(StorageError, match="puts it aside") as raised:
            read_plan(FS, sound)
        assert raised.value.path == str(sound / REPAIR_NAME)
        with pytest.raises(LedgerCorruptError, match=r"begun and not finished"):
            Ledger(sound, clock=clock)
        assert "repair" in {problem.kind for problem in verify_directory(sound).problems}
    plan = repair_directory(FS, sound, clock.now())
    assert plan is not None
    assert (sound / f"{REPAIR_NAME}.damaged").exists()
    mended(sound, clock, before, 5)


@pytest.mark.thorough
@pytest.mark.parametrize("what", ["bytes", "a directory", "a link"])
def test_a_repair_that_was_broken_off_anywhere_and_lost_its_plan_is_done_again(
    tmp_path: Path, what: str
) -> None:
    at = 0
    while True:
        at, clock = at + 1, ManualClock(NOON)
        ledger = a_ledger(tmp_path / f"{at}", clock)
        before = events(ledger)
        spoil(ledger / SECOND, 2)
        failing = FaultyFileSystem(FS, Fault(at, None))
        try:
            repair_directory(failing, ledger, clock.now())
            break
        except Killed:
            pass
        plan = ledger / REPAIR_NAME
        if not plan.exists():
            continue
        plan.unlink()
        if what == "bytes":
            plan.write_bytes(b"\xff" * 100)
        elif what == "a directory":
            plan.mkdir()
        else:
            plan.symlink_to("/nowhere")
        repair_directory(FS, ledger, clock.now())
        assert not os.path.lexists(plan)
        mended(ledger, clock, before, 5)
    assert at > 20


def test_a_broken_off_repair_does_not_remove_what_came_since(
    sound: Path, clock: ManualClock
) -> None:
    """Only what was kept is cut off."""
    spoil(sound / THIRD, 2)
    with pytest.raises(BrokenOff):
        repair_directory(UntilPlanned(), sound, clock.now())
    with (sound / THIRD).open("ab") as file:
        file.write(b"more\n")
    before = (sound / THIRD).read_bytes()
    with pytest.raises(StorageError, match="has changed since"):
        repair_directory(FS, sound, clock.now())
    assert (sound / THIRD).read_bytes() == before


def test_the_new_file_is_of_today_or_of_the_day_after_what_is_sound(
    sound: Path, clock: ManualClock
) -> None:
    """A day file's day never goes back, and no day has two."""
    spoil(sound / THIRD, 2)
    plan = repair_directory(FS, sound, datetime.fromisoformat("2026-03-03T23:00:00+00:00"))
    assert plan is not None
    assert plan.new_day == "2026-03-04"
    clock.advance(timedelta(days=30))
    spoil(sound / SECOND, 2)
    again = repair_directory(FS, sound, clock.now())
    assert again is not None
    assert again.new_day == clock.now().date().isoformat()
