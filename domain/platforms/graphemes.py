"""What readers see as one character: extended grapheme clusters, by the rules of UAX #29.

The rules are written as Unicode has them, and so is the data that they go by (`grapheme_data.py`),
so that a text has one length, whatever the machine that counts it has installed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Literal

from . import grapheme_data as data

Kind = Literal[
    "other", "control", "extend", "zwj", "regional", "prepend", "spacing", "pictographic",
    "L", "V", "T", "LV", "LVT", "consonant", "linker",
]  # fmt: skip
"""The class of a character. `consonant` and `linker` are the parts of conjuncts; a linker extends
besides."""

_ZWNJ = 0x200C
_JAMO: tuple[tuple[int, int, Kind], ...] = (
    (0x1100, 0x115F, "L"), (0x1160, 0x11A7, "V"), (0x11A8, 0x11FF, "T"), (0xA960, 0xA97C, "L"),
    (0xD7B0, 0xD7C6, "V"), (0xD7CB, 0xD7FB, "T"), (0x16D63, 0x16D63, "V"), (0x16D67, 0x16D6A, "V"),
)  # fmt: skip
_SYLLABLES = range(0xAC00, 0xD7A4)
_FINALS = 28
"""A syllable without a final consonant is the first of so many."""
_BY_KIND: tuple[tuple[str, Kind], ...] = (
    (data.CONTROL, "control"),
    (data.EXTEND, "extend"),
    (data.PREPEND, "prepend"),
    (data.SPACING_MARK, "spacing"),
    (data.PICTOGRAPHIC, "pictographic"),
    (data.CONSONANT, "consonant"),
    (data.LINKER, "linker"),
    ("D A", "control"),
    ("200D", "zwj"),
    ("1F1E6-1F1FF", "regional"),
)
"""What is named later counts, where a character is in two."""


def spans(text: str) -> list[tuple[int, int]]:
    """Return the ranges that a text of the data names, each with its first and last."""
    parts = (part.partition("-") for part in text.split())
    return [(int(first, 16), int(last or first, 16)) for first, _, last in parts]


def clusters(text: str) -> Iterator[str]:
    """Take a text apart into what readers see as its characters."""
    begin = 0
    for end in _boundaries(text):
        yield text[begin:end]
        begin = end


def count_clusters(text: str) -> int:
    """Return how many characters readers see in a text."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in _boundaries(text))


def _boundaries(text: str) -> Iterator[int]:
    """Yield where each cluster ends."""
    before: Kind | None = None
    flags = 0
    """How many regional indicators stand at the end of what was read."""
    pictured = joined = False
    """Whether that ends as an emoji that may go on: without a joiner yet, and with one."""
    conjunct: Literal["", "consonant", "linked"] = ""
    for place, char in enumerate(text):
        kind = kind_of(char)
        if before is not None:
            together = (
                (char == "\n" and text[place - 1] == "\r")
                or _never_apart(before, kind)
                or (kind == "pictographic" and joined)
                or (kind == "regional" and flags % 2 == 1)
                or (kind == "consonant" and conjunct == "linked")
            )
            if not together:
                yield place
        joined = kind == "zwj" and pictured
        pictured = kind == "pictographic" or (pictured and kind in ("extend", "linker"))
        flags = flags + 1 if kind == "regional" else 0
        conjunct = _conjunct_after(conjunct, kind, char)
        before = kind
    if text:
        yield len(text)


def _never_apart(before: Kind, kind: Kind) -> bool:
    """Whether two characters are one by their classes alone."""
    if before == "control" or kind == "control":
        return False
    if kind in ("extend", "zwj", "spacing", "linker"):
        return True
    if before == "prepend":
        return True
    if before == "L":
        return kind in ("L", "V", "LV", "LVT")
    if before in ("LV", "V"):
        return kind in ("V", "T")
    return before in ("LVT", "T") and kind == "T"


def _conjunct_after(
    conjunct: Literal["", "consonant", "linked"], kind: Kind, char: str
) -> Literal["", "consonant", "linked"]:
    if kind == "consonant":
        return "consonant"
    if kind == "linker":
        return "linked" if conjunct else ""
    goes_on = kind == "zwj" or (kind == "extend" and ord(char) != _ZWNJ)
    return conjunct if goes_on else ""


@lru_cache(maxsize=4096)
def kind_of(char: str) -> Kind:
    """Return the class of a character."""
    code = ord(char)
    if code in _SYLLABLES:
        return "LV" if (code - _SYLLABLES.start) % _FINALS == 0 else "LVT"
    firsts, found = _table()
    place = bisect_right(firsts, code) - 1
    if place >= 0:
        _, last, kind = found[place]
        if code <= last:
            return kind
    return "other"


@lru_cache(maxsize=1)
def _table() -> tuple[list[int], list[tuple[int, int, Kind]]]:
    """Return the ranges of all classes in order, none in two of them."""
    kinds: dict[int, Kind] = {}
    for text, kind in _BY_KIND:
        for code in chain.from_iterable(range(a, b + 1) for a, b in spans(text)):
            kinds[code] = kind
    ranges = list(_JAMO)
    for code in sorted(kinds):
        kind = kinds[code]
        if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == kind:
            ranges[-1] = (ranges[-1][0], code, kind)
        else:
            ranges.append((code, code, kind))
    ranges.sort()
    return [first for first, _, _ in ranges], ranges
