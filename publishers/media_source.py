"""The bytes of a file that a ledger keeps, for those who bring it to their platform."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path

from ..domain import JobLedgerError, Media, ValidationError
from ..scheduler import Attempt

MediaSource = Callable[[str], "Path | bytes | Awaitable[Path | bytes]"]
"""Gives a stored file, or its bytes, by its SHA-256."""

MIME_TYPES = {
    "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "mp4": "video/mp4", "mov": "video/quicktime",
}  # fmt: skip
"""What a kind of file is called in HTTP."""


def kept_by_the_ledger(attempt: Attempt) -> MediaSource:
    """Return what gives the files of an attempt's job, from the store of its ledger."""
    media = () if attempt.job.post is None else attempt.job.post.media
    by_hash = {each.file.sha256: each for each in media if each.file is not None}
    return lambda sha256: attempt.media_path(by_hash[sha256])


async def read_media(media: Media, source: MediaSource | None) -> bytes:
    """Read a file that the ledger keeps, and make sure that it is the one that was added.

    Raises:
        ValidationError: it is not there, or is not what it was.
    """
    name = f"{media.source!r:.80}"
    if media.file is None or source is None:
        raise ValidationError(f"{name} cannot be had: the publisher was given no media=")
    try:
        found = source(media.file.sha256)
        given = await found if inspect.isawaitable(found) else found
        content = given if isinstance(given, bytes) else await asyncio.to_thread(_content, given)
    except (OSError, LookupError, JobLedgerError) as error:
        raise ValidationError(f"{name} cannot be read: {type(error).__name__}: {error}") from None
    if hashlib.sha256(content).hexdigest() != media.file.sha256:
        raise ValidationError(f"{name} is not what it was when it was added")
    return content


def _content(path: Path) -> bytes:
    return Path(path).read_bytes()
