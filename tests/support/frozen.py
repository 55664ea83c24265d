"""Time held still as freezegun does it: another class in the place of `datetime`, wherever it is.

In the standard library's module, so that whoever imports it meanwhile gets the other one, and under
any name in every module that is there already.
"""

from __future__ import annotations

import datetime as library
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from typing import Any

_REAL = (datetime,)  # out of its own reach
MOMENT = (2026, 12, 24, 10)


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _REAL)


class Frozen(datetime, metaclass=_Kind):
    """A datetime that always makes its own kind."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        now = cls(*MOMENT, tzinfo=UTC)
        return now.astimezone(tz) if tz else now.replace(tzinfo=None)

    def astimezone(self, tz: tzinfo | None = None) -> Any:
        return _frozen(_REAL[0].astimezone(self, tz or UTC))

    def __add__(self, other: Any) -> Any:
        return _frozen(_REAL[0].__add__(self, other))

    __radd__ = __add__


def _frozen(moment: datetime) -> Frozen:
    return Frozen(*moment.timetuple()[:6], moment.microsecond, moment.tzinfo, fold=moment.fold)


@contextmanager
def frozen() -> Iterator[None]:
    """Hold the time at `MOMENT`."""
    changed = []
    for module in list(sys.modules.values()):
        if module is None or module.__name__ in (__name__, "_datetime"):
            continue
        for name, value in list(vars(module).items()):
            if value is _REAL[0]:
                with suppress(AttributeError, TypeError):
                    setattr(module, name, Frozen)
                    changed.append((module, name))
    assert library.datetime is Frozen
    try:
        yield
    finally:
        for module, name in changed:
            setattr(module, name, _REAL[0])
        for module in list(sys.modules.values()):  # those that were imported meanwhile
            if module is None:
                continue
            for name, value in list(vars(module).items()):
                if value is Frozen and module.__name__ != __name__:
                    setattr(module, name, _REAL[0])
