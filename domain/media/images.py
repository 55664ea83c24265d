"""The headers of PNG, JPEG, GIF and WebP files."""

from __future__ import annotations

from .facts import Bytes, MediaFacts, MediaKind

_START_OF_FRAME = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers of JPEG without a length."""
_TURNED = frozenset(range(5, 9))
"""Orientations of Exif in which width and height change places."""


def read_png(data: bytes | memoryview) -> MediaFacts:
    """Read the size of a PNG file, and of an animated one its frames.

    Raises:
        ValidationError: it is broken.
    """
    source = Bytes(data, "PNG")
    source.skip(8)
    length, name = source.number(4), source.take(4)
    if name != b"IHDR" or length != 13:
        raise source.broken("does not begin with its header")
    width, height = source.sized(source.number(4), source.number(4))
    source.skip(5 + 4)
    frames, has_picture = 1, False
    while True:
        source.begin_part()
        length, name = source.number(4), source.take(4)
        chunk = source.part(length)
        source.skip(4)
        if name == b"IEND":
            break
        has_picture = has_picture or name == b"IDAT"
        if name == b"acTL":
            frames = chunk.number(4)
    if not has_picture:
        raise source.broken("has no picture")
    return MediaFacts(kind="png", width=width, height=height, frames=max(frames, 1))


def read_jpeg(data: bytes | memoryview) -> MediaFacts:
    """Read the size of a JPEG file as it is shown: turned where its Exif says so.

    Raises:
        ValidationError: it is broken.
    """
    source = Bytes(data, "JPEG")
    source.skip(2)
    is_turned, size = False, None
    while True:
        marker = _marker(source)
        if marker == 0xDA and size is not None:
            break
        if marker in (0xD9, 0xDA):
            raise source.broken("has no size before its picture")
        length = source.number(2)
        if length < 2:
            raise source.broken(f"says that a part at byte {source.at} has {length} bytes")
        segment = source.part(length - 2)
        if marker == 0xE1:
            is_turned = is_turned or _is_turned(segment)
        elif marker in _START_OF_FRAME:
            segment.skip(1)
            height, width = segment.number(2), segment.number(2)
            size = source.sized(width, height)
    width, height = reversed(size) if is_turned else size
    return _still("jpeg", width, height)


def _marker(source: Bytes) -> int:
    """Read the next marker that has a length, past those that stand alone."""
    while True:
        source.begin_part()
        if source.number(1) != 0xFF:
            raise source.broken(f"has no marker at byte {source.at - 1}")
        marker = source.number(1)
        while marker == 0xFF:
            source.begin_part()
            marker = source.number(1)
        if marker not in _ALONE:
            return marker


def _is_turned(exif: Bytes) -> bool:
    """Whether Exif says that the picture lies on its side; what is odd about it says nothing."""
    if exif.left < 14 or exif.take(6) != b"Exif\0\0":
        return False
    order = exif.take(2)
    little = order == b"II"
    if order not in (b"II", b"MM") or exif.number(2, little=little) != 42:
        return False
    offset = exif.number(4, little=little) - 8
    if not 0 <= offset <= exif.left - 2:
        return False
    exif.skip(offset)
    for _ in range(min(exif.number(2, little=little), exif.left // 12)):
        tag, kind = exif.number(2, little=little), exif.number(2, little=little)
        count, value = exif.number(4, little=little), exif.number(2, little=little)
        exif.skip(2)
        if (tag, kind, count) == (0x0112, 3, 1):
            return value in _TURNED
    return False


def read_gif(data: bytes | memoryview) -> MediaFacts:
    """Read the size of a GIF file, its frames, and how long they play once.

    Raises:
        ValidationError: it is broken.
    """
    source = Bytes(data, "GIF")
    source.skip(6)
    width = source.number(2, little=True)
    width, height = source.sized(width, source.number(2, little=True))
    _skip_colours(source, source.number(1), behind=2)
    frames, hundredths = 0, 0
    while True:
        source.begin_part()
        sign = source.number(1)
        if sign == 0x3B:
            break
        if sign == 0x2C:
            source.skip(8)
            _skip_colours(source, source.number(1))
            source.skip(1)
            frames += 1
        elif sign == 0x21:
            if source.number(1) == 0xF9 and source.left >= 4:
                control = Bytes(source.take(4), "GIF")
                control.skip(2)
                hundredths += control.number(2, little=True)
                source.at -= 4
        else:
            raise source.broken(f"has {sign:#04x} at byte {source.at - 1}, which begins nothing")
        _skip_blocks(source)
    if not frames:
        raise source.broken("has no picture")
    seconds = hundredths / 100 if frames > 1 else None
    return MediaFacts(kind="gif", width=width, height=height, frames=frames, seconds=seconds)


def _skip_colours(source: Bytes, packed: int, behind: int = 0) -> None:
    source.skip(behind)
    if packed & 0x80:
        source.skip(3 << ((packed & 7) + 1))


def _skip_blocks(source: Bytes) -> None:
    while size := source.number(1):
        source.begin_part()
        source.skip(size)


def read_webp(data: bytes | memoryview) -> MediaFacts:
    """Read the size of a WebP file, and of an animated one its frames and how long they play.

    Raises:
        ValidationError: it is broken.
    """
    whole = Bytes(data, "WebP")
    whole.skip(4)
    size = whole.number(4, little=True)
    whole.skip(4)
    source = whole.part(max(size - 4, 0))
    name, chunk = _chunk(source)
    if name == b"VP8 ":
        chunk.skip(3)
        if chunk.take(3) != b"\x9d\x01\x2a":
            raise source.broken("has no picture in its first chunk")
        width, height = (chunk.number(2, little=True) & 0x3FFF for _ in range(2))
        return _still("webp", *source.sized(width, height))
    if name == b"VP8L":
        if chunk.number(1) != 0x2F:
            raise source.broken("has no picture in its first chunk")
        bits = chunk.number(4, little=True)
        return _still("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if name != b"VP8X":
        raise source.broken(f"begins with {name!r}, which is no picture")
    flags = chunk.number(1)
    chunk.skip(3)
    width, height = (chunk.number(3, little=True) + 1 for _ in range(2))
    pictures = frames = milliseconds = 0
    while source.left:
        name, chunk = _chunk(source)
        pictures += name in (b"VP8 ", b"VP8L", b"ANMF")
        if name == b"ANMF":
            chunk.skip(12)
            milliseconds += chunk.number(3, little=True)
            frames += 1
    if not pictures:
        raise source.broken("has no picture")
    if not flags & 0x02:
        return _still("webp", width, height)
    return MediaFacts(
        kind="webp", width=width, height=height, frames=frames, seconds=milliseconds / 1000
    )


def _chunk(source: Bytes) -> tuple[bytes, Bytes]:
    source.begin_part()
    name, size = source.take(4), source.number(4, little=True)
    chunk = source.part(size)
    if size % 2 and source.left:
        source.skip(1)
    return name, chunk


def _still(kind: MediaKind, width: int, height: int) -> MediaFacts:
    return MediaFacts(kind=kind, width=width, height=height, frames=1)
