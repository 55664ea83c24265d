"""A job as parts of a post on Bluesky, and what keeps it from being one.

Which keys of the metadata there are is in `bluesky_parameters.py`; here is what their values may
be. All that a job says is in the parts: what makes records of them looks at nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from ..domain import (
    PLATFORMS,
    Link,
    Media,
    Part,
    Post,
    ScheduledJob,
    ValidationError,
    is_visible,
    length_of,
)
from ..domain import problems as beyond_the_table
from .addresses import fault
from .bluesky_parameters import BLUESKY_KEYS
from .bluesky_text import spans_of
from .media_source import MIME_TYPES
from .values import refused_at, text_of

_TABLE = PLATFORMS["bluesky"]
MOST_MENTIONS = 100
"""Different ones in a job: each is asked for, and kept in a checkpoint, which has its bounds."""
_MOST_LANGS = 3
_REPLY_TO = "metadata.reply_to"
_KINDS = MIME_TYPES.keys() - {"mov"}
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_AT = re.compile(r"at://([^/\s]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]{1,512})/?")
_PAGE = re.compile(
    r"https?://(?:www\.)?bsky\.app/profile/([^/\s?#]+)/post/([A-Za-z0-9._:~-]{1,512})/?(?:[?#]\S*)?"
)
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]+")
_HANDLE = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


class LinkedPost(msgspec.Struct, frozen=True):
    """A post that is replied to or quoted: whose it is (a DID or a handle), and its key."""

    repo: str
    rkey: str

    def __str__(self) -> str:
        return f"at://{self.repo}/app.bsky.feed.post/{self.rkey}"


class BlueskyPart(msgspec.Struct, frozen=True):
    """One post of a chain; its media are files that the ledger keeps."""

    text: str
    card: Link | None = None
    quote: LinkedPost | None = None
    media: tuple[Media, ...] = ()


class BlueskyPost(msgspec.Struct, frozen=True):
    """All that a job says: its parts in order, what they reply to, and their languages."""

    parts: tuple[BlueskyPart, ...]
    reply_to: LinkedPost | None = None
    langs: tuple[str, ...] = ()


def is_identifier(text: str) -> bool:
    """Whether it is a handle or a DID, as accounts have them."""
    return bool(_HANDLE.fullmatch(text) or _DID.fullmatch(text))


def problems_of(job: ScheduledJob, ignores: Iterable[str] = ()) -> list[ValidationError]:
    """Name everything that keeps a job from being posted as it is; `field` names the part."""
    metadata, post = _metadata(job, ignores), job.post
    found = [*_of_text(job.content)] if post is None else [*_of_post(post, metadata)]
    texts = [job.content] if post is None else [part.text for part in post.parts]
    return [*found, *_of_mentions(texts), *_of_metadata(metadata)]


def post_of(job: ScheduledJob, ignores: Iterable[str] = ()) -> BlueskyPost:
    """Read a job as what is to be posted.

    Raises:
        ValidationError: Bluesky would refuse it, or something of it would be left out.
    """
    for problem in problems_of(job, ignores):
        raise problem
    given = _metadata(job, ignores)
    said = job.post or Post((Part(job.content),))
    first, *others = (_part(part, f"post.parts[{n}]") for n, part in enumerate(said.parts))
    card = _card(given) or first.card
    quote = _post("metadata.quote", given["quote"]) if "quote" in given else first.quote
    first = msgspec.structs.replace(first, card=card, quote=quote)
    reply_to = None if said.reply_to is None else _post("post.reply_to", said.reply_to)
    langs = () if said.language is None else (said.language,)
    return BlueskyPost(
        parts=(first, *others),
        reply_to=_post(_REPLY_TO, given["reply_to"]) if "reply_to" in given else reply_to,
        langs=_langs("metadata.langs", given["langs"]) if "langs" in given else langs,
    )


def _part(part: Part, where: str) -> BlueskyPart:
    quote = None if part.quote is None else _post(f"{where}.quote", part.quote)
    link = part.link
    card = link and Link(link.url, link.title or _plain(link.url), link.description)
    return BlueskyPart(part.text, card, quote, tuple(part.media))


def _metadata(job: ScheduledJob, ignores: Iterable[str]) -> dict[str, Any]:
    """Return what is said beside the post: in the metadata, and for this platform alone."""
    left_alone = set(ignores)
    overrides = {} if job.post is None else job.post.overrides.get("bluesky", {})
    return {
        key: value for key, value in (job.metadata | overrides).items() if key not in left_alone
    }


def _of_metadata(metadata: Mapping[str, Any]) -> list[ValidationError]:
    found = BLUESKY_KEYS.problems(metadata)
    for name, read in _READ.items():
        if name in metadata:
            found += _faults(partial(read, f"metadata.{name}", metadata[name]))
    return [*found, *_faults(partial(_card, metadata))]


def _faults(read: Callable[[], object]) -> list[ValidationError]:
    try:
        read()
    except ValidationError as problem:
        return [problem]
    return []


def _of_post(post: Post, metadata: Mapping[str, Any]) -> Iterable[ValidationError]:
    """Name what Bluesky does not take of a post's parts, and what is said twice."""
    yield from beyond_the_table(post, "bluesky")
    first = post.parts[0]
    for name, field, value in (
        ("reply_to", "post.reply_to", post.reply_to),
        ("quote", "post.parts[0].quote", first.quote),
        ("link", "post.parts[0].link", first.link),
    ):
        if value is not None and name in metadata:
            yield ValidationError(
                f"{field} and metadata.{name} both say it", field=field, hint="take one of them out"
            )
    if first.media and "link" in metadata:
        yield refused_at("metadata.link", "and media exclude each other on Bluesky")
    if post.reply_to is not None:
        yield from _faults(partial(_post, "post.reply_to", post.reply_to))
    for index, part in enumerate(post.parts):
        where = f"post.parts[{index}]"
        if part.quote is not None:
            yield from _faults(partial(_post, f"{where}.quote", part.quote))
        said = part.link and fault(part.link.url, platform="Bluesky")
        if said:
            yield refused_at(f"{where}.link.url", said)
        for place, media in enumerate(part.media):
            yield from _of_media(media, f"{where}.media[{place}]")


