"""What is known of a media file, and how its bytes are read without trusting them."""

from __future__ import annotations

from typing import Literal

import msgspec

from ..errors import ValidationError

MediaKind = Literal["png", "jpeg", "gif", "webp", "mp4", "mov"]
MOST_PARTS = 500_000
"""A file is looked at in so many parts (chunks, segments, boxes) at most."""


class MediaFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is: its size in pixels as it is shown, how long it plays, how many pictures it
    has. None: it does not say."""

    kind: MediaKind
    width: int
    height: int
    seconds: float | None = None
    frames: int | None = None

    @property
    def is_animated(self) -> bool:
        """Whether it moves: a video, or several pictures one after another."""
        return self.kind in ("mp4", "mov") or (self.frames or 1) > 1


class Bytes:
    """Bytes that are read from front to back: what is asked for beyond the end is an error that
    says where."""

    def __init__(self, data: bytes | memoryview, kind: str, begin: int = 0, end: int = -1) -> None:
        self._data = memoryview(data)
        self._kind = kind
        self.at = begin
        self.end = len(self._data) if end < 0 else min(end, len(self._data))
        self._parts = [0]

    @property
    def left(self) -> int:
        """How many bytes there are still."""
        return self.end - self.at

    def take(self, count: int) -> bytes:
        """Read so many bytes.

        Raises:
            ValidationError: there are not as many.
        """
        if count < 0 or count > self.left:
            raise self.broken(f"ends at byte {self.end}, within a part that begins at {self.at}")
        taken = bytes(self._data[self.at : self.at + count])
        self.at += count
        return taken

    def number(self, count: int, *, little: bool = False) -> int:
        """Read a number of so many bytes."""
        return int.from_bytes(self.take(count), "little" if little else "big")

    def skip(self, count: int) -> None:
        """Pass so many bytes over.

        Raises:
            ValidationError: there are not as many.
        """
        if count < 0 or count > self.left:
            raise self.broken(f"a part at byte {self.at} is said to have {count} bytes more")
        self.at += count

    def part(self, count: int) -> Bytes:
        """Return the next so many bytes as something to read by itself, and pass them over."""
        inner = Bytes(self._data, self._kind, self.at, self.at + count)
        inner._parts = self._parts
        self.skip(count)
        return inner

    def begin_part(self) -> None:
        """Count a part of the file.

        Raises:
            ValidationError: there are more than any file needs.
        """
        self._parts[0] += 1
        if self._parts[0] > MOST_PARTS:
            raise self.broken(f"has more than {MOST_PARTS} parts")

    def broken(self, fault: str) -> ValidationError:
        """Make the error that says what is wrong with the file."""
        return ValidationError(f"the {self._kind} file is broken: it {fault}", field="media")

    def sized(self, width: int, height: int) -> tuple[int, int]:
        """Check that a size is one.

        Raises:
            ValidationError: the file has no width or no height.
        """
        if not width or not height:
            raise self.broken(f"says that it is {width} by {height} pixels")
        return width, height
