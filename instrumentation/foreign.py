"""Objects that others made, turned into plain values of ours.

What a publisher returns or raises may be anything: its methods may raise, lie, or answer with
megabytes. Nothing here raises for it, nothing is longer than it says, and no method of the object
is called where Python itself knows the answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from ..domain import clean_text
from .interruption import is_interruption

ResultT = TypeVar("ResultT")

LONGEST_TEXT = 2000
LONGEST_NAME = 100
LONGEST_ID = 500
MOST_LEAVES = 1000
"""Of what an exception consists of and came from no more are looked at."""
_MOST_DESCRIBED = 3
_DEEPEST = 10_000
"""Calls of a traceback that are looked at: one that led back to itself would have no end."""
_LONGEST_SHOWN = 66

# A class can replace these for itself or for its objects, but not what Python has under them.
_NAME = type.__dict__["__name__"].__get__
_MODULE = type.__dict__["__module__"].__get__
_MRO = type.__dict__["__mro__"].__get__
_MEMBERS: Any = BaseExceptionGroup.__dict__["exceptions"].__get__
_CAUSE = BaseException.__dict__["__cause__"].__get__
_CONTEXT = BaseException.__dict__["__context__"].__get__
_TRACEBACK = BaseException.__dict__["__traceback__"].__get__
_ARGS = BaseException.__dict__["args"].__get__
_ERRNO = OSError.__dict__["errno"].__get__


def guarded(ask: Callable[[], ResultT], otherwise: ResultT) -> ResultT:
    """Ask a foreign object; `otherwise` where that raises, whatever it raises. An interruption,
    which is not the object's, passes: only in the main thread, as no other has any.
    """
    try:
        return ask()
    except BaseException as error:
        if threading.current_thread() is threading.main_thread() and is_interruption(error):
            raise
        return otherwise  # it says something of the object, and nothing else


def is_of(value: object, kind: type) -> bool:
    """Whether a value really is of that class: one that only says so is not."""
    return kind in _MRO(type(value))


def class_name(kind: type) -> str:
    """Return the name of a class, in at most 100 characters."""
    return clean_text(_NAME(kind), LONGEST_NAME)


def kind_of(value: object) -> str:
    """Return the name of a value's class."""
    return class_name(type(value))


def classes_of(value: object) -> Iterator[tuple[str, str]]:
    """For each class that a value is of, the nearest first: the library that it comes from (the
    first part of its module) and its name."""
    for kind in _MRO(type(value)):
        module = guarded(partial(_MODULE, kind), None)
        yield (module.partition(".")[0] if type(module) is str else ""), class_name(kind)


def text_of(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """Return a value as text that fits the log; None where that cannot be had."""
    return guarded(lambda: clean_text(value, longest), None)


def id_of(value: object) -> str | None:
    """Return the id of a post, a text or a number, as text; None where it is neither."""
    if is_of(value, str):
        return text_of(value, LONGEST_ID)
    if is_of(value, int) and type(value) is not bool:
        return guarded(lambda: clean_text(int.__repr__(value), LONGEST_ID), None)
    return None


def shown(value: object) -> str:
    """Return what was returned, for an error's text: its class, and its value where that is one
    word (an id, say)."""
    if value is None or type(value) is bool:
        return repr(value)
    if type(value) in (int, float) or (type(value) is str and len(value) <= _LONGEST_SHOWN):
        text = guarded(lambda: repr(value), "")
        if 0 < len(text) <= _LONGEST_SHOWN and not any(char.isspace() for char in text):
            return f"{text} ({kind_of(value)})"
    name = kind_of(value)
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


# -- exceptions ------------------------------------------------------------------------------------


def described(error: BaseException) -> str:
    """Return an exception as the log has it: its class and its message; of a group also what is in
    it."""
    told = _described(error)
    if is_of(error, BaseExceptionGroup):
        told = "; ".join([told, *map(_described, leaves_of(error)[:_MOST_DESCRIBED])])
    return clean_text(told, LONGEST_TEXT)


def _described(error: BaseException) -> str:
    name, text = kind_of(error), text_of(error)
    return f"{name}: {text}" if text else name


def leaves_of(error: BaseException) -> list[BaseException]:
    """Return the exceptions in a group, however deep; what is no group is its own only one."""
    leaves: list[BaseException] = []
    left = [error]
    for _ in range(MOST_LEAVES):
        if not left:
            break
        one = left.pop()
        if is_of(one, BaseExceptionGroup):
            left.extend(reversed(_MEMBERS(one)))
        else:
            leaves.append(one)
    return leaves


def chain_of(
    error: BaseException, outside: BaseException | None = None
) -> list[tuple[BaseException, int]]:
    """Return an exception and all that it came from, each once: cause, what was being handled when
    it was raised, members of a group, and what it was made with. The number is the place in the
    list of the one that led there, -1 for the first.

    `outside` was being handled already when the code was called that raised: it is left out.
    """
    found: list[tuple[BaseException, int]] = []
    seen = {id(outside)}
    left = [(error, -1)]
    while left and len(found) < MOST_LEAVES:
        one, led = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        left += [(origin, len(found)) for origin in _origins(one)]
        found.append((one, led))
    return found


def _origins(error: BaseException) -> list[BaseException]:
    reason = guarded(lambda: getattr(error, "reason", None), None)
    found = [_CAUSE(error), _CONTEXT(error), reason, *_ARGS(error)[:MOST_LEAVES]]
    if is_of(error, BaseExceptionGroup):
        found += _MEMBERS(error)
    return [one for one in found if is_of(one, BaseException)]


def errno_of(error: BaseException) -> int | None:
    """Return the number of an OSError."""
    number = _ERRNO(error) if is_of(error, OSError) else None
    return number if type(number) is int else None


def place_of(error: BaseException, called_in: str, by_way_of: str) -> str:
    """Where an exception was raised: the first and the last three of the calls that led there.

    They begin behind the last one in the file `called_in`, which called the code that raised, and
    what is right behind that in `by_way_of`. Places only: no line of a source, and nothing of what
    it worked on.
    """
    return guarded(lambda: _place_of(error, called_in, by_way_of), "")


def _place_of(error: BaseException, called_in: str, by_way_of: str) -> str:
    places: list[str] = []
    traceback = _TRACEBACK(error)
    for _ in range(_DEEPEST):
        if traceback is None:
            break
        code = traceback.tb_frame.f_code
        if code.co_filename == called_in:
            places = []
        elif places or code.co_filename != by_way_of:
            name = clean_text(code.co_qualname, LONGEST_NAME)
            places.append(f"{code.co_filename}:{traceback.tb_lineno} in {name}")
        traceback = traceback.tb_next
    if len(places) > 4:
        places[1:-3] = ["…"]
    return clean_text(" > ".join(places), LONGEST_TEXT)
