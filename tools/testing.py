"""The former name of `jobledger.testing`, for programs that still use it."""

from __future__ import annotations

from typing import Any

from .. import testing

__all__ = testing.__all__


def __getattr__(name: str) -> Any:
    return getattr(testing, name)
