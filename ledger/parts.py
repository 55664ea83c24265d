"""What a ledger is made of: which parts there are, and which of them each works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ..eventstore import (
    ClaimsJobs,
    EventLog,
    FirstReading,
    HasPlace,
    Remarks,
    Resumable,
    TellsTime,
    boot_time,
)
from ..eventstore.engines import EngineOptions, directory_of, open_engine
from ..eventstore.engines.files import FileSystem, LockWait, Patience, located
from ..instrumentation import DamageShown, LockWaitedFor, OnlyTold, TornTailCut, logger, tell
from ..projections import EVENTS, LogEntry, make_all
from ..release import __version__
from .background import Background, WritesBehind
from .clock import Clock, SystemClock, utc_of
from .closing import Closing
from .command_handler import CommandHandler, Guard
from .derived_files import DerivedFiles
from .derived_state import DerivedState
from .engine_clock import EngineClock
from .feed import Feed
from .history import History
from .job_events import JobEvents
from .loading import StateLoader
from .media_keeping import MediaKeeping
from .media_store import MediaStore
from .queries import JobQueries
from .rebuilding import Rebuilder
from .settings import LedgerSettings, no_progress
from .shard_ids import OwnIds
from .snapshots import Snapshots
from .state import Follower, State
from .uniqueness import Uniqueness
from .watching import Watching
from .write_behind import BATCH_MS, WriteBehind
from .zone import load_zone


class LedgerParts:
    """The parts of one handle, each made from those before it; the state is up to the log when this
    returns.

    `followers` follow the state, too. `owner` is what its background thread works for.
    `snapshot_every` is the least number of
    events after which a new snapshot is worth its writing.

    Raises: as `Ledger`; then nothing is left open.
    """

    def __init__(
        self,
        settings: LedgerSettings,
        followers: Sequence[Follower],
        owner: WritesBehind,
        *,
        snapshot_every: int,
        background: type[Background],
    ) -> None:
        factories = tuple(settings.projections)
        # First: what is none must not leave a ledger behind.
        stored, progress = make_all(factories), OnlyTold("progress", settings.progress)
        self.fs = settings.fs or FileSystem()
        self.patience = Patience(_tell_of_waiting)
        self.state = State()
        self._open_log(settings)
        try:
            self.zone = load_zone(self.log.identity.timezone)
            self.derived = DerivedState(self.zone, factories, stored)
            self._make_files(snapshot_every)
            self._make_handler(settings, followers, owner, background)
            self.loader: StateLoader = StateLoader(
                self.log,
                self.state,
                self.snapshots,
                self.derived,
                self.files,
                use_snapshot=settings.use_snapshot and not stored,
                read_only=settings.read_only,
                progress=progress,
            )
            self.rebuilder = Rebuilder(
                self.log,
                self.state,
                self.derived,
                self.files,
                self.zone,
                factories,
                loader=self.loader,
                snapshots=self.snapshots,
                check_writable=self.handler.check_writable,
            )
            self.closing = Closing(
                settings,
                self.log,
                self.state,
                self.files,
                self.behind,
                self.feed,
                self.patience,
                self.engine.location,
                self._stop_clock,
            )
            self.log.refresh()
            self.loader.progress = no_progress
            self._tell_of_opening(settings)
        except BaseException:
            self.log.close()
            raise

    def _open_log(self, settings: LedgerSettings) -> None:
        own = utc_of(settings.clock or SystemClock())
        self.engine = open_engine(
            settings.location,
            EngineOptions(
                clock=own,
                timezone=settings.zone_name,
                durability=settings.durability,
                read_only=settings.read_only,
                allow_network=settings.allow_network,
                patience=self.patience,
                fs=self.fs,
                shard=settings.shard,
            ),
        )
        try:
            self.clock = settings.clock or self._clock_of_engine(own)
        except BaseException:
            self.engine.close()
            raise
        self.is_real_time = type(self.clock) in (SystemClock, EngineClock)
        self.now = utc_of(self.clock)
        self.log = EventLog(
            self.engine,
            clock=self.now,
            observer=self.state.observe,
            others=self.state.find_others,
            durability=settings.durability,
            read_only=settings.read_only,
            elapsed=boot_time() if self.is_real_time else None,
            form=EVENTS,
            renew=self._renew,
        )

    def _clock_of_engine(self, machine: Callable[[], datetime]) -> Clock:
        """Return the clock that counts where nobody has brought one of their own."""
        # rule: time-of-the-engine
        if isinstance(self.engine, TellsTime):
            return EngineClock(self.engine, machine, self.engine.location)
        return SystemClock()

    def _stop_clock(self) -> None:
        if isinstance(self.clock, EngineClock):
            self.clock.close()

    def _renew(self, reading: FirstReading[LogEntry]) -> None:
        self.history.forget()
        self.loader.renew(reading)

    def _make_files(self, snapshot_every: int) -> None:
        """Make what writes files, where the engine has a place for them."""
        self.place = place = self.engine.place if isinstance(self.engine, HasPlace) else None
        self.files: DerivedFiles | None = None
        self.snapshots: Snapshots | None = None
        if place is not None:
            self.files = DerivedFiles(self.log, self.state, self.derived, place, self.patience)
        self.job_events = JobEvents(
            self.log, place, None if self.files is None else self.files.writer
        )
        if place is not None and isinstance(self.engine, Resumable):  # else nobody could use it
            ledger_id = self.log.identity.ledger_id
            self.snapshots = Snapshots(place, ledger_id, __version__, snapshot_every, self.patience)

    def _make_handler(
        self,
        settings: LedgerSettings,
        followers: Sequence[Follower],
        owner: WritesBehind,
        background: type[Background],
    ) -> None:
        """Make what changes jobs, and what answers questions about them."""
        log, state = self.log, self.state
        uniqueness = Uniqueness(state.board, settings.unique) if settings.unique else None
        self.uniqueness = uniqueness
        for follower in (self.derived, uniqueness, *followers):
            if follower is not None:
                state.add(follower)
        state.on_saved.append(self.derived.adopt)
        state.of_schedule = self.derived.counters.apply_schedule  # rule: counts-schedules-too
        self.behind = WriteBehind(
            owner,
            log,
            state,
            self.files,
            self.snapshots,
            self.job_events,
            settings.durability,
            background,
        )
        guards: list[Guard] = [] if uniqueness is None else [uniqueness]
        if isinstance(self.engine, ClaimsJobs):
            guards.append(OwnIds(self.engine))
        self.media = MediaKeeping(self._media_store(settings), self.engine.location)
        self.handler = CommandHandler(
            log,
            state,
            now=self.now,
            zone=self.zone,
            appender=self.behind,
            media=self.media,
            read_only=settings.read_only,
            guards=guards,
            by=settings.by,
        )
        self.jobs = JobQueries(
            state.board,
            state.lock,
            now=self.now,
            expire_after=settings.expire_after,
            zone=self.zone,
            refresh=log.refresh,
        )
        snapshots = self.snapshots if settings.use_snapshot else None
        self.history = History(
            log,
            self.zone,
            refresh=log.refresh,
            expire_after=settings.expire_after,
            of_job=self.job_events.of,
            snapshot=_no_snapshot if snapshots is None else snapshots.between,
        )
        self.feed = Feed(log, state)
        self.watching = Watching(
            self.feed, log, self.history, is_inside=lambda: self.closing.is_inside()
        )

    def _media_store(self, settings: LedgerSettings) -> MediaStore | None:
        """Return where files of posts are kept: in the ledger's own directory, or in one of its own
        in what was given; None where there is neither."""
        if directory_of(settings.location) is not None:
            directory = None if self.place is None else self.place.directory / "media"
        elif settings.media is not None:
            # By the id of the ledger, or of its chain: what others keep is not removed here.
            given = located(self.fs, Path(settings.media))
            directory = given / self.log.identity.ledger_id
        else:
            directory = None
        if directory is None:
            return None
        return MediaStore(self.fs, directory, self.patience, settings.most_media_bytes)

    def _tell_of_opening(self, settings: LedgerSettings) -> None:
        torn, damage = self.log.torn, self.log.damage
        if torn is not None:
            tell(TornTailCut(path=torn.path, offset=torn.offset, size=torn.size, kept=torn.kept))
        if damage is not None:
            tell(DamageShown(path=damage.path, line=damage.line, offset=damage.offset))
        group = None if settings.read_only else self._group_that_may_write()
        if group is not None:
            where = self.engine.location
            logger(directory=where, group=group).warning(
                "a group may write in the directory and replace the log",
                hint=f"chmod g-w {where}; chmod g+ws if it is meant to share the ledger",
            )
        is_told = settings.shard is not None and settings.shard.number > 1  # by the first chain
        if isinstance(self.engine, Remarks) and not is_told:
            for remark in self.engine.remarks:
                logger(location=self.engine.location).info(remark)
        if settings.durability == "batch":
            logger(at_risk_ms=BATCH_MS).info("acknowledged changes may be lost in a power cut")

    def _group_that_may_write(self) -> int | None:
        if self.place is not None:
            with suppress(OSError):
                return self.place.fs.group_that_may_write(self.place.directory)
        return None


def _no_snapshot(after: int, until: int) -> None:
    """There is none of use."""


def _tell_of_waiting(wait: LockWait) -> None:
    tell(LockWaitedFor(path=str(wait.path), held_by=str(wait.holder or "another process")))
