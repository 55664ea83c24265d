"""Parts of a post as records: with whatever had to be asked for first, and the addresses of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from ..domain import Media
from .bluesky_api import COLLECTION, Written
from .bluesky_post import BlueskyPart, BlueskyPost
from .bluesky_text import spans_of
from .dag_cbor import cid_of

_FACET = "app.bsky.richtext.facet"


Blob = dict[str, Any]
"""What a record says of a file, as the server has said it."""


class Ref(msgspec.Struct, frozen=True):
    """A post as others refer to it: where it is, the address of its content, and where the thread
    that it is in begins (None: with it)."""

    uri: str
    cid: str
    root: Ref | None = None

    @property
    def strong(self) -> dict[str, str]:
        """It as a record has it."""
        return {"uri": self.uri, "cid": self.cid}


class Known(msgspec.Struct, frozen=True):
    """What was asked for before a post could be written.

    `mentions` maps handles to DIDs, without those that are nobody's; `posts` has what is replied to
    and quoted, by its address as the job has it.
    """

    mentions: dict[str, str] = {}
    posts: dict[str, Ref] = {}


class Draft(msgspec.Struct, frozen=True):
    """A post as it is written: its records under their keys, and where they will be."""

    writes: list[Written]
    refs: list[Ref]


def draft_of(
    post: BlueskyPost,
    known: Known,
    blobs: Mapping[str, Blob],
    did: str,
    keys: Sequence[str],
    at: datetime,
) -> Draft:
    """Make the records of a post; each replies to the one before. The same gives the same bytes.

    `blobs` has what the server said of each file, by its hash.
    """
    target = known.posts[str(post.reply_to)] if post.reply_to is not None else None
    root = target and (target.root or target)
    parent = target
    draft = Draft([], [])
    for place, (part, rkey) in enumerate(zip(post.parts, keys, strict=True)):
        record = _record(part, known, post.langs, at + timedelta(milliseconds=place))
        embed = _embed(part, known.posts, blobs)
        if embed is not None:
            record["embed"] = embed
        if root is not None and parent is not None:
            record["reply"] = {"root": root.strong, "parent": parent.strong}
        ref = Ref(f"at://{did}/{COLLECTION}/{rkey}", cid_of(record))
        draft.writes.append(Written(rkey, record))
        draft.refs.append(ref)
        root, parent = root or ref, ref
    return draft


def _record(part: BlueskyPart, known: Known, langs: Sequence[str], at: datetime) -> dict[str, Any]:
    record: dict[str, Any] = {
        "$type": COLLECTION,
        "text": part.text,
        "createdAt": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
    }
    facets = _facets(part.text, known.mentions)
    if facets:
        record["facets"] = facets
    if langs:
        record["langs"] = list(langs)
    return record


def _facets(text: str, mentions: Mapping[str, str]) -> list[dict[str, Any]]:
    facets = []
    for span in spans_of(text):
        if span.kind == "link":
            feature = {"$type": f"{_FACET}#link", "uri": span.meant}
        elif span.kind == "tag":
            feature = {"$type": f"{_FACET}#tag", "tag": span.meant}
        elif span.meant in mentions:
            feature = {"$type": f"{_FACET}#mention", "did": mentions[span.meant]}
        else:
            continue
        index = {"byteStart": span.begin, "byteEnd": span.end}
        facets.append({"index": index, "features": [feature]})
    return facets


def _embed(
    part: BlueskyPart, posts: Mapping[str, Ref], blobs: Mapping[str, Blob]
) -> dict[str, Any] | None:
    """Make what stands beneath the text: media or a card, a quote, or both."""
    media, quote = _media(part.media, blobs), None
    if part.card is not None:
        card = part.card
        external = {"uri": card.url, "title": card.title, "description": card.description}
        media = {"$type": "app.bsky.embed.external", "external": external}
    if part.quote is not None:
        quoted = posts[str(part.quote)].strong
        quote = {"$type": "app.bsky.embed.record", "record": quoted}
    if media is not None and quote is not None:
        return {"$type": "app.bsky.embed.recordWithMedia", "record": quote, "media": media}
    return media or quote


def _media(given: Sequence[Media], blobs: Mapping[str, Blob]) -> dict[str, Any] | None:
    """Make pictures, or the one video, of what is given."""
    images = []
    for media in given:
        file = media.file
        assert file is not None
        ratio = {"aspectRatio": {"width": file.width, "height": file.height}}
        shape = ratio if file.width > 0 and file.height > 0 else {}
        if file.is_video:
            said = {"alt": media.alt} if media.alt else {}
            blob = blobs[file.sha256]
            return {"$type": "app.bsky.embed.video", "video": blob, **said, **shape}
        images.append({"alt": media.alt, "image": blobs[file.sha256], **shape})
    return {"$type": "app.bsky.embed.images", "images": images} if images else None
