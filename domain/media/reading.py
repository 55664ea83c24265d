"""What a file is, by its first bytes: whatever its name says."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ValidationError
from .facts import MediaFacts
from .images import read_gif, read_jpeg, read_png, read_webp
from .videos import read_mp4

_READERS: tuple[tuple[int, bytes, Callable[[bytes | memoryview], MediaFacts]], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", read_png),
    (0, b"\xff\xd8\xff", read_jpeg),
    (0, b"GIF87a", read_gif),
    (0, b"GIF89a", read_gif),
    (8, b"WEBP", read_webp),
    (4, b"ftyp", read_mp4),
)


def reader_of(data: bytes | memoryview) -> Callable[[bytes | memoryview], MediaFacts]:
    """Return what reads a file that begins so; a dozen bytes are enough.

    Raises:
        ValidationError: it is none that is known here.
    """
    for at, sign, read in _READERS:
        if bytes(data[at : at + len(sign)]) == sign:
            return read
    raise ValidationError(
        "the file is no PNG, JPEG, GIF, WebP, MP4 or MOV",
        field="media",
        hint="its first bytes say what a file is, whatever its name says",
    )


def media_facts(data: bytes | memoryview) -> MediaFacts:
    """Return what an image or a video is; nothing is decoded, and nothing is read that is not
    there.

    Raises:
        ValidationError: it is none that is known here, or it is broken.
    """
    return reader_of(data)(data)
