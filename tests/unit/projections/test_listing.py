"""A part of a list costs what it has: counted, whatever else there is; and only those pay who ask.

What the answers are is in tests/properties/test_lists.py.
"""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from support.domain import NOON

from jobledger import JobPriority, JobStatus, ScheduledJob
from jobledger.domain.job.place import JobPlace
from jobledger.projections import jobs as jobs_module
from jobledger.projections import page_groups, picked_jobs
from jobledger.projections.choice import Choice
from jobledger.projections.jobs import PAGE_JOBS, Jobs
from jobledger.projections.listing import Listing
from jobledger.projections.loose_lines import BLOCK_LINES, LooseBlock, LooseLines
from jobledger.projections.page_lines import PageLines, PageTexts, Sought, Summary

MINUTE = timedelta(minutes=1)
CLOSED = 2_000
MORE = 20_000
OPEN = 500
FAILED = frozenset({JobStatus.FAILED})
WAITING = frozenset({JobStatus.PENDING, JobStatus.SCHEDULED})


def job_of(n: int, status: JobStatus | None = None, **more: Any) -> ScheduledJob:
    """Make the job that was added so late: one in a hundred has failed, every tenth is urgent."""
    if status is None:
        status = JobStatus.FAILED if n % 100 == 50 else JobStatus.COMPLETED
    given: dict[str, Any] = {
        "job_id": f"j{n}",
        "account_id": f"account {n % 20}",
        "content": f"text number {n} of {MORE}",
        "scheduled_time": NOON + n * MINUTE,
        "priority": JobPriority.URGENT if n % 10 == 0 else JobPriority.NORMAL,
        "order": n + 1,
    }
    return ScheduledJob(status=status, **(given | more))


def many(closed: int) -> Jobs:
    """Jobs closed in the order of their times, and behind them some that wait."""
    jobs = Jobs()
    for n in range(closed):
        jobs.put(job_of(n))
    for n in range(closed, closed + OPEN):
        jobs.put(job_of(n, JobStatus.SCHEDULED))
    return jobs


@pytest.fixture(scope="module")
def listings() -> list[Listing]:
    """Make one of few jobs and one of many, which were asked once."""
    listings = [Listing(many(CLOSED)), Listing(many(MORE))]
    for listing in listings:
        listing.select(Choice(limit=1, text="text"))
        for page in listing._jobs.pages:
            page.texts = PageTexts.read(page.data)
    return listings


def counted(patch: pytest.MonkeyPatch) -> Counter[str]:
    """Count from now on what is unpacked, read and looked into."""
    counts: Counter[str] = Counter()

    def count(name: str, owner: Any, call: str) -> None:
        original = getattr(owner, call)

        def counting(*given: Any) -> Any:
            counts[name] += 1
            return original(*given)

        patch.setattr(owner, call, counting)

    count("unpacked", jobs_module, "unpack")
    count("unpacked", picked_jobs, "unpack")
    count("looked into", PageLines, "seek")
    count("looked into", LooseBlock, "seek")
    count("texts", PageTexts, "having")
    count("read", PageLines, "read")
    count("texts read", PageTexts, "read")
    return counts


def cost(listing: Listing, question: Choice) -> tuple[int, Counter[str]]:
    """Ask, with no page in hand; return how many jobs were listed, and what was done for it."""
    listing._jobs._read = picked_jobs.Pages()
    with pytest.MonkeyPatch.context() as patch:
        counts = counted(patch)
        return len(listing.select(question)), counts


def at(number: int) -> JobPlace:
    return JobPlace.of(job_of(number))


