"""A process beside `verify` that reads: what is found does not depend on it, nor on its life."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.beside import beside
from support.eventstore import lines_of, reseal

from jobledger import Ledger, ManualClock, NewJob, StorageError, VerifyReport
from jobledger.eventstore.engines.files import FileSystem
from jobledger.integrity import pack_days, reading, reading_beside, verify_directory
from jobledger.testing import FaultyFileSystem, SimulatedDisk

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAYS = 3


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Make a closed ledger of three days, each of them more than is read at a time."""
    directory, clock = tmp_path / "jobs", ManualClock(NOON)
    with Ledger(directory, clock=clock, durability="none") as ledger:
        for _ in range(DAYS):
            due = clock.now() + timedelta(days=9)
            ledger.add_jobs([NewJob("acme", "xin chào " * 30, due) for _ in range(700)])
            clock.advance(timedelta(days=1))
    return directory


def days(directory: Path) -> list[Path]:
    return sorted(directory.glob("events_*"))


def verify(directory: Path) -> tuple[VerifyReport, list[tuple[int, int | None]]]:
    told: list[tuple[int, int | None]] = []
    report = verify_directory(directory, progress=lambda done, total: told.append((done, total)))
    return report, told


def test_what_is_read_beside_is_all_there_is(ledger: Path) -> None:
    """With the same progress, and nothing is left of the process."""
    expected, told = verify(ledger)
    with beside() as seen:
        report, told_beside = verify(ledger)
    assert report == expected
    assert report.ok
    assert told_beside == told
    assert len(told) > DAYS
    assert seen.parts > DAYS
    [helper] = seen.helpers
    assert helper._process is None


def break_links(directory: Path) -> None:
    """Have the second file follow another one than the first, with a hash that fits."""
    header, *records = lines_of(days(directory)[1])
    days(directory)[1].write_bytes(reseal(header, prev="0" * 32) + b"".join(records))


def flip(directory: Path) -> None:
    data = bytearray(days(directory)[1].read_bytes())
    data[len(data) // 2] ^= 4
    days(directory)[1].write_bytes(data)


def cut(directory: Path) -> None:
    with days(directory)[-1].open("r+b") as file:
        file.truncate(days(directory)[-1].stat().st_size - 30)


def lose_a_day(directory: Path) -> None:
    days(directory)[1].unlink()


def break_what_is_packed(directory: Path) -> None:
    pack_days(directory, date(2026, 3, 3), unsealed=True)
    data = bytearray(days(directory)[0].read_bytes())
    data[len(data) // 2] ^= 4
    days(directory)[0].write_bytes(data)


def hide_a_surrogate(directory: Path) -> None:
    """Have what is no text, and cannot be sent."""
    *lines, last = lines_of(days(directory)[1])
    body = reseal(last, job="xyz").replace(b'"job":"xyz"', b'"job":"\\ud800"')[:-44]
    digest = hashlib.sha256(body).hexdigest()[:32].encode()
    days(directory)[1].write_bytes(b"".join(lines) + body + b',"hash":"%b"}\n' % digest)


def hide_a_number(directory: Path) -> None:
    """Have so large a number that it cannot be sent."""
    *lines, last = lines_of(days(directory)[1])
    days(directory)[1].write_bytes(b"".join(lines) + reseal(last, seq=2**70, batch=2**70))


DAMAGES = [
    break_links, flip, cut, lose_a_day, break_what_is_packed, hide_a_surrogate, hide_a_number,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_the_same_is_found_in_the_same_order(ledger: Path, damage: Callable[[Path], None]) -> None:
    damage(ledger)
    expected = verify_directory(ledger)
    with beside() as seen:
        assert verify_directory(ledger) == expected
    assert not expected.ok
    assert seen.parts > 0


def test_days_that_are_packed_are_read_beside_too(ledger: Path) -> None:
    pack_days(ledger, date(2026, 3, 3), unsealed=True)
    expected = verify(ledger)
    assert [path.suffix for path in days(ledger)] == [".zst", ".zst", ".jsonl"]
    with beside() as seen:
        assert verify(ledger) == expected
    assert expected[0].ok
    assert seen.parts > DAYS


@pytest.mark.parametrize("parts", [0, 1, 4])
def test_where_it_is_killed_this_process_goes_on(ledger: Path, parts: int) -> None:
    """From where it was, and no byte is counted twice."""
    expected = verify(ledger)
    with beside(most=parts) as seen:
        assert verify(ledger) == expected
    assert seen.parts == parts


def test_where_it_cannot_be_started_this_process_reads(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise OSError("no more processes")

    expected = verify(ledger)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    with beside() as seen:
        assert verify(ledger) == expected
    assert seen.parts == 0


def test_a_newer_release_is_told_of_all_the_same(ledger: Path) -> None:
    header, *records = lines_of(days(ledger)[1])
    days(ledger)[1].write_bytes(reseal(header, format=99) + b"".join(records))
    with beside() as seen, pytest.raises(StorageError, match="format 99"):
        verify_directory(ledger)
    assert seen.helpers[0]._process is None


def test_an_interruption_ends_it(ledger: Path) -> None:
    """Ctrl-C comes to this process alone."""

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with beside() as seen, pytest.raises(KeyboardInterrupt):
        verify_directory(ledger, progress=interrupt)
    [helper] = seen.helpers
    assert helper._process is None


@pytest.mark.parametrize(
    ("size", "cores", "fs"),
    [
        (reading.WORTH_A_PROCESS - 1, 2, FileSystem()),
        (reading.WORTH_A_PROCESS, 1, FileSystem()),
        (reading.WORTH_A_PROCESS, 2, FaultyFileSystem(SimulatedDisk())),
    ],
    ids=["little to read", "one core", "a disk of one's own"],
)
def test_no_process_is_started_in_vain(
    size: int, cores: int, fs: FileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_cores", lambda: cores)
    made: list[object] = []
    monkeypatch.setattr(reading_beside, "Helper", made.append)
    with reading.reading(fs, [], size):
        pass
    assert made == []


def test_a_small_ledger_does_not_even_import_what_starts_one(ledger: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from jobledger.integrity import verify_directory;"
        " print(verify_directory(Path(sys.argv[1])).ok,"
        " [name for name in sys.modules if 'reading_beside' in name or name == 'subprocess'])"
    )
    command = [sys.executable, "-c", script, str(ledger)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "True []\n"
