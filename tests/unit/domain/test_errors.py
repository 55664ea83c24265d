"""The errors: one family, attributes instead of messages to parse, one line each, and pickles."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import jobledger
from jobledger import (
    InvalidScheduleTimeError,
    InvalidTransitionError,
    JobLedgerError,
    JobNotFoundError,
    LedgerCorruptError,
    SchedulerRunningError,
    StaleAttemptError,
    StorageError,
    ValidationError,
)

EXAMPLES: list[tuple[JobLedgerError, dict[str, Any]]] = [
    (JobLedgerError("m"), {"hint": None}),
    (ValidationError("m", field="content"), {"field": "content"}),
    (
        InvalidScheduleTimeError("m", field="scheduled_time", hint="h"),
        {"field": "scheduled_time", "hint": "h"},
    ),
    (JobNotFoundError("m", job_id="j", hint="h"), {"job_id": "j", "hint": "h"}),
    (
        InvalidTransitionError("m", state="completed", trigger="start", job_id="j"),
        {"state": "completed", "trigger": "start", "job_id": "j"},
    ),
    (StaleAttemptError("m", job_id="j", attempt=3), {"job_id": "j", "attempt": 3}),
    (StorageError("m", path="p"), {"path": "p", "line": None, "offset": None}),
    (
        LedgerCorruptError("m", path="p", line=7, offset=99, kind="hash", hint="h"),
        {"path": "p", "line": 7, "offset": 99, "kind": "hash", "hint": "h"},
    ),
    (SchedulerRunningError("m", pid=42, path="p"), {"pid": 42, "path": "p"}),
]
"""An error of every kind, and what it must know."""

examples = pytest.mark.parametrize(
    ("error", "facts"), EXAMPLES, ids=[type(error).__name__ for error, _ in EXAMPLES]
)

PARENTS: dict[type[JobLedgerError], tuple[type[BaseException], ...]] = {
    JobLedgerError: (Exception,),
    ValidationError: (JobLedgerError, ValueError),
    InvalidScheduleTimeError: (ValidationError,),
    JobNotFoundError: (JobLedgerError, KeyError),
    InvalidTransitionError: (JobLedgerError,),
    StaleAttemptError: (JobLedgerError,),
    StorageError: (JobLedgerError,),
    LedgerCorruptError: (StorageError,),
    SchedulerRunningError: (StorageError,),
}
"""The family, by hand from the contract."""


@pytest.mark.parametrize("kind", PARENTS)
def test_the_family_is_the_contracts(kind: type[JobLedgerError]) -> None:
    """Each error has exactly the parents that callers catch it by."""
    assert kind.__bases__ == PARENTS[kind]


def test_every_public_error_is_in_the_family() -> None:
    """Nothing that ends in Error is left out above or stands outside of it."""
    public = {getattr(jobledger, name) for name in jobledger.__all__ if name.endswith("Error")}
    assert public == set(PARENTS)
    assert {type(error) for error, _ in EXAMPLES} == public


@examples
def test_an_error_carries_what_it_knows(error: JobLedgerError, facts: dict[str, Any]) -> None:
    """As attributes; what it was not told is None."""
    assert {name: getattr(error, name) for name in facts} == facts
    assert error.message == "m"


@examples
def test_an_error_pickles_with_its_attributes(error: JobLedgerError, facts: dict[str, Any]) -> None:
    """In every protocol, as it must to come back from another process; copying works the same."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301 - our own bytes
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert {name: getattr(again, name) for name in facts} == facts
    assert {name: getattr(copy.copy(error), name) for name in facts} == facts


@examples
def test_an_error_reads_as_one_line_with_its_hint(
    error: JobLedgerError, facts: dict[str, Any]
) -> None:
    """What went wrong, then in brackets what to do; never quoted as a KeyError would."""
    assert str(error) == ("m (h)" if facts.get("hint") else "m")


def test_an_error_that_was_told_nothing_knows_nothing() -> None:
    """Every attribute is there all the same."""
    for kind, names in {
        ValidationError: ["field"],
        JobNotFoundError: ["job_id"],
        InvalidTransitionError: ["state", "trigger", "job_id"],
        StaleAttemptError: ["job_id", "attempt"],
        LedgerCorruptError: ["path", "line", "offset", "kind"],
        SchedulerRunningError: ["pid", "path"],
    }.items():
        error = kind("m")
        assert [getattr(error, name) for name in [*names, "hint"]] == [None] * (len(names) + 1)


def test_a_cause_stays_out_of_the_message() -> None:
    """The cause is there for a debugger, the message for a person."""
    error = StorageError("cannot write", path="p")
    error.__cause__ = OSError(28, "No space left on device")
    assert str(error) == "cannot write"
    assert "cannot write" in repr(error)
