"""Hooks hear of operational events as typed values, and change nothing of what happens."""

from __future__ import annotations

import importlib
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import msgspec
import pytest
from support.publishers import Recording

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    Scheduler,
    ValidationError,
    mark_secret,
)
from jobledger.instrumentation import (
    AttemptEnded,
    AttemptStarted,
    DerivedFileIgnored,
    Hook,
    JobsExpired,
    Level,
    OperationalEvent,
    Remark,
    RepeatedTrouble,
    TornTailCut,
    TroubleOver,
    add_hook,
    log_event,
    remove_hook,
)
from jobledger.instrumentation.hooks import tell
from jobledger.instrumentation.log import logger

TEXT = "the text of a post that nobody else is to read"
SECRET = "canary-of-the-hooks"
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Hooks:
    """Hooks that are gone when the test is over."""

    def __init__(self) -> None:
        self.heard: list[OperationalEvent] = []
        self._added: list[Hook] = []

    def listen(self) -> list[OperationalEvent]:
        self.add(self.heard.append)
        return self.heard

    def add(self, hook: Hook) -> None:
        self._added.append(hook)
        add_hook(hook)

    def end(self) -> None:
        for hook in self._added:
            remove_hook(hook)
        add_hook(log_event)


@pytest.fixture
def hooks() -> Iterator[Hooks]:
    hooks = Hooks()
    yield hooks
    hooks.end()


def raising(error: BaseException) -> Callable[[object], NoReturn]:
    def fail(event: object) -> NoReturn:
        raise error

    return fail


def test_a_hook_hears_what_a_runner_meets_as_typed_values(
    directory: Path, clock: ManualClock, hooks: Hooks
) -> None:
    heard = hooks.listen()
    with Scheduler(directory, clock=clock) as scheduler:
        good = scheduler.add_job("mai", TEXT, clock.now(), platform="threads")
        scheduler.run_due(Recording())
        bad = scheduler.add_job("mai", TEXT, clock.now(), max_retries=0)
        scheduler.run_due(lambda account_id, content: PostResult(False, error=f"no: {content}"))
    of_attempts = [each for each in heard if isinstance(each, AttemptStarted | AttemptEnded)]
    assert of_attempts == [
        AttemptStarted(job_id=good, account_id="mai", attempt=1, platform="threads"),
        AttemptEnded(job_id=good, account_id="mai", attempt=1, status=JobStatus.COMPLETED),
        AttemptStarted(job_id=bad, account_id="mai", attempt=1, platform="threads"),
        AttemptEnded(
            job_id=bad,
            account_id="mai",
            attempt=1,
            status=JobStatus.FAILED,
            error="no: [the text of the post]",
        ),
    ]
    assert [each.level for each in of_attempts] == ["debug", "info", "debug", "error"]
    assert of_attempts[3].values() == {
        "job_id": bad,
        "account_id": "mai",
        "attempt": 1,
        "status": "failed",
        "error": "no: [the text of the post]",
    }


def test_a_hook_hears_what_a_ledger_meets(
    directory: Path, clock: ManualClock, hooks: Hooks
) -> None:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("mai", TEXT, clock.now())
    [day] = directory.glob("events_*.jsonl")
    with day.open("ab") as file:
        file.write(b'{"seq": 2, "torn')
    (directory / "HEAD").unlink(missing_ok=True)
    heard = hooks.listen()
    with Ledger(directory, clock=clock):
        pass
    [torn] = [each for each in heard if isinstance(each, TornTailCut)]
    assert (torn.path, torn.size) == (str(day), len(b'{"seq": 2, "torn'))


def test_what_has_no_class_of_its_own_is_a_remark(hooks: Hooks) -> None:
    heard = hooks.listen()
    logger(path="x").bind(n=1).warning("said", error=OSError("no room"))
    assert heard == [
        Remark(
            text="said", how_much="warning", more={"path": "x", "n": 1, "error": "OSError: no room"}
        )
    ]


def test_an_event_cannot_be_changed(hooks: Hooks) -> None:
    """So one hook cannot change what the next one hears."""
    heard = hooks.listen()
    tell(JobsExpired(count=3))
    [event] = heard
    with pytest.raises(AttributeError):
        event.count = 4  # type: ignore[attr-defined]  # that is tried


