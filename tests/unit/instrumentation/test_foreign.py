"""Objects of others may raise whatever they like; an interruption that falls into one is not its
own, and passes."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.waiting import DEADLINE_S

from jobledger import ManualClock, PostResult, Scheduler
from jobledger.instrumentation.foreign import guarded, text_of


class TimeIsUp(Exception):
    """What a signal handler of the program raises."""


class Lying(Exception):
    """One whose looks are no help."""

    @property  # type: ignore[misc]  # it is no class of its own, that is the lie
    def __class__(self) -> Any:
        raise SystemExit(1)

    @property
    def __traceback__(self) -> Any:  # type: ignore[override]  # nor has it one
        raise SystemExit(2)


@pytest.fixture
def time_is_up() -> Iterator[Callable[[], object]]:
    """Give what raises a signal whose handler raises `TimeIsUp`."""

    def handler(number: int, frame: object) -> None:
        raise TimeIsUp

    before = signal.signal(signal.SIGUSR1, handler)
    yield lambda: signal.raise_signal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


class Interrupted:
    """An object that is interrupted while it is asked for its text."""

    def __init__(self, interrupt: Callable[[], object]) -> None:
        self._interrupt = interrupt

    def __str__(self) -> str:
        self._interrupt()
        return "text"


def test_ctrl_c_passes() -> None:
    with pytest.raises(KeyboardInterrupt):
        text_of(Interrupted(lambda: signal.raise_signal(signal.SIGINT)))


def test_what_the_programs_signal_handler_raises_passes(time_is_up: Callable[[], object]) -> None:
    with pytest.raises(TimeIsUp):
        text_of(Interrupted(time_is_up))


@pytest.mark.usefixtures("time_is_up")
@pytest.mark.parametrize("error", [ValueError, TimeIsUp, SystemExit, GeneratorExit, Lying])
def test_whatever_the_object_raises_says_something_of_the_object_alone(
    error: type[BaseException],
) -> None:
    """Also one of the class that a handler raises."""

    def ask() -> str:
        raise error()

    assert guarded(ask, "otherwise") == "otherwise"


def test_in_another_thread_nothing_is_an_interruption() -> None:
    """There are no signals there: the object has raised it."""
    got: list[str] = []

    def ask() -> str:
        raise KeyboardInterrupt

    thread = threading.Thread(target=lambda: got.append(guarded(ask, "otherwise")))
    thread.start()
    thread.join(DEADLINE_S)
    assert got == ["otherwise"]


@pytest.mark.parametrize("on_interrupted", ["retry", "fail"])
def test_run_due_ends_with_what_falls_into_the_reading_of_an_answer(
    directory: Path,
    clock: ManualClock,
    time_is_up: Callable[[], object],
    on_interrupted: Any,
) -> None:
    """The attempt is recorded: it may be out, since nobody has read the answer to its end."""
    times = iter([True])

    class Answer(PostResult, frozen=True):
        def __getattribute__(self, name: str) -> Any:
            if name == "thread_id" and next(times, False):
                time_is_up()
            return super().__getattribute__(name)

    with Scheduler(directory, clock=clock, on_interrupted=on_interrupted) as scheduler:
        job_id = scheduler.add_job("a", "x", clock.now())
        other = scheduler.add_job("b", "y", clock.now())
        with pytest.raises(TimeIsUp):
            scheduler.run_due(lambda account_id, content: Answer(True, "t"))
        assert scheduler.history(job_id)[-1].type == "interrupted"
        assert scheduler.get_job(job_id).outcome_unknown == (on_interrupted == "fail")
        assert scheduler.get_job(other).attempt == 0
        assert scheduler.run_due(lambda account_id, content: PostResult(True, "t")) == 1
