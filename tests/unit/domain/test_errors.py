"""The errors: one family, attributes instead of messages to parse, one line each, and pickles."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jobledger
from jobledger import (
    InvalidScheduleTimeError,
    InvalidTransitionError,
    JobLedgerError,
    JobMovedOnError,
    JobNotFoundError,
    LedgerCorruptError,
    SchedulerRunningError,
    StaleAttemptError,
    StorageError,
    ValidationError,
    WatcherLetGoError,
)
from jobledger.domain import errors
from jobledger.domain.remedies import REMEDIES, Remedy

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
    (
        JobMovedOnError("m", job_id="j", expected=3, version=5),
        {"job_id": "j", "expected": 3, "version": 5},
    ),
    (StaleAttemptError("m", job_id="j", attempt=3), {"job_id": "j", "attempt": 3}),
    (StorageError("m", path="p"), {"path": "p", "line": None, "offset": None}),
    (
        LedgerCorruptError("m", path="p", line=7, offset=99, kind="hash", hint="h"),
        {"path": "p", "line": 7, "offset": 99, "kind": "hash", "hint": "h"},
    ),
    (SchedulerRunningError("m", pid=42, path="p"), {"pid": 42, "path": "p"}),
    (WatcherLetGoError("m", after=17, hint="h"), {"after": 17, "hint": "h"}),
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
    JobMovedOnError: (JobLedgerError,),
    StaleAttemptError: (JobLedgerError,),
    StorageError: (JobLedgerError,),
    LedgerCorruptError: (StorageError,),
    SchedulerRunningError: (StorageError,),
    WatcherLetGoError: (JobLedgerError,),
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


# -- of all there are, also those that never leave the package -----------------------------------


def family(kind: type[JobLedgerError] = JobLedgerError) -> Iterator[type[JobLedgerError]]:
    """Yield all error classes of the package."""
    yield kind
    for below in kind.__subclasses__():
        if below.__module__.startswith("jobledger."):
            yield from family(below)


def load_all() -> None:
    """Import every module, so that each class of the family is there."""
    for module in pkgutil.walk_packages(jobledger.__path__, "jobledger."):
        if module.name.split(".")[1] in ROOMS and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


ROOMS = {
    "domain", "instrumentation", "eventstore", "projections", "integrity", "ledger", "scheduler",
    "publishers", "testing", "tools",
}  # fmt: skip
load_all()
FAMILY = sorted(family(), key=lambda kind: kind.__name__)

VALUES: dict[object, st.SearchStrategy[Any]] = {
    str: st.text(),
    str | None: st.none() | st.text(),
    int | None: st.none() | st.integers(),
    Remedy | None: st.none() | st.sampled_from(REMEDIES),
}


def declared(kind: type[JobLedgerError]) -> dict[str, object]:
    """Return what its constructor takes besides the message: by name, its type."""
    _self, message, *others = inspect.signature(kind.__init__).parameters.values()
    assert message.name == "message"
    assert {each.kind for each in others} == {inspect.Parameter.KEYWORD_ONLY}, kind
    hints = get_type_hints(kind.__init__)
    return {each.name: hints[each.name] for each in others}


def test_the_family_is_drawn_in_the_docstring() -> None:
    """Each class of the module, below its parent."""
    drawn: list[tuple[int, str]] = []
    for line in (inspect.getdoc(errors) or "").splitlines():
        if line.startswith("  "):
            mark = line.lstrip(" ·").partition(" ")[0]
            drawn.append((line.index(mark), mark))
    stack: list[tuple[int, str]] = []
    for indent, name in drawn:
        while stack and stack[-1][0] >= indent:
            stack.pop()
        parent = stack[-1][1] if stack else "Exception"
        assert getattr(errors, name).__bases__[0].__name__ == parent
        stack.append((indent, name))
    here = {kind.__name__ for kind in FAMILY if kind.__module__ == errors.__name__}
    assert {name for _, name in drawn} == here


@pytest.mark.parametrize("kind", FAMILY)
@given(data=st.data())
def test_any_error_pickles_with_all_that_it_was_told(
    kind: type[JobLedgerError], data: st.DataObject
) -> None:
    """What a class declares it takes, has as an attribute, and brings back."""
    message = data.draw(st.text())
    told = {name: data.draw(VALUES[of]) for name, of in declared(kind).items()}
    error = kind(message, **told)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (type(again), again.args, str(again)) == (kind, (message,), str(error))
    assert vars(again) == vars(error)
    advice = told.pop("hint", None)
    assert {name: getattr(again, name) for name in told} == told
    assert (again.advice, again.hint) == (advice, error.hint)


class OutOfCreditError(JobLedgerError):
    """A user's own, with a constructor that has little to do with ours."""

    def __init__(self, account: str, cents: int) -> None:
        super().__init__(f"{account} lacks {cents} cents", hint="pay")
        self.account, self.cents = account, cents


def test_a_users_own_error_pickles_whatever_its_constructor_takes() -> None:
    """It is not called again: then the message would be made of a message."""
    error = OutOfCreditError("mai", 7)
    error.add_note("since March")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301
        assert str(again) == "mai lacks 7 cents (pay)"
        assert (again.account, again.cents, again.args) == ("mai", 7, error.args)
        assert again.__notes__ == ["since March"]


def test_an_error_takes_nothing_that_it_does_not_declare() -> None:
    """An attribute by a slip of the pen is an error at once."""
    with pytest.raises(TypeError, match="job"):
        ValidationError("m", job="j")  # type: ignore[call-arg]


def test_a_cause_stays_out_of_the_message() -> None:
    """The cause is there for a debugger, the message for a person."""
    error = StorageError("cannot write", path="p")
    error.__cause__ = OSError(28, "No space left on device")
    assert str(error) == "cannot write"
    assert "cannot write" in repr(error)