def _of_media(media: Media, where: str) -> Iterable[ValidationError]:
    file = media.file
    if file is None:
        if not media.is_address:  # that is said already
            yield refused_at(where, "is no file that the ledger keeps")
    elif file.kind not in _KINDS:
        yield refused_at(where, f"is {file.kind.upper()}, and Bluesky takes MP4 as a video")
    elif not file.is_video and (file.frames or 1) > 1:
        yield refused_at(where, "moves, and Bluesky would show it still", "make it an MP4")


def _of_text(content: str) -> Iterable[ValidationError]:
    length, size = length_of(content, "bluesky"), len(content.encode())
    most_bytes = _TABLE.longest_bytes or 0
    if length > _TABLE.longest:
        yield ValidationError(
            f"content is {length} characters long as Bluesky counts, and may be {_TABLE.longest}",
            field="content",
        )
    if size > most_bytes:
        yield ValidationError(
            f"content is {size} bytes of UTF-8 long, and may be {most_bytes} on Bluesky",
            field="content",
        )
    if not is_visible(content):
        yield ValidationError(
            "content shows nothing: its characters are invisible", field="content"
        )


def _of_mentions(texts: Iterable[str]) -> Iterable[ValidationError]:
    spans = [span for text in texts for span in spans_of(text)]
    mentioned = {span.meant for span in spans if span.kind == "mention"}
    if len(mentioned) > MOST_MENTIONS:
        yield ValidationError(
            f"content mentions {len(mentioned)} different handles, and may mention {MOST_MENTIONS}",
            field="content",
        )


def mime_of(media: Media) -> str:
    """Return what kind of file it is, as HTTP has it."""
    assert media.file is not None
    return MIME_TYPES[media.file.kind]


def _post(name: str, value: object) -> LinkedPost:
    """Read the address of a post, as programs (`at://`) or browsers have it."""
    text = text_of(name, value).strip()
    match = _AT.fullmatch(text) or _PAGE.fullmatch(text)
    if match is None or not is_identifier(match[1]):
        raise refused_at(
            name,
            f"must be the address of a post on Bluesky, not {text!r:.80}",
            "such as https://bsky.app/profile/NAME/post/KEY, or at://NAME/app.bsky.feed.post/KEY",
        )
    return LinkedPost(match[1], match[2])


def _langs(name: str, value: object) -> tuple[str, ...]:
    given = re.split(r"[,;\s]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(given, list | tuple) or not given or given == [""]:
        raise refused_at(name, 'must be languages, such as ["vi", "en"]')
    for each in given:
        if not isinstance(each, str) or not _LANG.fullmatch(each):
            raise refused_at(name, f"has {each!r:.40}, which is no language such as vi or pt-BR")
    if len(given) > _MOST_LANGS:
        raise refused_at(name, f"may have {_MOST_LANGS} languages, not {len(given)}")
    return tuple(given)


def _card(metadata: Mapping[str, Any]) -> Link | None:
    """Read the card: `link` is an address, or an object with one and its words."""
    beside = [name for name in ("link_title", "link_description") if name in metadata]
    if "link" not in metadata:
        for name in beside:
            raise refused_at(
                f"metadata.{name}", "is of a link, and there is none", "give the address as link"
            )
        return None
    given = metadata["link"]
    if isinstance(given, dict):
        given, words = _object(given)
    else:
        given, words = text_of("metadata.link", given).strip(), {}
    for name in beside:
        words[name.removeprefix("link_")] = text_of(f"metadata.{name}", metadata[name]).strip()
    said = fault(given, platform="Bluesky")
    if said is not None:
        raise refused_at("metadata.link", said)
    return Link(given, words.get("title") or _plain(given), words.get("description", ""))


def _object(given: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    for key in given:
        if key not in ("url", "title", "description"):
            raise refused_at(
                "metadata.link",
                f"has {key!r:.40}, which would be left out",
                "url, title, description are",
            )
    words = {key: text_of(f"metadata.link.{key}", given[key]).strip() for key in given}
    if "url" not in words:
        raise refused_at("metadata.link", "has no url")
    return words.pop("url"), words


def _plain(url: str) -> str:
    """Write an address as a title: without its scheme, its query and a slash at its end."""
    return re.sub(r"^https?://(?:www\.)?", "", url).split("?")[0].split("#")[0].rstrip("/") or url


_READ: Mapping[str, Callable[[str, object], object]] = {
    "reply_to": _post,
    "quote": _post,
    "langs": _langs,
}
