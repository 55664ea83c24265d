"""The thread that writes behind: it asks for a good moment, does not wait for ever, and tries what
fails ever more rarely."""

from __future__ import annotations

import sys
import threading
from itertools import count
from types import FrameType
from typing import Any

import pytest
from support.waiting import DEADLINE_S, eventually

from jobledger.ledger.background import LONGEST_BACKOFF_S, Background


class Busy:
    """An owner of a background that never has a good moment."""

    def __init__(self, calm_in_s: float) -> None:
        self.calm_in_s = calm_in_s

    def _write_due(self) -> bool:
        return True

    def leave_alone_s(self, takes_s: float) -> float:
        return self.calm_in_s


class Hurried(Busy):
    """One that asks to be left alone, twice."""

    def __init__(self) -> None:
        super().__init__(0.001)
        self.calls: list[str] = []

    def _write_due(self) -> bool:
        self.calls.append("written")
        return True

    def leave_alone_s(self, takes_s: float) -> float:
        self.calls.append("asked")
        return self.calm_in_s if len(self.calls) < 3 else 0.0


def test_whoever_writes_behind_asks_first() -> None:
    owner = Hurried()
    background = Background(owner, 0.001, 3600)
    background.wake()
    eventually(lambda: "written" in owner.calls)
    background.stop()
    assert owner.calls == ["asked", "asked", "asked", "written"]


class Patience:
    """Stands for the event that ends a background: waiting for it moves the clock."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []

    def set(self) -> None:
        pass

    def is_set(self) -> bool:
        return False

    def wait(self, seconds: float) -> None:
        assert len(self.waited) < 100, "it waits for ever"
        self.waited.append(seconds)
        self.now += seconds


@pytest.mark.parametrize(("calm_in_s", "waits"), [(0.0, 0), (0.043, 19), (5.0, 1)])
def test_giving_way_has_an_end(calm_in_s: float, waits: int) -> None:
    """What follows the log within a second does so however many jobs come."""
    owner, patience = Busy(calm_in_s), Patience()
    background = Background(owner, 0.3, 0.8, lambda: patience.now)
    background._stopping = patience  # type: ignore[assignment]
    background._give_way(0.0, latest=0.8)
    assert len(patience.waited) == waits
    assert sum(patience.waited) <= 0.8 + 1e-6


# -- what fails ------------------------------------------------------------------------------------


class Failing(Busy):
    """An owner whose writing fails, or raises, so many times, and then ends the background."""

    def __init__(self, failures: int, error: BaseException | None = None) -> None:
        super().__init__(0.0)
        self.failures = failures
        self.error = error
        self.background: Background | None = None

    def _write_due(self) -> bool:
        assert self.background is not None
        if self.failures:
            self.failures -= 1
            if self.error is not None:
                raise self.error
            return False
        self.background._end()
        return True


class Retry(Patience):
    """Stands for the event that ends a waiting for the next try."""

    def clear(self) -> None:
        pass

    def wait(self, seconds: float) -> None:
        assert seconds >= 0
        super().wait(seconds)


class Ending(Patience):
    """Stands for the event that ends a background, and can be set."""

    is_ended = False

    def set(self) -> None:
        self.is_ended = True

    def is_set(self) -> bool:
        return self.is_ended


def tried(owner: Failing, interval_s: float = 0.3, longest_s: float = 0.8) -> list[float]:
    """Have it work in this thread until it ends itself; how long it waited before each try."""
    retry, ending = Retry(), Ending()
    background = Background(owner, interval_s, longest_s, lambda: retry.now)
    background._retry, background._stopping = retry, ending  # type: ignore[assignment]
    owner.background = background
    background._wake.set()
    background._run()
    assert not background.is_late
    return retry.waited


@pytest.mark.parametrize("error", [None, MemoryError(), SystemExit(1)], ids=repr)
def test_what_fails_is_tried_ever_more_rarely(error: BaseException | None) -> None:
    waited = tried(Failing(10, error))
    assert waited == [0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 30.0, 30.0, 30.0, 30.0]


def test_what_has_failed_for_years_is_still_tried() -> None:
    """The number of failures has no end."""
    owner = Failing(0)
    background = Background(owner, 0.3, 0.8)
    background._failures = 10**9
    assert background._backoff_s() == LONGEST_BACKOFF_S


def test_what_works_is_waited_for_no_longer() -> None:
    assert tried(Failing(0)) == []


def test_a_try_that_took_long_counts_as_waiting() -> None:
    """It waited for a lock that somebody else holds: when that is let go, it is not to wait on."""
    owner, retry = Busy(0.0), Retry()
    background = Background(owner, 0.3, 0.8)
    background._retry = retry  # type: ignore[assignment]
    background._failures = 20
    for took_s in (0.0, 12.0, 29.0, 30.0, 60.0):
        background._back_off(took_s)
    assert retry.waited == [30.0, 18.0, 1.0]


class Mended(Busy):
    """An owner whose writing fails until it is mended."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.is_sound = False
        self.tries: list[bool] = []

    def _write_due(self) -> bool:
        self.tries.append(self.is_sound)
        return self.is_sound


@pytest.mark.parametrize("how", ["works again", "stopped"])
def test_waiting_for_the_next_try_can_be_ended(how: str) -> None:
    """It would be half an hour."""
    owner = Mended()
    background = Background(owner, 0.001, 0.002)
    background._backoff_s = lambda: 1800.0 if background._failures else 0.0  # type: ignore[method-assign]
    background.wake()
    eventually(lambda: owner.tries)
    background.wake()  # no reason to try earlier: it is known that there is something to do
    assert background.is_late
    owner.is_sound = True
    if how == "works again":
        background.works_again()
        eventually(lambda: owner.tries[-1])
        assert owner.tries == [False, True]
    assert background.stop(DEADLINE_S)
    assert len(owner.tries) == (1 if how == "stopped" else 2)


def test_without_a_thread_what_fails_is_tried_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By whoever makes changes, who is not to wait for it each time."""

    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    owner, now = Mended(), [0.0]
    background = Background(owner, 0.25, 0.75, lambda: now[0])
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    tried_at: list[float] = []
    for quarter in range(400):
        now[0] = quarter / 4
        background.wake()
        before = len(owner.tries)
        background.work_here()
        if len(owner.tries) > before:
            tried_at.append(now[0])
    assert tried_at == [0.0, 0.75, 1.75, 3.75, 7.75, 15.75, 31.75, 61.75, 91.75]


def test_an_owner_may_go_wherever_its_making_was_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody could be told of what failed then: it is told of at any later moment."""
    failed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", failed.append)
    steps = 0

    def interrupt(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal steps
        if frame.f_code is not Background.__init__.__code__:
            return None
        steps -= 1
        if steps == 0:
            raise KeyboardInterrupt
        return interrupt

    kept: list[Any] = []
    for at in count(1):
        steps, owner = at, Busy(0)
        background = Background.__new__(Background)
        kept.append(background)
        sys.settrace(interrupt)
        try:
            Background.__init__(background, owner, 1, 1)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)
        if steps > 0:
            break
        del owner
    assert failed == []
    assert at > 8, "it was interrupted at each line"
