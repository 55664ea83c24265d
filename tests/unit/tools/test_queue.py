"""`jobledger queue`: the coming slots of an account, and jobs that change their places."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.cli import run_here
from support.terminal import Terminal

from jobledger import Ledger, ManualClock, NextSlot, ScheduledJob, SystemClock, ValidationError
from jobledger.tools.scheduling.queue_places import QueuePlace, moved, places, shuffled

ZONE = "Asia/Ho_Chi_Minh"
DAYS = [datetime(2026, 3, day, 2, tzinfo=UTC) for day in range(3, 11)]
"""The coming slots of `place`: each day at 9:00, by its clocks."""


@pytest.fixture
def place(directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a ledger in which it is noon of a Monday, with a slot a day and four jobs in some."""
    monkeypatch.setattr(SystemClock, "now", lambda self: clock.now())
    with Ledger(directory, clock=clock, timezone=ZONE) as ledger:
        ledger.set_slots(
            "shop", {day: ["09:00"] for day in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}
        )
        for name in ("a", "b", "c"):
            ledger.add_job("shop", f"Post {name}", NextSlot(), job_id=name)
        ledger.add_job("shop", "Post e", DAYS[4], job_id="e")
        ledger.add_job("shop", "Post x", DAYS[1] + timedelta(hours=3), job_id="x")
    return directory


def ok(place: Path, *arguments: str) -> list[str]:
    done = run_here(place, *arguments)
    assert done.code == 0, done.err
    return done.out.splitlines()


def refused(place: Path, *arguments: str) -> str:
    done = run_here(place, *arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    return done.err


def order(place: Path) -> str:
    """Return the jobs of the first eight slots, `-` for a free one."""
    shown = json.loads(run_here(place, "queue", "shop", "--count", "8", "--json").out)
    return "".join("".join(job["job_id"] for job in each["jobs"]) or "-" for each in shown)


# -- showing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["queue", "shop"], ["queue", "list", "shop"]])
def test_the_queue_has_jobs_and_free_slots(place: Path, words: list[str]) -> None:
    assert ok(place, *words) == [
        "     slot                  state      job  text",
        "1    Tue 2026-03-03 09:00  scheduled  a    Post a",
        "2    Wed 2026-03-04 09:00  scheduled  b    Post b",
        "3    Thu 2026-03-05 09:00  scheduled  c    Post c",
        "4    Fri 2026-03-06 09:00  free",
        "5    Sat 2026-03-07 09:00  scheduled  e    Post e",
        "6    Sun 2026-03-08 09:00  free",
        "7    Mon 2026-03-09 09:00  free",
        "8    Tue 2026-03-10 09:00  free",
        f"8 slots of shop, 4 free; times in {ZONE}",
        "1 more job waits at other times: `jobledger list --account shop`",
    ]


def test_a_part_of_it_says_that_there_is_more(place: Path) -> None:
    shown = ok(place, "queue", "--count", "2", "shop")
    assert shown[-2] == "2 more jobs in later slots: `--count`"


def test_machines_get_each_place_with_its_jobs(place: Path) -> None:
    found = json.loads(run_here(place, "queue", "shop", "--count", "4", "--json").out)
    assert found[0] == {
        "position": 1,
        "at": "2026-03-03T02:00:00.000000Z",
        "jobs": [{"job_id": "a", "status": "scheduled", "content": "Post a"}],
    }
    assert found[3]["jobs"] == []


@pytest.mark.parametrize("columns", [60, 80])
def test_it_fits_a_narrow_terminal(place: Path, columns: int) -> None:
    terminal = Terminal(place, "queue", "shop", columns=columns, NO_COLOR="1")
    lines = terminal.rest().replace("\r", "").splitlines()
    assert terminal.wait() == 0
    assert max(map(len, lines)) <= columns


def test_an_account_without_slots_and_a_slip_of_a_command_are_told_apart(place: Path) -> None:
    assert "account 'other' has no slots (`jobledger slots set other" in refused(
        place, "queue", "other"
    )
    assert "did you mean `jobledger queue shuffle`?" in refused(place, "queue", "shufle")


# -- moving ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "position", "then"),
    [
        ("c", "1", "cab-e---"),
        ("a", "3", "bca-e---"),
        ("e", "1", "eabc----"),
        ("e", "2", "aebc----"),
        ("a", "5", "-bcea---"),
        ("a", "4", "-bcae---"),
        ("a", "8", "-bc-e--a"),
        ("x", "2", "axbce---"),
        ("x", "4", "abcxe---"),
        ("b", "2", "abc-e---"),
    ],
)
def test_those_between_move_on_by_one_slot_as_far_as_it_takes(
    place: Path, job: str, position: str, then: str
) -> None:
    """Up to the first free one, and all of it in one write."""
    ok(place, "queue", "move", job, position, "--dry-run")
    assert order(place) == "abc-e---"
    with Ledger(place, read_only=True) as ledger:
        before = ledger.seq
    ok(place, "queue", "move", job, position)
    assert order(place) == then
    with Ledger(place, read_only=True) as ledger:
        written = [event.to_dict() for event in ledger.events(before)]
        assert {event["type"] for event in written} <= {"rescheduled"}
        assert [event["more"] for event in written] == [*reversed(range(len(written)))]
        assert ledger.verify().ok


