"""The settings of one handle on a ledger, checked before anything is made."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TypedDict, get_args
from zoneinfo import ZoneInfo

import msgspec

from ..domain import EXPIRE_AFTER, ValidationError, check_by
from ..eventstore import Durability, Shard
from ..eventstore.engines import directory_of
from ..eventstore.engines.files import FileSystem
from ..instrumentation import Progress
from ..projections import ProjectionFactory
from .clock import Clock
from .media_store import MOST_MEDIA_BYTES
from .uniqueness import Unique, check_setting
from .zone import load_zone

KEEP_MEDIA = timedelta(days=30)
"""How long a file is kept when the last job that has it is closed."""


def no_progress(done: int, total: int) -> None:
    """Nobody wants to know."""


class LedgerOptions(TypedDict, total=False):
    """What a Ledger takes beside its location, for those who pass it on."""

    timezone: str | ZoneInfo | None
    durability: Durability
    clock: Clock | None
    expire_after: timedelta
    unique: Unique
    projections: Iterable[ProjectionFactory]
    allow_network: bool
    use_snapshot: bool
    progress: Progress
    by: str | None
    media: str | Path | None
    keep_media: timedelta
    most_media_bytes: int
    fs: FileSystem | None


class LedgerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a Ledger was asked to be (see there); `shard`: one chain of several at the location.

    Raises:
        ValidationError: a value is not acceptable; names the field.
    """

    location: str | Path
    timezone: str | ZoneInfo | None = None
    durability: Durability = "fsync"
    clock: Clock | None = None
    expire_after: timedelta = EXPIRE_AFTER
    read_only: bool = False
    unique: Unique = False
    projections: Iterable[ProjectionFactory] = ()
    allow_network: bool = False
    use_snapshot: bool = True
    progress: Progress = no_progress
    by: str | None = None
    media: str | Path | None = None
    keep_media: timedelta = KEEP_MEDIA
    most_media_bytes: int = MOST_MEDIA_BYTES
    fs: FileSystem | None = None
    shard: Shard | None = None

    def __post_init__(self) -> None:
        if self.durability not in get_args(Durability):
            raise ValidationError(
                f"durability must be one of {', '.join(get_args(Durability))}, not"
                f" {self.durability!r}",
                field="durability",
            )
        if not isinstance(self.expire_after, timedelta) or self.expire_after <= timedelta(0):
            raise ValidationError("expire_after must be a positive timedelta", field="expire_after")
        if self.clock is not None and not callable(getattr(self.clock, "now", None)):
            raise ValidationError(f"clock must have a now(), not {self.clock!r:.60}", field="clock")
        if not str(self.location).strip() or "\0" in str(self.location):
            raise ValidationError(
                f"location {str(self.location)!r} is none: give a directory, or a URL",
                field="location",
            )
        if self.timezone is not None:
            load_zone(self.timezone)
        check_setting(self.unique)
        self._check_media()
        if self.by is not None:
            check_by(self.by)

    def _check_media(self) -> None:
        if not isinstance(self.keep_media, timedelta) or self.keep_media < timedelta(0):
            raise ValidationError("keep_media must be a timedelta", field="keep_media")
        most = self.most_media_bytes
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise ValidationError(
                f"most_media_bytes must be a number, not {most!r:.40}", field="most_media_bytes"
            )
        if self.media is not None and directory_of(self.location) is not None:
            raise ValidationError(
                f"media is for ledgers on a server; one in a directory keeps its own: {self.media}",
                field="media",
            )
        if self.media is not None and (not str(self.media).strip() or "\0" in str(self.media)):
            raise ValidationError(f"media {str(self.media)!r} is no directory", field="media")

    @property
    def zone_name(self) -> str | None:
        """The IANA name of the zone that was asked for."""
        return None if self.timezone is None else load_zone(self.timezone).key
