"""Schedules that make jobs: ahead, each once, and changed with their schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from jobledger import (
    At,
    Every,
    InvalidTransitionError,
    JobMovedOnError,
    JobNotFoundError,
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    Scheduler,
    ScheduleStatus,
    ValidationError,
)

DAY = timedelta(days=1)
WAITING = (JobStatus.PENDING, JobStatus.SCHEDULED)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Asia/Ho_Chi_Minh") as opened:
        yield opened


def add(ledger: Ledger, rule: Any = "0 9 * * *", **more: Any) -> str:
    said: dict[str, Any] = {"account_id": "shop", "content": "Post {n}"}
    return ledger.add_schedule("daily", rule, **(said | more))


def waiting(ledger: Ledger) -> list[tuple[str, str]]:
    """Return the ids of the jobs that wait, without the schedule's, and their texts, by time."""
    jobs = ledger.list_jobs(status=WAITING, order="time")
    return [(job.job_id.removeprefix("daily."), job.content) for job in jobs]


def names(ledger: Ledger) -> list[str]:
    return [name for name, _ in waiting(ledger)]


def test_a_schedule_has_its_jobs_for_fourteen_days_at_once(ledger: Ledger) -> None:
    assert add(ledger) == "daily"
    found = waiting(ledger)
    assert len(found) == 14
    assert found[0] == ("20260303T0900", "Post 1")
    assert found[-1] == ("20260316T0900", "Post 14")
    first = ledger.get_job("daily.20260303T0900")
    assert first.scheduled_time == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert first.schedule is not None
    assert (first.schedule.schedule_id, first.schedule.number) == ("daily", 1)


def test_all_of_it_is_one_write(ledger: Ledger) -> None:
    """What a crash leaves of a write is nothing, or all."""
    add(ledger)
    events = list(ledger.events())
    assert [event.type for event in events] == ["schedule_added", "schedule_planned"] + 14 * [
        "added"
    ]
    assert {event.to_dict()["batch"] for event in events} == {1}
    assert [event.job_id for event in ledger.history("schedule:daily")] == 2 * ["schedule:daily"]


def test_a_rare_rule_has_one_job_ahead(ledger: Ledger) -> None:
    add(ledger, "0 9 1 8 *")
    assert names(ledger) == ["20260801T0900"]


def test_a_rule_that_comes_in_years_has_its_job_when_that_can_be_one(
    ledger: Ledger, clock: ManualClock
) -> None:
    add(ledger, "0 9 29 2 *")
    assert names(ledger) == []
    assert ledger.plan_schedules() == 0
    clock.advance(datetime(2027, 3, 2, tzinfo=UTC) - clock.now())
    ledger.plan_schedules()
    assert names(ledger) == ["20280229T0900"]


def test_planning_again_adds_nothing(ledger: Ledger) -> None:
    add(ledger)
    seq = ledger.seq
    assert [ledger.plan_schedules() for _ in range(3)] == [0, 0, 0]
    assert ledger.seq == seq


def test_a_day_later_there_is_one_more(ledger: Ledger, clock: ManualClock) -> None:
    add(ledger)
    clock.advance(DAY)
    assert ledger.plan_schedules() == 1
    assert names(ledger)[-1] == "20260317T0900"
    assert len(ledger.list_jobs()) == 15


def test_of_two_who_plan_one_is_first_and_nothing_is_there_twice(
    directory: Path, ledger: Ledger, clock: ManualClock
) -> None:
    add(ledger)
    clock.advance(3 * DAY)
    with Ledger(directory, clock=clock) as other:
        assert ledger.plan_schedules() + other.plan_schedules() == 1
        assert len(other.list_jobs()) == 17
        assert other.verify().ok


def test_who_plans_anew_goes_no_further_than_was_planned(
    directory: Path, ledger: Ledger, clock: ManualClock
) -> None:
    """It looks whether its zone is another one here: only what is behind that is for later."""
    add(ledger, Every(timedelta(hours=8)))
    seq = ledger.seq
    clock.advance(timedelta(hours=10))
    with Ledger(directory, clock=clock) as other:
        assert (other.plan_schedules(), other.seq) == (0, seq)


