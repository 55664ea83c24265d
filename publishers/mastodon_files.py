"""The files of a status, brought to the instance before it is posted.

A file that is brought and not posted goes away by itself after a day, so nothing is kept of it: an
attempt that begins anew brings its files anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ..domain import Media
from .exchange import Connection, Timeouts, TransportFactory
from .mastodon_api import MastodonApi, MastodonError
from .media_source import MIME_TYPES, MediaSource, read_media
from .threads_steps import Pauses

_SLOWEST = 100_000
"""Bytes in a second that an upload is given time for, beyond the time of any exchange."""


class MastodonFiles:
    """Brings files to one account's instance, and waits until it has worked on them."""

    def __init__(
        self,
        source: MediaSource | None,
        base_url: str,
        token: str,
        timeouts: Timeouts,
        transport: TransportFactory | None,
        pauses: Pauses,
    ) -> None:
        self._source = source
        self._base_url = base_url
        self._token = token
        self._timeouts = timeouts
        self._transport = transport
        self._pauses = pauses

    async def bring(self, files: Sequence[Media]) -> list[str]:
        """Bring the files, in their order; return the ids that the instance gives them.

        Raises:
            ValidationError: one is not there, or is not what it was.
            NotSent, NoAnswer, MastodonError: one could not be brought, or is not ready in time.
        """
        return [await self._bring(media) for media in files]

    async def _bring(self, media: Media) -> str:
        content = await read_media(media, self._source)
        assert media.file is not None
        whole_s = self._timeouts.whole_s + len(content) / _SLOWEST
        timeouts = msgspec.structs.replace(self._timeouts, whole_s=whole_s)
        async with Connection(timeouts, self._transport, [self._token]) as connection:
            api = MastodonApi(connection, self._base_url, self._token)
            mime = MIME_TYPES[media.file.kind]
            media_id, ready = await api.upload(content, mime, media.file.kind, media.alt)
            for pause_s in self._pauses:
                if ready:
                    return media_id
                await self._pauses.sleep(pause_s)
                ready = await api.is_ready(media_id)
        if ready:
            return media_id
        told = f"{media.source!r:.80} is not ready after {self._pauses.whole_s:g} s"
        raise MastodonError("server", told)
