"""Failures that repeat don't flood the log, and callbacks change nothing of what happens."""

from __future__ import annotations

import logging
import signal
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from support.waiting import eventually

from jobledger import Ledger, ManualClock, Scheduler, StorageError, ValidationError
from jobledger.instrumentation.telling import OnlyTold, Repeated
from jobledger.projections.writer import ProjectionWriter

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Time:
    """Both clocks of a `Repeated`, in hand."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def monotonic(self) -> float:
        return self.passed_s

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def trouble(time: Time) -> Repeated:
    return Repeated("it failed", again="it works again", time=time.monotonic, now=time.now)


def test_an_error_that_repeats_is_told_ever_more_rarely(
    trouble: Repeated, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """At once, after 10 s, then after 20 s more, 40 s, … an hour at most."""
    told = []
    for second in range(4 * 3600):
        time.passed_s = float(second)
        caplog.clear()
        trouble.failed("no room")
        told += [second] * len(caplog.messages)
    assert told == [0, 10, 30, 70, 150, 310, 630, 1270, 2550, 5110, 8710, 12310]
    caplog.clear()
    time.passed_s = 20_000.0
    trouble.failed("no room", path="x")
    [line] = caplog.messages
    assert line == (
        'event="it failed" path=x failures=14401 since=2026-03-02T12:00:00+00:00 error="no room"'
    )


def test_that_it_works_again_is_told_once(
    trouble: Repeated, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    trouble.worked()
    assert caplog.messages == []
    for _ in range(3):
        trouble.failed("no room")
    caplog.clear()
    trouble.worked()
    trouble.worked()
    assert caplog.messages == ['event="it works again" failures=3 since=2026-03-02T12:00:00+00:00']
    assert caplog.records[0].levelno == logging.WARNING


def test_after_that_the_next_failure_is_a_first_one(
    trouble: Repeated, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(100):
        time.passed_s += 60
        trouble.failed("no room")
    trouble.worked()
    caplog.clear()
    trouble.failed("no room")
    assert caplog.messages == ['event="it failed" error="no room"']


def test_another_error_is_told_at_once_and_the_same_with_other_numbers_is_not_another(
    trouble: Repeated, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1000):
        trouble.failed(f"no room for {number} bytes")
        trouble.failed(f"no {'x' * (number + 1)}")
    errors = [message.split("error=")[1].split('" ')[0] for message in caplog.messages]
    assert errors == ['"no room for 0 bytes"', '"no x"', '"no xx"', '"no xxx"', '"no xxxx"']


def test_failures_in_many_threads_are_all_counted(
    trouble: Repeated, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        for _ in range(500):
            trouble.failed("no room")

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caplog.messages) == 1
    trouble.worked()
    assert "failures=4000" in caplog.messages[-1]


def test_a_daily_file_that_cannot_be_written_is_told_of_once(
    directory: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often that is tried; and once that it can be written again."""
    monkeypatch.setattr("jobledger.ledger.background.LONGEST_BACKOFF_S", 0.01)
    blocked = directory / f"jobs_{clock.now():%Y-%m-%d}.json"
    with Ledger(directory, clock=clock) as ledger:
        with patch.object(ProjectionWriter, "write", side_effect=StorageError("no room")):
            ledger.add_job("a", "x", clock.now())
            eventually(lambda: ledger._behind._trouble._failures > 3)
        eventually(blocked.exists)
        eventually(lambda: ledger._behind._trouble._failures == 0)
    told = [message for message in caplog.messages if "writing behind" in message]
    assert len(told) == 2
    assert 'event="writing behind failed; will be tried again"' in told[0]
    assert 'event="writing behind works again"' in told[1]


# -- callbacks -------------------------------------------------------------------------------------


class Failing:
    """A callback that raises, and counts."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.calls = 0

    def __call__(self, *args: object) -> None:
        self.calls += 1
        raise self.error


class Unheard(BaseException):
    """What no `except Exception` catches."""


ERRORS = [OSError("broken bar"), Unheard(), SystemExit(1), RecursionError(), GeneratorExit()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_callback_that_fails_is_told_nothing_more(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    callback = Failing(error)
    told = OnlyTold("progress", callback)
    told(1, 2)
    told(2, 2)
    assert callback.calls == 1
    [message] = caplog.messages
    assert 'event="a callback failed; it is not called again" callback=progress' in message
    assert type(error).__name__ in message


def test_a_callback_that_works_is_told_everything() -> None:
    heard: list[tuple[int, int]] = []
    told = OnlyTold("progress", lambda done, total: heard.append((done, total)))
    told(1, 2)
    told(done=2, total=2)
    assert heard == [(1, 2), (2, 2)]


def test_ctrl_c_in_a_callback_passes() -> None:
    """And the callback goes on being told: it did not fail."""
    calls: list[int] = []

    def callback(number: int) -> None:
        calls.append(number)
        if number == 1:
            signal.raise_signal(signal.SIGINT)

    told = OnlyTold("progress", callback)
    with pytest.raises(KeyboardInterrupt):
        told(1)
    told(2)
    assert calls == [1, 2]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_progress_that_fails_keeps_no_ledger_from_being_opened_checked_or_rebuilt(
    directory: Path, clock: ManualClock, error: BaseException
) -> None:
    with Ledger(directory, clock=clock) as ledger:
        ids = [ledger.add_job("a", f"text {n}", clock.now()) for n in range(30)]
    callbacks = [Failing(error) for _ in range(4)]
    with Ledger(directory, clock=clock, use_snapshot=False, progress=callbacks[0]) as ledger:
        assert [job.job_id for job in ledger.list_jobs()] == ids
        assert ledger.verify(progress=callbacks[1]).ok
        ids.append(ledger.add_job("a", "another", clock.now()))
        assert ledger.rebuild(check=True, progress=callbacks[2]).differences == []
        assert ledger.rebuild(progress=callbacks[3]).jobs == len(ids)
    assert [callback.calls for callback in callbacks] == [1, 1, 1, 1]
    with Scheduler(directory, clock=clock, progress=Failing(error)) as scheduler:
        assert len(scheduler.list_jobs()) == len(ids)


def test_ctrl_c_in_progress_ends_the_opening(directory: Path, clock: ManualClock) -> None:
    """And the next one finds everything as it was."""

    def progress(done: int, total: int) -> None:
        signal.raise_signal(signal.SIGINT)

    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "x", clock.now())
    with pytest.raises(KeyboardInterrupt):
        Ledger(directory, clock=clock, use_snapshot=False, progress=progress)
    with Ledger(directory, clock=clock) as ledger:
        assert len(ledger.list_jobs()) == 1
        with pytest.raises(KeyboardInterrupt):
            ledger.verify(progress=progress)
        with pytest.raises(KeyboardInterrupt):
            ledger.rebuild(progress=progress)
        ledger.add_job("a", "y", clock.now())
        assert ledger.verify().ok


@pytest.mark.parametrize("callback", [None, 3, "print"])
def test_what_cannot_be_called_is_refused_when_it_is_given(
    directory: Path, callback: object
) -> None:
    with pytest.raises(ValidationError, match="progress must be callable") as caught:
        Ledger(directory, progress=callback)  # type: ignore[arg-type]
    assert caught.value.field == "progress"
    assert not directory.exists()