def test_who_stood_by_plans_what_others_have_added_meanwhile(
    directory: Path, ledger: Ledger, clock: ManualClock
) -> None:
    """A process that does nothing but plan hears of a schedule only then."""
    with Ledger(directory, clock=clock) as planner:
        assert planner.plan_schedules() == 0
        add(ledger)
        clock.advance(3 * DAY)
        assert planner.plan_schedules() == 1
        assert len(ledger.list_jobs()) == 17


def test_a_removed_one_does_not_come_back(ledger: Ledger, clock: ManualClock) -> None:
    add(ledger)
    ledger.remove_job("daily.20260305T0900")
    ledger.edit_schedule("daily", content="Anders {n}")
    clock.advance(DAY)
    ledger.plan_schedules()
    assert "20260305T0900" not in names(ledger)


@pytest.mark.parametrize(
    ("rule", "count"),
    [("0 * * * *", 14 * 24), ("*/5 * * * *", 2500), ("* * * * *", 2500)],
)
def test_many_are_planned_less_far_ahead(ledger: Ledger, rule: str, count: int) -> None:
    add(ledger, rule, content="x")
    assert len(ledger.list_jobs()) == pytest.approx(count, abs=1)


def test_an_interval_counts_from_when_it_was_added(ledger: Ledger) -> None:
    add(ledger, Every(timedelta(hours=5)))
    assert names(ledger)[:2] == ["20260303T0000", "20260303T0500"]


# -- content -------------------------------------------------------------------------------------


def texts(ledger: Ledger) -> list[str]:
    return [text for _, text in waiting(ledger)]


def test_texts_are_used_in_turn(ledger: Ledger) -> None:
    add(ledger, content=["A {n}", "B {date:%d.%m.%Y}", "C {account}"])
    assert texts(ledger)[:4] == ["A 1", "B 04.03.2026", "C shop", "A 4"]


def test_shuffled_texts_come_each_once_a_turn_and_never_two_alike(ledger: Ledger) -> None:
    add(ledger, content=list("ABCDE"), order="shuffle")
    found = texts(ledger)
    assert [sorted(found[begin : begin + 5]) for begin in (0, 5)] == 2 * [list("ABCDE")]
    assert all(one != other for one, other in pairwise(found))
    assert found[:5] != list("ABCDE") or found[5:10] != list("ABCDE")


def test_texts_that_are_used_once_end_the_schedule(ledger: Ledger) -> None:
    add(ledger, content=["A", "B"], order="once")
    assert texts(ledger) == ["A", "B"]
    ended = ledger.get_schedule("daily")
    assert (ended.status, ended.end_reason) == (ScheduleStatus.ENDED, "texts")


def test_a_brace_is_written_twice(ledger: Ledger) -> None:
    add(ledger, content="{{n}} = {n}")
    assert texts(ledger)[0] == "{n} = 1"


def test_it_ends_after_so_many(ledger: Ledger) -> None:
    add(ledger, max_count=3)
    assert len(waiting(ledger)) == 3
    assert ledger.get_schedule("daily").end_reason == "count"


def test_until_is_inclusive_and_local(ledger: Ledger) -> None:
    """Of a day it is its end."""
    add(ledger, until=datetime(2026, 3, 5, 9))  # noqa: DTZ001
    assert names(ledger)[-1] == "20260305T0900"
    assert ledger.get_schedule("daily").end_reason == "until"
    ledger.add_schedule(
        "other", "0 9 * * *", account_id="shop", content="x", until=date(2026, 3, 4)
    )
    assert [job.job_id for job in ledger.jobs_of_schedule("other")][-1] == "other.20260304T0900"


