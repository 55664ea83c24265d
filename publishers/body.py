"""The body of an answer, read as a stream and never beyond a bound, whatever its sender packs."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import msgspec

MOST_BYTES = 4 * 1024 * 1024
"""More of a body is neither read nor unpacked; the longest list that is asked for has a quarter."""
_EITHER = 32 + zlib.MAX_WBITS
"""zlib finds out by itself whether it is gzip or deflate."""


class Body(msgspec.Struct, frozen=True):
    """What was read of a body. Not `whole`: it goes on, or cannot be unpacked."""

    content: bytes
    whole: bool


class Unpacking:
    """Unpacks piece by piece, and no more than `most` bytes in all."""

    def __init__(self, coding: str, most: int = MOST_BYTES) -> None:
        self._zlib = None if coding in ("", "identity") else zlib.decompressobj(_EITHER)
        self._sound = coding in ("", "identity", "gzip", "x-gzip", "deflate")
        self._left = most
        self._packed_left = most
        self._pieces: list[bytes] = []

    def take(self, piece: bytes) -> bool:
        """Take a piece in; whether another is wanted."""
        self._packed_left -= len(piece)
        if self._sound and self._zlib is not None:
            piece = self._unpacked(piece)
        self._pieces.append(piece[: self._left])
        self._left -= len(piece)
        return self._sound and self._left >= 0 and self._packed_left >= 0

    def _unpacked(self, piece: bytes) -> bytes:
        assert self._zlib is not None
        try:
            return self._zlib.decompress(piece, self._left + 1)
        except zlib.error:
            self._sound = False
            return b""

    def body(self) -> Body:
        """Return what has been taken."""
        ended = self._zlib is None or self._zlib.eof or not self._pieces
        whole = self._sound and ended and self._left >= 0 and self._packed_left >= 0
        return Body(b"".join(self._pieces) if self._sound else b"", whole)


async def read(response: httpx.Response) -> Body:
    """Read the body of a response that was asked for as a stream; the rest is not waited for."""
    if response.is_stream_consumed:  # by a transport of somebody's own, which has it all already
        content = response.content
        return Body(content[:MOST_BYTES], len(content) <= MOST_BYTES)
    unpacking = Unpacking(response.headers.get("Content-Encoding", "").strip().lower())
    pieces: AsyncIterator[bytes] = response.aiter_raw()
    async for piece in pieces:
        if not unpacking.take(piece):
            with suppress(Exception):  # what is known is known, however the connection ends
                await response.aclose()
            break
    return unpacking.body()
