"""The time in which a process runs: what lies between two looks counts up to a second."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from jobledger.scheduler.uptime import LONGEST_GAP_S, Uptime, wait_while_running


class Seconds:
    """A clock of seconds that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_time_counts_as_long_as_somebody_looks() -> None:
    seconds = Seconds()
    uptime = Uptime(seconds)
    for tenths in range(1, 50):
        seconds.now += 0.1
        assert uptime.look() == pytest.approx(tenths / 10)


@pytest.mark.parametrize("asleep_s", [1.5, 7.0, 86_400.0])
def test_a_stopped_process_is_a_second_older_at_most(asleep_s: float) -> None:
    seconds = Seconds()
    uptime = Uptime(seconds)
    seconds.now += asleep_s
    assert uptime.look() == LONGEST_GAP_S
    seconds.now += 0.5
    assert uptime.look() == LONGEST_GAP_S + 0.5


def test_a_clock_that_goes_back_counts_for_nothing() -> None:
    seconds = Seconds()
    uptime = Uptime(seconds)
    looks = []
    for by in (0.3, -5.0, 0.3, 0.0):
        seconds.now += by
        looks.append(uptime.look())
    assert all(earlier <= later for earlier, later in pairwise(looks))
    assert looks[-1] == pytest.approx(0.6)


@pytest.mark.parametrize("asleep_s", [0.0, 7.0, 86_400.0])
def test_a_wait_does_not_count_the_time_in_which_the_process_was_stopped(
    monkeypatch: pytest.MonkeyPatch, asleep_s: float
) -> None:
    """It is over after as many slices as make up its time, whatever one of them took."""
    slices: list[float] = []

    async def main() -> bool:
        loop = asyncio.get_running_loop()
        seconds = Seconds()
        monkeypatch.setattr(loop, "time", seconds)

        async def wait(works: list[asyncio.Future[None]], timeout: float) -> None:
            slices.append(timeout)
            seconds.now += timeout + (asleep_s if len(slices) == 2 else 0.0)

        monkeypatch.setattr(asyncio, "wait", wait)
        try:
            return await wait_while_running(loop.create_future(), 5.0)
        finally:
            monkeypatch.undo()

    assert asyncio.run(main()) is False
    counted = sum(slices) + (LONGEST_GAP_S - slices[1] if asleep_s else 0.0)
    assert counted == pytest.approx(5.0)


def test_a_wait_ends_with_what_it_waits_for() -> None:
    async def main() -> None:
        work = asyncio.ensure_future(asyncio.sleep(0))
        assert await wait_while_running(work, 20.0)
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(ValueError("x"))
        assert await wait_while_running(failed, 20.0)
        assert isinstance(failed.exception(), ValueError)

    asyncio.run(main())
