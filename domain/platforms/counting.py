"""How platforms count a text, each in its own way."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache

from ..errors import ValidationError
from . import grapheme_data
from .addresses import links, local_mentions
from .graphemes import count_clusters, spans
from .threads_counting import threads_length

LINK_LENGTH = 23
"""A link is so long for X and for Mastodon, whatever it is."""
_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))
"""The characters that X counts as 1: the ranges of its configuration, version 3."""
_LIGHT_FIRSTS = [first for first, _ in _LIGHT]


class Counting(StrEnum):
    """How a platform counts a text."""

    CODE_POINTS = "code_points"
    EMOJI_BYTES = "emoji_bytes"
    GRAPHEMES = "graphemes"
    GRAPHEMES_AND_LINKS = "graphemes_and_links"
    UTF16 = "utf16"
    WEIGHTED = "weighted"

    @property
    def words(self) -> str:
        """How that is, in a few words."""
        return _WORDS[self]

    def length(self, text: str) -> int:
        """Return how long a text is, counted so.

        Raises:
            ValidationError: it is not valid Unicode.
        """
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValidationError(
                f"the text is not valid Unicode: a lone surrogate at character {error.start}",
                field="content",
            ) from None
        return _LENGTHS[self](text)


_WORDS = {
    Counting.CODE_POINTS: "Unicode's characters: an emoji may be several",
    Counting.EMOJI_BYTES: "an emoji is its UTF-8 bytes",
    Counting.GRAPHEMES: "what is seen as one character is one, an emoji too",
    Counting.GRAPHEMES_AND_LINKS: "what is seen as one character is one, a link is 23, and of"
    " @somebody@example.social only @somebody counts",
    Counting.UTF16: "UTF-16: most emoji are 2 or more",
    Counting.WEIGHTED: "a link is 23, an emoji 2, and so are letters such as ế and 漢",
}


def _utf16(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def mastodon_length(text: str, warning: str = "", link_length: int = LINK_LENGTH) -> int:
    """Return how long a text is with its content warning, on an instance of Mastodon that counts
    so many characters for a link."""
    counted, done = [warning], 0
    for begin, end in links(text, bare=False):
        counted += [local_mentions(text[done:begin]), "x" * link_length]
        done = end
    return count_clusters("".join([*counted, local_mentions(text[done:])]))


def _on_x(text: str) -> int:
    composed = unicodedata.normalize("NFC", text)
    length = done = 0
    for begin, end in links(composed, bare=True):
        length += _weight(composed[done:begin]) + LINK_LENGTH
        done = end
    return length + _weight(composed[done:])


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    emoji = 0
    rest, found = _emoji().subn("", text)
    emoji += 2 * found
    return emoji + sum(map(_weight_of, rest))


@lru_cache(maxsize=4096)
def _weight_of(char: str) -> int:
    code = ord(char)
    return 1 if code <= _LIGHT[bisect_right(_LIGHT_FIRSTS, code) - 1][1] else 2


@lru_cache(maxsize=1)
def _emoji() -> re.Pattern[str]:
    """Match an emoji as X does: with its skin, its joiners and its tags, a flag, a key."""
    beyond_text = [(first, last) for first, last in spans(grapheme_data.PICTOGRAPHIC)]
    picture = "".join(f"{chr(first)}-{chr(last)}" for first, last in beyond_text)
    tone, flag = "[\U0001f3fb-\U0001f3ff]", "[\U0001f1e6-\U0001f1ff]"
    one = f"(?:[{picture}](?:\ufe0f|{tone})?(?!\ufe0e)[\U000e0020-\U000e007f]*)"
    return re.compile(
        f"[#*0-9]\ufe0f?\u20e3|{flag}{flag}|[©®](?:\ufe0f)|(?![©®]){one}(?:\u200d{one})*|{tone}"
    )


_LENGTHS: dict[Counting, Callable[[str], int]] = {
    Counting.CODE_POINTS: len,
    Counting.EMOJI_BYTES: threads_length,
    Counting.GRAPHEMES: count_clusters,
    Counting.GRAPHEMES_AND_LINKS: mastodon_length,
    Counting.UTF16: _utf16,
    Counting.WEIGHTED: _on_x,
}
