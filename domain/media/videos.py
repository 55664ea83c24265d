"""The headers of MP4 and MOV files: boxes within boxes."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import ValidationError
from .facts import Bytes, MediaFacts, MediaKind

_FIXED = 65536
_PICTURES = {b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1"}


def read_mp4(data: bytes | memoryview) -> MediaFacts:
    """Read the size of an MP4 or MOV file as it is shown, how long it plays and its frames.

    Raises:
        ValidationError: it is broken, or has no video.
    """
    source = Bytes(data, "MP4")
    brand, movie, has_pictures = b"", None, False
    for name, box in _boxes(source):
        if name == b"ftyp":
            brand = box.take(4)
        elif name == b"moov":
            movie = box
        has_pictures = has_pictures or name == b"mdat"
    if brand in _PICTURES:
        raise ValidationError(
            "the file is a HEIF or AVIF picture, which is not looked into here", field="media"
        )
    if movie is None:
        raise source.broken("does not say what is in it (no moov)")
    if not has_pictures:
        raise source.broken("ends before its pictures (no mdat)")
    kind: MediaKind = "mov" if brand == b"qt  " else "mp4"
    seconds: float | None = None
    found: tuple[int, int, int | None] | None = None
    for name, box in _boxes(movie):
        if name == b"mvhd":
            seconds = _seconds(box)
        elif name == b"trak" and found is None:
            found = _video(box)
    if found is None:
        raise source.broken("has no video in it")
    width, height, frames = found
    return MediaFacts(kind=kind, width=width, height=height, seconds=seconds, frames=frames)


def _boxes(source: Bytes) -> Iterator[tuple[bytes, Bytes]]:
    """Yield the boxes of a part. The last one may go on to the end (size 0), or say its size in
    eight bytes (size 1)."""
    while source.left:
        source.begin_part()
        size, name = source.number(4), source.take(4)
        header = 8
        if size == 1:
            size, header = source.number(8), 16
        elif size == 0:
            size = source.left + header
        if size < header:
            raise source.broken(f"says that a box at byte {source.at - header} has {size} bytes")
        yield name, source.part(size - header)


def _seconds(header: Bytes) -> float | None:
    """Return how long a movie plays, by its header; None where it does not say."""
    version = header.number(1)
    header.skip(3)
    wide = 8 if version == 1 else 4
    header.skip(2 * wide)
    scale, length = header.number(4), header.number(wide)
    unknown = (1 << 8 * wide) - 1
    if not scale or length in (0, unknown):  # of a file in fragments
        return None
    return length / scale


def _video(track: Bytes) -> tuple[int, int, int | None] | None:
    """Return the width, height and frames of a track; None where it is none of a video."""
    size: tuple[int, int] | None = None
    is_video, frames = False, None
    for name, box in _boxes(track):
        if name == b"tkhd":
            size = _track_size(box)
        elif name == b"mdia":
            for inner_name, inner in _boxes(box):
                if inner_name == b"hdlr":
                    inner.skip(8)
                    is_video = inner.take(4) == b"vide"
                elif inner_name == b"minf":
                    frames = _samples(inner)
    if not is_video or size is None:
        return None
    width, height = track.sized(*size)
    return width, height, frames


def _track_size(header: Bytes) -> tuple[int, int]:
    """Return the size of a track as it is shown: its matrix may turn it by a quarter."""
    version = header.number(1)
    header.skip(3 + (32 if version == 1 else 20) + 16)
    matrix = [header.number(4) for _ in range(9)]
    width, height = header.number(4) // _FIXED, header.number(4) // _FIXED
    is_turned = not matrix[0] and not matrix[4] and bool(matrix[1]) and bool(matrix[3])
    return (height, width) if is_turned else (width, height)


def _samples(information: Bytes) -> int | None:
    """Return how many samples a track has; a video has one for each frame."""
    for name, box in _boxes(information):
        if name != b"stbl":
            continue
        for inner_name, inner in _boxes(box):
            if inner_name == b"stsz":
                inner.skip(8)
                return inner.number(4) or None
    return None
