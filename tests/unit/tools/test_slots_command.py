"""`jobledger slots`, and `add --slot`: the times of the week at which an account posts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import Ledger, ManualClock, SystemClock, ValidationError
from jobledger.tools.week import read_days, read_week, week_in_words

ZONE = "Asia/Ho_Chi_Minh"


@pytest.fixture
def place(directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a ledger in which it is noon of a Monday, for every command too."""
    monkeypatch.setattr(SystemClock, "now", lambda self: clock.now())
    with Ledger(directory, timezone=ZONE):
        pass
    return directory


def ok(place: Path, *arguments: str) -> list[str]:
    done = run_here(place, *arguments)
    assert done.code == 0, done.err
    return done.out.splitlines()


def refused(place: Path, *arguments: str) -> str:
    done = run_here(place, *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    return done.err


# -- days and times --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", "mon"),
        ("Tuesday,thurs", "tue thu"),
        ("mon-fri", "mon tue wed thu fri"),
        ("fri-mon", "mon fri sat sun"),
        ("sat-sun, wed", "wed sat sun"),
        ("daily", "mon tue wed thu fri sat sun"),
        ("weekdays", "mon tue wed thu fri"),
        ("weekend", "sat sun"),
        ("", ""),
    ],
)
def test_days_are_names_ranges_and_lists(text: str, days: str) -> None:
    assert read_days(text) == days.split()


@pytest.mark.parametrize(
    "text", ["mo", "mon-", "-fri", "monstrous", "1", "mon-fri-sun", "daily-mon"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is no weekday"):
        read_days(text)


def test_a_week_is_days_and_their_times_in_turn() -> None:
    """However commas and blanks fall."""
    week = {"mon": ("09:00:00", "12:30:00"), "tue": ("09:00:00", "12:30:00"), "sat": ("10:00:00",)}
    for words in (
        ["mon-tue", "9:00,12:30", "sat", "10:00"],
        ["mon", "tue", "12:30", "9:00", "sat", "10:00:00"],
        ["mon,", "tue", "9:00,", "12:30", "sat", "10:00"],
        ["mon-tue", "9:00", "sat", "10:00", "tue,mon", "12:30", ","],
    ):
        assert read_week(words) == week
    assert week_in_words(week) == [("mon-tue", "09:00, 12:30"), ("sat", "10:00")]
    assert week_in_words(read_week(["daily", "9:00:30"])) == [("daily", "09:00:30")]
    assert week_in_words(read_week(["mon,wed", "9:00"])) == [("mon", "09:00"), ("wed", "09:00")]


# -- the command -----------------------------------------------------------------------------------


def test_slots_are_set_and_shown_with_the_next_free_ones(place: Path) -> None:
    shown = [
        "account  shop",
        f"zone     {ZONE}",
        "mon-tue  09:00, 20:30",
        "sat      10:00",
        "free     Mon 2026-03-02 20:30",
        "         Tue 2026-03-03 09:00",
        "         Tue 2026-03-03 20:30",
        "         Sat 2026-03-07 10:00",
        "         Mon 2026-03-09 09:00",
    ]
    assert ok(place, "slots", "set", "shop", "mon-tue", "9:00,20:30", "sat", "10:00") == shown
    assert ok(place, "slots", "show", "shop") == shown
    ok(place, "slots", "set", "other", "daily", "8:00", "--zone", "Asia/Tokyo")
    assert ok(place, "slots", "show")[0] == "account  other"
    other, shop = json.loads(run_here(place, "slots", "show", "--json").out)
    assert (other["account_id"], other["zone"]) == ("other", "Asia/Tokyo")
    assert shop["week"]["sat"] == ["10:00:00"]
    assert shop["free"][0] == "2026-03-02T13:30:00.000000Z"


def test_slots_can_be_taken_back(place: Path) -> None:
    ok(place, "slots", "set", "shop", "daily", "9:00")
    assert ok(place, "slots", "clear", "shop") == ["cleared the slots of shop"]
    assert ok(place, "slots", "show")[0].startswith("no account has slots")
    for name in ("show", "clear"):
        assert "account 'shop' has no slots (`jobledger slots set shop" in refused(
            place, "slots", name, "shop"
        )
    with Ledger(place, read_only=True) as ledger:
        assert ledger.all_slots() == []


@pytest.mark.parametrize(
    ("week", "says"),
    [
        (["frday", "9:00"], "'frday' is no weekday (such as mon, mon-fri"),
        (["9:00"], "'9:00' stands before any day (days come first"),
        (["fri"], "fri has no times (such as mon-fri 9:00,12:30)"),
        (["fri", "29:00"], "'29:00' is no time of day (such as 09:00)"),
        (["fri", "9am"], "'9am' is no time of day"),
        (["fri", "9:00", "--zone", "Mars"], "--zone: timezone 'Mars' is not known"),
        ([], "Missing argument"),
    ],
)
def test_what_is_no_week_is_one_line(place: Path, week: list[str], says: str) -> None:
    assert says in refused(place, "slots", "set", "shop", *week)
    with Ledger(place, read_only=True) as ledger:
        assert ledger.seq == 0


# -- add --slot ------------------------------------------------------------------------------------


def test_a_job_gets_the_next_free_slot_and_says_which(place: Path) -> None:
    ok(place, "slots", "set", "shop", "mon-tue", "9:00,20:30")
    done = run_here(place, "add", "shop", "Hello", "--slot", "--job-id", "one")
    assert (done.out, done.err) == (
        "one\n", f"jobledger: due Mon 2026-03-02 20:30 +07:00 ({ZONE}), in 90 minutes\n",
    )  # fmt: skip
    found = json.loads(run_here(place, "add", "shop", "Hello", "--slot", "--json").out)
    assert found["scheduled_time"] == "2026-03-03T02:00:00+00:00"


def test_a_slot_and_a_time_are_refused_together(place: Path) -> None:
    ok(place, "slots", "set", "shop", "daily", "9:00")
    assert "'+10m' is another time" in refused(place, "add", "shop", "x", "+10m", "--slot")


def test_an_account_without_slots_is_told_how_it_gets_some(place: Path, tmp_path: Path) -> None:
    ok(place, "slots", "set", "shop", "daily", "9:00")
    assert refused(place, "add", "shoop", "x", "--slot") == (
        "jobledger: account 'shoop' has no slots (`jobledger slots set shoop mon-fri 9:00,12:30`"
        " gives it some; these have some: shop)\n"
    )
    assert "there is no ledger" in refused(tmp_path / "new", "add", "shop", "x", "--slot")
    assert not (tmp_path / "new").exists()
