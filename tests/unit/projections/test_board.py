"""The board's indexes say what a look at every job would say."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.domain import NOON, new

from jobledger import Event, JobPriority, JobStatus, LedgerCorruptError, ScheduledJob
from jobledger.domain.errors import JobLedgerError
from jobledger.domain.job import commands as c
from jobledger.domain.job.decide import decide
from jobledger.projections.ageing import AgeingQueue
from jobledger.projections.board import Board
from jobledger.projections.choice import Choice
from jobledger.projections.queue import rank

DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


class Playing:
    """A board and the commands that it is fed by."""

    def __init__(self, ageing: timedelta | None = None) -> None:
        self.board = Board()
        self.now = NOON
        self.ageing = ageing
        if ageing is not None:
            self.board.let_age(ageing)

    def do(self, job_id: str, command: c.Command) -> None:
        before = self.board.get(job_id)
        for data in decide(before, command, self.now):
            current = self.board.get(job_id)
            self.board.apply(
                Event(
                    seq=self.board.seq + 1,
                    at=self.now,
                    type=data.TYPE,
                    job_id=job_id,
                    version=1 if current is None else current.version + 1,
                    data=data,
                )
            )

    def add(self, job_id: str, **more: Any) -> None:
        self.do(job_id, c.Add(job_id=job_id, job=new(**more)))

    def order(self, job: ScheduledJob) -> tuple[int, datetime, int]:
        """Return what decides which due job is next."""
        waits = self.now - job.scheduled_time
        steps = 0 if self.ageing is None else waits // self.ageing
        return -job.priority - steps, job.scheduled_time, job.order

    def due(self, **more: Any) -> str | None:
        job = self.board.next_due(self.now, DAY, **more)
        return None if job is None else job.job_id


def test_the_next_job_is_the_one_with_the_best_rank() -> None:
    """Priority, then time, then order of adding; only what is due."""
    play = Playing()
    play.add("low", priority=JobPriority.LOW)
    play.add("second", scheduled_time=NOON - MINUTE)
    play.add("first", scheduled_time=NOON - 2 * MINUTE)
    play.add("later", scheduled_time=NOON + MINUTE, priority=JobPriority.URGENT)
    order = []
    while (job_id := play.due()) is not None:
        order.append(job_id)
        play.do(job_id, c.Cancel())
    assert order == ["first", "second", "low"]
    assert play.board.next_time() == NOON + MINUTE
    play.now += MINUTE
    assert play.due() == "later"
    assert play.board.next_time() is None


def test_accounts_and_jobs_can_be_left_out_and_come_back() -> None:
    """What is left out once is not lost."""
    play = Playing()
    play.add("a", account_id="one")
    play.add("b", account_id="two")
    assert play.due(without_accounts={"one"}) == "b"
    assert play.due(without_jobs={"a", "b"}) is None
    assert play.due() == "a"


def test_a_job_that_was_found_due_follows_every_later_change() -> None:
    """Edited, rescheduled, held, released, and a clock that goes back."""
    play = Playing()
    play.add("a")
    play.add("b")
    assert play.due() == "a"
    play.do("b", c.Edit(priority=JobPriority.URGENT))
    assert play.due() == "b"
    play.do("b", c.Reschedule(scheduled_time=NOON + MINUTE))
    assert play.due() == "a"
    play.do("a", c.Hold())
    assert play.due() is None
    play.do("a", c.Release())
    assert play.due() == "a"
    play.now -= MINUTE
    assert play.due() is None
    assert play.board.next_time() == NOON
    play.now += MINUTE
    assert play.due() == "a"


def test_expired_jobs_are_not_due_and_are_found() -> None:
    """Held ones expire too."""
    play = Playing()
    play.add("a")
    play.add("held", hold=True)
    assert play.board.next_expiry(DAY) == NOON + DAY
    play.now += DAY
    assert play.board.expired(play.now, DAY) == []
    play.now += timedelta(microseconds=1)
    for _ in range(2):
        assert [job.job_id for job in play.board.expired(play.now, DAY)] == ["a", "held"]
    assert play.due() is None
    play.do("a", c.Expire())
    play.do("held", c.Reschedule(scheduled_time=play.now))
    assert play.board.expired(play.now, DAY) == []
    assert play.board.next_expiry(DAY) == play.now + DAY


def test_an_event_that_no_legal_history_has_is_corruption() -> None:
    """It changes nothing on the board."""
    play = Playing()
    play.add("a")
    forged = Event(
        seq=2, at=NOON, type="held", job_id="nobody", version=1,
        data=decide(play.board.get("a"), c.Hold(), NOON)[0],
    )  # fmt: skip
    with pytest.raises(LedgerCorruptError) as caught:
        play.board.apply(forged)
    assert caught.value.kind == "transition"
    assert play.board.seq == 1


def random_command(chance: random.Random, job: ScheduledJob | None, now: Any) -> c.Command:
    soon = now + chance.randrange(-30, 200) * MINUTE
    if job is None:
        return c.Add(
            job_id="x",
            job=new(
                account_id=chance.choice("abc"),
                scheduled_time=soon,
                priority=chance.choice(list(JobPriority)),
                hold=chance.random() < 0.2,
            ),
        )
    return chance.choice(
        [
            c.Hold(), c.Release(), c.Cancel(), c.Remove(), c.Expire(), c.Start(),
            c.Edit(priority=chance.choice(list(JobPriority))),
            c.Reschedule(scheduled_time=soon), c.Requeue(scheduled_time=soon),
            c.Complete(attempt=job.attempt), c.Fail(attempt=job.attempt, error="x"),
            c.Interrupt(attempt=job.attempt, reason="crashed", error="x"),
        ]
    )  # fmt: skip


@pytest.mark.parametrize("ageing", [None, 10 * MINUTE, timedelta(hours=2)], ids=str)
def test_the_indexes_agree_with_a_look_at_every_job(ageing: timedelta | None) -> None:
    """After each step of a random history, in which the clock also goes back. Ageing changes what
    comes next, and no list."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    play = Playing(ageing)
    for _ in range(3000):
        play.now += chance.randrange(-5, 20) * MINUTE
        job_id = f"j{chance.randrange(40)}"
        try:
            play.do(job_id, random_command(chance, play.board.get(job_id), play.now))
        except JobLedgerError:
            continue
        board, jobs = play.board, list(play.board.jobs.values())
        ready = sorted((job for job in jobs if job.is_ready(play.now)), key=rank)
        assert board.ready(play.now, DAY) == ready
        ready.sort(key=play.order)
        firsts: dict[str, ScheduledJob] = {}
        for job in ready:
            firsts.setdefault(job.account_id, job)
        assert board.first_due(play.now, DAY, 2) == list(firsts.values())[:2]
        assert board.next_due(play.now, DAY) == (ready[0] if ready else None)
        without = [job for job in ready if job.account_id != "a"]
        assert board.next_due(play.now, DAY, without_accounts="a") == (
            without[0] if without else None
        )
        of_a = sorted((job for job in ready if job.account_id == "a"), key=rank)
        assert [job for job in board.due_of("a") if not job.is_expired(play.now)] == of_a
        odd = {job.job_id for job in ready[::2]}
        assert board.next_due(play.now, DAY, without_jobs=odd) == (
            ready[1] if len(ready) > 1 else None
        )
        for status in JobStatus:
            chosen = [job for job in jobs if job.status is status]
            assert board.select(Choice(statuses=frozenset({status}))) == sorted(chosen, key=rank)
        of_b = [job for job in jobs if job.account_id == "b"]
        assert board.select(Choice(account_id="b")) == sorted(of_b, key=rank)
        open_jobs = [job for job in jobs if job.status in ("pending", "scheduled")]
        late = {job.job_id for job in open_jobs if job.is_expired(play.now)}
        assert {job.job_id for job in board.expired(play.now, DAY)} == late
        times = [job.scheduled_time + DAY for job in open_jobs]
        assert board.next_expiry(DAY) == min(times, default=None)
        later = [
            job.scheduled_time
            for job in jobs
            if job.status is JobStatus.SCHEDULED and job.scheduled_time > play.now
        ]
        assert board.next_time() == min(later, default=None)


