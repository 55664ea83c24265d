"""What the values of a job's metadata may be, whichever platform they are for."""

from __future__ import annotations

import re

from ..domain import ValidationError


def text_in(name: str, value: object) -> str:
    """Read what has to be text, with something in it, under a key of the metadata.

    Raises:
        ValidationError: it is not, or there is nothing in it.
    """
    return text_of(f"metadata.{name}", value)


def text_of(field: str, value: object) -> str:
    """Read what has to be text, with something in it; `field` is where it stands. Raises as
    `text_in`."""
    if value is None or value == "" or (isinstance(value, str) and not value.strip()):
        raise refused_at(field, "is empty", "give it a value, or leave the key out")
    if isinstance(value, list | tuple | dict):
        raise refused_at(field, "takes one value as text, and not several or an object")
    if not isinstance(value, str):
        raise refused_at(field, f"must be text, not {value!r:.40}")
    return value


def post_id(name: str, value: object) -> str:
    """Read the id of a post: its digits as text, or a whole number.

    Raises:
        ValidationError: it is none, or may have been rounded.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    if isinstance(value, bool | int):
        raise refused(name, f"must be the id of a post, not {value!r}")
    if isinstance(value, float):
        rounded = "a number with a point may be rounded: give its digits as text"
        raise refused(name, f"must be the id of a post, not {value!r}", rounded)
    text = text_in(name, value)
    if re.fullmatch(r"[\d.,]+e\+?\d+|\d+[.,]\d+", text, re.IGNORECASE):
        hint: str | None = "a spreadsheet has rounded it: format its column as text"
    elif re.fullmatch("[A-Za-z0-9_]{1,64}", text):
        return text
    else:
        hint = "the address of a post has no id in it: ask the API for it" if "/" in text else None
    raise refused(name, f"must be the id of a post, not {text!r:.60}", hint)


def refused(name: str, fault: str, hint: str | None = None) -> ValidationError:
    """Word why a value is refused; `name` is its key in the metadata."""
    return refused_at(f"metadata.{name}", fault, hint)


def refused_at(field: str, fault: str, hint: str | None = None) -> ValidationError:
    """Word why a value is refused, wherever it stands."""
    return ValidationError(f"{field} {fault}", field=field, hint=hint)
