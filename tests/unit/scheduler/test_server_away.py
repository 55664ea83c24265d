"""A ledger on a server that does not answer: the event loop of its runner goes on all the same.

The server is one in memory that lets whoever asks it wait until the test says so: whatever waits
for it in the event loop would keep the test from ever saying so.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta

import pytest
from support.domain import NOON
from support.many_runners import Desk
from support.waiting import eventually, eventually_async

from jobledger import Attempt, JobStatus, PostResult, Scheduler


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have who ends wait but a moment for a server that stays away until it has ended."""
    for room in ("loop", "parts"):
        monkeypatch.setattr(f"jobledger.scheduler.{room}.CANCEL_S", 0.05)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with ExitStack() as stack:
        desk = Desk(stack)
        yield desk
        desk.is_there.set()  # before anybody is closed


class Waiting:
    """A publisher that answers when it is told to, for each account."""

    def __init__(self, *accounts: str) -> None:
        self.may_answer = {account: asyncio.Event() for account in accounts}
        self.begun: list[str] = []
        self.answered: list[str] = []

    async def publish(self, attempt: Attempt) -> PostResult:
        account = attempt.job.account_id
        self.begun.append(account)
        await self.may_answer[account].wait()
        self.answered.append(account)
        return PostResult(True, thread_id=f"post of {account}")


async def is_away(desk: Desk) -> None:
    """Have the server be away, and wait until somebody waits for it."""
    desk.is_there.clear()
    await eventually_async(lambda: desk.waiting, "a call of the server")


def threads_end() -> None:
    eventually(
        lambda: all(one.name != "jobledger-ledger" for one in threading.enumerate()),
        "the end of the thread that works with the ledger",
    )


def test_timers_and_publishers_go_on_while_the_server_is_away(desk: Desk) -> None:
    ids = dict(zip(("shop", "cafe"), desk.add("shop", "cafe"), strict=True))
    one = desk.runner(concurrency=2)

    async def work() -> None:
        publisher = Waiting("shop", "cafe")
        await one.start(publisher)
        await eventually_async(lambda: len(publisher.begun) == 2)
        await is_away(desk)
        publisher.may_answer["shop"].set()
        await eventually_async(lambda: publisher.answered == ["shop"])
        publisher.may_answer["cafe"].set()
        await eventually_async(lambda: publisher.answered == ["shop", "cafe"])
        timer = asyncio.Event()
        asyncio.get_running_loop().call_later(0.001, timer.set)  # of the program's own
        await timer.wait()
        assert {job.status for job in one._state.board.jobs.open.values()} == {JobStatus.RUNNING}
        desk.is_there.set()
        for account, job_id in ids.items():
            await eventually_async(lambda job=job_id: is_completed(one, job))  # type: ignore[misc]
            assert one.get_job(job_id).thread_id == f"post of {account}"
        await one.stop()

    asyncio.run(work())


def is_completed(one: Scheduler, job_id: str) -> bool:
    job = one._state.board.get(job_id)
    return job is not None and job.status is JobStatus.COMPLETED


