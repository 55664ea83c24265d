"""Events to JSON and back, over schema versions; errors as values."""

from __future__ import annotations

import inspect
import json
import pickle
from typing import Any

import msgspec
import pytest
from support.domain import NOON

import jobledger
from jobledger import (
    Event,
    InvalidTransitionError,
    JobLedgerError,
    JobNotFoundError,
    LedgerCorruptError,
    SchedulerRunningError,
    StaleAttemptError,
    StorageError,
    ValidationError,
)
from jobledger.domain import events as e


def test_the_names_of_the_package_are_there_and_documented() -> None:
    """Each public name exists and says what it is."""
    for name in jobledger.__all__:
        assert inspect.getdoc(getattr(jobledger, name)), name
    assert len(jobledger.__all__) <= 32


def test_a_timestamp_is_utc_with_six_digits() -> None:
    """Also on the full second."""
    assert e.timestamp(NOON) == "2026-03-02T12:00:00.000000Z"


def test_keys_that_have_their_default_are_left_out() -> None:
    """Lines stay short."""
    assert e.encode_data(e.JobCancelled()) == b"{}"
    assert e.encode_data(e.JobCompleted(attempt=1)) == b'{"attempt":1}'


def test_an_event_gives_its_record() -> None:
    """to_dict has the names of the log."""
    event = Event(seq=3, at=NOON, type="held", job_id="j", version=2, data=e.JobHeld(), batch=3)
    assert event.to_dict() == {
        "seq": 3, "batch": 3, "more": 0, "at": "2026-03-02T12:00:00.000000Z", "type": "held",
        "job": "j", "version": 2, "schema": 1, "data": {}, "prev": "", "hash": "",
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "schema"), [("invented", 1), ("held", 2)])
def test_what_a_newer_release_wrote_is_refused_with_a_hint(kind: str, schema: int) -> None:
    """Never skipped."""
    with pytest.raises(StorageError, match="upgrade"):
        e.decode_data(kind, schema, b"{}")


def test_an_old_event_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two upcasters in a row; the newest form is read as it is."""
    monkeypatch.setitem(e.SCHEMA, "cancelled", 3)
    monkeypatch.setitem(e.UPCASTERS, ("cancelled", 1), lambda data: {"why": data["because"]})
    monkeypatch.setitem(e.UPCASTERS, ("cancelled", 2), lambda data: {"reason": data["why"] + "!"})
    assert e.decode_data("cancelled", 1, b'{"because":"a"}') == e.JobCancelled(reason="a!")
    assert e.decode_data("cancelled", 2, b'{"why":"b"}') == e.JobCancelled(reason="b!")
    assert e.decode_data("cancelled", 3, b'{"reason":"c"}') == e.JobCancelled(reason="c")


def test_data_of_another_form_is_refused() -> None:
    """A missing field, a wrong type."""
    for raw in (b"{}", b'{"attempt":"x"}', b"[]"):
        with pytest.raises(msgspec.MsgspecError):
            e.decode_data("completed", 1, raw)


def test_the_errors_are_the_contracts() -> None:
    """Their order, and what of Python they are besides."""
    assert issubclass(jobledger.InvalidScheduleTimeError, ValidationError)
    assert issubclass(ValidationError, ValueError)
    assert issubclass(JobNotFoundError, KeyError)
    assert issubclass(LedgerCorruptError, StorageError)
    assert issubclass(SchedulerRunningError, StorageError)
    for name in jobledger.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(jobledger, name), JobLedgerError)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (ValidationError, {"field": "content"}),
        (JobNotFoundError, {"job_id": "j"}),
        (InvalidTransitionError, {"state": "failed", "trigger": "hold", "job_id": "j"}),
        (StaleAttemptError, {"job_id": "j", "attempt": 2}),
        (LedgerCorruptError, {"path": "p", "line": 3, "offset": 9, "kind": "hash"}),
        (SchedulerRunningError, {"pid": 7, "path": "p"}),
    ],
)
def test_errors_pickle_and_read_as_one_line(
    kind: type[JobLedgerError], facts: dict[str, Any]
) -> None:
    """With their attributes, message and hint."""
    error = kind("what happened", hint="what to do", **facts)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(again) is kind
    assert str(again) == str(error) == "what happened (what to do)"
    assert {name: getattr(again, name) for name in facts} == facts
    assert str(kind("only this")) == "only this"
    assert json.dumps(again.hint) == '"what to do"'
