"""`list_jobs` by page: what is chosen, in which order, behind what; and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.domain import NOON

from jobledger import (
    JobPriority,
    JobStatus,
    Ledger,
    LedgerView,
    ManualClock,
    PostResult,
    ScheduledJob,
    Scheduler,
    ValidationError,
)
from jobledger.domain.job.place import JobPlace
from jobledger.domain.text import folded

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SCHEDULED = JobStatus.SCHEDULED


def local(text: str) -> datetime:
    """Return the naive time of a text."""
    return datetime.fromisoformat(text)


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock, timezone="Europe/Berlin") as ledger:
        yield ledger


def add(ledger: Ledger, job_id: str, minutes: int = 0, **more: Any) -> str:
    given: dict[str, Any] = {
        "account_id": "a",
        "content": job_id,
        "scheduled_time": NOON + minutes * MINUTE,
    }
    return ledger.add_job(**(given | more), job_id=job_id)


def ids(asked: Ledger | LedgerView, **question: Any) -> str:
    return " ".join(job.job_id for job in asked.list_jobs(**question))


def four(ledger: Ledger) -> None:
    add(ledger, "late", 3)
    add(ledger, "early", 1, priority=JobPriority.LOW)
    add(ledger, "urgent", 2, priority=JobPriority.URGENT)
    add(ledger, "twin", 2, account_id="b")


def test_a_list_is_ordered_by_rank_or_by_time(ledger: Ledger) -> None:
    four(ledger)
    assert ids(ledger) == ids(ledger, order="rank") == "urgent twin late early"
    assert ids(ledger, order="time") == "early urgent twin late"
    assert ids(ledger, order="latest") == "late twin urgent early"
    assert ids(ledger, order="latest", limit=2) == "late twin"


@pytest.mark.parametrize("order", ["rank", "time", "latest"])
def test_pages_follow_each_other_by_id_by_job_and_by_cursor(ledger: Ledger, order: Any) -> None:
    four(ledger)
    whole = ledger.list_jobs(order=order)
    for number, job in enumerate(whole):
        for after in (job.job_id, job, job.cursor):
            assert ledger.list_jobs(order=order, after=after) == whole[number + 1 :]
            page = ledger.list_jobs(order=order, after=after, limit=2)
            assert page == whole[number + 1 : number + 3]


def test_a_page_goes_on_where_the_job_was_or_is_now(ledger: Ledger) -> None:
    """By an id it is where the job is now; by a value or a cursor where that was, also of a job
    that is gone."""
    four(ledger)
    twin = ledger.get_job("twin")
    ledger.edit_job("twin", priority=JobPriority.LOW)
    assert ids(ledger, after="twin") == ""
    assert ids(ledger, after=twin) == ids(ledger, after=twin.cursor) == "late early twin"
    ledger.remove_job("twin")
    assert ids(ledger, after=twin) == ids(ledger, after=twin.cursor) == "late early"
    with pytest.raises(ValidationError, match="there is no job 'twin'") as caught:
        ledger.list_jobs(after="twin")
    assert caught.value.field == "after"


def test_a_cursor_is_short_is_no_id_and_needs_no_escape_in_an_address(ledger: Ledger) -> None:
    four(ledger)
    for job in ledger.list_jobs():
        assert re.fullmatch(r"~[0-9.-]{1,48}", job.cursor)
        assert JobPlace.read(job.cursor) == JobPlace.of(job)
    assert ledger.get_job("late").cursor == "~2.1772452980000000.1"


@pytest.mark.parametrize(
    "at",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_a_cursor_holds_any_time_to_the_microsecond(at: datetime) -> None:
    job = ScheduledJob(job_id="j", account_id="a", content="x", scheduled_time=at, order=2**60)
    place = JobPlace.of(job)
    assert JobPlace.read(job.cursor) == place
    assert EPOCH + timedelta(microseconds=place.time_us) == at


def test_a_range_of_times_has_its_beginning_and_not_its_end(ledger: Ledger) -> None:
    four(ledger)
    second, third = NOON + 2 * MINUTE, NOON + 3 * MINUTE
    assert ids(ledger, due_from=second) == "urgent twin late"
    assert ids(ledger, due_to=second) == "early"
    assert ids(ledger, due_from=second, due_to=third) == "urgent twin"
    assert ids(ledger, due_from=third, due_to=second) == ""
    assert ids(ledger, due_from=datetime.min.replace(tzinfo=UTC), order="time", limit=1) == "early"


def test_a_day_on_which_the_clock_changes_has_its_hours(ledger: Ledger) -> None:
    """Naive bounds are the ledger's: the last Sunday of March has 23 hours there. A time that is
    skipped is read with the offset before; one that is there twice is the first, or by its fold."""
    for hour in range(-2, 26):
        at = datetime(2026, 3, 29, tzinfo=UTC) + timedelta(hours=hour)
        add(ledger, f"h{hour}", scheduled_time=at)
    day, next_day = local("2026-03-29"), local("2026-03-30")
    assert ids(ledger, due_from=day, due_to=next_day) == " ".join(f"h{n}" for n in range(-1, 22))
    assert ids(ledger, due_from=local("2026-03-29T02:00"), due_to=next_day, limit=1) == "h1"
    twice = local("2026-10-25T02:00")
    for hour, name in enumerate(("first", "second")):
        add(ledger, name, scheduled_time=datetime(2026, 10, 25, hour, tzinfo=UTC))
    assert ids(ledger, due_from=twice) == "first second"
    assert ids(ledger, due_from=twice.replace(fold=1)) == "second"


def test_jobs_of_some_statuses_are_listed_together(ledger: Ledger) -> None:
    four(ledger)
    ledger.hold_job("late")
    ledger.cancel_job("early")
    waiting = (JobStatus.PENDING, JobStatus.SCHEDULED)
    for some in (
        waiting,
        list(waiting),
        set(waiting),
        frozenset(waiting),
        ("pending", "scheduled"),
    ):
        assert ids(ledger, status=some) == "urgent twin late"
    assert ids(ledger, status=["pending", "scheduled"]) == "urgent twin late"
    assert ids(ledger, status="cancelled") == "early"
    assert ids(ledger, status=()) == ""
    assert ids(ledger, account_id="b", status=waiting) == "twin"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Straße", "STRASSE"),
        ("STRASSE", "straß"),
        ("Straße", "s"),
        ("İstanbul", "i̇STANBUL"),
        ("Xin chào các bạn", "CHÀO CÁC"),
        ("Vie\u0323\u0302t Nam", "việt"),
        ("việt nam", "VIE\u0323\u0302T"),
        ("ﬁn", "FIN"),
        ("Ὀδυσσεύς", "ὀδυσσεύΣ"),
        ("anything", ""),
        ('"quoted" \\ \n', '" \\ \n'),
        ("🙈🙉", "🙉"),
    ],
)
def test_a_text_is_found_whatever_its_case_and_composition(
    ledger: Ledger, content: str, text: str
) -> None:
    add(ledger, "it", content=content)
    assert ids(ledger, text=text) == ids(ledger, text=text, limit=1) == "it"
    assert folded(folded(content)) == folded(content)


@pytest.mark.parametrize(
    ("content", "text"),
    [("Istanbul", "ıstanbul"), ("viet", "việt"), ("a b", "ab"), ("a", "\udc80")],
)
def test_what_is_another_letter_or_space_is_another_text(
    ledger: Ledger, content: str, text: str
) -> None:
    add(ledger, "it", content=content)
    assert ids(ledger, text=text) == ids(ledger, text=text, limit=1) == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("account_id", 7),
        ("status", "asleep"),
        ("status", 7),
        ("status", ["pending", "asleep"]),
        ("status", [["pending"]]),
        ("due_from", "2026-03-02"),
        ("due_to", 7),
        ("text", b"bytes"),
        ("order", "size"),
        ("order", None),
        ("order", ["rank"]),
        ("after", ""),
        ("after", 7),
        ("after", "~"),
        ("after", "~5.0.1"),
        ("after", "~2.0.1 "),
        ("after", "~2.0.-1"),
        ("after", "~2.٣.1"),
        ("after", "~2." + "9" * 5_000 + ".1"),
        ("limit", 0),
        ("limit", -1),
        ("limit", True),
        ("limit", 1.0),
        ("limit", "1"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_name(ledger: Ledger, field: str, value: Any) -> None:
    """Also of an empty ledger, and of its past; the message stays short."""
    for asked in (ledger, ledger.as_of(0)):
        with pytest.raises(ValidationError) as caught:
            asked.list_jobs(**{field: value})
        assert caught.value.field == field
        assert len(caught.value.message) < 200


def test_the_past_is_listed_by_the_same_questions(ledger: Ledger) -> None:
    """A cursor of the present leads on in the past, and the other way round."""
    four(ledger)
    view = ledger.as_of(ledger.seq)
    ledger.cancel_job("urgent")
    ledger.remove_job("late")
    assert ids(view, limit=2) == "urgent twin"
    assert ids(view, after=ledger.get_job("urgent").cursor, limit=9) == "twin late early"
    assert ids(view, status=JobStatus.SCHEDULED, order="time", limit=2) == "early urgent"
    assert ids(view, due_from=local("2026-03-02T13:03")) == "late"
    assert ids(ledger, after=view.get_job("late").cursor, limit=9) == "early"
    assert ids(view, text="TWIN", limit=9) == "twin"


def test_accounts_are_those_that_have_jobs(ledger: Ledger) -> None:
    assert ledger.accounts() == []
    assert set(ledger.counts("a").values()) == {0}
    four(ledger)
    add(ledger, "z", account_id="Zoë")
    before = ledger.as_of(ledger.seq)
    ledger.remove_job("twin")
    assert ledger.accounts() == ["Zoë", "a"]
    assert (ledger.counts("b")[SCHEDULED], before.counts("b")[SCHEDULED]) == (0, 1)
    assert ledger.counts("a")[SCHEDULED] == 3
    assert before.accounts() == ["Zoë", "a", "b"]


def test_what_is_listed_shares_nothing_with_the_ledger(ledger: Ledger) -> None:
    add(ledger, "j", metadata={"tags": ["x"]})
    [job] = ledger.list_jobs(limit=1)
    job.metadata["tags"].append("y")
    assert ledger.get_job("j").metadata == {"tags": ["x"]}


def test_jobs_of_some_ids_are_found_at_once_and_no_others(ledger: Ledger) -> None:
    four(ledger)
    there = [job.job_id for job in ledger.list_jobs()]
    before = ledger.as_of(ledger.seq)
    ledger.remove_job(there[0])
    asked = ["nobody", *reversed(there[:3])]
    assert list(ledger.get_jobs(asked)) == [there[2], there[1]]
    assert list(before.get_jobs(iter(asked))) == there[2::-1]
    assert ledger.get_jobs(asked)[there[1]] == ledger.get_job(there[1])
    assert ledger.get_jobs([]) == {}


def test_what_nobody_knows_the_outcome_of_is_listed_and_counted(
    directory: Path, clock: ManualClock
) -> None:
    """Also of a moment of the past, and by a handle that begins with a snapshot."""
    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        for number in range(6):
            at = clock.now() - timedelta(minutes=number)
            scheduler.add_job("a" if number % 2 else "b", f"text {number}", at, job_id=f"{number}")
        scheduler.run_due(lambda account, content: PostResult.unknown("no answer"))
        before = scheduler.seq
        scheduler.resolve_job("3", posted=True)
        scheduler.requeue_job("4", clock.now() + timedelta(days=1))
        scheduler.remove_job("5")
    for use_snapshot in (True, False):
        with Ledger(directory, clock=clock, use_snapshot=use_snapshot) as ledger:
            found = ledger.list_jobs(outcome_unknown=True, order="time")
            assert [job.job_id for job in found] == ["2", "1", "0"]
            assert ledger.count_unknown() == 3
            behind = ledger.list_jobs(outcome_unknown=True, order="time", after=found[0], limit=1)
            assert behind == found[1:2]
            of_b = ledger.list_jobs("b", outcome_unknown=True, text="TEXT 2", limit=5)
            assert [job.job_id for job in of_b] == ["2"]
            assert ledger.list_jobs(status=JobStatus.SCHEDULED, outcome_unknown=True) == []
            assert ledger.as_of(before).count_unknown() == 6
            with pytest.raises(ValidationError, match="outcome_unknown must be a bool"):
                ledger.list_jobs(outcome_unknown="yes")  # type: ignore[arg-type]
