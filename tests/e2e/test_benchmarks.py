"""`python benchmarks` measures, and writes down what it found. What it found is not looked at."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASKED = ("adding", "callers", "concurrency", "opening")
DRAWN = {"callers", "opening"}


def benchmarks(document: Path, *words: str, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks"), "--document", str(document), *words],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rows(document: Path) -> dict[str, list[str]]:
    """Read the rows of the first table, by program."""
    found = re.findall(r"^\| (.+) \| `benchmarks/(\w+)\.py` \|$", document.read_text(), re.M)
    return {name: cells.split(" | ") for cells, name in found}


def test_what_was_measured_is_in_a_table_in_json_and_in_plots(tmp_path: Path) -> None:
    """Each question that was asked has its answer beside what is wanted; other rows stay."""
    document = tmp_path / "performance.md"
    before = rows(ROOT / "docs/performance.md")

    done = benchmarks(document, "--quick", *ASKED)

    assert done.returncode == 0, done.stderr
    after = rows(document)
    assert set(after) == set(before)
    for name, (_, answer, wanted) in after.items():
        if name in ASKED:
            assert re.search(r"\d", answer)
            assert re.search(r"\d", wanted)
        else:
            assert answer == before[name][1]
    for name in ASKED:
        saved = json.loads((tmp_path / f"performance/results/{name}.json").read_text("utf-8"))
        assert saved["versions"]["jobledger"]
        assert {"machine", "commit", "measured_at", "seconds"} <= set(saved)

    drawn = {path.stem: path.read_text("utf-8") for path in tmp_path.glob("performance/*.svg")}
    assert set(drawn) == DRAWN
    for name, text in drawn.items():
        assert f"](performance/{name}.svg)" in document.read_text("utf-8")
        assert ElementTree.fromstring(text).get("aria-label")
        assert "<script" not in text
        assert set(re.findall(r"https?://[^\"' ]+", text)) == {"http://www.w3.org/2000/svg"}

    written = document.read_text("utf-8")
    again = benchmarks(document, "--draw")
    assert again.returncode == 0, again.stderr
    assert document.read_text("utf-8") == written
    assert {path.stem: path.read_text("utf-8") for path in tmp_path.glob("performance/*.svg")} == (
        drawn
    )


def test_a_question_that_fails_is_named_and_keeps_its_row(tmp_path: Path) -> None:
    """The others are asked all the same, and the command ends with 1."""
    document = tmp_path / "performance.md"
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "transitions.py").write_text("raise SystemExit('broken for the test')\n")

    done = benchmarks(document, "--quick", "adding", "bulk", path=str(broken))

    assert done.returncode == 1
    assert "failed: adding, bulk" in done.stderr
    assert rows(document) == rows(ROOT / "docs/performance.md")


def test_a_library_that_is_not_installed_is_left_out_with_a_note() -> None:
    """Every other one says how durable it was told to be, in the version that it has."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/peers.py"), "3", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"jobledger", "a JSON file"} <= set(found["peers"])
    assert all(told["durability"] and told["remark"] for told in found["peers"].values())
    assert set(found["adds a second"]) == {"bare", *found["peers"]}
    assert not set(found["not here"]) & set(found["peers"])
    assert all(found["not here"].values())
    assert len(found["not here"]) + len(found["peers"]) == 16


WAITS = """
import os, sys
from others.slow_disk import SlowDisk

CHILD = "import os; os.fsync(os.open('/', 0))"
disk = SlowDisk()
disk.slow(0.001)
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
synced = os.open(sys.argv[1], os.O_WRONLY | os.O_DSYNC)

def of(work):
    before = disk.calls()
    work()
    return disk.calls() - before

print(
    of(lambda: os.write(file, b"x")),
    of(lambda: os.pwrite(file, b"x", 0)),
    of(lambda: os.fsync(file)),
    of(lambda: os.fdatasync(file)),
    of(lambda: os.write(synced, b"x")),
    of(lambda: os.pwrite(synced, b"x", 0)),
    of(lambda: os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", CHILD])),
)
try:
    os.fsync(1000)
except OSError as error:
    print(error.strerror)
"""


