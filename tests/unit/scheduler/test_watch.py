"""A runner that is watched: whether its loop turns, its right to run, its publisher's tokens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from support.many_runners import Desk

from jobledger import Attempt, ManualClock, PostResult, Scheduler
from jobledger.scheduler import watch
from jobledger.scheduler.loop import Loop
from jobledger.scheduler.watch import RunnerWatch

ENDS = datetime(2026, 5, 1, tzinfo=UTC)


class WithTokens:
    """A publisher that says when its tokens end."""

    def __init__(self, told: Any) -> None:
        self.told = told

    def publish(self, attempt: Attempt) -> PostResult:
        return PostResult(True)

    def token_expiries(self) -> Mapping[str, datetime]:
        if isinstance(self.told, Exception):
            raise self.told
        found: Mapping[str, datetime] = self.told
        return found


def test_a_loop_that_turns_is_well_and_one_that_was_stopped_is_not(
    directory: Path, clock: ManualClock
) -> None:
    async def main() -> None:
        with Scheduler(directory, clock=clock) as scheduler:
            assert scheduler.health() == ["the loop does not run"]
            await scheduler.start(lambda account_id, content: PostResult(True))
            assert await asyncio.to_thread(scheduler.health, ready=True) == []
            assert scheduler.health() == []  # in its own thread it turns just now
            await scheduler.stop()
            assert scheduler.health() == ["the loop does not run"]

    asyncio.run(main())


def test_a_loop_whose_thread_is_kept_does_not_turn(
    directory: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An async publisher that blocks keeps everything else from its turn."""
    monkeypatch.setattr(watch, "TURN_S", 0.05)

    async def main() -> None:
        found: list[str] = []
        with Scheduler(directory, clock=clock) as scheduler:
            await scheduler.start(lambda account_id, content: PostResult(True))
            asking = threading.Thread(target=lambda: found.extend(scheduler.health()))
            asking.start()
            asking.join()  # in the event loop's own thread
            await scheduler.stop()
        assert found == ["the loop does not turn: something keeps its thread"]

    asyncio.run(main())


def test_a_runner_whose_lease_has_run_out_is_alive_and_not_ready() -> None:
    """Its loop turns, and has not looked yet: it would have the right anew then."""

    class Turning:
        is_running = True

        def turns(self, within_s: float) -> bool:
            return True

    with ExitStack() as stack:
        desk = Desk(stack)
        lease = desk.runner()._parts.lease
        watch = RunnerWatch(cast(Loop, Turning()), lease)
        assert list(watch.faults(ready=True)) == []
        desk.clock.advance(timedelta(hours=1))
        assert list(watch.faults(ready=False)) == []
        (fault,) = watch.faults(ready=True)
        assert "the right to run has run out" in fault


@pytest.mark.parametrize(
    ("told", "accounts"),
    [
        ({"shop": ENDS, "blog": ENDS}, ["blog", "shop"]),
        ({"shop": ENDS, 4: ENDS, "naive": ENDS.replace(tzinfo=None), "no": None}, ["shop"]),
        ({}, []),
    ],
)
def test_tokens_are_told_as_the_publisher_says(
    told: Any, accounts: list[str], directory: Path, clock: ManualClock
) -> None:
    """But what says no moment is left out."""
    name = "jobledger_token_expires_timestamp_seconds"
    assert ends_told(WithTokens(told), directory, clock) == {
        f'{name}{{account="{account}"}}': str(round(ENDS.timestamp())) for account in accounts
    }


def ends_told(publisher: Any, directory: Path, clock: ManualClock) -> dict[str, str]:
    async def main() -> str:
        with Scheduler(directory, clock=clock) as scheduler:
            await scheduler.start(publisher)
            text = await asyncio.to_thread(scheduler.metrics)
            await scheduler.stop()
            return text

    lines = asyncio.run(main()).splitlines()
    samples = [line for line in lines if line.startswith("jobledger_token_expires")]
    return dict(line.rsplit(" ", 1) for line in samples)


@pytest.mark.parametrize("told", [None, "tomorrow", ValueError("no file"), [("shop", ENDS)]])
def test_a_publisher_that_cannot_tell_disturbs_nothing(
    told: Any, directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    assert ends_told(WithTokens(told), directory, clock) == {}
    assert "does not say when its tokens end" in caplog.text


def test_of_many_tokens_the_first_to_end_are_told(directory: Path, clock: ManualClock) -> None:
    many = {f"account-{n:03}": ENDS + timedelta(days=n) for n in reversed(range(120))}
    found = ends_told(WithTokens(many), directory, clock)
    assert len(found) == 100
    assert 'jobledger_token_expires_timestamp_seconds{account="account-000"}' in found