def test_a_job_is_later_by_a_number_made_of_its_id(directory: Path, clock: ManualClock) -> None:
    """The same in every ledger, and what `upcoming` shows."""
    found = []
    for number in (1, 2):
        with Ledger(directory / str(number), clock=clock) as ledger:
            add(ledger, jitter=timedelta(minutes=20))
            found.append([job.scheduled_time for job in ledger.jobs_of_schedule("daily")])
            assert [one.at for one in ledger.upcoming("daily", 14)] == found[-1]
    assert found[0] == found[1]
    late = [at - at.replace(hour=9, minute=0, second=0) for at in found[0]]
    assert all(timedelta(0) <= each < timedelta(minutes=20) for each in late)
    assert len(set(late)) > 10


def test_where_a_text_would_be_there_twice_it_is_left_out_and_told(
    directory: Path, clock: ManualClock
) -> None:
    with Ledger(directory, clock=clock, unique=True) as ledger:
        add(ledger, content=["A", "B"])
        assert texts(ledger) == ["A", "B"]
        planned = ledger.history("schedule:daily")[-1].data
        assert {each.reason for each in planned.left_out} == {"unique"}  # type: ignore[union-attr]
        ledger.edit_schedule("daily", rule="0 10 * * *")
        assert waiting(ledger) == [("20260303T1000", "A"), ("20260304T1000", "B")]


# -- changing ------------------------------------------------------------------------------------


def test_an_edit_changes_the_jobs_that_nobody_has_touched(ledger: Ledger) -> None:
    add(ledger)
    ledger.edit_job("daily.20260305T0900", content="Mine")
    ledger.reschedule_job("daily.20260306T0900", datetime(2026, 3, 6, 5, tzinfo=UTC))
    ledger.edit_schedule("daily", content="New {n}")
    assert texts(ledger)[:5] == ["New 1", "New 2", "Mine", "Post 4", "New 5"]
    detached = [
        job.job_id for job in ledger.jobs_of_schedule("daily")
        if job.schedule and job.schedule.is_detached
    ]  # fmt: skip
    assert detached == ["daily.20260305T0900", "daily.20260306T0900"]


def test_another_rule_cancels_what_it_has_not_and_goes_on_with_the_texts(ledger: Ledger) -> None:
    add(ledger)
    ledger.edit_job("daily.20260304T0900", content="Mine")
    ledger.edit_schedule("daily", rule=At(("09:00", "18:30"), ("sat",)))
    assert waiting(ledger)[:3] == [
        ("20260304T0900", "Mine"),
        ("20260307T0900", "Post 5"),
        ("20260307T1830", "Post 1"),
    ]
    gone = ledger.get_job("daily.20260303T0900")
    assert (gone.status, gone.status_message) == (
        JobStatus.CANCELLED,
        "Cancelled: its schedule was edited",
    )


def test_a_rule_that_comes_back_brings_its_jobs_back(ledger: Ledger) -> None:
    """Their ids are used once, so they are the same jobs."""
    add(ledger)
    before = waiting(ledger)
    ledger.edit_schedule("daily", rule="0 10 * * *")
    assert not set(before) & set(waiting(ledger))
    ledger.edit_schedule("daily", rule="0 9 * * *")
    assert waiting(ledger) == before
    assert ledger.verify().ok


def test_an_edit_that_changes_nothing_writes_nothing(ledger: Ledger) -> None:
    add(ledger)
    seq = ledger.seq
    ledger.edit_schedule("daily", rule="0 9 * * *", content="Post {n}")
    assert ledger.seq == seq


def test_what_the_jobs_have_already_cannot_be_changed(ledger: Ledger) -> None:
    add(ledger)
    with pytest.raises(ValidationError, match="the account_id of a schedule cannot be changed"):
        ledger.edit_schedule("daily", account_id="other")  # type: ignore[call-arg]


