"""`jobledger schedule`: what is to come of a rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger


def shown(directory: Path, *arguments: str) -> list[str]:
    done = run_here(directory, "schedule", "preview", *arguments)
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()


def test_it_shows_what_clocks_that_change_do_to_a_rule(tmp_path: Path) -> None:
    berlin = ["--zone", "Europe/Berlin", "--count", "3"]
    assert shown(tmp_path, "30 2 * * *", *berlin, "--from", "2026-03-28") == [
        "at 02:30, every day",
        "day             time      offset",
        "Sat 2026-03-28  02:30     +01:00",
        "Sun 2026-03-29  03:30     +02:00  moved: clocks skip 02:30 on 29 Mar",
        "Mon 2026-03-30  02:30     +02:00",
        "3 times in Europe/Berlin",
    ]
    both = shown(tmp_path, "30 2 * * *", *berlin, "--from", "2026-10-25", "--fold", "both")
    assert both[2:4] == [
        "Sun 2026-10-25  02:30     +02:00  the first of two: clocks show it twice",
        "Sun 2026-10-25  02:30     +01:00  the second of two: clocks show it twice",
    ]
    left_out = shown(tmp_path, "30 2 * * *", *berlin, "--from", "2026-03-29", "--gap", "skip")
    assert left_out[2].startswith("Mon 2026-03-30")


def test_a_rule_may_be_times_of_day_or_an_interval(tmp_path: Path) -> None:
    berlin = ["--zone", "Europe/Berlin", "--from", "2026-03-28T22:00", "--count", "2"]
    times = shown(tmp_path, "--at", "9:00, 12:30:15", "--on", "Mon,wed", *berlin)
    assert times[2:4] == ["Mon 2026-03-30  09:00     +02:00", "Mon 2026-03-30  12:30:15  +02:00"]
    every = shown(tmp_path, "--every", "3h", *berlin)
    assert every[2:4] == ["Sun 2026-03-29  01:00     +01:00", "Sun 2026-03-29  05:00     +02:00"]


def test_the_zone_is_the_ledgers_if_none_is_given(directory: Path) -> None:
    with Ledger(directory, timezone="Asia/Ho_Chi_Minh"):
        pass
    assert shown(directory, "0 9 * * *", "--count", "1")[2].endswith("+07:00")


def test_machines_get_the_moment_and_the_local_time(tmp_path: Path) -> None:
    done = run_here(
        tmp_path, "schedule", "preview", "30 2 * * *", "--zone", "Europe/Berlin",
        "--from", "2026-03-29", "--count", "1", "--json",
    )  # fmt: skip
    assert json.loads(done.out) == [
        {
            "at": "2026-03-29T01:30:00.000000Z",
            "local": "2026-03-29T02:30:00",
            "offset": "+02:00",
            "moved": True,
            "doubled": False,
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give one rule"),
        (["@daily", "--every", "1h"], "not several"),
        (["@daily", "--on", "mon"], "--on goes with --at"),
        (["61 * * * *"], "minute '61': 61 is not from 0 to 59"),
        (["0 0 30 2 *"], "never comes"),
        (["--every", "30s"], "not from a minute"),
        (["--every", "soon"], "no duration"),
        (["--every", "tomorrow"], "no duration"),
        (["--at", "25:00"], "no time of day"),
        (["--at", ","], "1 to 200 times"),
        (["--at", "9:00", "--on", "someday"], "no weekday"),
        (["@daily", "--zone", "Mars"], "'Mars' is not known"),
        (["@daily", "--from", "never"], "never"),
        (["@daily", "--count", "0"], "--count"),
    ],
)
def test_what_is_no_rule_is_one_line(tmp_path: Path, arguments: list[str], told: str) -> None:
    done = run_here(tmp_path, "schedule", "preview", *arguments)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_a_word_below_a_command_is_suggested_with_it(tmp_path: Path) -> None:
    done = run_here(tmp_path, "schedule", "previw")
    assert "did you mean `jobledger schedule preview`?" in done.err
