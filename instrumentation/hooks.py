"""Who hears of operational events: the operational log, and the hooks that a program adds.

Each hook is called in the thread in which the event happens, one after the other, and can change
nothing: what it raises ends here, and is told as what repeats is. What it does itself (it may use
the ledger) is told to the operational log alone, so that none hears of itself without end. An
interruption from outside passes: Ctrl-C, and what the program's own signal handlers raise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from ..domain import ValidationError
from .foreign import described, guarded, is_of
from .interruption import is_interruption
from .operational_event import OperationalEvent, Remark
from .secrets import hidden, hidden_keys, without_queries
from .writing import write_line

if TYPE_CHECKING:
    from .telling import Repeated

Hook = Callable[[OperationalEvent], object]
"""Is called with each operational event; what it returns is not looked at."""


def log_event(event: OperationalEvent) -> None:
    """Write an event into the operational log: the hook that is there from the beginning."""
    write_line(event.level, event.message, event.values())


class _Guarded:
    """A hook of somebody else's, which cannot change what happens."""

    def __init__(self, hook: Hook) -> None:
        from .telling import Repeated

        self.hook = hook
        name = getattr(hook, "__qualname__", type(hook).__qualname__)
        self._trouble: Repeated = Repeated(f"a hook failed: {name}", again=f"works again: {name}")

    def __call__(self, event: OperationalEvent) -> None:
        try:
            self.hook(event)
        except BaseException as error:
            if is_interruption(error):
                raise
            self._trouble.failed(error)
        else:
            self._trouble.worked()


_lock = threading.Lock()
_hooks: tuple[_Guarded, ...] = ()
_is_logged = True
_here = threading.local()


def add_hook(hook: Hook) -> None:
    """Have a hook called with each operational event of this process from now on.

    It is called at once, in whatever thread the event happens, and holds that up: be quick, and
    put what takes time into a queue of your own. Whatever it raises is told in the operational log
    (once, then ever more rarely) and changes nothing. One that is there is not added again.

    Raises:
        ValidationError: it cannot be called.
    """
    global _hooks, _is_logged
    if not callable(hook):
        raise ValidationError(f"a hook must be callable, not {hook!r:.60}", field="hook")
    with _lock:
        if hook == log_event:
            _is_logged = True
        elif all(each.hook != hook for each in _hooks):
            _hooks = (*_hooks, _Guarded(hook))


def remove_hook(hook: Hook) -> None:
    """Call a hook no more; nothing where it is not there. Without `log_event` nothing is logged."""
    global _hooks, _is_logged
    with _lock:
        if hook == log_event:
            _is_logged = False
        _hooks = tuple(each for each in _hooks if each.hook != hook)


def hooks_of_others() -> bool:
    """Whether anybody hears of events besides the operational log."""
    return bool(_hooks)


def tell(event: OperationalEvent) -> None:
    """Tell everybody of an event; nothing is raised but what interrupts from outside."""
    fit = guarded(lambda: _fit_to_be_told(event), None)
    if fit is None:  # then the words alone are told
        fit = Remark(text=event.message, how_much=event.level, more={})
    event = fit
    if _is_logged:
        log_event(event)
    if not _hooks or getattr(_here, "is_telling", False):
        return
    _here.is_telling = True
    try:
        for hook in _hooks:
            hook(event)
    finally:
        _here.is_telling = False


def _fit_to_be_told(event: OperationalEvent) -> OperationalEvent:
    """Return it without secrets and queries of URLs, and with errors as texts."""
    changes = {
        name: clean
        for name in event.__struct_fields__
        if (clean := _clean(value := getattr(event, name))) is not value
    }
    return msgspec.structs.replace(event, **changes) if changes else event


def _clean(value: Any) -> Any:
    """Return what may be told of a value; the value itself where that is all of it."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        clean = hidden(value)
        return without_queries(clean) if "?" in clean and "://" in clean else clean
    if isinstance(value, Mapping):  # a traceback is seen to where it becomes a text
        return {k: v if k == "exc_info" else _clean(v) for k, v in hidden_keys(value).items()}
    if is_of(value, BaseException):
        return _clean(described(value))
    return hidden(value)