def test_a_pause_holds_all_that_waits_and_a_resume_releases_what_is_ahead(
    ledger: Ledger, clock: ManualClock
) -> None:
    add(ledger)
    ledger.hold_job("daily.20260306T0900")
    ledger.pause_schedule("daily")
    assert ledger.counts()[JobStatus.SCHEDULED] == 0
    clock.advance(2 * DAY)
    ledger.plan_schedules()
    ledger.resume_schedule("daily")
    passed = [ledger.get_job(f"daily.2026030{day}T0900") for day in (3, 4)]
    assert {job.status for job in passed} == {JobStatus.EXPIRED}
    assert passed[0].status_message == "Not posted: its schedule was paused"
    assert ledger.get_job("daily.20260306T0900").status is JobStatus.PENDING
    assert ledger.get_job("daily.20260307T0900").status is JobStatus.SCHEDULED
    assert names(ledger)[-1] == "20260318T0900"


def test_nothing_is_made_for_the_time_of_a_long_pause(ledger: Ledger, clock: ManualClock) -> None:
    add(ledger)
    ledger.pause_schedule("daily")
    clock.advance(40 * DAY)
    ledger.cleanup_expired_jobs()
    ledger.resume_schedule("daily")
    assert names(ledger)[0] == "20260412T0900"


def test_a_skipped_occurrence_is_not_posted(ledger: Ledger, clock: ManualClock) -> None:
    """The next one, that of a moment, or one that is not planned yet."""
    add(ledger)
    ledger.skip_occurrence("daily")
    ledger.skip_occurrence("daily", datetime(2026, 3, 5, 9))  # noqa: DTZ001
    ledger.skip_occurrence("daily", datetime(2026, 3, 18, 2, tzinfo=UTC))
    clock.advance(3 * DAY)
    ledger.plan_schedules()
    assert {"20260303T0900", "20260305T0900", "20260318T0900"}.isdisjoint(names(ledger))
    skipped = ledger.get_job("daily.20260305T0900")
    assert skipped.status_message == "Cancelled: this occurrence of its schedule was skipped"
    ledger.edit_schedule("daily", content="x {n}")
    assert {"20260305T0900", "20260318T0900"}.isdisjoint(names(ledger))
    with pytest.raises(ValidationError, match="no occurrence ahead"):
        ledger.skip_occurrence("daily", datetime(2026, 3, 20, 9, 30))  # noqa: DTZ001


def test_a_skip_loses_no_text_that_is_used_once(ledger: Ledger, clock: ManualClock) -> None:
    add(ledger, content=[f"T{n}" for n in range(1, 21)], order="once")
    ledger.skip_occurrence("daily")
    clock.advance(10 * DAY)
    ledger.plan_schedules()
    seen = {job.content for job in ledger.list_jobs(status=(*WAITING, JobStatus.EXPIRED))}
    assert seen == {f"T{n}" for n in range(1, 21)}


def test_one_more_can_be_run_now_and_uses_the_next_text(ledger: Ledger) -> None:
    add(ledger)
    job = ledger.get_job(ledger.run_schedule_now("daily"))
    assert (job.job_id, job.content) == ("daily.now-20260302T190000", "Post 15")
    assert job.is_ready(ledger.now())


def test_an_end_cancels_what_waits_but_for_what_somebody_has_changed(ledger: Ledger) -> None:
    add(ledger)
    ledger.edit_job("daily.20260305T0900", content="Mine")
    ledger.end_schedule("daily", "season over")
    assert waiting(ledger) == [("20260305T0900", "Mine")]
    assert ledger.upcoming("daily") == []
    for refused in (ledger.pause_schedule, ledger.resume_schedule, ledger.run_schedule_now):
        with pytest.raises(InvalidTransitionError, match="schedule daily: it is ENDED"):
            refused("daily")


def test_drafts_are_made_on_hold_and_an_edit_follows(ledger: Ledger) -> None:
    add(ledger, hold=True)
    ledger.release_job("daily.20260303T0900")
    ledger.pause_schedule("daily")
    ledger.resume_schedule("daily")
    assert [job.job_id for job in ledger.list_jobs(status=JobStatus.SCHEDULED)] == [
        "daily.20260303T0900"
    ]
    ledger.edit_schedule("daily", hold=False)
    assert ledger.counts()[JobStatus.SCHEDULED] == 14


