"""Lists are what a look at every job says: whatever is asked for, whatever happened, page by page.

Twelve jobs in all states, closed ones packed by two, two pages a group, and every question between
the changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON, command_for
from support.histories import Histories

from jobledger import JobPriority, JobStatus, ScheduledJob
from jobledger.domain.errors import JobLedgerError
from jobledger.domain.job import commands as c
from jobledger.domain.job.events import PAST_TENSE
from jobledger.domain.job.place import JobPlace, microseconds
from jobledger.domain.text import folded
from jobledger.projections import jobs as jobs_module
from jobledger.projections import page_groups
from jobledger.projections.board import Board
from jobledger.projections.choice import Choice

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ACCOUNTS = ("a", "b", "Straße")
TEXTS = (
    "Straße",
    "STRASSE 7",
    "İstanbul",
    "istanbul",
    "Việt Nam",
    "Vie\u0323\u0302t nam",
    "\0x",
    "x",
)
NEEDLES = ("", "strasse", "ß", "İ", "i", "việt", "x\0", "xs", "\0", "nobody has this", "ẞE 7")
TRIGGERS = sorted(set(PAST_TENSE) - {"add", "import"})

Step = tuple[int, str, int, JobPriority, str, str]
"""The number of a job, what is done with it, minutes, and what it is where it is added."""

steps: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(
        st.sampled_from(range(12)),
        st.sampled_from([*TRIGGERS, "complete", "complete", "cancel", "start", "start"]),
        st.integers(-5, 5),
        st.sampled_from(JobPriority),
        st.sampled_from(ACCOUNTS),
        st.sampled_from(TEXTS),
    ),
    max_size=80,
)
around = st.integers(-6, 6).map(lambda minutes: NOON + timedelta(minutes=minutes))
moments = st.none() | around
places = st.builds(JobPlace, st.integers(1, 4), around.map(microseconds), st.integers(0, 60))
questions: st.SearchStrategy[Choice] = st.builds(
    Choice,
    account_id=st.none() | st.sampled_from([*ACCOUNTS, "nobody"]),
    statuses=st.none() | st.frozensets(st.sampled_from(JobStatus), max_size=4),
    due_from=moments,
    due_to=moments,
    text=st.sampled_from(NEEDLES).map(folded),
    outcome_unknown=st.booleans(),
    order=st.sampled_from(["rank", "time", "latest"]),
    after=st.none() | places,
    limit=st.none() | st.integers(1, 5),
)


@contextmanager
def small_pages() -> Iterator[None]:
    """Pack closed jobs by two, and pass their pages by in twos."""
    with patch.object(jobs_module, "PAGE_JOBS", 2), patch.object(page_groups, "GROUP_PAGES", 2):
        yield


def do(h: Histories, step: Step) -> None:
    """Do what the lifecycle allows; a job that is not there is added."""
    number, trigger, minutes, priority, account, text = step
    job_id, job = str(number), h.board.get(str(number))
    when = NOON + timedelta(minutes=minutes)
    if job is None:
        h.add(job_id, scheduled_time=when, priority=priority, account_id=account, content=text)
        return
    command: c.Command = command_for(trigger, when)
    if isinstance(command, c.OfAttempt):
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        command = type(command)(**{**fields, "attempt": job.attempt})
    if isinstance(command, c.Edit):
        command = c.Edit(priority=priority, content=text)
    try:
        h.do(job_id, command)
    except JobLedgerError:
        return


def place(job: ScheduledJob, order: str) -> tuple[Any, ...]:
    if order == "latest":
        return (NOON - job.scheduled_time, -job.order)
    behind = job.scheduled_time, job.order
    return (-job.priority, *behind) if order == "rank" else behind


def looked_at(board: Board, asked: Choice) -> list[ScheduledJob]:
    """Answer by a look at every job."""
    found = [
        job
        for job in board.jobs.values()
        if asked.account_id in (None, job.account_id)
        and (asked.statuses is None or job.status in asked.statuses)
        and (asked.due_from is None or asked.due_from <= job.scheduled_time)
        and (asked.due_to is None or job.scheduled_time < asked.due_to)
        and asked.text in folded(job.content)
        and (job.outcome_unknown or not asked.outcome_unknown)
    ]
    found.sort(key=lambda job: place(job, asked.order))
    if asked.after is not None:
        _, us, order = asked.after
        at = (EPOCH + timedelta(microseconds=us), order)
        if asked.order == "latest":
            after: tuple[Any, ...] = (NOON - at[0], -order)
        else:
            after = (-asked.after.priority, *at) if asked.order == "rank" else at
        found = [job for job in found if place(job, asked.order) > after]
    return found[: asked.limit]


def counted(board: Board, account: str) -> dict[JobStatus, int]:
    """Count by a look at every job."""
    found = Counter(job.status for job in board.jobs.values() if job.account_id == account)
    return {status: found[status] for status in JobStatus}


@settings(max_examples=150, deadline=None)
@given(steps, st.lists(questions, min_size=1, max_size=6), st.integers(1, 20))
def test_every_question_is_answered_as_by_a_look_at_every_job(
    chosen: list[Step], asked: list[Choice], every: int
) -> None:
    """Asked now and then while jobs change, of the board, and of one that goes on from its state;
    or only in the end."""
    with small_pages():
        h = Histories()
        for number, step in enumerate(chosen, 1):
            do(h, step)
            if number % every == 0:
                question = asked[number % len(asked)]
                assert h.board.select(question) == looked_at(h.board, question)
                for account in (*ACCOUNTS, "nobody"):
                    assert h.board.counts_of(account) == counted(h.board, account)
            assert h.board.unknown() == sum(job.outcome_unknown for job in h.board.jobs.values())
        other = Board()
        with other.loading():
            for event in h.events:
                other.apply(event)
        later = Board()
        for board in (h.board, other, later):
            if board is later:
                later.counts_of("a")  # of what it had before
                board.restore(h.board.capture())
            for account in (*ACCOUNTS, "nobody"):
                assert board.counts_of(account) == counted(board, account)
            for question in asked:
                assert board.select(question) == looked_at(h.board, question)


@settings(max_examples=150, deadline=None)
@given(steps, questions, st.integers(1, 4), st.integers(0, 3))
def test_pages_are_walked_while_jobs_change(
    chosen: list[Step], asked: Choice, limit: int, between: int
) -> None:
    """Each page has what is behind the last job of the one before, where that was then. Where
    nothing changes, the pages are the list."""
    with small_pages():
        h = Histories()
        half = len(chosen) // 2
        for step in chosen[:half]:
            do(h, step)
        whole = msgspec.structs.replace(asked, limit=None)
        expected = looked_at(h.board, whole)
        left = iter(chosen[half:])
        page_of = msgspec.structs.replace(asked, limit=limit)
        walked: list[ScheduledJob] = []
        while page := h.board.select(page_of):
            assert page == looked_at(h.board, page_of)
            walked += page
            page_of = msgspec.structs.replace(page_of, after=JobPlace.read(page[-1].cursor))
            for _ in range(between):
                for step in left:
                    do(h, step)
                    break
        assert looked_at(h.board, page_of) == []
        if not between:
            assert walked == expected