def test_no_secret_and_no_query_of_an_address_is_told(
    hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither to a hook nor to the log; the rest of the address is."""
    heard = hooks.listen()
    mark_secret(SECRET)
    address = "https://graph.example.org/v1/me?access_token=abc&x=1"
    tell(DerivedFileIgnored(path=f"/srv/{SECRET}", reason=f"GET {address} failed"))
    logger(at=address).warning("said", error=OSError(f"{SECRET} at {address!r}"))
    assert [each.values() for each in heard] == [
        {"path": "/srv/***", "reason": "GET https://graph.example.org/v1/me failed"},
        {
            "at": "https://graph.example.org/v1/me",
            "error": "OSError: *** at 'https://graph.example.org/v1/me'",
        },
    ]
    assert len(caplog.messages) == 2
    assert "access_token" not in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "error",
    [OSError("no room"), SystemExit(3), GeneratorExit(), BaseExceptionGroup("x", [OSError()])],
)
def test_a_hook_that_raises_changes_nothing_and_is_told_once(
    directory: Path,
    clock: ManualClock,
    hooks: Hooks,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
) -> None:
    """However often it does; those after it hear all the same."""
    hooks.add(raising(error))
    heard, post = hooks.listen(), Recording()
    with Scheduler(directory, clock=clock) as scheduler:
        for n in range(5):
            scheduler.add_job(f"a{n}", f"text {n}", clock.now())
        assert scheduler.run_due(post) == 5
        assert scheduler.last_outcomes["completed"] == 5
    assert len([each for each in heard if isinstance(each, AttemptEnded)]) == 5
    assert len([line for line in caplog.messages if "a hook failed" in line]) == 1


def test_ctrl_c_in_a_hook_passes(hooks: Hooks) -> None:
    import signal

    hooks.add(lambda event: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        tell(JobsExpired(count=1))
    hooks.end()
    tell(JobsExpired(count=1))  # and it goes on as before


def test_what_a_hook_does_itself_is_logged_and_told_to_no_hook(
    hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    """Else it would hear of itself without end."""
    heard: list[OperationalEvent] = []

    def hear(event: OperationalEvent) -> None:
        heard.append(event)
        tell(JobsExpired(count=7))

    hooks.add(hear)
    logger().warning("said")
    assert [each.message for each in heard] == ["said"]
    assert len(caplog.messages) == 2


def test_the_log_is_a_hook_that_can_be_removed(
    hooks: Hooks, caplog: pytest.LogCaptureFixture
) -> None:
    heard = hooks.listen()
    remove_hook(log_event)
    tell(JobsExpired(count=1))
    assert caplog.messages == []
    add_hook(log_event)
    add_hook(log_event)
    tell(JobsExpired(count=2))
    assert caplog.messages == ['event="jobs expired: it was too late to post them" count=2']
    assert len(heard) == 2


def test_a_hook_is_added_once_and_must_be_callable(hooks: Hooks) -> None:
    heard: list[OperationalEvent] = []
    hear = heard.append
    hooks.add(hear)
    hooks.add(hear)
    tell(JobsExpired(count=1))
    assert len(heard) == 1
    remove_hook(hear)
    remove_hook(hear)
    tell(JobsExpired(count=1))
    assert len(heard) == 1
    with pytest.raises(ValidationError, match="callable"):
        add_hook("nothing")  # type: ignore[arg-type]  # that is tried


def test_a_hook_hears_in_any_thread(hooks: Hooks) -> None:
    """One that is in the midst of hearing in another thread, too."""
    inside, go_on, told = threading.Event(), threading.Event(), threading.Event()
    heard: list[OperationalEvent] = []

    def hear(event: OperationalEvent) -> None:
        heard.append(event)
        if len(heard) == 1:
            inside.set()
            go_on.wait()
        else:
            told.set()

    hooks.add(hear)
    first = threading.Thread(target=tell, args=(JobsExpired(count=1),))
    first.start()
    inside.wait()
    tell(JobsExpired(count=2))
    assert told.is_set()
    go_on.set()
    first.join()


def test_a_trouble_that_repeats_says_how_often_it_was_met(hooks: Hooks) -> None:
    heard = hooks.listen()
    event = RepeatedTrouble(what="it failed", failures=3, since=START, error="no room")
    tell(event)
    assert heard[0].values() == {
        "failures": 3,
        "since": "2026-03-02T12:00:00+00:00",
        "error": "no room",
    }
    assert heard[0].level == "error"
    assert TroubleOver(what="it works again", failures=1, since=START).values() == {}


# -- all of them -----------------------------------------------------------------------------------

MODULES = "attempt_events", "ledger_events", "operational_event", "runner_events"
KINDS = [
    kind
    for module in MODULES
    for kind in vars(importlib.import_module(f"jobledger.instrumentation.{module}")).values()
    if isinstance(kind, type)
    and issubclass(kind, OperationalEvent)
    and kind.__module__.endswith(module)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_an_event_is_a_frozen_value_of_plain_fields(kind: type[OperationalEvent]) -> None:
    """Texts, numbers, times and states: none that holds a job, and so its text."""
    assert kind.__struct_config__.frozen
    for field in msgspec.structs.fields(kind):
        assert "Job" not in str(field.type).replace("JobStatus", ""), (kind, field.name)
        assert field.name not in ("content", "text") or kind is Remark


def test_levels_are_those_of_logging() -> None:
    levels: list[Level] = [kind.weighs for kind in KINDS]
    assert set(levels) == {"debug", "info", "warning", "error"}
    for kind in KINDS:
        assert logging.getLevelNamesMapping()[kind.weighs.upper()]
