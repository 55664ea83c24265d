"""What in a text is a link, a mention or a hashtag, by the bytes in which Bluesky counts.

A post on Bluesky is plain text; facets beside it say from which byte of its UTF-8 to which it is a
link, whom it mentions, and what is a tag (https://docs.bsky.app/docs/advanced-guides/post-richtext,
looked up on 2026-11-28). What none says is not clickable.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

import msgspec

from ..domain import length_of, links

LONGEST_TAG, LONGEST_TAG_BYTES = 64, 640
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MENTION = re.compile(
    rf"(?<![\w@./+-])@((?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?)(?![\w@-])"
)
_TAG = re.compile("(?<!\\S)[#＃](?!\ufe0f)([^\\s\u00ad\u2060\u200a-\u200d\u20e2]+)")


class TextSpan(msgspec.Struct, frozen=True):
    """Where something stands in a text, in bytes of its UTF-8, and what is meant: an address, a
    handle in small letters, or a tag without its `#`."""

    kind: Literal["link", "mention", "tag"]
    begin: int
    end: int
    meant: str


def spans_of(text: str) -> list[TextSpan]:
    """Find the links, mentions and hashtags of a text, in order; none is within another."""
    found: list[tuple[int, int, Literal["link", "mention", "tag"], str]] = []
    for begin, end in links(text, bare=True):
        address = text[begin:end]
        scheme = re.match("https?://", address, re.IGNORECASE) is not None
        found.append((begin, end, "link", address if scheme else f"https://{address}"))
    for match in _MENTION.finditer(text):
        found.append((*match.span(), "mention", match[1].lower()))
    for match in _TAG.finditer(text):
        tag = _without_punctuation(match[1])
        if _is_tag(tag):
            found.append((match.start(), match.start(1) + len(tag), "tag", tag))
    spans, done = [], 0
    for begin, end, kind, meant in sorted(found):
        if begin >= done:
            done = end
            before, within = len(text[:begin].encode()), len(text[begin:end].encode())
            spans.append(TextSpan(kind, before, before + within, meant))
    return spans


def _without_punctuation(tag: str) -> str:
    while tag and unicodedata.category(tag[-1]).startswith("P"):
        tag = tag[:-1]
    return tag


def _is_tag(tag: str) -> bool:
    """Whether it is more than digits and punctuation, and no longer than a tag may be."""
    says = any(
        not char.isdigit() and not unicodedata.category(char).startswith("P") for char in tag
    )
    fits = len(tag.encode()) <= LONGEST_TAG_BYTES and length_of(tag, "bluesky") <= LONGEST_TAG
    return says and fits
