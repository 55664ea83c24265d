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


# What is not seen although its category is that of a letter or a mark: fillers of Hangul, a blank
# pattern of Braille, inherent vowels of Khmer; joiners, and what chooses a form.
_NOT_SEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_BLANK = {"Cc", "Cf", "Zl", "Zp", "Zs"}


def is_visible(text: str) -> bool:
    """Whether anything of a text can be seen: not spaces of whatever kind alone, nor what has no
    width, nor what only chooses the form of a character."""
    if text.isascii():
        return bool(text.strip()) and any(" " < char < "\x7f" for char in text)
    return any(
        unicodedata.category(char) not in _BLANK
        and char not in _NOT_SEEN
        and not "\ufe00" <= char <= "\ufe0f"
        and not "\U000e0100" <= char <= "\U000e01ef"
        for char in text
    )


def names_of(text: str) -> str:
    """Name the characters of a text, the first of them, as Unicode does."""
    names = dict.fromkeys(unicodedata.name(char, f"U+{ord(char):04X}") for char in text)
    return ", ".join(list(names)[:3]).lower()


def folded(text: str) -> str:
    """Return a text as it is compared where neither case counts nor how characters are composed:
    `STRASSE` as `Straße`, and `Việt` as the same in single letters and marks."""
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFC", text).casefold()
    return unicodedata.normalize("NFC", composed)
