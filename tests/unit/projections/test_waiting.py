"""What is overdue, against a look at every job."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.domain import NOON
from support.histories import Histories

from jobledger.domain.errors import JobLedgerError
from jobledger.domain.job import commands as c

minutes = st.integers(-30, 30)
steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "reschedule", "hold", "release", "cancel", "start", "remove"]),
        st.integers(0, 7),
        minutes,
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(steps, st.lists(st.integers(-26 * 60, 26 * 60), min_size=1, max_size=4))
def test_it_counts_the_due_jobs_and_knows_the_oldest(
    chosen: list[tuple[str, int, int]], looks: list[int]
) -> None:
    """Whatever became of the jobs, and whichever way the clock goes."""
    h = Histories()
    for what, number, away in chosen:
        job, at = str(number), h.now + timedelta(minutes=away)
        commands: dict[str, c.Command] = {
            "reschedule": c.Reschedule(scheduled_time=at),
            "hold": c.Hold(),
            "release": c.Release(),
            "cancel": c.Cancel(),
            "start": c.Start(),
            "remove": c.Remove(),
        }
        if what == "add" and h.board.get(job) is None:
            if all(event.job_id != job for event in h.events):
                h.add(job, scheduled_time=at)
        elif what in commands and h.board.get(job) is not None:
            try:
                h.do(job, commands[what])
            except JobLedgerError:
                continue
    for look in looks:
        now = NOON + timedelta(minutes=look)
        due = [
            job.scheduled_time
            for job in h.board.jobs.values()
            if job.status == "scheduled" and job.scheduled_time <= now
        ]
        assert h.board.overdue(now) == (len(due), min(due, default=None))
