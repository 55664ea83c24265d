"""What is packed in a file, such as the parts of a workbook: how much of it is unpacked at most."""

from __future__ import annotations

import io
from typing import IO, Any
from zipfile import ZipFile

from ...domain import ValidationError
from ..wishes import Bounds

_BY_ROW = ("xl/worksheets/", "xl/sharedStrings", "xl/media/")
"""Parts that are read by the row, or not at all."""
_READ_AGAIN = 4
_LEAST_PART = 4096


class TooMuchError(Exception):
    """More was to be unpacked than is to be read."""


class PackedParts(ZipFile):
    """A file's parts. Each may be read several times, and not over and over: in a workbook many
    sheets may be one part."""

    def __init__(self, data: bytes, most: Bounds) -> None:
        super().__init__(io.BytesIO(data))
        self._most = most
        self._left = _READ_AGAIN * most.unpacked

    def check(self, name: str) -> None:
        """Check how much there is, before any of it is unpacked: a part gives no more than what its
        entry says.

        Raises:
            ValidationError: it is more than is to be read.
        """
        parts = self.infolist()
        every = sum(part.file_size for part in parts)
        whole = sum(part.file_size for part in parts if not part.filename.startswith(_BY_ROW))
        if every > self._most.unpacked or whole > self._most.whole:  # rule: no-bomb-is-unpacked
            raise ValidationError(
                f"{name} has more in it than is read of a file: {every / 1e6:.0f} MB when it is"
                f" unpacked, {whole / 1e6:.1f} MB of that besides its rows",
                field="file",
                hint="keep the posts alone, in a file of their own, or save them as CSV UTF-8",
            )

    def open(self, *args: Any, **more: Any) -> IO[bytes]:
        """Open a part.

        Raises:
            TooMuchError: here, or from what is opened: so much is not to be read.
        """
        self._take(_LEAST_PART)
        part = super().open(*args, **more)
        read = part.read

        def counted(size: int = -1) -> bytes:
            data = read(size)
            self._take(len(data))
            return data

        part.read = counted  # type: ignore[method-assign] # of this one alone
        return part

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:  # rule: no-part-over-and-over
            raise TooMuchError
