"""Which class carries out a handle: the one that is called, or another where there are shards."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from ..eventstore.engines import shards_in


class ByLocation:
    """The base of handles: one on a location of several chains is an object of the class that is
    made for that, and answers as the one that was called says."""

    def __new__(cls, location: str | Path = "jobs", *args: Any, **options: Any) -> Self:
        kind: type[Any] | None = None
        if isinstance(location, str) and "shards=" in location and shards_in(location) is not None:
            kind = cls._over_shards()
        return object.__new__(kind or cls)

    @classmethod
    def _over_shards(cls) -> type[Any] | None:
        """Return the class of such an object; None: this class has none, and is refused there."""
        return None
