"""What `from jobledger import …` gives."""

from __future__ import annotations

import inspect

import jobledger


def test_the_names_of_the_package_are_there_and_documented() -> None:
    """Each public name exists and says what it is; there are few of them."""
    for name in jobledger.__all__:
        assert inspect.getdoc(getattr(jobledger, name)), name
    assert len(jobledger.__all__) <= 36
    assert list(jobledger.__all__) == sorted(jobledger.__all__)
