"""Making what is derived from a log anew, and comparing it with what the log gives."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from ..domain import ValidationError
from ..eventstore import DayRead, EventLog
from ..instrumentation import Progress
from ..projections import (
    DAILY_FILES,
    Comparison,
    Difference,
    LogEntry,
    Marker,
    ProjectionFactory,
    RebuildReport,
    Replay,
    count_files,
    marker_path,
)
from .derived_files import DerivedFiles
from .derived_state import DerivedState
from .loading import StateLoader
from .snapshots import Snapshots
from .state import State

_CATCH_UP_S = 1.5
"""How long a check waits for files that are behind: whoever has the ledger open writes them within
a second, but for large ones, which are told as behind then."""
_LOOK_EVERY_S = 0.05


class Rebuilder:
    """Makes what is derived from a ledger's log anew, or compares it with what the log gives.

    Where the ledger has no place for files (`disk` None), that is its state alone.
    """

    def __init__(
        self,
        log: EventLog[LogEntry],
        state: State,
        derived: DerivedState,
        disk: DerivedFiles | None,
        zone: ZoneInfo,
        factories: tuple[ProjectionFactory, ...],
        *,
        loader: StateLoader,
        snapshots: Snapshots | None,
        check_writable: Callable[[], None],
    ) -> None:
        self._log = log
        self._board = state.board
        self._lock = state.lock
        self._derived = derived
        self._disk = disk
        self._zone = zone
        self._factories = factories
        self._loader = loader
        self._snapshots = snapshots
        self._check_writable = check_writable

    def run(
        self, *, check: bool, only: Iterable[str], accept_loss: bool, progress: Progress
    ) -> RebuildReport:
        """Make anew, or with `check` compare. As `Ledger.rebuild`."""
        self._log.refresh()
        if self._log.damage is not None:
            raise self._log.damage
        names = self.names(only)
        if check:
            return self.check(names, progress, self.as_replayed())
        self._check_writable()
        if not accept_loss:
            self.check_not_ahead(names)
        report = self.rebuild(names, progress, self.as_replayed())
        if self._snapshots is not None:
            self._snapshots.remove()  # which is kept by then where it shows what is lost
        return report

    def names(self, only: Iterable[str]) -> list[str]:
        """Return the projections of these names, all where none is given.

        Raises:
            ValidationError: there is none of a name.
        """
        known = [DAILY_FILES, *self._derived.stored]
        chosen = list(only) or known
        for name in chosen:
            if name not in known:
                raise ValidationError(
                    f"there is no projection {name!r}",
                    field="only",
                    hint=f"there are: {', '.join(known)}",
                )
        return chosen

    def as_replayed(self) -> Replay | None:
        """Return the state as it is, where a replay of the log would do nothing but make it again:
        this handle was told to make it so when it was opened, and nothing came after it. The
        projections of users can't be copied, and would lack what was before."""
        with self._lock:
            if self._loader.replayed != self._board.seq or self._derived.stored:
                return None
            replay = Replay(self._zone)
            replay.board.restore(self._board.capture())
            replay.daily_files.restore(self._derived.days.capture())
            replay.counters.restore(self._derived.counters.capture())
            return replay

    def check_not_ahead(self, names: list[str]) -> None:
        """Check that no projection's files stand for more than the log has.

        Raises:
            StorageError: they do: the log was cut, and they may show what it has lost.
        """
        if self._disk is not None:
            with self._disk.writer.undisturbed():
                self._log.refresh()
                self._disk.witnesses.check_none(names)

    def rebuild(
        self, names: list[str], progress: Progress, begun: Replay | None = None
    ) -> RebuildReport:
        """Make the state, and the files of these projections, anew from the log; `begun` has read
        some of it. What stands for more than the log has is kept aside.

        Reading it takes as long as it takes and disturbs nobody; only for what was appended
        meanwhile and for writing is the files' lock held.
        """
        replay = begun or Replay(self._zone, self._factories)
        replay.feed(self._log.read(replay.seq), progress=progress, total=self._log.seq)
        disk, dirty = self._disk, set[str]()
        if disk is None:
            self._log.refresh()
            self._take_over(replay, dirty)
            return self._report(replay, [], [])
        compare, differences = Comparison(*disk.place), list[Difference]()
        with disk.writing, disk.writer.locked():
            self._log.refresh()
            try:
                end = self._take_over(replay, dirty)
                self._log.sync()
                kept = _keep_witnesses(disk, replay, names, compare)
                for name in names:
                    differences += _write_anew(disk, replay, name, compare, end)
                    if name == DAILY_FILES:
                        dirty.clear()
            finally:
                with self._lock:
                    self._derived.days.dirty |= dirty
        return self._report(replay, names, differences, kept)

    def _take_over(self, replay: Replay, dirty: set[str]) -> DayRead:
        """Have the state that a replay gives, once it has read the rest; return where the log
        stands, and put into `dirty` the days whose files were behind."""
        with self._log.still(replacing=True), self._lock:
            replay.feed(self._log.read(replay.seq))
            dirty |= self._derived.days.dirty
            self._board.restore(replay.board.capture())
            self._derived.days.restore(replay.daily_files.capture())
            # rule: rebuild-counts-anew
            self._derived.counters.restore(replay.counters.capture())
            # What changes from here on is behind again, whatever is written now.
            self._derived.days.dirty = set()
            return self._log.end

    def check(
        self, names: list[str], progress: Progress, begun: Replay | None = None
    ) -> RebuildReport:
        """Compare the files of these projections with what the log gives; write nothing. `begun`
        has read some of it.

        Each projection's files stand for a position in the log, and are compared with the state
        there. Files that are behind may be on their way: they get the time that they may take.
        """
        asked = self._log.seq
        disk = self._disk
        if disk is None:
            replay = begun or Replay(self._zone, self._factories)
            replay.feed(self._log.read(replay.seq), until=asked, progress=progress, total=asked)
            return self._report(replay, [], [])
        positions = {name: self._position(disk, name, asked) for name in names}
        first = min(positions.values(), default=asked)
        usable = begun if begun is not None and begun.seq <= first else None
        replay = usable or Replay(self._zone, self._factories)
        replay.feed(self._log.read(replay.seq), until=first, progress=progress, total=asked)
        _wait_for(disk, names, asked)
        compare = Comparison(*disk.place)
        found: dict[Path, Difference] = {}
        with disk.writer.undisturbed():
            self._log.refresh()
            positions = {name: self._position(disk, name, asked) for name in names}
            for name in sorted(names, key=lambda name: positions[name]):
                replay.feed(self._log.read(replay.seq), until=positions[name])
                different = _different(disk, replay, name, compare)
                if disk.witnesses.sign_of(name) is not None:
                    different = {path: Difference(path.name, "ahead") for path in different}
                found |= different
            replay.feed(self._log.read(replay.seq), until=max(asked, replay.seq))
            for name in names:
                if positions[name] < asked:
                    for path in compare.different(replay, name):
                        found.setdefault(path, Difference(path.name, "behind"))
        return self._report(replay, names, list(found.values()))

    def _position(self, disk: DerivedFiles, name: str, asked: int) -> int:
        """Return the event that a projection's files stand for, or that asked for where nobody
        knows."""
        position = disk.writer.position(name)
        return asked if position is None else min(position, self._log.seq)

    def _report(
        self,
        replay: Replay,
        names: list[str],
        differences: list[Difference],
        kept: Path | None = None,
    ) -> RebuildReport:
        return RebuildReport(
            events=replay.seq,
            jobs=len(replay.board.jobs),
            files=count_files(replay, names),
            changed=[difference.file for difference in differences],
            differences=differences,
            kept=None if kept is None else kept.name,
        )


