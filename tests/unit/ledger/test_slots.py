"""Slots: times of the week, of which a job takes the next free one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jobledger import (
    ImportedJob,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    NextSlot,
    ScheduledJob,
    ValidationError,
)

FIRST, LAST = (each.replace(tzinfo=UTC) for each in (datetime.min, datetime.max))  # noqa: DTZ901
WEEK = {"mon": ["9:00", "12:30"], "thu": ["09:00"]}


@pytest.fixture
def clock() -> ManualClock:
    """Stand on a Monday, at 10:00 in the zone of the ledger."""
    return ManualClock(datetime(2026, 3, 2, 3, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Ledger:
    opened = Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh")
    opened.set_slots("shop", WEEK)
    return opened


def take(ledger: Ledger, account_id: str = "shop") -> datetime:
    return ledger.get_job(ledger.add_job(account_id, "text", NextSlot())).scheduled_time


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of March, by the ledger's clocks."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


def test_a_job_takes_the_next_slot_that_no_other_has(ledger: Ledger) -> None:
    assert [take(ledger) for _ in range(4)] == [at(2, 12, 30), at(5, 9), at(9, 9), at(9, 12, 30)]


def test_of_several_jobs_each_has_its_own(ledger: Ledger) -> None:
    ids = ledger.add_jobs(NewJob("shop", f"text {n}", NextSlot()) for n in range(3))
    times = [job.scheduled_time for job in ledger.get_jobs(ids).values()]
    assert times == [at(2, 12, 30), at(5, 9), at(9, 9)]


def test_two_people_never_get_the_same(directory: Path, clock: ManualClock, ledger: Ledger) -> None:
    """Neither has seen what the other did."""
    with Ledger(directory, clock=clock) as other:
        other.list_jobs()
        assert take(ledger) != take(other)
        ledger.list_jobs()
        assert take(other) != take(ledger)
        assert len({job.scheduled_time for job in other.list_jobs()}) == 4


def test_a_job_with_a_time_of_its_own_has_the_slot_of_that_minute(ledger: Ledger) -> None:
    ledger.add_job("shop", "by hand", at(5, 9) + timedelta(seconds=30))
    ledger.add_job("other", "of another account", at(2, 12, 30))
    assert [take(ledger), take(ledger)] == [at(2, 12, 30), at(9, 9)]


def test_a_slot_is_free_again_when_its_job_is_gone(ledger: Ledger) -> None:
    job_id = ledger.add_job("shop", "text", NextSlot())
    assert ledger.free_slots("shop", 1) == [at(5, 9)]
    ledger.cancel_job(job_id)
    assert ledger.free_slots("shop", 1) == [at(2, 12, 30)]
    assert take(ledger) == at(2, 12, 30)
    assert ledger.counts()[JobStatus.SCHEDULED] == 1


def test_slots_are_local_times_of_their_zone(ledger: Ledger) -> None:
    """Through a change of clocks too."""
    ledger.set_slots("shop", {"sun": ["02:30", "12:00"]}, zone="Europe/Berlin")
    found = ledger.free_slots("shop", 8)
    assert [f"{moment:%d %H:%M}" for moment in found[5:8]] == ["22 11:00", "29 01:30", "29 10:00"]
    slots = ledger.slots("shop")
    assert slots is not None
    assert (slots.zone, slots.week) == ("Europe/Berlin", {"sun": ("02:30:00", "12:00:00")})


def test_the_zone_stays_what_it_was_where_none_is_given(ledger: Ledger) -> None:
    ledger.set_slots("shop", WEEK, zone="Asia/Tokyo")
    seq = ledger.seq
    ledger.set_slots("shop", WEEK)
    assert ledger.seq == seq
    ledger.set_slots("shop", {"fri": ["18:00"]})
    slots = ledger.slots("shop")
    assert slots is not None
    assert slots.zone == "Asia/Tokyo"


@pytest.mark.parametrize("week", [{}, {"mon": []}])
def test_an_empty_week_takes_them_back(ledger: Ledger, week: dict[str, list[str]]) -> None:
    ledger.set_slots("shop", week)
    assert ledger.free_slots("shop") == []
    with pytest.raises(ValidationError, match="account 'shop' has no slots") as caught:
        take(ledger)
    assert caught.value.field == "scheduled_time"


def test_the_slots_of_all_accounts_are_there_at_once(ledger: Ledger) -> None:
    """Of those that have some, as of any moment."""
    ledger.set_slots("cafe", {"sun": ["10:00"]})
    ledger.set_slots("gone", {"sun": ["10:00"]})
    ledger.set_slots("gone", {})
    assert [slots.account_id for slots in ledger.all_slots()] == ["cafe", "shop"]
    assert [slots.account_id for slots in ledger.as_of(1).all_slots()] == ["shop"]


def test_an_account_without_slots_has_none(ledger: Ledger) -> None:
    assert ledger.slots("other") is None
    with pytest.raises(ValidationError, match="account 'other' has no slots"):
        take(ledger, "other")


def test_a_year_of_slots_can_be_taken_and_no_more(ledger: Ledger) -> None:
    ledger.set_slots("shop", {"mon": ["09:00"]})
    ledger.add_jobs(NewJob("shop", f"text {n}", NextSlot()) for n in range(52))
    with pytest.raises(ValidationError, match="no free slot within a year"):
        take(ledger)


@pytest.mark.parametrize(
    ("week", "field"),
    [
        ({"monday!": ["9:00"]}, "weekdays"),
        ({"mon": ["25:00"]}, "times"),
        ({"mon": "9:00"}, "times"),
        ("mon 9:00", "week"),
    ],
)
def test_what_is_no_week_is_refused(ledger: Ledger, week: Any, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ledger.set_slots("shop", week)
    assert caught.value.field == field


def test_they_are_there_when_it_is_opened_again_and_as_of_then(
    directory: Path, clock: ManualClock, ledger: Ledger
) -> None:
    ledger.set_slots("shop", {"fri": ["18:00"]})
    then, slots = ledger.as_of(1).slots("shop"), ledger.slots("shop")
    ledger.close()
    with Ledger(directory, clock=clock) as again:
        assert again.slots("shop") == slots
        assert then is not None
        assert then.week.keys() == {"mon", "thu"}
        assert again.verify().ok


# -- jobs from elsewhere ---------------------------------------------------------------------------


def without_a_time(number: int, **more: Any) -> ImportedJob:
    """Describe a post of a file that takes the next slot."""
    fields: dict[str, Any] = {"account_id": "shop", "content": f"text {number}"}
    fields["scheduled_time"] = at(1, 0)
    job = ScheduledJob(job_id=f"job-{number}", **(fields | more))
    return ImportedJob(job, "ideas.csv", number, next_slot=True)


def times_of(ledger: Ledger, ids: list[str]) -> list[datetime]:
    return [job.scheduled_time for job in ledger.get_jobs(ids).values()]


def test_what_comes_from_elsewhere_takes_slots_in_order(ledger: Ledger) -> None:
    """A draft too; where it comes from is kept, and which slot it took is said nowhere else."""
    held = without_a_time(2, status=JobStatus.PENDING)
    ids = ledger.import_jobs([without_a_time(1), held, without_a_time(3, account_id="shop")])
    assert times_of(ledger, ids) == [at(2, 12, 30), at(5, 9), at(9, 9)]
    event = ledger.history("job-2")[0].to_dict()
    assert event["data"]["imported"]["line"] == 2
    assert ledger.verify().ok


@pytest.mark.parametrize("kind", ["added", "imported"])
def test_a_time_of_the_same_write_is_no_free_slot(ledger: Ledger, kind: str) -> None:
    """Also one that comes later in it; not that of another account, nor of what is over."""
    if kind == "added":
        ids = ledger.add_jobs([
            NewJob("shop", "next", NextSlot()),
            NewJob("shop", "timed", datetime(2026, 3, 2, 12, 30, 20)),  # noqa: DTZ001  # the ledger's
            NewJob("other", "timed", at(5, 9)),
        ])  # fmt: skip
        assert times_of(ledger, ids[:1]) == [at(5, 9)]
        return
    over: dict[str, Any] = {"status": JobStatus.COMPLETED, "completed_at": at(1, 9)}
    timed = [
        without_a_time(2, scheduled_time=at(2, 12, 30)),
        without_a_time(3, scheduled_time=at(5, 9), **over),
    ]
    others = (ImportedJob(each.job, "ideas.csv", each.line) for each in timed)
    ids = ledger.import_jobs([without_a_time(1), *others])
    assert times_of(ledger, ids[:1]) == [at(5, 9)]


@pytest.mark.parametrize(
    "status", [JobStatus.RUNNING, JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED]
)
def test_what_does_not_wait_takes_no_slot(ledger: Ledger, status: JobStatus) -> None:
    with pytest.raises(
        ValidationError, match=r"ideas\.csv, line 1: a job that is .* takes no slot"
    ):
        ledger.import_jobs([without_a_time(1, status=status)])


def test_where_no_slot_is_nothing_of_the_write_is_there(ledger: Ledger) -> None:
    """The row is named, by its file and line."""
    with pytest.raises(ValidationError, match="line 2: account 'nobody' has no slots"):
        ledger.import_jobs([without_a_time(1), without_a_time(2, account_id="nobody")])
    assert ledger.list_jobs() == []


@pytest.mark.parametrize("moment", [FIRST, LAST, "tomorrow", None])
def test_a_time_that_is_none_is_refused_as_always(ledger: Ledger, moment: Any) -> None:
    """Beside a job that takes a slot."""
    with pytest.raises(ValidationError, match=r"jobs\[1\]"):
        ledger.add_jobs([NewJob("shop", "a", NextSlot()), NewJob("shop", "b", moment)])