@pytest.mark.parametrize(
    ("question", "listed", "unpacked", "looked_into"),
    [
        pytest.param(lambda n: Choice(limit=50), 50, 4, 5, id="first page"),
        pytest.param(lambda n: Choice(limit=50, order="time"), 50, 1, 1, id="first, by time"),
        pytest.param(lambda n: Choice(limit=50, after=at(n // 2)), 50, 5, 6, id="in the middle"),
        pytest.param(
            lambda n: Choice(limit=50, order="time", after=at(n - 60)), 50, 1, 2, id="near the end"
        ),
        pytest.param(lambda n: Choice(limit=10, statuses=FAILED), 10, 9, 10, id="failed"),
        pytest.param(
            lambda n: Choice(limit=50, statuses=WAITING, order="time"), 50, 0, 2, id="waiting"
        ),
        pytest.param(lambda n: Choice(limit=10, account_id="account 3"), 10, 2, 3, id="an account"),
        pytest.param(
            lambda n: Choice(limit=10, account_id="account 3", statuses=WAITING), 10, 0, 3,
            id="what waits of an account",
        ),
        pytest.param(
            lambda n: Choice(limit=10, statuses=frozenset({JobStatus.EXPIRED})), 0, 0, 0,
            id="a status that none has",
        ),
        pytest.param(
            lambda n: Choice(
                due_from=NOON + 300 * MINUTE, due_to=NOON + 700 * MINUTE, order="time"
            ),
            400, 5, 5, id="some hours",
        ),
        pytest.param(
            lambda n: Choice(
                account_id="account 3", due_from=NOON + (n - 400) * MINUTE,
                due_to=NOON + n * MINUTE, order="time",
            ),
            20, 3, 7, id="some hours of an account",
        ),
        pytest.param(lambda n: Choice(limit=10, text="number 1"), 10, 2, 3, id="a text of many"),
    ],
)  # fmt: skip
def test_a_part_costs_what_it_has_however_many_jobs_there_are(
    listings: list[Listing],
    question: Callable[[int], Choice],
    listed: int,
    unpacked: int,
    looked_into: int,
) -> None:
    for listing, closed in zip(listings, (CLOSED, MORE), strict=True):
        found, counts = cost(listing, question(closed))
        assert found == listed
        assert counts["unpacked"] <= unpacked, closed
        assert counts["looked into"] <= looked_into, closed
        assert counts["texts"] <= counts["looked into"]
        assert counts["read"] == counts["texts read"] == 0


def test_pages_are_passed_by_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question looks at each group, and at the pages of the few whose turn comes."""
    looked = Counter[str]()
    may_have = Summary.may_have

    def counted(summary: Summary, sought: Sought) -> bool:
        looked["at"] += 1
        return may_have(summary, sought)

    monkeypatch.setattr(Summary, "may_have", counted)
    monkeypatch.setattr(page_groups, "GROUP_PAGES", 8)
    jobs = many(MORE)
    listing = Listing(jobs)
    listing.select(Choice(limit=1))
    pages, loose = len(jobs.pages), len(listing._loose.blocks)
    for choice in (
        Choice(limit=10, order="time"),
        Choice(limit=10, order="latest", statuses=FAILED),
        Choice(limit=10, order="time", account_id="account 3", due_from=NOON + 9_000 * MINUTE),
    ):
        looked.clear()
        assert len(listing.select(choice)) == 10
        assert looked["at"] <= loose + pages // 8 + 4 * 8 < pages

    gone = [job.job_id for job in listing.select(Choice(limit=2 * PAGE_JOBS, order="time"))]
    for job_id in gone:
        jobs.remove(job_id)
    assert not set(gone) & {job.job_id for job in listing.select(Choice(limit=50, order="time"))}


def test_groups_answer_as_a_look_at_every_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of four, four a group, of jobs that were closed in no order; some change meanwhile."""
    monkeypatch.setattr(jobs_module, "PAGE_JOBS", 4)
    monkeypatch.setattr(page_groups, "GROUP_PAGES", 4)
    chance, jobs = Random(1), Jobs()
    for n in chance.sample(range(400), 400):
        status = chance.choice([JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.SCHEDULED])
        jobs.put(job_of(n, status))
    listing = Listing(jobs)
    for number in range(400):
        begin, end = sorted(chance.sample(range(410), 2))
        choice = Choice(
            account_id=chance.choice([None, f"account {chance.randrange(20)}"]),
            statuses=chance.choice([None, FAILED, WAITING]),
            due_from=chance.choice([None, NOON + begin * MINUTE]),
            due_to=chance.choice([None, NOON + end * MINUTE]),
            order=chance.choice(["time", "latest"]),
            limit=chance.choice([None, 1, 7]),
        )
        expected = sorted(
            [
                job
                for job in jobs.values()
                if choice.account_id in (None, job.account_id)
                and (choice.statuses is None or job.status in choice.statuses)
                and (choice.due_from is None or choice.due_from <= job.scheduled_time)
                and (choice.due_to is None or job.scheduled_time < choice.due_to)
            ],
            key=lambda job: (job.scheduled_time, job.order),
            reverse=choice.order == "latest",
        )[: choice.limit]
        assert listing.select(choice) == expected, number
        for n in chance.sample(range(400), 3):
            jobs.put(job_of(n, scheduled_time=NOON + chance.randrange(400) * MINUTE))
        jobs.remove(chance.choice(list(jobs)))
    assert jobs.generation > 1  # its pages were numbered anew


def test_a_text_that_no_job_has_unpacks_nothing(listings: list[Listing]) -> None:
    """The texts of each page are looked through once: that is what grows with the jobs."""
    for listing in listings:
        found, counts = cost(listing, Choice(limit=10, text="nobody has this"))
        assert found == counts["unpacked"] == 0
        assert counts["texts"] == len(listing._jobs.pages)


def test_a_text_of_one_job_unpacks_its_page(listings: list[Listing]) -> None:
    for listing in listings:
        found, counts = cost(listing, Choice(limit=10, text="number 777 "))
        assert (found, counts["unpacked"]) == (1, 1)


def test_jobs_that_are_asked_for_no_list_are_noted_nowhere() -> None:
    """And they make no lines: who never lists does not pay for it."""
    jobs = many(CLOSED)
    assert jobs.changed is None
    assert {(page.lines, page.texts) for page in jobs.pages} == {(None, None)}


def test_a_page_is_read_for_its_lines_once_in_its_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are packed after the first question have theirs from the beginning; and who goes
    on from this state has the same pages."""
    jobs = many(CLOSED)
    listing = Listing(jobs)
    counts = counted(monkeypatch)
    listing.select(Choice(limit=1))
    assert counts["read"] == len(jobs.pages)
    for n in range(MORE, MORE + 4 * PAGE_JOBS):
        jobs.put(job_of(n))
        if n % 50 == 0:
            listing.select(Choice(limit=1))
    listing.select(Choice(limit=1))
    other = Jobs()
    other.restore(jobs.capture())
    assert Listing(other).select(Choice(limit=9)) == listing.select(Choice(limit=9))
    assert counts["read"] == CLOSED // PAGE_JOBS - 1 < len(jobs.pages)


def test_a_change_touches_one_block_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question after it does not put all open jobs in order again."""
    jobs = Jobs()
    for n in range(MORE):
        jobs.put(job_of(n, JobStatus.SCHEDULED))
    listing = Listing(jobs)
    listing.select(Choice(limit=1))
    blocks = list(listing._loose.blocks)
    monkeypatch.setattr(LooseLines, "__init__", None)
    for n in (MORE // 2, MORE // 2 + 1):
        jobs.put(job_of(n, JobStatus.SCHEDULED, priority=JobPriority.LOW))
    jobs.remove("j7")
    [last] = listing.select(Choice(limit=1, after=JobPlace(1, 0, 0)))
    assert last.job_id == f"j{MORE // 2}"
    assert blocks == listing._loose.blocks
    made_anew = [block for block in blocks if block._summary is None]
    assert made_anew == []


def test_blocks_stay_small_and_none_is_empty() -> None:
    """However jobs come and go, at one end or at one moment."""
    jobs, listing = Jobs(), Listing(Jobs())
    listing = Listing(jobs)
    listing.select(Choice(limit=1))
    for n in range(6 * BLOCK_LINES):
        jobs.put(job_of(n, JobStatus.SCHEDULED, scheduled_time=NOON - (n % 3) * MINUTE))
        assert len(listing.select(Choice(limit=1))) == 1
    sizes = [len(block.lines) for block in listing._loose.blocks]
    assert sum(sizes) == 6 * BLOCK_LINES
    assert max(sizes) <= 2 * BLOCK_LINES
    for n in range(6 * BLOCK_LINES):
        jobs.remove(f"j{n}")
        listing.select(Choice(limit=1))
    assert listing._loose.blocks == []


def test_who_has_listed_once_and_goes_on_for_long_notes_no_more() -> None:
    """What is kept for the next question is bounded, and that one is answered all the same."""
    jobs = Jobs()
    listing = Listing(jobs)
    listing.select(Choice(limit=1))
    most = 0
    for n in range(CLOSED):
        jobs.put(job_of(n))
        most = max(most, len(jobs.changed or ()))
    assert jobs.changed is None
    assert most <= 1_001
    assert len(listing.select(Choice(limit=MORE))) == CLOSED
    assert jobs.changed == set()


def test_whoever_is_interrupted_while_it_keeps_up_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = many(300)
    listing = Listing(jobs)
    listing.select(Choice(limit=1))
    jobs.remove("j299")
    remove = LooseLines._remove

    def interrupted(*given: Any) -> None:
        remove(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LooseLines, "_remove", interrupted)
        with pytest.raises(KeyboardInterrupt):
            listing.select(Choice(limit=1))
    jobs.put(job_of(299))
    listed = listing.select(Choice(limit=MORE))
    assert sorted(job.job_id for job in listed) == sorted(jobs)


@pytest.mark.parametrize(("text", "most"), [("", 60), ("nobody has this", 100)])
def test_what_lists_keep_of_a_closed_job_is_little(text: str, most: int) -> None:
    """Also where its texts have been looked through."""
    jobs = Jobs()
    for n in range(MORE):
        jobs.put(job_of(n))
    listing = Listing(jobs)
    tracemalloc.start()
    listing.select(Choice(limit=1, text=text or "0", order="time", statuses=FAILED))
    listing.select(Choice(limit=1, text=text))
    jobs._read = picked_jobs.Pages()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept / MORE < most
