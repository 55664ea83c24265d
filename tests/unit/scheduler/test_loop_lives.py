"""The loop outlives whatever is raised in it; and where it ends all the same, that is seen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from support.publishers import Recording
from support.waiting import eventually, eventually_async

from jobledger import JobLedgerError, JobStatus, ManualClock, PostResult, Scheduler, StorageError


class Odd(BaseException):
    """Of a library: no Exception."""


ERRORS: dict[str, Callable[[], BaseException]] = {
    "error": lambda: OSError("x"),
    "no exception": lambda: Odd("x"),
    "group": lambda: ExceptionGroup("x", [OSError(), ValueError()]),
    "group of those": lambda: BaseExceptionGroup("x", [Odd(), KeyboardInterrupt()]),
    "cancelled by nobody": asyncio.CancelledError,
    "no memory": MemoryError,
    "recursion": RecursionError,
    "stop": lambda: StopAsyncIteration(),
}
PLACES = {
    "recover_stuck": "rescuer",
    "_expire": "loop",
    "settle": "rescuer",
    "fence": "runner",
    "until_due": "sleep",
    "pause": "sleep",
    "begin_all": "dispatcher",
}
"""Methods that a turn of the loop calls, or that wait an error out, and the part that has them."""
OF_A_TURN = sorted(PLACES.keys() - {"pause"})


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def break_once(scheduler: Scheduler, place: str, error: BaseException) -> list[BaseException]:
    """Have the next call of that method raise; return what is left to be raised."""
    part = getattr(scheduler._parts, PLACES[place])
    sound, left = getattr(part, place), [error]

    def broken(*arguments: Any, **more: Any) -> Any:
        if left:
            raise left.pop()
        return sound(*arguments, **more)

    setattr(part, place, broken)
    return left


@pytest.mark.parametrize("place", OF_A_TURN)
@pytest.mark.parametrize("kind", ERRORS)
def test_whatever_is_raised_in_a_turn_is_waited_out(
    directory: Path, clock: ManualClock, kind: str, place: str
) -> None:
    async def main() -> None:
        with Scheduler(directory, clock=clock, error_wait_s=0.01) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            left = break_once(scheduler, place, ERRORS[kind]())
            await scheduler.start(Recording())
            await eventually_async(lambda: scheduler.get_job(job_id).status is JobStatus.COMPLETED)
            await eventually_async(lambda: not left)
            later = scheduler.add_job("a", "y", clock.now())
            await eventually_async(lambda: scheduler.get_job(later).status is JobStatus.COMPLETED)
            assert scheduler.is_running
            await scheduler.stop()

    run(main())


@pytest.mark.parametrize("kind", ERRORS)
def test_even_waiting_it_out_may_fail(directory: Path, clock: ManualClock, kind: str) -> None:
    async def main() -> None:
        with Scheduler(directory, clock=clock, error_wait_s=0.01) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            break_once(scheduler, "settle", OSError("x"))
            left = break_once(scheduler, "pause", ERRORS[kind]())
            await scheduler.start(Recording())
            await eventually_async(lambda: scheduler.get_job(job_id).status is JobStatus.COMPLETED)
            assert not left
            await scheduler.stop()

    run(main())


def test_an_error_that_repeats_is_told_once_and_that_it_is_over(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        with Scheduler(directory, clock=clock, error_wait_s=0.001) as scheduler:
            sound, turns = scheduler.cleanup_expired_jobs, 0

            def failing() -> int:
                nonlocal turns
                turns += 1
                if turns <= 30:
                    raise StorageError(f"cannot read /somewhere/{turns}")
                return sound()

            scheduler.cleanup_expired_jobs = failing  # type: ignore[method-assign]
            await scheduler.start(Recording())
            await eventually_async(lambda: turns > 30)
            await scheduler.stop()

    run(main())
    assert caplog.text.count("error in the loop") == 1
    assert caplog.text.count("the loop works again") == 1
    assert "failures=30" in caplog.text


def test_a_loop_that_somebody_cancels_is_not_running(directory: Path, clock: ManualClock) -> None:
    """As a program does that cancels every task; it can be started again."""

    async def main() -> None:
        with Scheduler(directory, clock=clock) as scheduler:
            job_id = scheduler.add_job("a", "x", clock.now())
            begun = asyncio.Event()

            async def hang(account_id: str, content: str) -> PostResult:
                begun.set()
                await asyncio.Event().wait()
                return PostResult(True)

            await scheduler.start(hang)
            await begun.wait()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await eventually_async(lambda: not scheduler.is_running)
            await eventually_async(lambda: scheduler.get_job(job_id).retry_count == 1)
            event = scheduler.history(job_id)[-1]
            assert (event.type, event.data.reason) == ("interrupted", "stopped")  # type: ignore[union-attr]
            second = scheduler.add_job("a", "y", clock.now())
            await scheduler.start(Recording())
            await eventually_async(lambda: scheduler.get_job(second).status is JobStatus.COMPLETED)
            await scheduler.stop()

    run(main())


@pytest.mark.parametrize("how", ["cancelled", "KeyboardInterrupt", "SystemExit"])
def test_run_raises_when_the_loop_has_ended_by_itself(
    directory: Path, clock: ManualClock, how: str
) -> None:
    """So that a supervisor starts it again."""
    outcome: list[BaseException] = []
    with Scheduler(directory, clock=clock) as scheduler:

        def end() -> None:
            task = scheduler._parts.loop._task
            assert task is not None
            if how == "cancelled":
                task.get_loop().call_soon_threadsafe(task.cancel)
            else:
                error = KeyboardInterrupt() if how == "KeyboardInterrupt" else SystemExit(3)
                break_once(scheduler, "_expire", error)
                scheduler._parts.loop.wake()

        def run_it() -> None:
            try:
                scheduler.run(Recording())
            except BaseException as error:  # noqa: BLE001 - looked at below
                outcome.append(error)

        thread = threading.Thread(target=run_it)
        thread.start()
        eventually(lambda: scheduler.is_running)
        end()
        thread.join(20)
        assert not thread.is_alive()
        assert not scheduler.is_running
        [error] = outcome
        expected = {
            "cancelled": JobLedgerError,
            "KeyboardInterrupt": KeyboardInterrupt,
            "SystemExit": JobLedgerError,
        }
        assert isinstance(error, expected[how])
        job_id = scheduler.add_job("a", "x", clock.now())
        assert scheduler.run_due(Recording()) == 1
        assert scheduler.get_job(job_id).status is JobStatus.COMPLETED


def test_the_loop_ends_when_its_scheduler_is_closed(directory: Path, clock: ManualClock) -> None:
    """`run` returns: nobody goes on trying on a ledger that is closed."""
    scheduler = Scheduler(directory, clock=clock)
    thread = threading.Thread(target=scheduler.run, args=(Recording(),))
    thread.start()
    eventually(lambda: scheduler.is_running)
    scheduler.close()
    thread.join(20)
    assert not thread.is_alive()
    assert not scheduler.is_running
