"""Media files of any size, made byte by byte: small ones, as their formats have them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable


def chunk(name: bytes, data: bytes) -> bytes:
    """Return a chunk of PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int = 3, height: int = 2, frames: int | None = None) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    picture = zlib.compress((b"\0" + bytes(3)) * 2)
    animation = b"" if frames is None else chunk(b"acTL", struct.pack(">II", frames, 0))
    parts = chunk(b"IHDR", header) + animation + chunk(b"IDAT", picture) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def painted(width: int, height: int) -> bytes:
    """Return a PNG that can be looked at: the sky of an evening."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = []
    for y in range(height):
        part = y / height
        colour = bytes((int(40 + 210 * part), int(70 + 80 * part), int(150 - 60 * part)))
        rows.append(b"\0" + colour * width)
    data = chunk(b"IDAT", zlib.compress(b"".join(rows)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def segment(marker: int, data: bytes) -> bytes:
    """Return a segment of JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(width: int = 3, height: int = 2, orientation: int | None = None) -> bytes:
    exif = b""
    if orientation is not None:
        entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
        exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
        exif = segment(0xE1, exif)
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    picture = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x00\xff\xd9"
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0" + bytes(9)) + exif + segment(0xC0, frame) + picture


def gif(width: int = 3, height: int = 2, delays: Iterable[int] = (0,)) -> bytes:
    colours = bytes(6)
    picture = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    frames = b"".join(
        b"\x21\xf9\x04\0" + struct.pack("<H", delay) + b"\0\0" + picture for delay in delays
    )
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + colours
    return head + b"\x21\xfe\x03abc\0" + frames + b";"


def riff(name: bytes, data: bytes) -> bytes:
    """Return a chunk of WebP."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(form: str = "VP8 ", width: int = 3, height: int = 2, delays: Iterable[int] = ()) -> bytes:
    lossy = riff(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0")
    lossless = riff(b"VP8L", b"\x2f" + struct.pack("<I", width - 1 | height - 1 << 14) + b"\0")
    if form == "VP8X":
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        frames = [riff(b"ANMF", bytes(12) + d.to_bytes(3, "little") + b"\0") for d in delays]
        flags = b"\x02" if frames else b"\0"
        body = riff(b"VP8X", flags + bytes(3) + size) + (b"".join(frames) or lossy)
    else:
        body = lossy if form == "VP8 " else lossless
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def box(name: bytes, *parts: bytes, form: str = "plain") -> bytes:
    """Return a box of MP4: with its size in four bytes, in eight, or up to the end."""
    data = b"".join(parts)
    if form == "wide":
        return struct.pack(">I", 1) + name + struct.pack(">Q", len(data) + 16) + data
    return struct.pack(">I", 0 if form == "open" else len(data) + 8) + name + data


def track(kind: bytes, width: int, height: int, frames: int, *, turned: bool = False) -> bytes:
    """Return a track of MP4."""
    one = 0x10000
    straight, quarter = (one, 0, 0, 0, one, 0, 0, 0, 0x40000000), (0, one, 0, one, 0, 0, 0, 0, one)
    matrix = struct.pack(">9I", *(quarter if turned else straight))
    header = bytes(4 + 20 + 16) + matrix + struct.pack(">II", width * one, height * one)
    samples = box(b"stbl", box(b"stsz", struct.pack(">III", 0, 0, frames)))
    media = box(b"hdlr", bytes(8) + kind + bytes(13)), box(b"minf", samples)
    return box(b"trak", box(b"tkhd", header), box(b"mdia", *media))


def mp4(
    width: int = 3,
    height: int = 2,
    *,
    brand: bytes = b"isom",
    turned: bool = False,
    form: str = "plain",
    seconds: float = 2.5,
) -> bytes:
    header = bytes(4 + 8) + struct.pack(">II", 1000, int(seconds * 1000)) + bytes(80)
    tracks = track(b"soun", 0, 0, 9), track(b"vide", width, height, 75, turned=turned)
    movie = box(b"moov", box(b"mvhd", header), *tracks)
    return box(b"ftyp", brand + bytes(4)) + movie + box(b"mdat", bytes(16), form=form)
