"""Keeping what is derived from a ledger's log in step with it: daily files, users' projections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ..domain.errors import StorageError, ValidationError
from ..eventstore.engines.files.filesystem import FileSystem, storage_errors
from ..eventstore.engines.files.lock import Patience
from ..eventstore.jsonl import JsonlEventStore
from ..eventstore.position import DayRead
from ..instrumentation.log import logger
from ..projections.daily_files import DailyFiles, DayFile, files_on_disk, job_file
from ..projections.jobs import Pages
from ..projections.marker import Marker, marker_path
from ..projections.projection import Change
from ..projections.rebuild import (
    DAILY_FILES,
    Comparison,
    Difference,
    Progress,
    RebuildReport,
    Replay,
    count_files,
)
from ..projections.snapshot import Snapshot
from ..projections.stored import ProjectionFactory, Stored, make_all, projection_file
from ..projections.writer import ProjectionWriter
from .state import State
from .witnesses import Witnesses

_CATCH_UP_S = 1.5
"""How long a check waits for files that are behind: whoever has the ledger open writes them within
a second."""
_LOOK_EVERY_S = 0.05


class DerivedFiles:
    """Knows which files are behind, and writes them when it is told to.

    What is known of them is guarded by the state's lock, which is not held while files are written.
    """

    def __init__(
        self,
        log: JsonlEventStore,
        state: State,
        fs: FileSystem,
        directory: Path,
        zone: ZoneInfo,
        factories: tuple[ProjectionFactory, ...],
        stored: dict[str, Stored],
        patience: Patience,
    ) -> None:
        self._log = log
        self._board = state.board
        self._lock = state.lock
        self._fs = fs
        self._directory = directory
        self._zone = zone
        self._factories = factories
        self._files = DailyFiles(zone)
        self.stored = stored
        self._writer = ProjectionWriter(
            fs, directory, log.identity.ledger_id, patience, self._tell_of_cache
        )
        self._witnesses = Witnesses(log, self._writer, fs, directory)
        self._is_unsure = False
        """Whether the daily files seem to stand for more than the log has."""
        self._told: set[tuple[Path, str]] = set()
        self._writing = threading.RLock()

    def is_inside(self) -> bool:
        """Whether the calling thread is writing the files just now (see `Ledger.close`)."""
        return self._writing._is_owned()  # type: ignore[attr-defined, no-any-return]

    def start_over(self) -> None:
        """Make the users' projections anew, which were interrupted in the middle of something."""
        for name, stored in make_all(self._factories).items():
            self.stored[name].start_over(stored)

    def followers(self) -> list[Callable[[Change], object]]:
        return [self._files.apply, *([self._apply_stored] if self.stored else [])]

    def _apply_stored(self, change: Change) -> None:
        for stored in self.stored.values():
            failure = stored.apply(change)
            if failure is not None:
                _leave_alone(stored.name, failure)

    def capture(self, snapshot: Snapshot) -> Snapshot:
        return msgspec.structs.replace(snapshot, days=self._files.capture())

    def check_fits(self, snapshot: Snapshot) -> None:
        """Any snapshot will do."""

    def restore(self, snapshot: Snapshot) -> None:
        self._files.restore(snapshot.days)

    def _tell_of_cache(self, path: Path, fault: str) -> None:
        if (path, fault) not in self._told:
            self._told.add((path, fault))
            logger(path=str(path), reason=fault).warning("derived file ignored: it is made anew")

    def find_stale(self) -> None:
        """After the whole log was read: which files on disk are behind it?"""
        marker = self._writer.marker(DAILY_FILES)
        position = None if marker is None or marker.is_outdated else marker.seq
        self._is_unsure = self._witnesses.is_one(marker)
        with storage_errors("read", self._directory):
            on_disk = set(files_on_disk(self._fs, self._directory))
        self._files.mark_stale(position, on_disk)

    @property
    def is_behind(self) -> bool:
        """Whether something changed since its file was written, or has to be looked at."""
        return (
            bool(self._files.dirty)
            or self._is_unsure
            or any(stored.is_dirty and stored.failure is None for stored in self.stored.values())
        )

    # -- writing behind ------------------------------------------------------------------------

    def write(self) -> None:
        """Write the files that are behind.

        The state is brought up to the log while `projections.lock` is held, so an older state never
        replaces what another process has written.

        Raises:
            StorageError: a file could not be written; it is still known as behind.
        """
        with self._writing:
            if not self.is_behind:
                return
            with self._writer.locked():
                self._log.refresh()
                if not self._log.is_sound:  # rule: derive-from-what-is-sound
                    return  # what it knows may not be what is in the log
                self._is_unsure = False
                if not self._witnesses.holds_back(DAILY_FILES):  # rule: keep-witnesses
                    self._look_for_outdated()
                    self._write_days()
                for name, stored in self.stored.items():
                    is_due = stored.is_dirty and stored.failure is None
                    if is_due and not self._witnesses.holds_back(name):
                        self._write_stored(name)

    def _look_for_outdated(self) -> None:
        """Where another release has written the daily files last, none of them is known to be as
        this one makes it. Under the files' lock."""
        if self._is_outdated(DAILY_FILES):  # rule: no-mixture-of-folds
            with self._lock:
                self._files.mark_all()
            self._writer.begin_anew(DAILY_FILES)

    def _write_days(self) -> None:
        files, days = self._files, set[str]()
        try:
            with self._log.still(), self._lock:
                days |= files.dirty
                place, pages = self._log.place, Pages()
                taken = [(day, files.take(day, self._board.jobs, pages)) for day in sorted(days)]
                files.dirty -= days
            if not days:
                return
            self._log.sync()  # what is derived is never on disk before what it is derived from
            self._writer.write(DAILY_FILES, self._one_by_one(taken), place)
        except BaseException:
            with self._lock:
                files.dirty |= days
                for day in days:
                    files.forget(day)
            raise

    def _one_by_one(
        self, taken: list[tuple[str, DayFile | None]]
    ) -> Iterator[tuple[Path, DayFile | None]]:
        """The files to write; each is let go when it is written, but for what is remembered."""
        taken.reverse()
        while taken:
            day, file = taken.pop()
            yield job_file(self._directory, day), file
            if file is not None:
                with self._lock:
                    self._files.keep(file)

    def _write_stored(self, name: str) -> None:
        stored = self.stored[name]
        try:
            with self._log.still(), self._lock:
                stored.is_dirty, place = False, self._log.place
                try:
                    content = stored.render()
                except StorageError as failure:
                    _leave_alone(name, failure)
                    return
            self._log.sync()
            self._writer.write(name, [(projection_file(self._directory, name), (content,))], place)
        except BaseException:
            stored.is_dirty = True
            raise

    # -- rebuilding ----------------------------------------------------------------------------

    def names(self, only: Iterable[str]) -> list[str]:
        """The projections of these names, all where none is given.

        Raises:
            ValidationError: there is none of a name.
        """
        known = [DAILY_FILES, *self.stored]
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
        """A replay that stands where this handle does; None where the projections of users, which
        can't be copied, would lack what was before. Under the lock."""
        if self.stored:
            return None
        replay = Replay(self._zone)
        replay.board.restore(self._board.capture())
        replay.daily_files.restore(self._files.capture())
        return replay

    def check_not_ahead(self, names: list[str]) -> None:
        """Check that no projection's files stand for more than the log has.

        Raises:
            StorageError: they do: the log was cut, and they may show what it has lost.
        """
        with self._writer.undisturbed():
            self._log.refresh()
            self._witnesses.check_none(names)

    def rebuild(
        self, names: list[str], progress: Progress, begun: Replay | None = None
    ) -> RebuildReport:
        """Make the files of these projections anew from the log; `begun` has read some of it. What
        stands for more than the log has is kept aside.

        Reading it takes as long as it takes and disturbs nobody; only for what was appended
        meanwhile and for writing is the files' lock held.
        """
        replay = begun or Replay(self._zone, self._factories)
        replay.feed(self._log.read(replay.seq), progress=progress, total=self._log.seq)
        compare = Comparison(self._fs, self._directory)
        differences: list[Difference] = []
        with self._writing, self._writer.locked():
            self._log.refresh()
            dirty = set[str]()
            try:
                with self._log.still(replacing=True), self._lock:
                    replay.feed(self._log.read(replay.seq))
                    dirty |= self._files.dirty
                    self._board.restore(replay.board.capture())
                    self._files.restore(replay.daily_files.capture())
                    # What changes from here on is behind again, whatever is written now.
                    self._files.dirty, place = set(), self._log.place
                self._log.sync()
                kept = self._keep_witnesses(replay, names, compare)
                for name in names:
                    differences += self._write_anew(replay, name, compare, place)
                    if name == DAILY_FILES:
                        dirty = set()
            finally:
                with self._lock:
                    self._files.dirty |= dirty
        return self._report(replay, names, differences, kept)

    def _keep_witnesses(self, replay: Replay, names: list[str], compare: Comparison) -> Path | None:
        """Keep aside what differs of the projections that are ahead of the log; where."""
        ahead = [name for name in names if self._witnesses.sign_of(name) is not None]
        files = [path for name in ahead for path in compare.different(replay, name)]
        markers = [marker_path(self._directory, name) for name in ahead]
        if not ahead and self._witnesses.sign_of_snapshot() is None:
            return None
        return self._witnesses.keep([*files, *markers])

    def _write_anew(
        self, replay: Replay, name: str, compare: Comparison, place: DayRead
    ) -> list[Difference]:
        different = self._different(replay, name, compare)
        for path, difference in different.items():
            if difference.kind == "foreign":
                self._writer.set_aside(path)
        if self._is_outdated(name):
            self._writer.begin_anew(name)
        files = ((path, compare.content(replay, name, path)) for path in different)
        self._writer.write(name, files, place)
        return list(different.values())

    def check(
        self, names: list[str], progress: Progress, begun: Replay | None = None
    ) -> RebuildReport:
        """Compare the files of these projections with what the log gives; write nothing. `begun`
        has read some of it.

        Each projection's files stand for a position in the log, and are compared with the state
        there. Files that are behind may be on their way: they get the time that they may take.
        """
        asked = self._log.seq
        positions = {name: self._position(name, asked) for name in names}
        first = min(positions.values(), default=asked)
        replay = begun if begun is not None and begun.seq <= first else None
        replay = replay or Replay(self._zone, self._factories)
        replay.feed(self._log.read(replay.seq), until=first, progress=progress, total=asked)
        self._wait_for(names, asked)
        compare = Comparison(self._fs, self._directory)
        found: dict[Path, Difference] = {}
        with self._writer.undisturbed():
            self._log.refresh()
            positions = {name: self._position(name, asked) for name in names}
            for name in sorted(names, key=lambda name: positions[name]):
                replay.feed(self._log.read(replay.seq), until=positions[name])
                different = self._different(replay, name, compare)
                if self._witnesses.sign_of(name) is not None:
                    different = {path: Difference(path.name, "ahead") for path in different}
                found |= different
            replay.feed(self._log.read(replay.seq), until=max(asked, replay.seq))
            for name in names:
                if positions[name] < asked:
                    for path in compare.different(replay, name):
                        found.setdefault(path, Difference(path.name, "behind"))
        return self._report(replay, names, list(found.values()))

    def _different(self, replay: Replay, name: str, compare: Comparison) -> dict[Path, Difference]:
        """What differs of one projection. What another fold made, or with other words, is only
        behind; whatever is not of this ledger's making stays that. Under the files' lock."""
        different = compare.different(replay, name)
        if not self._is_outdated(name):
            return different
        return {
            path: each if each.kind == "foreign" else Difference(path.name, "behind")
            for path, each in different.items()
        }

    def _is_outdated(self, name: str) -> bool:
        marker = self._writer.marker(name)
        return marker is not None and marker.is_outdated

    def _position(self, name: str, asked: int) -> int:
        """The event that a projection's files stand for; where nobody knows, the one asked for."""
        position = self._writer.position(name)
        return asked if position is None else min(position, self._log.seq)

    def _wait_for(self, names: list[str], asked: int) -> None:
        """Give those who have the ledger open the time to bring files up that are behind."""
        waiting = threading.Event()
        for _ in range(round(_CATCH_UP_S / _LOOK_EVERY_S)):
            if all(self._is_up_to(self._writer.marker(name), asked) for name in names):
                return
            waiting.wait(_LOOK_EVERY_S)

    def _is_up_to(self, marker: Marker | None, asked: int) -> bool:
        if marker is None:
            return asked == 0  # before the first event nobody writes anything
        return marker.seq >= asked and not marker.is_outdated

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


def _leave_alone(name: str, failure: StorageError) -> None:
    logger(projection=name).error(
        "projection failed; it is left alone from here on", error=failure.message
    )
