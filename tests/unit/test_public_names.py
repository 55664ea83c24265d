"""What `from jobledger import …` gives."""

from __future__ import annotations

import ast
import inspect

import pytest

import jobledger
from jobledger.domain.codec import EVENT_TYPES


def test_the_names_of_the_package_are_there_and_documented() -> None:
    """Each public name exists and says what it is; there are few of them, besides what an event of
    each type has. What a page of one's own shows is said by `words`, `Explanation`, `differences`
    and `JobDifference`; by an error of its own a watcher hears where to go on; when posts are due
    again and again is said by `Cron`, `At` and `Every`, which give `Occurrence`s; what is made of
    that is a `Schedule` with its `ScheduleStatus`, a job has `FromSchedule`, and an account has
    `Slots`, of which a job takes the `NextSlot`; what a platform allows is in `PLATFORMS`, as
    `PlatformRules`, and how long a text is there by `length_of` and `longest`; a `Post` is made of
    `Part`s with `Media` (each a `MediaFile` once it is kept), a `Link` and a `Poll`, and
    `post_problems` says what of it a platform would not take."""
    for name in jobledger.__all__:
        assert getattr(jobledger, name).__doc__, name
    of_events = {data.__name__ for data in EVENT_TYPES.values()} | {"EventData", "Imported"}
    assert len(set(jobledger.__all__) - of_events) <= 63
    assert list(jobledger.__all__) == sorted(jobledger.__all__)


def test_a_type_checker_and_a_program_see_the_same_names() -> None:
    """The one reads the imports that are there for it, the other the table beside them."""
    [branch] = [
        node for node in ast.parse(inspect.getsource(jobledger)).body if isinstance(node, ast.If)
    ]
    seen = {
        alias.asname: node.module
        for node in branch.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert sorted(filter(None, seen)) == list(jobledger.__all__)
    assert set(jobledger.__all__) <= set(dir(jobledger))
    for name, room in seen.items():
        value = getattr(jobledger, str(name))
        if hasattr(value, "__module__"):
            assert value.__module__.startswith(f"jobledger.{room}."), name


def test_what_is_no_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        jobledger.nothing_of_ours  # type: ignore[attr-defined]  # noqa: B018  # that is tried


def test_what_any_event_has_is_of_a_public_class() -> None:
    """So that a program can tell them apart by name, and a type checker knows their fields."""
    for data in EVENT_TYPES.values():
        assert getattr(jobledger, data.__name__) is data
        assert issubclass(data, jobledger.EventData)
        assert data.__doc__ != jobledger.EventData.__doc__, data.__name__
