"""Texts that are not what somebody wrote: broken on the way, or not to be seen."""

from __future__ import annotations

import re
import unicodedata

from ...domain import NewJob, ValidationError, names_of
from ..problems import Refuse
from ..wishes import Wishes

_STRAY = re.compile("[\u200b\u2060\ufeff\u00ad]")
"""Of what is not seen, what nobody needs: not the joiners of emoji and of some scripts."""
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""What no keyboard types: it is left over from another program."""
_LEAD = re.compile("[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122]{1,3}")
"""A letter, and what may be the rest of it, where UTF-8 was read as if it was cp1252."""


def check_text(text: str, wishes: Wishes, refuse: Refuse) -> None:
    """Check that a post's text is one that somebody wrote."""
    way = f"export the file again as UTF-8; {wishes.option('--allow-odd-text')} takes it so"
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
        return f"content has {names_of(''.join(_STRAY.findall(text)))}, which cannot be seen"
    return None


def hint_for_length(text: str, platform: str) -> str:
    """Say how a text that is too long can be shorter without losing a letter."""
    composed = unicodedata.normalize("NFC", text)
    left = NewJob.characters_left(composed, platform)
    if left > NewJob.characters_left(text, platform):
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