def test_a_change_of_what_somebody_saw_is_refused_when_it_has_moved_on(ledger: Ledger) -> None:
    add(ledger)
    seen = ledger.get_schedule("daily").version
    ledger.pause_schedule("daily", version=seen)
    with pytest.raises(JobMovedOnError, match="schedule daily has moved on"):
        ledger.resume_schedule("daily", version=seen)


def test_a_schedule_that_is_not_there_names_the_nearest(ledger: Ledger) -> None:
    add(ledger)
    with pytest.raises(JobNotFoundError, match="the nearest is 'daily'"):
        ledger.get_schedule("dayly")
    with pytest.raises(JobNotFoundError, match="no schedule 'x'"):
        ledger.pause_schedule("x")


def test_an_id_is_used_once(ledger: Ledger) -> None:
    add(ledger)
    ledger.end_schedule("daily")
    with pytest.raises(ValidationError, match="was used before"):
        add(ledger)


# -- changing, where it is not so plain ----------------------------------------------------------


def test_a_job_that_a_denser_rule_has_too_comes_back_when_it_is_planned_again(
    ledger: Ledger, clock: ManualClock
) -> None:
    """It is beyond the horizon of the denser rule at first, and its id was used already."""
    add(ledger)
    ledger.plan_schedules()  # it has looked at its zone's rules, and does not do that again
    ledger.edit_schedule("daily", rule="*/2 * * * *")
    assert ledger.get_job("daily.20260310T0900").status is JobStatus.CANCELLED
    for _ in range(6):
        clock.advance(DAY)
        ledger.plan_schedules()
    assert ledger.get_job("daily.20260310T0900").status is JobStatus.SCHEDULED


def test_the_one_job_of_a_rare_rule_comes_back_with_a_rule_that_has_its_time(
    ledger: Ledger, clock: ManualClock
) -> None:
    add(ledger, "0 9 1 4 *")
    ledger.edit_schedule("daily", rule="0 9 * * *")
    for _ in range(20):
        clock.advance(DAY)
        ledger.plan_schedules()
    assert ledger.get_job("daily.20260401T0900").status is JobStatus.SCHEDULED


def test_a_pause_during_which_drafts_are_asked_for_releases_none(ledger: Ledger) -> None:
    """Nothing is posted that is to be approved first."""
    add(ledger)
    ledger.pause_schedule("daily")
    ledger.edit_schedule("daily", hold=True)
    ledger.resume_schedule("daily")
    assert ledger.counts()[JobStatus.SCHEDULED] == 0


def test_a_resume_releases_nothing_that_a_person_holds(ledger: Ledger) -> None:
    """Not even what the pause had held first."""
    add(ledger)
    ledger.pause_schedule("daily")
    ledger.release_job("daily.20260305T0900")
    ledger.hold_job("daily.20260305T0900")
    ledger.resume_schedule("daily")
    assert ledger.get_job("daily.20260305T0900").status is JobStatus.PENDING
    assert ledger.get_job("daily.20260306T0900").status is JobStatus.SCHEDULED


def test_a_zone_can_be_changed_during_a_pause(ledger: Ledger, clock: ManualClock) -> None:
    """What has passed in the one zone may be ahead in the other."""
    add(ledger)
    ledger.pause_schedule("daily")
    clock.advance(timedelta(hours=16))
    ledger.edit_schedule("daily", zone="America/New_York")
    ledger.resume_schedule("daily")
    job = ledger.get_job("daily.20260303T0900")
    assert (job.status, job.scheduled_time) == (
        JobStatus.SCHEDULED,
        datetime(2026, 3, 3, 14, tzinfo=UTC),
    )


