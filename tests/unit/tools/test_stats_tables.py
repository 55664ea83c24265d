"""The `stats` command: figures for people and for machines."""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_inside

from jobledger import Ledger, ManualClock, NewJob, PostResult, Scheduler
from jobledger.tools.render.stats_tables import shares


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Path:
    """Two accounts, two days: eight posts out, one refused, one that is not due yet."""
    answers = iter([PostResult(False, error="refused 7\x1b[31m", retryable=False)])

    def publish(account_id: str, content: str) -> PostResult:
        clock.advance(timedelta(seconds=2))
        return next(answers, PostResult(True, "t"))

    with Scheduler(directory, clock=clock, durability="none", timezone="Asia/Ho_Chi_Minh") as s:
        names = ["minh", "Nhà hàng Hương Việt"]
        s.add_jobs([NewJob(name, f"{n}", clock.now()) for name in names for n in range(4)])
        s.run_due(publish)
        clock.advance(timedelta(hours=12))
        s.add_job("minh", "next day", clock.now(), platform="mastodon")
        s.run_due(publish)
        s.add_job("minh", "later", clock.now() + timedelta(hours=1))
    return directory


def run(directory: Path, *arguments: str) -> int:
    return run_inside(directory, "stats", *arguments)


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_figures_fit_the_terminal_and_nothing_that_counts_is_cut(
    columns: int,
    ledger: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """States, attempts, accounts, platforms, days and errors, at any width from 60 columns."""
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(ledger) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    words = [line.split() for line in lines]
    assert ["10", "jobs"] in words
    assert any(row[:4] == ["completed", "8", "80.0", "%"] for row in words)
    assert any(row[:4] == ["minh", "6", "4", "1"] for row in words)
    assert any(row[0] == "Nhà" and "100.0" in row for row in words if row)
    assert any(row[:4] == ["mastodon", "1", "1", "0"] for row in words)
    assert any(row[:4] == ["2026-03-02", "8", "7", "1"] for row in words)
    assert any(row[:4] == ["2026-03-03", "2", "1", "0"] for row in words)
    assert ["1", "refused", r"#\x1b[#m"] in words
    text = " ".join(" ".join(row) for row in words)
    assert "88.9 % of the 9 jobs that were published or failed were published" in text
    assert "times in Asia/Ho_Chi_Minh" in text


def test_where_the_output_is_no_utf8_the_figures_are_ascii(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other bars and dashes, and letters it cannot carry as their code."""
    raw = io.BytesIO()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert run(ledger) == 0
    sys.stdout.flush()
    text = raw.getvalue().decode("ascii")
    assert "# completed  x failed" in text
    assert "Nh\\xe0" in text


def test_figures_as_json_with_a_window_and_an_account(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Times without a zone are in the ledger's."""
    assert run(ledger, "--since", "2026-03-03", "--account-id", "minh", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["since"] == "2026-03-02T17:00:00Z"
    assert document["total"]["added"] == 2
    assert document["total"]["completed"] == 1
    assert document["jobs"] == 6
    assert document["account_id"] == "minh"
    name = "Nhà hàng Hương Việt"
    assert run(ledger, "--account", "minh", "--account", name, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["account_id"], document["account_ids"]) == (None, [name, "minh"])
    assert {part["name"] for part in document["accounts"]} == {name, "minh"}
    assert run(ledger, "--platform", "mastodon", "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"]["attempts"] == 1


def test_misfires_are_shown_by_schedule(
    directory: Path,
    clock: ManualClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was too late by its schedule, what a day had passed for, and how many schedules are in
    which state; one that posts in time is not named."""
    monkeypatch.setenv("COLUMNS", "60")
    with Scheduler(directory, clock=clock, durability="none") as s:
        s.add_schedule("hourly-with-a-long-name", "0 * * * *", account_id="minh", content="{n}")
        s.add_schedule("yearly", "@yearly", account_id="minh", content="{n}")
        s.add_schedule("over", "@yearly", account_id="huong", content="{n}")
        s.end_schedule("over")
        clock.advance(timedelta(hours=30, minutes=30))
        s.run_due(lambda account_id, content: PostResult(True, "t"))
    assert run(directory) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert "3 schedules" in lines
    assert "2 active, 1 ended" in lines
    (row,) = [line.split() for line in lines if line.startswith("hourly")]
    assert row[0].startswith("hourly")
    assert row[1:] == ["23", "6", "0", "2026-03-03", "18:30"]
    assert not [line for line in lines if line.startswith("yearly")]
    assert run(directory, "--account", "huong", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schedules"] == {"active": 0, "paused": 0, "ended": 1}
    assert document["misfires"] == []
    assert run(directory, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["total"]["misfired"] == 23
    assert document["misfires"] == [
        {
            "schedule_id": "hourly-with-a-long-name", "misfired": 23, "expired": 6, "missed": 0,
            "last_at": "2026-03-03T18:30:00Z",
        }
    ]  # fmt: skip


def test_an_empty_ledger_has_nothing_to_count(
    directory: Path, clock: ManualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says so."""
    Ledger(directory, clock=clock).close()
    assert run(directory) == 0
    assert "nothing has happened in this ledger yet" in capsys.readouterr().out
    assert run(directory, "--account-id", "nobody") == 0
    assert "nothing to count: no such job" in capsys.readouterr().out


def test_a_window_that_ends_before_it_begins_is_refused(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that names both ends."""
    assert run(ledger, "--since", "2026-03-03", "--until", "2026-03-02") == 2
    error = capsys.readouterr().err
    assert error == "jobledger: until (2026-03-02) is before since (2026-03-03) (swap them)\n"


def test_of_a_damaged_log_what_is_sound_is_counted(
    ledger: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the damage on standard error, and exit code 1."""
    path = sorted(ledger.glob("events_*.jsonl"))[-1]
    lines = path.read_bytes().split(b"\n")
    lines[-3] = lines[-3].replace(b"completed", b"complete!")
    path.write_bytes(b"\n".join(lines))
    assert run(ledger, "--json") == 1
    captured = capsys.readouterr()
    assert "the log is damaged" in captured.err
    assert json.loads(captured.out)["total"]["completed"] == 7


@pytest.mark.parametrize(
    ("counts", "cells", "expected"),
    [
        ([3, 1], 8, [6, 2]),
        ([1000, 1, 0], 10, [9, 1, 0]),
        ([1, 1, 1], 10, [4, 3, 3]),
        ([0, 0], 10, [0, 0]),
        ([5, 5, 5], 1, [1, 1, 1]),
    ],
)
def test_a_bar_is_shared_in_proportion_and_nothing_vanishes(
    counts: list[int], cells: int, expected: list[int]
) -> None:
    """What is there has a cell, however few there are."""
    assert shares(counts, cells) == expected
