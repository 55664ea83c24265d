"""The files of a post, brought to the server before the post is written."""

from __future__ import annotations

import hashlib

import msgspec

from ..domain import Media
from ..scheduler import Attempt
from .bluesky_api import BlueskyApi
from .bluesky_post import BlueskyPost, mime_of
from .bluesky_records import Blob
from .bluesky_sessions import Access
from .dag_cbor import blob_cid
from .exchange import Connection, NoAnswer, Timeouts, TransportFactory
from .media_source import MediaSource, kept_by_the_ledger, read_media

_SLOWEST = 100_000
"""Bytes in a second that an upload is given time for, beyond the time of any exchange."""


class Files:
    """Brings the files of a post: each once, however often it is in it."""

    def __init__(
        self,
        source: MediaSource | None,
        base_url: str,
        timeouts: Timeouts,
        transport: TransportFactory | None,
    ) -> None:
        self._source = source
        self._base_url = base_url
        self._timeouts = timeouts
        self._transport = transport

    async def bring(self, post: BlueskyPost, access: Access, attempt: Attempt) -> dict[str, Blob]:
        """Bring all files of an attempt's post; return what the server says of each, by its hash.

        Raises:
            ValidationError: one of them is not there, or is not what it was.
            NotSent, NoAnswer, BlueskyError: one could not be brought.
        """
        blobs: dict[str, Blob] = {}
        source = self._source or kept_by_the_ledger(attempt)
        for media in (media for part in post.parts for media in part.media):
            assert media.file is not None
            if media.file.sha256 not in blobs:
                content = await read_media(media, source)
                blobs[media.file.sha256] = await self._upload(media, content, access)
        return blobs

    async def _upload(self, media: Media, content: bytes, access: Access) -> Blob:
        whole_s = self._timeouts.whole_s + len(content) / _SLOWEST
        timeouts = msgspec.structs.replace(self._timeouts, whole_s=whole_s)

        async def bring(token: str) -> Blob:
            async with Connection(timeouts, self._transport, [token]) as connection:
                api = BlueskyApi(connection, self._base_url)
                return await api.upload(token, content, mime_of(media))

        blob = await access.use(bring)
        expected = blob_cid(hashlib.sha256(content).digest())
        if blob.get("ref") != {"$link": expected}:
            raise NoAnswer("the server has another file than was sent")
        return blob
