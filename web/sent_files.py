"""Files of posts that a form has: kept already, and carried by it as texts that only this server
makes, so that nobody gets at a file by naming it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import msgspec

from .. import Ledger, Media, ValidationError
from .site import Call
from .uploads import Upload

_TAG = 32
"""So many hex digits stand before what they are of."""


def carried(call: Call, media: Media) -> str:
    """Return a file of a post as a form of this visitor carries it, without its description."""
    text = msgspec.json.encode(Media(media.source, file=media.file)).decode()
    return _tag(call, text) + text


def kept_of(call: Call, text: str) -> Media | None:
    """Return the file that a form has carried; None where it is none of this server's making for
    this visitor, or of one that was started before."""
    tag, said = text[:_TAG], text[_TAG:]
    is_ours = hmac.compare_digest(tag.encode(), _tag(call, said).encode())
    if not is_ours:  # rule: no-file-by-its-name
        return None
    try:
        return msgspec.json.decode(said, type=Media)
    except (msgspec.DecodeError, UnicodeError):
        return None


def _tag(call: Call, text: str) -> str:
    said = f"{call.visitor.by}\0{text}".encode()
    return hmac.new(call.site.secret, said, hashlib.sha256).hexdigest()[:_TAG]


def keep_files(call: Call, part: int) -> Iterator[Media | ValidationError]:
    """Keep the files that were sent for a part, and yield each, or what is wrong with it. For
    whoever has made sure that the visitor may."""
    for field, upload in call.uploads:
        if field == f"p{part}-upload":
            yield _kept(call.site.acting(call.visitor), upload)


def _kept(ledger: Ledger, upload: Upload) -> Media | ValidationError:
    try:
        return Media(upload.name, file=ledger.add_media(upload.data))
    except ValidationError as error:
        return ValidationError(f"{upload.name}: {error.message}", field="media", hint=error.hint)
