"""Texts that are not what somebody wrote: broken on the way, or not to be seen."""

from __future__ import annotations

import re
import unicodedata

from ...domain import NewJob, ValidationError, threads_length
from ..problems import Refuse
from ..wishes import Wishes

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_THREADS = 500
_STRAY = re.compile("[\u200b\u2060\ufeff\u00ad]")
"""Of those, the ones that nobody needs: not the joiners of emoji and of some scripts."""
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no keyboard types: it is left over from another program."""
_LEAD = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122]{1,3}")
"""A letter, and what may be the rest of it, where UTF-8 was read as if it was cp1252."""


def check_text(text: str, wishes: Wishes, refuse: Refuse) -> None:
    """Check that a post's text is one that somebody wrote."""
    way = f"export the file again as UTF-8; {wishes.option('--allow-odd-text')} takes it so"
    if text and not _INVISIBLE.sub("", text).strip():
        refuse(ValidationError(
            f"content has nothing that can be seen, only {_names(text)}",
            field="content", hint="put a text there, or take the row out",
        ))  # fmt: skip
        return
    if (control := _CONTROL.search(text)) is not None:
        refuse(ValidationError(
            f"content has the control character 0x{ord(control[0]):02x}, near"
            f" {_around(text, control.start())!r}",
            field="content", hint=f"take it out; {wishes.option('--allow-odd-text')} takes it so",
        ))  # fmt: skip
    if "\ufffd" in text:
        refuse(ValidationError(
            f"content is broken: {_around(text, text.index(chr(0xFFFD)))!r} has the sign for a"
            " letter that was lost",
            field="content", hint=way,
        ))  # fmt: skip
    if (found := _mojibake(text)) is not None:
        refuse(ValidationError(
            f"content is broken: {_around(text, found.start())!r} is UTF-8 that was read as another"
            f" encoding ({_repaired(found)!r})",
            field="content", hint=way,
        ))  # fmt: skip


def odd_about(text: str) -> str | None:
    """Say what is odd about a text that is taken all the same."""
    if _STRAY.search(text):
        return f"content has {_names(''.join(_STRAY.findall(text)))}, which cannot be seen"
    return None


def too_long_there(text: str, platform: str) -> str | None:
    """Say that a text is longer than its platform takes, as that counts; None where it is not, or
    where nobody knows."""
    if platform != "threads" or len(text) > _THREADS:
        return None  # what has more characters than that is refused anyway
    length = threads_length(text)
    if length <= _THREADS:
        return None
    return (
        f"content is {length} characters long as Threads counts, where an emoji is its UTF-8"
        f" bytes, and may be {_THREADS}: it would fail"
    )


def hint_for_length(text: str) -> str:
    """Say how a text that is too long can be shorter without losing a letter."""
    composed = unicodedata.normalize("NFC", text)
    if len(composed) < len(text):
        left = NewJob.characters_left(composed)
        fits = "it fits" if left >= 0 else f"it is {-left} too long still"
        return (
            f"its accents are characters of their own (NFD): with one for each letter (NFC) {fits}"
        )
    return ""


def _mojibake(text: str) -> re.Match[str] | None:
    """Find what cannot well be anything but UTF-8 that was read as cp1252: three bytes or more that
    make one letter, or two such pairs."""
    pairs = []
    for found in _LEAD.finditer(text):
        repaired = _repaired(found)
        if not repaired:
            continue
        if ord(repaired[0]) > 0x7FF:
            return found
        if unicodedata.category(repaired[0])[0] in "LNPS" and ord(repaired[0]) < 0x250:
            pairs.append(found)
    return pairs[0] if len(pairs) > 1 else None


def _repaired(found: re.Match[str]) -> str:
    """Return what the characters are as UTF-8, the longest that can be; "" if they are nothing."""
    for length in range(len(found[0]), 1, -1):
        try:
            data = b"".join(_byte(char) for char in found[0][:length])
            return data.decode()
        except UnicodeError:
            continue
    return ""


def _byte(char: str) -> bytes:
    return bytes([ord(char)]) if ord(char) < 0x100 else char.encode("cp1252")


def _around(text: str, at: int) -> str:
    return text[max(0, at - 8) : at + 12]


def _names(text: str) -> str:
    names = dict.fromkeys(unicodedata.name(char, f"U+{ord(char):04X}") for char in text)
    return ", ".join(list(names)[:3]).lower()
