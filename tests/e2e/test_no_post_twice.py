"""The proof that nothing is posted twice and nothing is lost, whatever dies and whatever fails.

Here is the part of it that takes some seconds. `JOBLEDGER_PROOF=whole` plays all of it, from which
the tables in docs/publishers.md were made (`python docs/refresh_proof.py`).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.cli import Cli
from support.crashes import ACCOUNT, TEXT, TOKEN, Kind, Scenario, Trouble, play
from support.proof import HEAD, SETTINGS, Row, Setting, played, row, sound
from support.tiers import one_in

from jobledger.publishers.fake_platform import FakePlatform

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
NAMES = [f"{setting.kind}-{setting.mode}-{setting.dedupe}" for setting in SETTINGS]
WHOLE = os.environ.get("JOBLEDGER_PROOF") == "whole"


@pytest.mark.parametrize("setting", one_in(2, SETTINGS), ids=NAMES)
def test_a_runner_may_die_at_any_point(setting: Setting, tmp_path: Path) -> None:
    """Before and after each exchange and each durable step, the platform being sound."""
    calm = Scenario(setting.kind, setting.mode, (), (), setting.dedupe)
    points = play(calm, tmp_path / "calm").points
    assert len(points) >= 6
    for point, name in enumerate(points, 1):
        outcome = play(calm._replace(deaths=(point,)), tmp_path / str(point))
        assert sound(setting, outcome), f"died {name} ({point}): {outcome.verdict}"
        if setting.mode == "asked":
            assert outcome.verdict == "once", f"died {name} ({point})"


@pytest.mark.parametrize("lasting", one_in(2, [False, True]), ids=["passing", "lasting"])
@pytest.mark.parametrize("setting", one_in(3, SETTINGS), ids=NAMES)
def test_a_platform_may_fail_in_any_way(setting: Setting, lasting: bool) -> None:
    """Every fault, once and for ever; nobody dies. What is told is what is so."""
    count = 0
    for scenario, outcome in played(setting, lasting=lasting, dying=False):
        count += 1
        assert sound(setting, outcome), f"{scenario}: {outcome.verdict}, {outcome.job.error}"
        if setting.mode == "asked" and not lasting:
            assert outcome.verdict in ("once", "failed"), f"{scenario}: {outcome.job.error}"
    assert count >= 10


UNCLEAR = ("500_before", "500_after", "silent_after", "drop_before", "drop_after", "late", "twice")


@pytest.mark.parametrize("fault", one_in(7, UNCLEAR))
@pytest.mark.parametrize("kind", ["threads", "bluesky", "mastodon", "webhook"])
def test_a_runner_may_die_while_the_platform_fails(kind: Kind, fault: str, tmp_path: Path) -> None:
    """At every point, the request that posts being the one that goes wrong: out, and out once."""
    exchange = {
        "threads": "publish",
        "bluesky": "bluesky_write",
        "mastodon": "post_status",
        "webhook": "webhook",
    }[kind]
    calm = Scenario(kind, "asked", (Trouble(exchange, fault),))  # type: ignore[arg-type]
    points = play(calm, tmp_path / "calm").points
    for point, name in enumerate(points, 1):
        outcome = play(calm._replace(deaths=(point,)), tmp_path / str(point))
        assert outcome.verdict == "once", f"died {name} ({point}): {outcome.job.error}"


def test_the_proof_would_see_a_double_post(tmp_path: Path) -> None:
    """An endpoint that acts each time it is told, and a publisher that cannot be asked."""
    scenario = Scenario("webhook", "retry", (Trouble("webhook", "silent_after"),), (), False)
    assert play(scenario, tmp_path).verdict == "twice"


def mortal(directory: Path, url: str, kind: Kind, point: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "support.mortal", str(directory), url, kind, str(point)],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "points"),
    [
        ("threads", [2, 5, 12, 13, 14, 17, 19, 20]),
        ("bluesky", [2, 4, 6, 7, 8, 10, 12]),
        ("mastodon", [2, 8, 10, 11, 12, 13, 14, 16, 18]),
        ("webhook", [2, 3, 4, 5, 6]),
    ],
)
def test_a_process_may_be_killed(kind: Kind, points: list[int], tmp_path: Path) -> None:
    """SIGKILL where it matters most, a real disk and a real process; the next one finishes."""
    for point in points:
        directory = tmp_path / str(point)
        with FakePlatform(tokens={TOKEN: ACCOUNT}) as platform:
            killed = mortal(directory, platform.url, kind, point)
            assert killed.returncode == -signal.SIGKILL, killed.stderr
            heir = mortal(directory, platform.url, kind, 0)
            assert heir.returncode == 0, heir.stderr
            assert platform.counts() == {(ACCOUNT, TEXT): 1}, f"killed at point {point}"
            [out] = platform.posts()
        [job] = Cli(directory, tmp_path).json("list")
        assert (job["status"], job["thread_id"]) == ("completed", out.id)


def numbers_in_the_document() -> dict[bool, dict[str, list[int]]]:
    """Read the rows of the two tables, by whether the faults last and by setting."""
    text = (ROOT / "docs/publishers.md").read_text("utf-8")
    tables = re.findall(r"<!-- proof (\w+): begin -->\n(.*?)\n<!-- proof", text, re.DOTALL)
    found = {}
    for name, table in tables:
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")]
        assert rows[0] == [*HEAD]
        found[name == "lasting"] = {cells[0]: [*map(int, cells[1:])] for cells in rows[2:]}
    return found


def test_the_tables_of_the_document_promise_what_is_so() -> None:
    """All settings, in both; none out twice where that is promised, and nothing lost."""
    tables = numbers_in_the_document()
    assert set(tables) == {False, True}
    for rows in tables.values():
        assert set(rows) == {setting.told for setting in SETTINGS}
        for setting in SETTINGS:
            total, once, failed, unknown, twice, lost = rows[setting.told]
            assert total == once + failed + unknown + twice + lost
            assert lost == 0
            assert twice == 0 or not setting.promises_no_double
    for setting in SETTINGS:
        if setting.mode == "asked":
            assert tables[False][setting.told][3] == 0


def written(result: Row) -> list[int]:
    return [*map(int, result.cells[1:])]


@pytest.mark.thorough
def test_a_row_of_the_table_comes_out_as_it_is_written() -> None:
    """The one whose doubles are counted: played anew, all of it."""
    [setting] = [s for s in SETTINGS if not s.promises_no_double]
    result = row(setting, lasting=False)
    assert result.bad == []
    assert written(result) == numbers_in_the_document()[False][setting.told]


@pytest.mark.thorough
@pytest.mark.skipif(not WHOLE, reason="takes some minutes: JOBLEDGER_PROOF=whole")
@pytest.mark.parametrize("lasting", [False, True], ids=["passing", "lasting"])
@pytest.mark.parametrize("setting", SETTINGS, ids=NAMES)
def test_the_whole_proof(setting: Setting, lasting: bool) -> None:
    """Every scenario of every setting, and the tables."""
    result = row(setting, lasting=lasting)
    assert [(scenario, outcome.verdict) for scenario, outcome in result.bad] == []
    assert written(result) == numbers_in_the_document()[lasting][setting.told]
