"""HEAD: the last acknowledged position, beside the log.

It catches what no chain can see, a file cut exactly at a line's end, and it tells readers how far
the log is acknowledged, so that a write which is still on its way to the disk is never shown.

`seq` is acknowledged; `durable_seq` (at most `seq`) is known to be on disk, and only that makes a
shorter log a damaged one. The file is rewritten in place after each append and synced when the
ledger is idle, so after a power cut it may be behind the log, never ahead of what is durable.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import msgspec

from ...port import Tail
from .filesystem import FileIdentity, FileSystem
from .names import DirectoryNames

HEAD_NAME = "HEAD"
HEAD_WIDTH = 320
_CHECK = 16


class Head(Tail, frozen=True, omit_defaults=True):
    """The acknowledged end, and where the next write goes in the journal: 0 where all is on disk in
    the day's file. None: nobody knows, as with older releases."""

    journal: int | None = None


_decoder = msgspec.json.Decoder(Head)
_encode = msgspec.json.Encoder().encode


def encode_head(head: Tail) -> bytes:
    """One line of fixed width, so that rewriting it in place is one small write."""
    body = _encode(head)[:-1]
    check = sha256(body).hexdigest()[:_CHECK].encode()
    return (b'%b,"check":"%b"}' % (body, check)).ljust(HEAD_WIDTH - 1) + b"\n"


def decode_head(data: bytes) -> Head | None:
    """Return the head, or None where the bytes are torn or not a head at all."""
    line = data.rstrip()
    body, mark, check = line.rpartition(b',"check":"')
    if (
        not mark
        or check != sha256(body).hexdigest()[:_CHECK].encode() + b'"}'  # rule: check-of-head
    ):
        return None
    try:
        return _decoder.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


class HeadFile:
    """The HEAD file of one directory, held open."""

    def __init__(
        self,
        fs: FileSystem,
        directory: Path,
        *,
        names: DirectoryNames | None = None,
        read_only: bool = False,
    ) -> None:
        self._fs = fs
        self._names = names or DirectoryNames()
        self._sure_of: object = None
        """Of which state of the names the file's own was its own."""
        self.path = directory / HEAD_NAME
        self._read_only = read_only
        self._fd: int | None = None
        self._identity: FileIdentity = 0, 0
        self._is_written = False
        self._known: tuple[bytes, Head | None] = b"", None
        """What was in the file last: mostly it still is, and need not be decoded again."""

    def read(self) -> Head | None:
        """Return the head; None where there is none that can be trusted."""
        self._let_go_of_removed()
        if self._fd is None:
            try:
                if self._read_only:
                    self._opened(self._fs.open_read(self.path))
                else:
                    self._opened(self._fs.open_write(self.path))
            except FileNotFoundError:
                return None
            assert self._fd is not None
        data = self._fs.read_at(self._fd, HEAD_WIDTH, 0)
        if data != self._known[0]:
            self._known = data, decode_head(data)
        return self._known[1]

    def write(self, head: Tail, encoded: bytes | None = None) -> None:
        """Put `head` in place; visible to other processes at once, on disk after `sync`. `encoded`
        is what `encode_head` makes of it, where that was made before.

        Under the append lock, after `read`, which has noticed if the file was removed.
        """
        self._is_written = True
        if self._fd is None:
            self._opened(self._fs.open_write(self.path, create=True))
        assert self._fd is not None
        data = encoded or encode_head(head)
        self._known = b"", None
        self._fs.write_at(self._fd, data, 0)
        self._known = data, head if isinstance(head, Head) else decode_head(data)

    def _opened(self, fd: int) -> None:
        self._identity = self._fs.identity(fd)
        self._fd, self._sure_of = fd, None

    def _let_go_of_removed(self) -> None:
        """Somebody may have removed or replaced the file: what is written to this one is gone."""
        state = self._names.state
        if state is not None and self._sure_of == state:  # rule: head-of-this-state
            return
        if self._fd is not None:
            try:
                self._fs.named_size(self.path, self._identity, self._fd)
                self._sure_of = state or self._sure_of
            except FileNotFoundError:
                self.close()

    def sync(self) -> None:
        """Make sure that what was written here is on disk when this returns."""
        if self._fd is not None and self._is_written:
            self._fs.sync_data(self._fd)
            self._is_written = False

    def close(self) -> None:
        fd, self._fd = self._fd, None  # first: a number that is closed may be another file's
        if fd is not None:
            self._fs.close(fd)