def _keep_witnesses(
    disk: DerivedFiles, replay: Replay, names: list[str], compare: Comparison
) -> Path | None:
    """Keep aside what differs of the projections that are ahead of the log; return where."""
    ahead = [name for name in names if disk.witnesses.sign_of(name) is not None]
    files = [path for name in ahead for path in compare.different(replay, name)]
    markers = [marker_path(disk.place.directory, name) for name in ahead]
    if not ahead and disk.witnesses.sign_of_snapshot() is None:
        return None
    return disk.witnesses.keep([*files, *markers])


def _write_anew(
    disk: DerivedFiles, replay: Replay, name: str, compare: Comparison, place: DayRead
) -> list[Difference]:
    different = _different(disk, replay, name, compare)
    for path, difference in different.items():
        if difference.kind == "foreign":
            disk.writer.set_aside(path)
    if disk.writer.is_outdated(name):
        disk.writer.begin_anew(name)
    files = ((path, compare.content(replay, name, path)) for path in different)
    disk.writer.write(name, files, place)
    return list(different.values())


def _different(
    disk: DerivedFiles, replay: Replay, name: str, compare: Comparison
) -> dict[Path, Difference]:
    """Return what differs of one projection. What another fold made, or with other words, is only
    behind; whatever is not of this ledger's making stays that. Under the files' lock."""
    different = compare.different(replay, name)
    if not disk.writer.is_outdated(name):
        return different
    return {
        path: each if each.kind == "foreign" else Difference(path.name, "behind")
        for path, each in different.items()
    }


def _wait_for(disk: DerivedFiles, names: list[str], asked: int) -> None:
    """Give those who have the ledger open the time to bring files up that are behind."""
    waiting = threading.Event()
    for _ in range(round(_CATCH_UP_S / _LOOK_EVERY_S)):
        if all(_is_up_to(disk.writer.marker(name), asked) for name in names):
            return
        waiting.wait(_LOOK_EVERY_S)


def _is_up_to(marker: Marker | None, asked: int) -> bool:
    if marker is None:
        return asked == 0  # before the first event nobody writes anything
    return marker.seq >= asked and not marker.is_outdated