def test_it_stops_while_the_server_is_away(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """What it knows is kept, and recorded when the ledger answers again."""
    [job_id] = desk.add("shop")
    one = desk.runner(grace_s=0.1)

    async def work() -> None:
        publisher = Waiting("shop")
        await one.start(publisher)
        await eventually_async(lambda: publisher.begun)
        await is_away(desk)
        publisher.may_answer["shop"].set()
        await eventually_async(lambda: publisher.answered)
        await one.stop()
        assert not one.is_running
        assert not desk.is_there.is_set()

    asyncio.run(work())
    assert "the ledger does not answer" in caplog.text
    desk.is_there.set()
    one.close()
    assert desk.ledger.get_job(job_id).thread_id == "post of shop"
    threads_end()


@pytest.mark.usefixtures("impatient")
def test_it_stops_at_once_where_nothing_is_left_to_be_recorded(desk: Desk) -> None:
    one = desk.runner(grace_s=3600.0)

    async def work() -> None:
        await one.start(Waiting())
        await is_away(desk)
        await one.stop()

    asyncio.run(work())
    assert not one.is_running


@pytest.mark.usefixtures("impatient")
def test_what_was_taken_while_it_was_stopped_is_put_back(desk: Desk) -> None:
    """The server answers when nobody is there any more to make the attempt."""
    one = desk.runner(grace_s=0.0)
    publisher = Waiting("shop")
    taken = threading.Event()
    begin_all = one._parts.dispatcher.begin_all

    def begin(*given: object) -> object:
        desk.is_there.clear()
        taken.set()
        return begin_all(*given)  # type: ignore[arg-type]

    async def work() -> None:
        await one.start(publisher)
        one._parts.dispatcher.begin_all = begin  # type: ignore[method-assign, assignment]
        desk.ledger.add_job("shop", "text", NOON, job_id="it")
        await eventually_async(taken.is_set)
        await one.stop()

    asyncio.run(work())
    desk.is_there.set()
    one.close()
    assert publisher.begun == []
    events = [event.type for event in desk.ledger.history("it")]
    assert events == ["added", "started", "retried"]
    assert desk.ledger.get_job("it").status is JobStatus.SCHEDULED
    assert desk.ledger.get_job("it").retry_count == 0


def test_what_is_given_back_late_leaves_a_newer_attempt_alone(desk: Desk) -> None:
    [job_id] = desk.add("shop")
    one = desk.runner()
    attempts, job = one._parts.attempts, one.get_job(job_id)
    late, newer = attempts.claim(job), attempts.claim(job)
    one._parts.dispatcher.give_back([late])
    assert attempts.by_job[job_id] is newer


def test_a_step_of_an_async_publisher_waits_beside_its_event_loop(desk: Desk) -> None:
    [job_id] = desk.add("shop")
    one = desk.runner()
    recorded = asyncio.Event()

    class Stepping:
        async def publish(self, attempt: Attempt) -> PostResult:
            desk.is_there.clear()
            step = asyncio.create_task(attempt.acheckpoint("sending", 1))
            await eventually_async(lambda: desk.waiting)
            assert not step.done()
            assert not attempt.is_cancelled  # asked in the event loop, which does not wait for it
            desk.is_there.set()
            await step
            await attempt.anote("nearly there")
            recorded.set()
            return PostResult(True)

    assert one.run_due(Stepping()) == 1
    assert recorded.is_set()
    events = [event.type for event in desk.ledger.history(job_id)]
    assert events == ["added", "started", "checkpointed", "noted", "completed"]


def test_a_job_that_comes_due_is_run_when_the_server_is_back(desk: Desk) -> None:
    one = desk.runner()
    job_id = desk.ledger.add_job("shop", "text", NOON + timedelta(minutes=5))

    async def work() -> None:
        publisher = Waiting("shop")
        publisher.may_answer["shop"].set()
        await one.start(publisher)
        await is_away(desk)
        desk.clock.advance(timedelta(minutes=5))
        desk.is_there.set()
        await eventually_async(lambda: is_completed(one, job_id))
        await one.stop()

    asyncio.run(work())
    assert [event.type for event in desk.ledger.history(job_id)][-2:] == ["started", "completed"]


@pytest.mark.usefixtures("impatient")
def test_run_due_begins_when_what_an_earlier_loop_has_begun_is_over(desk: Desk) -> None:
    [job_id] = desk.add("shop")
    one = desk.runner(grace_s=0.0)

    async def work() -> None:
        await one.start(Waiting("shop"))
        await is_away(desk)
        await one.stop()

    asyncio.run(work())
    ran: list[int] = []
    caller = threading.Thread(target=lambda: ran.append(one.run_due(lambda account, text: done())))
    caller.start()
    desk.is_there.set()
    caller.join()
    assert ran == [1]
    assert desk.ledger.get_job(job_id).status is JobStatus.COMPLETED


def done() -> PostResult:
    return PostResult(True)
