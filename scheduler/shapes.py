"""How a publisher can be called, as its signature tells; what cannot be is refused at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..domain import ValidationError, clean_text
from ..instrumentation import guarded


def check_shape(method: Callable[..., Any], who: str, shape: str, *given: str) -> None:
    """Refuse what cannot be called so, and what does nothing when it is.

    A wrapper counts for itself: what it wraps may well be called in another way. What has no
    signature (some of what is written in C) is accepted.
    """
    if guarded(
        lambda: inspect.isgeneratorfunction(method) or inspect.isasyncgenfunction(method), False
    ):
        raise refused(f"{who} has a `yield`, so that calling it does nothing", f"write {shape}")
    signature = guarded(lambda: inspect.signature(method, follow_wrapped=False), None)
    if signature is None or guarded(lambda: _takes(signature, given), True):
        return
    takes = guarded(lambda: clean_text(str(_names_of(signature)), 100), "something else")
    raise refused(f"{who} is called with ({', '.join(given)}), and takes {takes}", f"write {shape}")


def _takes(signature: inspect.Signature, given: tuple[str, ...]) -> bool:
    """Whether it can be called so; any other error than the one that says no tells nothing."""
    try:
        signature.bind(*given)
    except TypeError:
        return False
    return True


def _names_of(signature: inspect.Signature) -> inspect.Signature:
    named = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
    ]
    return inspect.Signature(named)


def is_async(method: Callable[..., Any]) -> bool:
    """Whether calling it gives an awaitable at once."""

    def ask() -> bool:
        if inspect.iscoroutinefunction(method):
            return True
        of_an_object = getattr(method, "__call__", None)  # noqa: B004 - not whether it has one
        return inspect.iscoroutinefunction(of_an_object)

    return guarded(ask, False)


def refused(fault: str, hint: str) -> ValidationError:
    """Word why a publisher cannot be called as it would be."""
    return ValidationError(fault, field="post_callback", hint=hint)