def test_with_ageing_a_job_of_low_priority_gets_its_turn() -> None:
    """An urgent job comes every minute; the low one is level with it after three steps."""
    play = Playing(ageing=10 * MINUTE)
    play.add("low", priority=JobPriority.LOW, account_id="patient")
    waited = 0
    while True:
        play.add(f"urgent-{waited}", priority=JobPriority.URGENT, scheduled_time=play.now)
        first = play.due()
        assert first is not None
        if first == "low":
            break
        play.do(first, c.Cancel())
        play.now += MINUTE
        waited += 1
    assert waited == 30
    play.board.restore(play.board.capture())
    assert play.due() == "low"


class Counting(dict[str, ScheduledJob]):
    """A dict of jobs that counts how many are looked at."""

    looks = 0

    def get(self, key: str, default: Any = None) -> Any:
        type(self).looks += 1
        return super().get(key, default)

    def values(self) -> Any:
        raise AssertionError("a scan of all jobs")

    __iter__ = items = values


def count_looks(board: Board) -> None:
    """From now on, whoever looks at the board's jobs is counted."""
    board.jobs.open = counting = Counting(board.jobs.open)
    queue = board._queue
    for looking in [queue, *(queue._lanes.values() if isinstance(queue, AgeingQueue) else [])]:
        looking._jobs = counting
    Counting.looks = 0