def begun_and_failed(directory: Path, clock: ManualClock) -> Scheduler:
    """Return a scheduler whose first post of the schedule is to be tried again."""
    scheduler = Scheduler(directory, clock=clock, timezone="Asia/Ho_Chi_Minh")
    add(scheduler)
    clock.advance(timedelta(hours=14))
    scheduler.run_due(lambda *post: PostResult(False, error="busy"))
    return scheduler


@pytest.mark.parametrize(
    "change",
    [
        lambda ledger: ledger.edit_schedule("daily", rule="0 10 * * *", content="New {n}"),
        lambda ledger: ledger.end_schedule("daily"),
    ],
)
def test_what_was_begun_is_changed_no_more(
    directory: Path, clock: ManualClock, change: Callable[[Ledger], None]
) -> None:
    """It may be out already; nobody would ask."""
    with begun_and_failed(directory, clock) as scheduler:
        before = scheduler.get_job("daily.20260303T0900")
        change(scheduler)
        assert scheduler.get_job("daily.20260303T0900") == before


def test_an_edit_changes_what_is_due_but_not_begun_and_leaves_it_its_time(
    ledger: Ledger, clock: ManualClock
) -> None:
    """No runner has been there: a text that was mended is the one that is posted."""
    add(ledger)
    clock.advance(timedelta(hours=14, minutes=1))
    ledger.edit_schedule("daily", content="New {n} of {date:%d.%m.}", rule="0 10 * * *")
    due = ledger.get_job("daily.20260303T0900")
    assert (due.content, due.scheduled_time) == (
        "New 1 of 03.03.",
        datetime(2026, 3, 3, 2, tzinfo=UTC),
    )


def test_an_edit_changes_what_is_ahead_by_its_jitter_alone(
    ledger: Ledger, clock: ManualClock
) -> None:
    add(ledger, jitter=timedelta(hours=6))
    before = ledger.get_job("daily.20260303T0900")
    clock.advance(timedelta(hours=15))
    assert before.scheduled_time > clock.now()
    ledger.edit_schedule("daily", content="New {n}")
    after = ledger.get_job("daily.20260303T0900")
    assert (after.content, after.scheduled_time) == ("New 1", before.scheduled_time)


def test_a_job_whose_text_is_no_more_takes_one_that_is_free(ledger: Ledger) -> None:
    """And the schedule does not end while there are texts."""
    add(ledger, content=[f"T{n}" for n in range(1, 21)], order="once")
    ledger.edit_schedule("daily", rule="0 9 * * mon")
    assert waiting(ledger) == [("20260309T0900", "T7"), ("20260316T0900", "T14")]
    ledger.edit_schedule("daily", content=[f"T{n}" for n in range(1, 9)])
    assert waiting(ledger) == [("20260309T0900", "T7"), ("20260316T0900", "T1")]
    assert ledger.get_schedule("daily").status is ScheduleStatus.ACTIVE


def test_two_can_be_run_now_in_one_second_also_where_one_was_removed(ledger: Ledger) -> None:
    add(ledger)
    first = ledger.run_schedule_now("daily")
    ledger.remove_job(first)
    ran = [ledger.run_schedule_now("daily") for _ in range(2)]
    assert ran == ["daily.now-20260302T190000-2", "daily.now-20260302T190000-3"]


