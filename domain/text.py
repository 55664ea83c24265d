"""Texts that others wrote, made fit to be shown."""

from __future__ import annotations

import unicodedata

# Characters that move the cursor, change colours or reorder what is read.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_JOINERS = {"\u200d", "\ufe0f"}  # emoji are made of these


def printable(value: object, *, one_line: bool = True) -> str:
    """Text that is safe on a terminal: every control character shown as its code."""
    text = str(value)
    if text.isprintable():  # nearly all, and much faster
        return text
    keep = "" if one_line else "\n"
    return "".join(
        character
        if character in keep or character in _JOINERS
        else " ⏎ "
        if character == "\n"
        else f"\\x{ord(character):02x}"
        if unicodedata.category(character) in _UNSAFE
        else character
        for character in text
    )


def folded(text: str) -> str:
    """Return a text as it is compared where neither case counts nor how characters are composed:
    `STRASSE` as `Straße`, and `Việt` as the same in single letters and marks."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFC", text).casefold()
    return unicodedata.normalize("NFC", composed)
