"""The zone of a ledger that the command line makes: the machine's, said once, and kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.cli import made, run_here

from jobledger import Ledger
from jobledger.tools.machine_zone import machine_zone

NOWHERE = Path("/nowhere/localtime")


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh"),
        (":America/New_York", "America/New_York"),
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        (":/usr/share/zoneinfo/posix/Asia/Tokyo", "Asia/Tokyo"),
        ("Etc/UCT", "UTC"),
        ("UTC0", "UTC"),
        ("", "UTC"),
        (":", "UTC"),
        ("ICT-7", "UTC"),
        ("../../etc/passwd", "UTC"),
        ("Asia/Nowhere", "UTC"),
    ],
)
def test_the_environment_decides_where_it_says_something(
    tmp_path: Path, text: str, zone: str
) -> None:
    """As for every program; the machine's files count no more then."""
    file = tmp_path / "timezone"
    file.write_text("Australia/Sydney\n")
    assert machine_zone({"TZ": text}, NOWHERE, file) == zone


@pytest.mark.parametrize("above", ["/usr/share", "/var/db/timezone", "../usr/share"])
def test_the_link_of_the_machines_zone_names_it(tmp_path: Path, above: str) -> None:
    """As Linux and macOS keep it."""
    link, file = tmp_path / "localtime", tmp_path / "timezone"
    link.symlink_to(f"{above}/zoneinfo/America/Argentina/Salta")
    file.write_text("Australia/Sydney\n")
    assert machine_zone({}, link, file) == "America/Argentina/Salta"


def test_a_file_with_the_name_is_read_where_the_zone_is_no_link(tmp_path: Path) -> None:
    """A container's copy of the zone says not which one it is."""
    copy, file = tmp_path / "localtime", tmp_path / "timezone"
    copy.write_bytes(b"TZif2")
    file.write_text("Australia/Sydney\n")
    assert machine_zone({}, copy, file) == "Australia/Sydney"
    file.write_bytes(b"\xff\xfe")
    assert machine_zone({}, copy, file) == "UTC"
    assert machine_zone({}, NOWHERE, NOWHERE) == "UTC"


@pytest.mark.parametrize("command", ["add", "import", "run"])
def test_a_command_that_makes_a_ledger_says_where_and_in_which_zone(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Once; what comes later finds it there, whatever the machine's zone is by then."""
    soon = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    (tmp_path / "posts.csv").write_text(f"account_id,content,scheduled_time\na,x,{soon} 09:00\n")
    (tmp_path / "posts_of_mine.py").write_text("def publish(account_id, content): ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Ho_Chi_Minh")
    arguments = {
        "add": ["add", "a", "x", f"{soon}T09:00"],
        "import": ["import", "posts.csv"],
        "run": ["run", "--create", "--once", "--publisher", "posts_of_mine:publish"],
    }
    said = made(directory, "Asia/Ho_Chi_Minh")
    first = run_here(directory, *arguments[command])
    assert (first.code, first.err.count(said)) == (0, 1), first.err
    monkeypatch.setenv("TZ", "Europe/Berlin")
    again = run_here(directory, "add", "a", "y", "+10m")
    assert (again.code, "made a ledger" in again.err) == (0, False)
    with Ledger(directory, read_only=True) as ledger:
        assert ledger.timezone == "Asia/Ho_Chi_Minh"
        times = {job.content: f"{job.scheduled_time:%H:%M}" for job in ledger.list_jobs()}
    assert times.get("x", "02:00") == "02:00"
    assert ("x" in times) == (command != "run")


def test_the_zone_that_is_given_counts_more(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a program's own ledger does not depend on the machine."""
    monkeypatch.setenv("TZ", "Asia/Ho_Chi_Minh")
    done = run_here(directory, "add", "a", "x", "+10m", "--timezone", "Europe/Berlin")
    assert made(directory, "Europe/Berlin") in done.err
    with Ledger(directory.with_name("own")) as ledger:
        assert ledger.timezone == "UTC"
