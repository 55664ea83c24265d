"""What is derived from the state and kept on disk, as far as it is in memory: which daily files are
behind, and the users' projections."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import msgspec

from ..domain import StorageError, ValidationError
from ..instrumentation import ProjectionFailed, tell
from ..projections import (
    Change,
    Counters,
    DailyFiles,
    Folded,
    ProjectionFactory,
    SavedState,
    Snapshot,
    SnapshotError,
    Stored,
    make_all,
)
from .state import Follower


class DerivedState(Follower):
    """Follows the state; `days` knows which daily files are behind, `counters` count, `stored` are
    the users' projections, which `factories` make anew. Guarded by the state's lock."""

    def __init__(
        self, zone: ZoneInfo, factories: tuple[ProjectionFactory, ...], stored: dict[str, Stored]
    ) -> None:
        self._factories = factories
        self.days = DailyFiles(zone)
        self.counters = Counters()
        self.stored = stored

    def start_over(self) -> None:
        """Make the users' projections anew, which were interrupted in the middle of something."""
        for name, stored in make_all(self._factories).items():
            self.stored[name].start_over(stored)

    def find(self, name: str) -> Stored:
        """Find the user's projection of a name.

        Raises:
            ValidationError: there is none.
        """
        if name not in self.stored:
            raise ValidationError(f"there is no projection {name!r}", field="name")
        return self.stored[name]

    def followers(self) -> list[Callable[[Change], object]]:
        """Return what is called with each change."""
        return [
            self.days.apply,
            self.counters.apply,
            *([self._apply_stored] if self.stored else []),
        ]

    def followers_of_many(self) -> list[Callable[[Sequence[Folded]], object]]:
        """Return what is called with many changes at once."""
        return [
            self.days.apply_all,
            self.counters.apply_all,
            *([self._apply_all_stored] if self.stored else []),
        ]

    def _apply_all_stored(self, changes: Sequence[Folded]) -> None:
        for change in changes:
            self._apply_stored(Change(*change))

    def _apply_stored(self, change: Change) -> None:
        for stored in self.stored.values():
            failure = stored.apply(change)
            if failure is not None:
                leave_alone(stored.name, failure)

    def capture(self, snapshot: Snapshot) -> Snapshot:
        """Return the snapshot with the daily files and the counters."""
        days, counts = self.days.capture(), self.counters.capture()
        return msgspec.structs.replace(snapshot, days=days, counts=counts)

    def adopt(self, snapshot: Snapshot, saved: SavedState) -> None:
        """Have the days that are over where they were saved."""
        self.days.adopt(snapshot.days, saved.days)

    def check_fits(self, snapshot: Snapshot) -> None:
        """Check that the snapshot's counters were counted as this release counts.

        Raises:
            SnapshotError: they were not.
        """
        counts = snapshot.counts
        # rule: counted-as-we-count
        if counts is None or not counts.is_usable or counts.seq != snapshot.position.seq:
            raise SnapshotError("its counters were counted in another way")

    def restore(self, snapshot: Snapshot) -> None:
        """Know what the snapshot says of the daily files and the counters."""
        assert snapshot.counts is not None
        self.days.restore(snapshot.days)
        self.counters.restore(snapshot.counts)

    @property
    def is_dirty(self) -> bool:
        """Say whether something changed since its file was written."""
        return bool(self.days.dirty) or bool(self.due())

    def due(self) -> list[str]:
        """Return the names of the users' projections that changed since they were written."""
        stored = self.stored.items()
        return [name for name, each in stored if each.is_dirty and each.failure is None]


def leave_alone(name: str, failure: StorageError) -> None:
    """Tell that a user's projection has failed, and does not follow any more."""
    tell(ProjectionFailed(projection=name, error=failure.message))