def test_a_slow_disk_is_waited_for_by_whoever_syncs_children_too(tmp_path: Path) -> None:
    """Syncs and writes that are synced count, other writes do not; errors are the real call's."""
    script = f"""
import os, subprocess, sys
from pathlib import Path
from others import NotHereError
from others.slow_disk import preloading
try:
    more = preloading(Path(sys.argv[1]))
except NotHereError as error:
    sys.exit(f"not here: {{error}}")
subprocess.run([sys.executable, "-c", {WAITS!r}, sys.argv[1] + "/file"], env=os.environ | more)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT / "benchmarks",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    if done.stderr.startswith("not here: "):
        pytest.skip(done.stderr)
    assert done.stdout.splitlines() == ["0 0 1 1 1 1 1", "Bad file descriptor"], done.stderr


def test_adds_and_lives_on_a_slow_disk_are_in_a_table_and_in_plots(tmp_path: Path) -> None:
    """Ours waits once for an add; where nothing can be slowed, the table says why."""
    document = tmp_path / "performance.md"

    done = benchmarks(document, "--quick", "peers_slow")

    assert done.returncode == 0, done.stderr
    table = document.read_text("utf-8").partition("<!-- slow disk: begin -->\n")[2]
    plots = {path.stem for path in tmp_path.glob("performance/*.svg")}
    if table.startswith("Not measured: "):
        assert "cc" in table.splitlines()[0]
        assert not plots
        return
    found = json.loads((tmp_path / "performance/results/peers_slow.json").read_text("utf-8"))
    for what in ("adding", "living"):
        rates = found[what]["a second"]
        assert {"jobledger", "a JSON file", "SQLite, bare", "bare"} <= set(rates)
        assert all(len(rate) == len(found["milliseconds longer"]) for rate in rates.values())
        assert found[what]["waits for the disk"]["jobledger"] >= 1
    assert "| **jobledger** |" in table
    assert "| *SQLite, bare* |" in table
    assert plots == {"slow_adds", "slow_lives"}


WAYS = """
from datetime import datetime, time, timedelta
from peers_recurrence import Window, changes, faults
from others.cron_rules import jobledger

right = jobledger()

def a_day_later(text, zone, moment):
    step = right(text, zone, moment)
    first = []
    def next():
        first.append(first[-1] + timedelta(days=1) if first else step())
        return first[-1]
    return next

def each_twice(text, zone, moment):
    step = right(text, zone, moment)
    held = []
    def next():
        if not held:
            held.extend([step()] * 2)
        return held.pop()
    return next

def every_other(text, zone, moment):
    step = right(text, zone, moment)
    return lambda: (step(), step())[1]

windows = [Window(change, time(9)) for change in changes()]
assert len(windows) > 30
for way in (right, a_day_later, each_twice, every_other):
    print([count // len(windows) for count in faults(way, windows).values()])
"""


@pytest.mark.thorough
def test_posts_at_a_wrong_instant_doubled_ones_and_missing_days_are_told_apart() -> None:
    """Ours has none; 24 hours later is no daily post where clocks change."""
    done = subprocess.run(
        [sys.executable, "-c", WAYS],
        cwd=ROOT / "benchmarks",
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[0, 0, 0]", "[1, 0, 0]", "[0, 1, 0]", "[0, 0, 1]"]


@pytest.mark.thorough
def test_rules_are_held_against_whichever_other_library_is_here() -> None:
    """No window of ours is wrong; a library that is not installed is left out with a note."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks/peers_recurrence.py"), "3", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["windows"] == 3 * 48
    assert found["wrong windows"]["jobledger"] == 0
    assert len(found["not here"]) + len(found["wrong windows"]) == 4
    assert set(found["microseconds a next"]) == set(found["wrong windows"])
    assert all(found["not here"].values())