def test_a_clock_that_went_back_takes_no_jobs_away(
    directory: Path, ledger: Ledger, clock: ManualClock
) -> None:
    add(ledger)
    clock.advance(-3 * DAY)
    with Ledger(directory, clock=clock) as other:
        assert other.plan_schedules() == 0
        assert len(waiting(other)) == 14


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"rule": "* * * * * *"}, "rule"),
        ({"rule": "0 0 30 2 *"}, "rule"),
        ({"rule": 7}, "rule"),
        ({"zone": "Mars/Base"}, "timezone"),
        ({"content": "{unknown}"}, "content"),
        ({"content": "{date:%Q}"}, "content"),
        ({"content": "{n!r}"}, "content"),
        ({"content": "open {"}, "content"),
        ({"content": []}, "content"),
        ({"content": "x" * 496 + "{n}"}, "content"),
        ({"content": ["fine", ""]}, "content"),
        ({"account_id": " "}, "account_id"),
        ({"gap": "no"}, "gap"),
        ({"misfire": "now"}, "misfire"),
        ({"grace": 5}, "grace"),
        ({"jitter": timedelta(days=1)}, "jitter"),
        ({"catch_up": 0}, "catch_up"),
        ({"max_count": 0}, "max_count"),
        ({"until": "friday"}, "until"),
        ({"order": "random"}, "order"),
        ({"hold": 1}, "hold"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(
    ledger: Ledger, more: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        add(ledger, **more)
    assert caught.value.field == field
    assert ledger.seq == 0


@pytest.mark.parametrize("schedule_id", ["", "a b", "x" * 41, "a:b", 7])
def test_an_id_that_no_job_could_begin_with_is_refused(ledger: Ledger, schedule_id: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        ledger.add_schedule(schedule_id, "0 9 * * *", account_id="shop", content="x")
    assert caught.value.field == "schedule_id"


# -- as state ------------------------------------------------------------------------------------


def test_it_is_the_same_when_it_is_opened_again(directory: Path, clock: ManualClock) -> None:
    """From the whole log, from a snapshot, and as of a moment."""
    with Ledger(directory, clock=clock) as ledger:
        add(ledger)
        before, then = ledger.schedules(), ledger.seq
        ledger.edit_schedule("daily", rule="0 8 * * *")
        ledger.set_slots("shop", {"mon": ["9:00"]})
        ledger.skip_occurrence("daily")
        after, jobs = ledger.schedules(), ledger.jobs_of_schedule("daily")
        assert ledger.as_of(then).schedules() == before
        assert ledger.as_of(ledger.seq).upcoming("daily") == ledger.upcoming("daily")
        assert ledger.as_of(0).schedules() == []
    for use_snapshot in (True, False):
        with Ledger(directory, clock=clock, use_snapshot=use_snapshot) as again:
            assert (again.schedules(), again.jobs_of_schedule("daily")) == (after, jobs)
            assert again.slots("shop") is not None
            assert again.rebuild(check=True).differences == []


def test_the_ids_of_jobs_are_those_of_jobs_alone(ledger: Ledger) -> None:
    add(ledger, max_count=1)
    ledger.set_slots("shop", {"mon": ["9:00"]})
    assert ledger.known_ids() == ["daily.20260303T0900"]


def test_the_zone_is_its_own_or_the_accounts_or_the_ledgers(ledger: Ledger) -> None:
    add(ledger)
    assert ledger.get_schedule("daily").zone == "Asia/Ho_Chi_Minh"
    ledger.set_slots("berlin", {}, zone="Europe/Berlin")
    for schedule_id, zone, expected in (
        ("of-account", None, "Europe/Berlin"),
        ("own", "Asia/Tokyo", "Asia/Tokyo"),
    ):
        ledger.add_schedule(schedule_id, "0 9 * * *", account_id="berlin", content="x", zone=zone)
        assert ledger.get_schedule(schedule_id).zone == expected


def test_who_looks_anew_at_a_zone_takes_a_job_that_somebody_requeued_for_none_of_the_plan(
    directory: Path, ledger: Ledger, clock: ManualClock
) -> None:
    """The clock was put back, so that less is ahead; what was given up stays so until its time."""
    add(ledger, "0 9,11 * * *")
    last = "daily.20260316T1100"
    clock.advance(timedelta(hours=-20))
    ledger.edit_schedule("daily", max_retries=1)
    assert ledger.get_job(last).status is JobStatus.CANCELLED
    ledger.requeue_job(last, clock.now())
    seq = ledger.seq
    with Ledger(directory, clock=clock) as other:
        other.plan_schedules()
        assert other.seq == seq
