"""Several runners of one ledger, each by a lease: who takes what, and what becomes of what is left.

The engine is one in memory, whose clock is the test's own; a real server has the same contract
(tests/contracts/test_runners.py), and real processes are in tests/e2e/test_workers.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

import pytest
from support.domain import NOON
from support.many_runners import Calling, Desk
from support.waiting import eventually_async

from jobledger import (
    Attempt,
    JobStatus,
    Pacing,
    PostResult,
    Scheduler,
    StaleAttemptError,
    StorageError,
)
from jobledger.eventstore import AppendFailedError, Cursor, Tail, Write
from jobledger.testing.shared_memory import LEASE, SharedMemoryEngine


@pytest.fixture
def desk() -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(stack)


# -- who takes what --------------------------------------------------------------------------------


def test_while_one_posts_for_an_account_no_other_does(desk: Desk) -> None:
    """Whichever runner it is; another account is free to be posted for."""
    first, second, other = desk.add("shop", "shop", "café")
    one, two = desk.runner(), desk.runner()
    elsewhere = Calling()
    publisher = Calling(lambda attempt: two.run_due(elsewhere))
    one.run_due(publisher, limit=1)
    assert (publisher.posted, elsewhere.posted) == ([first], [other])
    two.run_due(elsewhere)
    assert elsewhere.posted == [other, second]


def test_each_job_is_taken_by_one_of_them(desk: Desk) -> None:
    ids = desk.add(*(f"account {n}" for n in range(9)))
    runners = [desk.runner(concurrency=2), desk.runner(), desk.runner()]
    publisher = Calling()
    while sum(runner.run_due(publisher, limit=2) for runner in runners):
        pass
    assert sorted(publisher.posted) == sorted(ids)


def test_pacing_holds_over_all_of_them(desk: Desk) -> None:
    desk.add("shop", "shop")
    pacing = Pacing(min_gap_s=300)
    one, two = desk.runner(pacing=pacing), desk.runner(pacing=pacing)
    publisher = Calling()
    assert (one.run_due(publisher), two.run_due(publisher)) == (1, 0)
    waiting = desk.ledger.list_jobs(status=JobStatus.SCHEDULED)
    assert [job.deferred_until for job in waiting] == [NOON + timedelta(minutes=5)]
    desk.pass_time(one, two, leases=20)
    assert two.run_due(publisher) == 1


def test_an_attempt_says_for_how_long_its_runner_may_still_act(desk: Desk) -> None:
    desk.add("shop")
    left: list[float] = []
    desk.runner().run_due(Calling(lambda attempt: left.append(attempt.valid_for_s)))
    assert left == [LEASE.total_seconds()]


# -- what becomes of what is left ------------------------------------------------------------------


def test_what_a_living_runner_runs_is_left_to_it_however_long(desk: Desk) -> None:
    [job_id] = desk.add("shop")
    one, two = desk.runner(), desk.runner()

    def meanwhile(attempt: Attempt) -> None:
        desk.pass_time(one, two, leases=200)  # longer than a job may run, by far
        assert two.recover_stuck_jobs() == two.recover_all_running_jobs() == 0
        newcomer = desk.runner()
        assert newcomer.recover_all_running_jobs() == 0
        assert newcomer.get_job(job_id).status is JobStatus.RUNNING

    one.run_due(Calling(meanwhile))
    assert desk.ledger.get_job(job_id).status is JobStatus.COMPLETED


def test_what_a_runner_leaves_that_slept_is_taken_over_and_its_result_refused(desk: Desk) -> None:
    """It goes on as another runner when it wakes."""
    [job_id] = desk.add("shop")
    one, two = desk.runner(), desk.runner()
    before = one._parts.lease.runner
    elsewhere = Calling()

    def meanwhile(attempt: Attempt) -> None:
        desk.pass_time(two)
        assert two.run_due(elsewhere) == 1
        with pytest.raises(StaleAttemptError):
            attempt.checkpoint("sending")

    publisher = Calling(meanwhile)
    one.run_due(publisher)
    assert (publisher.posted, elsewhere.posted) == ([job_id], [job_id])
    events = [event.type for event in desk.ledger.history(job_id)]
    assert events == ["added", "started", "interrupted", "started", "completed"]
    [again] = desk.add("shop")
    assert one.run_due(Calling()) == 1
    assert one._parts.lease.runner != before
    assert desk.ledger.get_job(again).runner == one._parts.lease.runner


def test_an_ended_runner_records_no_step(desk: Desk) -> None:
    """Also where nobody has interrupted its attempt yet: the one that ended it may have died. So a
    publisher that asks before it sends does not send, and the attempt has failed."""
    [job_id] = desk.add("shop")
    one, two = desk.runner(), desk.runner()
    sent: list[str] = []

    def meanwhile(attempt: Attempt) -> None:
        desk.pass_time(two)
        two._parts.lease.look_at_others([])
        attempt.checkpoint("sending")
        sent.append(job_id)

    one.run_due(Calling(meanwhile))
    job = desk.ledger.get_job(job_id)
    assert (sent, job.status, job.checkpoints) == ([], JobStatus.SCHEDULED, {})
    assert "another runner has ended this one" in str(job.error)
    assert one.run_due(Calling()) == 1


def test_what_was_given_up_takes_no_step_although_its_process_goes_on(desk: Desk) -> None:
    """As another runner, whose lease holds, and before anybody has interrupted the attempt."""
    [job_id] = desk.add("shop")
    one, two = desk.runner(), desk.runner()
    sent: list[str] = []

    def meanwhile(attempt: Attempt) -> None:
        desk.pass_time(two)
        two._parts.lease.look_at_others([])
        one._parts.rescuer.keep_right()
        with pytest.raises(StaleAttemptError, match="was given up"):
            attempt.checkpoint("sending")
        sent.append(job_id)

    one.run_due(Calling(meanwhile), limit=1)
    assert sent == [job_id]
    assert [event.type for event in desk.ledger.history(job_id)].count("checkpointed") == 0


def test_no_publisher_is_called_by_a_lease_that_has_run_out(desk: Desk) -> None:
    """Between taking a job and calling its publisher the process slept: the job is put back."""
    [job_id] = desk.add("shop")
    one = desk.runner()

    def sleep() -> None:
        job = one._state.board.get(job_id)
        if job is not None and job.status is JobStatus.RUNNING:
            desk.clock.advance(2 * LEASE)

    one._state.on_change.append(sleep)
    publisher = Calling()
    one.run_due(publisher)
    assert publisher.posted == []
    assert desk.ledger.get_job(job_id).status is JobStatus.SCHEDULED
    assert desk.ledger.get_job(job_id).retry_count == 0


def test_what_a_runner_leaves_of_which_the_engine_knows_nothing_is_taken_over(desk: Desk) -> None:
    """A ledger that was copied has no runners of where it was."""
    [job_id] = desk.add("shop")
    one = desk.runner()
    with suppress(StorageError):  # it is no more
        one.run_due(Calling(lambda attempt: one._abandon()))
    desk.shared.runners.clear()
    two = desk.runner()
    assert [event.type for event in desk.ledger.history(job_id)][-1] == "interrupted"
    assert two.run_due(Calling()) == 1


def test_a_runner_that_is_closed_in_the_midst_hands_over_at_once(desk: Desk) -> None:
    [job_id] = desk.add("shop")
    one, two = desk.runner(), desk.runner()
    with suppress(StorageError):  # it is closed
        one.run_due(Calling(lambda attempt: one.close()))
    assert two.run_due(Calling()) == 1
    assert desk.ledger.get_job(job_id).status is JobStatus.COMPLETED
    assert [seen.ended_at for seen in desk.shared.runners.values()] == [NOON, None]


class Away:
    """Has the engine of a runner out of reach within `from_the_next_append`, from there on; what
    was sent to it may arrive later."""

    def __init__(self, runner: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
        engine = runner._engine
        assert isinstance(engine, SharedMemoryEngine)
        self._engine, self._monkeypatch = engine, monkeypatch
        self._sent: list[tuple[Write, Cursor, Cursor]] = []

    @contextmanager
    def from_the_next_append(self) -> Iterator[None]:
        with self._monkeypatch.context() as patch:

            def append(write: Write, *, after: Cursor, then: Cursor) -> bool:
                self._sent.append((write, after.copy(), then.copy()))
                patch.setattr(self._engine, "tail", tail)
                raise AppendFailedError("no answer")

            def tail() -> Tail:
                raise StorageError("out of reach")

            patch.setattr(self._engine, "append", append)
            yield

    def arrive(self) -> None:
        for write, after, then in self._sent[:1]:
            assert self._engine.append(write, after=after, then=then)


def test_a_start_that_did_not_get_through_is_not_taken_for_another_runners(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are the first attempt of the job. The one that is not in the log is not put back in
    place of the one that is, whose publisher is at work."""
    [job_id] = desk.add("shop")
    one, two = desk.runner(), desk.runner()
    away = Away(one, monkeypatch)
    with pytest.raises(StorageError), away.from_the_next_append():
        one.run_due(Calling())
    elsewhere = Calling()
    two.run_due(Calling(lambda attempt: one.run_due(elsewhere)))
    assert elsewhere.posted == []
    assert [event.type for event in desk.ledger.history(job_id)] == [
        "added",
        "started",
        "completed",
    ]


