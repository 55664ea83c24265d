"""What is acceptable as a post wherever it goes. Every refusal names the part and the field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from ..errors import ValidationError
from ..platforms.tables import LONGEST_EVER
from ..text import is_visible
from ..validation import check_metadata, plain_text
from .values import Link, Media, MediaFile, Part, Poll, Post

MOST_PARTS = 100
MOST_MEDIA = 50
MOST_OPTIONS = 50
LONGEST_REFERENCE = 2048
"""How long a path, an address or an id may be, in characters."""
LONGEST_WORDS = 10_000
"""How long a description may be, in characters."""
LONGEST_NAME = 256
MOST_MINUTES = 366 * 24 * 60
MAX_POST_BYTES = 256 * 1024
AUDIENCES = ("public", "unlisted", "followers", "mentioned")

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_T = TypeVar("_T")


def check_post(given: object, content: str) -> Post:
    """Return a post whose first part has the text `content`; either may be left to the other.

    Raises:
        ValidationError: of the first field that is not acceptable, such as `post.parts[1].text`.
    """
    post = _of(given, Post, "post")
    parts = _several(post.parts, Part, "post.parts", 1, MOST_PARTS)
    if content and parts[0].text and parts[0].text != content:
        raise _refuse("content", "is another text than that of the post's first part")
    if content and not parts[0].text:
        parts = (replace(parts[0], text=content), *parts[1:])
    checked = Post(
        parts=tuple(_part(part, f"post.parts[{index}]") for index, part in enumerate(parts)),
        topic=_optional(post.topic, "post.topic", LONGEST_NAME),
        reply_to=_optional(post.reply_to, "post.reply_to", LONGEST_REFERENCE),
        language=_language(post.language),
        audience=_audience(post.audience),
        overrides=_overrides(post.overrides),
    )
    size = len(msgspec.json.encode(checked))
    if size > MAX_POST_BYTES:
        raise _refuse("post", f"must be at most {MAX_POST_BYTES} bytes as JSON, not {size}")
    return checked


def is_empty(part: Part) -> bool:
    """Whether nothing of a part would be seen."""
    return not (part.media or part.poll or part.link or part.quote or is_visible(part.text))


def _part(part: Part, where: str) -> Part:
    text = plain_text(part.text, f"{where}.text", LONGEST_EVER)
    media = _several(part.media, Media, f"{where}.media", 0, MOST_MEDIA)
    checked = Part(
        text=text,
        media=tuple(_media(each, f"{where}.media[{n}]") for n, each in enumerate(media)),
        link=None if part.link is None else _link(_of(part.link, Link, f"{where}.link"), where),
        poll=None if part.poll is None else _poll(_of(part.poll, Poll, f"{where}.poll"), where),
        quote=_optional(part.quote, f"{where}.quote", LONGEST_REFERENCE),
    )
    if is_empty(checked):
        raise _refuse(f"{where}.text", "has nothing that can be seen, and nothing is beside it")
    return checked


def _media(media: Media, where: str) -> Media:
    source = _some(media.source, f"{where}.source", LONGEST_REFERENCE)
    if Media(source).is_address:
        _address(source, f"{where}.source")
    elif "://" in source[:16]:
        raise _refuse(f"{where}.source", f"is neither a file nor an https address: {source!r:.60}")
    file = None if media.file is None else _file(_of(media.file, MediaFile, f"{where}.file"), where)
    return Media(source, plain_text(media.alt, f"{where}.alt", LONGEST_WORDS), file)


def _file(file: MediaFile, where: str) -> MediaFile:
    """Check what is said of a file. Whether it is true, its ledger checks by the file."""
    if not isinstance(file.sha256, str) or not _SHA256.fullmatch(file.sha256):
        raise _refuse(f"{where}.file.sha256", "must be 64 hex digits in lower case")
    try:
        return msgspec.convert(msgspec.to_builtins(file), MediaFile)
    except msgspec.ValidationError as error:
        raise _refuse(f"{where}.file", f"is not acceptable: {error}") from None


def _link(link: Link, where: str) -> Link:
    url = _some(link.url, f"{where}.link.url", LONGEST_REFERENCE)
    _address(url, f"{where}.link.url")
    return Link(
        url,
        plain_text(link.title, f"{where}.link.title", LONGEST_WORDS),
        plain_text(link.description, f"{where}.link.description", LONGEST_WORDS),
    )


def _poll(poll: Poll, where: str) -> Poll:
    where = f"{where}.poll"
    given = _several(poll.options, str, f"{where}.options", 2, MOST_OPTIONS)
    options = tuple(
        _some(each, f"{where}.options[{n}]", LONGEST_NAME) for n, each in enumerate(given)
    )
    if len(set(options)) < len(options):
        raise _refuse(f"{where}.options", "has the same one twice")
    minutes, multiple = poll.minutes, poll.multiple
    if isinstance(minutes, bool) or not isinstance(minutes, int) or not 0 < minutes <= MOST_MINUTES:
        raise _refuse(f"{where}.minutes", f"must be from 1 to {MOST_MINUTES}, not {minutes!r:.40}")
    if not isinstance(multiple, bool):
        raise _refuse(f"{where}.multiple", f"must be a bool, not {multiple!r:.40}")
    return Poll(options, int(minutes), multiple)


def _language(value: object) -> str | None:
    text = _optional(value, "post.language", LONGEST_NAME)
    if text is not None and not _LANGUAGE.fullmatch(text):
        raise _refuse("post.language", f"must be a code such as vi or pt-BR, not {text!r:.40}")
    return text


def _audience(value: object) -> str | None:
    text = _optional(value, "post.audience", LONGEST_NAME)
    if text is not None and text not in AUDIENCES:
        raise _refuse("post.audience", f"must be one of {', '.join(AUDIENCES)}, not {text!r:.40}")
    return text


def _overrides(value: object) -> dict[str, dict[str, Any]]:
    overrides = check_metadata(value, "post.overrides")
    for platform, keys in overrides.items():
        if not isinstance(keys, dict):
            raise _refuse("post.overrides", f"must have a dict for {platform!r:.60}")
    return overrides


def _address(value: str, field: str) -> None:
    try:
        parts = urlsplit(value)
        sound = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or any(char.isspace() or not char.isprintable() for char in value):
        raise _refuse(field, f"must be an http(s) address, not {value!r:.60}")


def _of(value: object, kind: type[_T], field: str) -> _T:
    if not isinstance(value, kind):
        raise _refuse(field, f"must be a {kind.__name__}, not {value!r:.60}")
    return value


def _several(value: object, kind: type[_T], field: str, least: int, most: int) -> tuple[_T, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise _refuse(field, f"must be a list, not {value!r:.60}")
    if not least <= len(value) <= most:
        raise _refuse(field, f"must be {least} to {most}, not {len(value)}")
    return tuple(_of(each, kind, f"{field}[{index}]") for index, each in enumerate(value))


def _some(value: object, field: str, longest: int) -> str:
    text = plain_text(value, field, longest)
    if not text.strip():
        raise _refuse(field, "is empty")
    return text


def _optional(value: object, field: str, longest: int) -> str | None:
    return None if value is None else _some(value, field, longest)


def _refuse(field: str, fault: str) -> ValidationError:
    return ValidationError(f"{field} {fault}", field=field)