def test_a_move_says_where_each_job_goes(place: Path) -> None:
    assert ok(place, "queue", "move", "b", "--to", "tomorrow 9:00") == [
        "b  Wed 2026-03-04 09:00 -> Tue 2026-03-03 09:00",
        "a  Tue 2026-03-03 09:00 -> Wed 2026-03-04 09:00",
        f"moved 2 jobs of shop, times in {ZONE}",
    ]
    assert ok(place, "queue", "move", "b", "1") == ["nothing moves: it is so already"]
    found = json.loads(run_here(place, "queue", "move", "b", "2", "--dry-run", "--json").out)
    assert (found["dry_run"], [move["job_id"] for move in found["moves"]]) == (True, ["a", "b"])
    assert found["moves"][0]["to"] == "2026-03-03T02:00:00.000000Z"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["b"], "give a POSITION, or --to TIME"),
        (["b", "1", "--to", "9:00"], "give a POSITION, or --to TIME"),
        (["b", "0"], "0 is not in the range x>=1"),
        (["b", "999"], "the queue has 365 places within a year"),
        (["b", "--to", "friday 10:00"], "no slot at Fri 2026-03-06 10:00 (the nearest are"),
        (["b", "--to", "never"], "'never' is not a time"),
        (["nobody", "1"], "no job 'nobody'"),
    ],
)
def test_a_place_that_is_none_is_refused(place: Path, arguments: list[str], says: str) -> None:
    assert says in refused(place, "queue", "move", *arguments)
    assert order(place) == "abc-e---"


def test_what_a_schedule_has_put_there_stays(place: Path) -> None:
    """It comes at its time; those that move pass it over."""
    said = ["--account", "shop", "--content", "Post {n}", "--max-count", "1"]
    ok(place, "slots", "clear", "shop")
    ok(place, "slots", "set", "shop", "daily", "9:00")
    ok(place, "cancel", "b")
    ok(place, "schedule", "add", "s", "0 9 * * wed", *said)
    ok(place, "queue", "move", "c", "1")
    assert order(place) == "cs.20260304T0900a-e---"
    assert "place 2 has job s.20260304T0900, which does not give way" in refused(
        place, "queue", "move", "c", "2"
    )
    ok(place, "queue", "shuffle", "shop", "--seed", "3")
    assert order(place).find("s.20260304T0900") == 1


# -- shuffling -------------------------------------------------------------------------------------


def test_jobs_change_places_among_their_slots_by_a_seed(place: Path) -> None:
    shown = ok(place, "queue", "shuffle", "shop", "--seed", "2", "--dry-run")
    assert order(place) == "abc-e---"
    assert ok(place, "queue", "shuffle", "shop", "--seed", "2")[:-1] == shown[:-1]
    mixed = order(place)
    assert sorted(mixed) == sorted("abc-e---")
    assert (mixed[3], mixed[5:]) == ("-", "---")
    assert mixed != "abc-e---"
    assert ok(place, "queue", "shuffle", "shop", "--seed", "2") == [
        "nothing moves: it is so already"
    ]


def test_the_seed_that_was_drawn_is_said(place: Path) -> None:
    done = run_here(place, "queue", "shuffle", "shop", "--dry-run")
    seed = done.err.removeprefix("jobledger: the seed was ").strip()
    again = json.loads(run_here(place, "queue", "shuffle", "shop", "--seed", seed, "--json").out)
    assert [move["job_id"] in done.out for move in again["moves"]] == [True] * len(again["moves"])


# -- by the rules alone ----------------------------------------------------------------------------


def job(name: str, at: datetime, **more: Any) -> ScheduledJob:
    return ScheduledJob(
        job_id=name, account_id="shop", content=name, scheduled_time=at, created_at=at, **more
    )


def test_two_jobs_of_one_slot_move_on_together() -> None:
    jobs = [job("a", DAYS[0]), job("b", DAYS[0] + timedelta(seconds=20)), job("c", DAYS[2])]
    queue = places(DAYS, jobs)
    assert [len(place.jobs) for place in queue[:3]] == [2, 0, 1]
    assert moved(queue, jobs[2], 1) == {"c": DAYS[0], "a": DAYS[1], "b": DAYS[1]}


def test_where_nothing_is_free_behind_it_is_refused() -> None:
    queue = places(DAYS[:2], [job("a", DAYS[0]), job("b", DAYS[1])])
    with pytest.raises(ValidationError, match="no free slot behind place 1"):
        moved(queue, job("c", DAYS[5]), 1)


def test_a_shuffle_is_a_change_of_places_whatever_the_seed() -> None:
    jobs = [job(name, at) for name, at in zip("abcdef", DAYS, strict=False)]
    queue = places(DAYS, jobs)
    seen = set()
    for seed in range(20):
        times = {one.job_id: one.scheduled_time for one in jobs} | shuffled(queue, seed)
        assert sorted(times.values()) == DAYS[:6]
        seen.add(tuple(times.values()))
    assert len(seen) > 10
    assert QueuePlace(1, DAYS[0]).jobs == ()
