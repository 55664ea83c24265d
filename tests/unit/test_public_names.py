"""What `from jobledger import …` gives."""

from __future__ import annotations

import inspect

import pytest

import jobledger


def test_the_names_of_the_package_are_there_and_documented() -> None:
    """Each public name exists and says what it is; there are few of them."""
    for name in jobledger.__all__:
        assert inspect.getdoc(getattr(jobledger, name)), name
    assert len(jobledger.__all__) <= 37
    assert list(jobledger.__all__) == sorted(jobledger.__all__)


def test_each_name_is_imported_from_one_place() -> None:
    """The table by which they are found has them all, and nothing else."""
    assert sorted(jobledger._ROOM_OF) == list(jobledger.__all__)
    assert set(jobledger.__all__) <= set(dir(jobledger))
    for name, room in jobledger._ROOM_OF.items():
        value = getattr(jobledger, name)
        if hasattr(value, "__module__"):
            assert value.__module__ == f"jobledger.{room}", name


def test_what_is_no_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        jobledger.nothing_of_ours  # type: ignore[attr-defined]  # noqa: B018  # that is tried