def test_a_start_that_arrives_late_is_made_by_nobody_and_taken_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runner lives, and has given it up long ago."""
    [job_id] = desk.add("shop")
    one = desk.runner()
    away = Away(one, monkeypatch)
    with pytest.raises(StorageError), away.from_the_next_append():
        one.run_due(Calling())
    assert one.run_due(Calling(), limit=0) == 0  # by now it knows that it is not there
    away.arrive()
    assert desk.ledger.get_job(job_id).status is JobStatus.RUNNING
    assert one.run_due(Calling()) == 1
    assert desk.ledger.get_job(job_id).status is JobStatus.COMPLETED


class Slow:
    """A publisher whose first call hangs until it is cancelled."""

    def __init__(self) -> None:
        self.begun, self.cancelled = asyncio.Event(), asyncio.Event()

    async def publish(self, attempt: Attempt) -> PostResult:
        if not self.begun.is_set():
            self.begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.set()
        return PostResult(True)


def test_an_ended_runner_gives_up_what_it_runs(desk: Desk) -> None:
    """And takes over from itself what it was doing, as another runner."""
    [job_id] = desk.add("shop")
    one, two = desk.runner(), desk.runner()

    async def work() -> None:
        publisher = Slow()
        await one.start(publisher)
        await publisher.begun.wait()
        desk.pass_time(two)
        two._parts.lease.look_at_others([])
        await eventually_async(lambda: desk.ticked() and publisher.cancelled.is_set())
        assert desk.clock.now() < NOON + timedelta(minutes=10)  # not only when it is stuck
        await eventually_async(lambda: one.get_job(job_id).status is JobStatus.COMPLETED)
        await one.stop()

    asyncio.run(work())
    events = [event.type for event in desk.ledger.history(job_id)]
    assert events == ["added", "started", "interrupted", "started", "completed"]