@pytest.mark.parametrize("ageing", [None, 10 * MINUTE], ids=str)
def test_finding_the_next_job_scans_nothing(ageing: timedelta | None) -> None:
    """Of 5,000 scheduled jobs a few are looked at, however many there are."""
    play = Playing(ageing)
    for n in range(5000):
        play.add(f"j{n}", scheduled_time=NOON + n * timedelta(seconds=1))
    count_looks(play.board)
    play.now += timedelta(seconds=3)
    assert play.due() == "j0"
    assert Counting.looks <= 8
    Counting.looks = 0
    for n in range(3):
        assert play.due() == f"j{n}"
        play.do(f"j{n}", c.Start())
    assert Counting.looks <= 30


def test_an_account_that_is_left_out_costs_one_look_however_many_jobs_it_has() -> None:
    """2,000 due jobs of an account that may not post now, and one of another behind them."""
    play = Playing()
    for n in range(2000):
        play.add(f"j{n}", account_id="busy", priority=JobPriority.URGENT)
    play.add("other", account_id="quiet")
    assert play.due() == "j0"
    count_looks(play.board)
    for _ in range(10):
        assert play.due(without_accounts={"busy"}) == "other"
    assert Counting.looks <= 60
    assert [job.job_id for job in play.board.due_of("busy")] == [f"j{n}" for n in range(2000)]


def test_a_board_on_which_nothing_expires_says_so() -> None:
    """A limit beyond the calendar is a limit that never comes."""
    play = Playing()
    play.add("a")
    never = timedelta.max
    assert play.board.next_expiry(never) is None
    assert play.board.expired(NOON + 300 * DAY, never) == []
    job = play.board.next_due(NOON + 300 * DAY, never)
    assert job is not None
    assert job.job_id == "a"


def test_running_every_job_of_a_full_board_looks_at_each_a_few_times() -> None:
    """20,000 due jobs, one after the other in their order: some looks a job, however many."""
    play = Playing()
    count = 20_000
    for n in range(count):
        play.add(f"j{n}", priority=JobPriority(n % 4 + 1), scheduled_time=NOON - n % 7 * MINUTE)
    expected = [
        job.job_id for job in play.board.select(Choice(statuses=frozenset({JobStatus.SCHEDULED})))
    ]
    count_looks(play.board)
    order = []
    while (job_id := play.due()) is not None:
        order.append(job_id)
        play.do(job_id, c.Start())
    assert order == expected
    assert Counting.looks <= 8 * count


def test_the_first_due_jobs_are_each_of_another_account_and_come_once() -> None:
    """Also where the heap of fronts has an account more than once: a better job came later."""
    play = Playing()
    for job_id, account, priority in (
        ("a-low", "a", JobPriority.LOW),
        ("b", "b", JobPriority.NORMAL),
        ("a-high", "a", JobPriority.HIGH),
        ("a-urgent", "a", JobPriority.URGENT),
    ):
        play.add(job_id, account_id=account, priority=priority)
        play.due()
    due = play.board.first_due(NOON, DAY, 10)
    assert [job.job_id for job in due] == ["a-urgent", "b"]
    left = play.board.first_due(NOON, DAY, 10, without_jobs={"a-urgent"})
    assert [job.job_id for job in left] == ["a-high", "b"]
    assert play.board.first_due(NOON, DAY, 1, without_accounts={"a"})[0].job_id == "b"
