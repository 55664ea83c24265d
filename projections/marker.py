"""Markers: which position in the log a projection's files stand for, `snapshot_NAME.json`.

A marker is a cache: one that cannot be read, for whatever reason, is no worse than none. One that
can, and stands for more than the log has, is a witness: the log's end was cut off, or an older log
was put in its place. It has a check of its own, so that a flipped bit is no witness of anything.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ..domain import JobLedgerError, StorageError, fold
from ..eventstore import DayRead, has_right_check, with_check
from ..eventstore.engines.files import FileSystem

_LONGEST = 4096
_LAST = 2**63 - 1


class MarkerError(JobLedgerError):
    """The marker cannot be used. Internal: then nobody knows what the files stand for."""


class Marker(msgspec.Struct, frozen=True, omit_defaults=True):
    """The position in the log that the files of one projection stand for: the end of the record
    `seq`, or of a header behind it, in the file of `day`.

    `fold` and `words` are the numbers of the fold and of the words that made the files
    (`domain/job/fold.py`). Those of older releases only have the ledger and the number.
    """

    ledger: str
    seq: int
    day: str = ""
    offset: int = 0
    first_seq: int = 0
    hash: str = ""
    fold: int = 0
    words: int = 0

    @classmethod
    def at(cls, ledger: str, place: DayRead | None) -> Marker:
        """Return the marker of files that are made now and stand for what is before `place`; None:
        for nothing yet."""
        made = fold.FOLD, fold.wording()
        if place is None:
            return cls(ledger, 0, fold=made[0], words=made[1])
        return cls(ledger, place.seq, place.day, place.size, place.first_seq, place.hash, *made)

    @property
    def is_outdated(self) -> bool:
        """Whether the files were made by other rules or with other words than those of today: they
        are behind wherever they stand, and made anew."""
        return (self.fold, self.words) != (fold.FOLD, fold.wording())

    def is_of(self, end: DayRead, has: Callable[[DayRead], bool]) -> bool:
        """Say whether the log, which ends at `end`, has what the files stand for; `has` says
        whether it has the record of a place."""
        if self.seq > end.seq:
            return False
        if not self.hash:
            return True  # as far as an older release can tell
        place = DayRead(self.day, self.offset, self.first_seq, self.seq, self.hash)
        if place == end:
            return True
        try:
            return has(place)
        except StorageError as error:
            return not isinstance(error.__cause__, FileNotFoundError)  # nobody can say


_decoder = msgspec.json.Decoder(Marker)


def marker_path(directory: Path, projection: str) -> Path:
    return directory / f"snapshot_{projection}.json"


def encode_marker(marker: Marker) -> bytes:
    """One line, with its check at the end."""
    return with_check(msgspec.json.encode(marker))


def read_marker(fs: FileSystem, directory: Path, projection: str = "daily_files") -> Marker | None:
    """Return the marker of a projection; None where there is none.

    Raises:
        MarkerError: there is one, and it cannot be used.
    """
    path = marker_path(directory, projection)
    try:
        fd = fs.open_read(path)
        try:
            data = fs.read_at(fd, _LONGEST + 1, 0)
        finally:
            fs.close(fd)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MarkerError(f"it cannot be read: {error.strerror or error}") from error
    return _decode(data)


def _decode(data: bytes) -> Marker:
    if len(data) > _LONGEST:
        raise MarkerError("it is too long to be one")
    try:
        marker = _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MarkerError(f"it cannot be read: {error}") from error
    is_right = has_right_check(data)
    if is_right is None:  # an older release has written it so, and no other bytes
        is_right = data == msgspec.json.encode(Marker(marker.ledger, marker.seq))
    if not is_right:  # rule: check-of-a-marker
        raise MarkerError("it is damaged: its check does not match its bytes")
    if not 0 <= marker.seq <= _LAST:
        raise MarkerError("it stands for no event that there could be")
    return marker
