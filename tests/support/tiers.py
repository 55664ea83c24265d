"""Which part of an enumeration `make test` tries: the rest of it is for `make thorough`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(number: int, values: Iterable[Any]) -> list[Any]:
    """Make parameters of all values: the first of so many is tried by `make test`, too, the others
    by `make thorough` alone. A value that is a tuple stands for itself."""
    return [
        pytest.param(value, marks=[pytest.mark.thorough] if place % number else [])
        for place, value in enumerate(values)
    ]
