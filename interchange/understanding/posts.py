"""Columns that a post of several parts is made of: its media, what they show, and further texts.

`media`, `media 2` … are files or addresses of the first part, `alt`, `alt 2` … describe them, and
`part 2`, `part 3` … are the texts of the parts behind it.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from ...domain import ValidationError
from .names import plain

_NAME = re.compile(r"(media|alt|part)(?:_([1-9]\d?))?")
_TARGET = re.compile(r"(media|alt|part) ([1-9]\d?)")
_BETWEEN = re.compile(r"\s*[;|\n]\s*|\s*,\s*(?=https?://)|,\s+(?=\S+\.\w{3,4}(?:,|$))")


def post_target(name: str) -> str | None:
    """Return what of a post a column's name says that it is, such as `media 2`; None: nothing."""
    found = _NAME.fullmatch(plain(name))
    if found is None or (found[1] == "part" and found[2] in (None, "1")):
        return None
    return f"{found[1]} {found[2] or 1}"


def is_of_post(target: str) -> bool:
    """Whether a column is what a post is made of."""
    return _TARGET.fullmatch(target) is not None


def several(cell: str) -> list[str]:
    """Return the addresses or files of a cell, which may have several."""
    return [each for each in _BETWEEN.split(cell.strip()) if each]


def put_together(values: dict[str, Any], source: str) -> None:
    """Make a post of the values of such columns, in their place; files are where the table is.

    Raises:
        ValidationError: something describes no medium, or there is a `post`, too.
    """
    said: dict[str, dict[int, Any]] = {"media": {}, "alt": {}, "part": {}}
    for name in [*values]:
        found = _TARGET.fullmatch(name)
        if found is not None and _is_text(values[name]):
            value = values.pop(name)
            if value not in (None, "", []):
                said[found[1]][int(found[2])] = value
    if not any(said.values()):
        return
    if values.get("post") is not None:
        raise ValidationError(
            "post is there, and media, alt or part, too", field="post", hint="give one of them"
        )
    media = _media(said, source)
    texts = [said["part"][number] for number in sorted(said["part"])]
    if values.get("content") is None and media:
        values["content"] = ""
    first = {"text": values.get("content") or "", **({"media": media} if media else {})}
    values["post"] = {"parts": [first, *({"text": text} for text in texts)]}


def _is_text(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return value is None or isinstance(value, str)


def _media(said: dict[str, dict[int, Any]], source: str) -> list[dict[str, str]]:
    media: list[dict[str, str]] = []
    alts = dict(said["alt"])
    for number in sorted(said["media"]):
        value = said["media"][number]
        for nth, each in enumerate(value if isinstance(value, list) else several(value)):
            alt = alts.pop(number, "") if nth == 0 else ""
            media.append({"source": _placed(each.strip(), source), **({"alt": alt} if alt else {})})
    for number in alts:
        raise ValidationError(
            f"alt {number} describes media {number}, which is not there",
            field=f"alt {number}",
            hint="take it away, or put the file or its address there",
        )
    return media


def _placed(given: str, source: str) -> str:
    """Return an address as it is, and a file as it is found from the table that names it."""
    if "://" in given[:16] or PurePath(given).is_absolute():
        return given
    parent = PurePath(source).parent
    return given if str(parent) == "." else str(parent / given)
