"""A Ledger over several chains of one location: `?shards=N`.

Each chain has a whole Ledger of its own. A call goes to one of them, by the account or by where the
job is, or to all, and their answers are merged; what that would make a wrong answer of is refused.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self, TypeVar

import msgspec

from ..domain import (
    Event,
    LedgerCorruptError,
    MediaFile,
    StorageError,
    ValidationError,
)
from ..eventstore import RunnerSeen, Shard
from ..eventstore.engines import shards_in, shown
from ..instrumentation import OnlyTold, Progress
from ..integrity import ExportedHead, VerifyReport
from ..projections import ProjectionFactory, RebuildReport, StoredProjection
from .ledger import Ledger
from .merged_changes import MergedHandler
from .merged_history import MergedHistory
from .merged_queries import MergedQueries, MergedView
from .merged_reports import merged_rebuild, merged_verify
from .merged_watching import MergedWatching
from .queries import LedgerView
from .settings import LedgerSettings, no_progress
from .shard_set import ShardSet
from .state import Follower

if TYPE_CHECKING:
    from ..explanation import Explanation
    from ..integrity import Seal
    from .backup import BackupReport
    from .copying import CopyReport
    from .mirroring import LedgerMirror
    from .scheduling import Scheduling

LedgerT = TypeVar("LedgerT", bound=Ledger)


class ShardedLedger(Ledger):
    """What `Ledger` gives where its location has several chains."""

    _set: ShardSet[Ledger]

    def _open(self, settings: LedgerSettings, followers: Sequence[Follower] = ()) -> None:
        shards = open_shards(settings, Ledger, lambda one, of_shard: one._open(of_shard))
        self._over(shards, settings)

    def _over(self, shards: ShardSet[Ledger], settings: LedgerSettings) -> None:
        """Be over these handles."""
        first = shards.handles[0]
        self._set = shards
        self._location = settings.location
        self._expire_after, self._read_only = settings.expire_after, settings.read_only
        self._fs, self._clock, self._now, self._zone = (
            first._fs, first._clock, first._now, first._zone,
        )  # fmt: skip
        self._merge()

    def _merge(self) -> None:
        shards = self._set
        self._handler = MergedHandler(shards)
        self._jobs = MergedQueries([each._jobs for each in shards.handles], shards.number_of)
        self._history = history = MergedHistory(shards, self._zone)
        self._all_watching = MergedWatching(shards, history)

    # -- by the account, or by where the job is ------------------------------------------------

    @cached_property
    def _scheduling(self) -> Scheduling:
        from .merged_scheduling import MergedScheduling  # for those who have schedules

        return MergedScheduling(self._set)

    def why(self, job_id: str, *, view: LedgerView | None = None) -> Explanation:
        """As `Ledger.why`; what is ahead of a job is so in its chain."""
        home = self._set.of_any(job_id)
        if isinstance(view, MergedView):
            view = view.views[self._set.handles.index(home)]
        return home.why(job_id, view=view)

    def idempotency_key(self, job_id: str) -> str:
        """As `Ledger.idempotency_key`, of a job that there is, or was."""
        return self._set.of_job(job_id).idempotency_key(job_id)

    # -- of all chains -------------------------------------------------------------------------

    def plan_schedules(self) -> int:
        """As `Ledger.plan_schedules`."""
        return sum(each.plan_schedules() for each in self._set.handles)

    def watch(self, after: int | None = None) -> Generator[Event, None, None]:
        """As `Ledger.watch`; `after` is None, or 0."""
        return self._all_watching.events(self._all_watching.begin(after), self)

    def awatch(self, after: int | None = None) -> AsyncGenerator[Event, None]:
        """As `Ledger.awatch`; `after` is None, or 0."""
        return self._all_watching.events_async(self._all_watching.begin(after), self)

    def verify(
        self,
        progress: Progress = no_progress,
        *,
        since_heads: Sequence[ExportedHead] = (),
        public_keys: Sequence[str | bytes] = (),
    ) -> VerifyReport:
        """As `Ledger.verify`, of every chain; there is no head of all of them."""
        if since_heads or public_keys:
            self._refuse("heads and keys are")
        return merged_verify([each.verify(progress) for each in self._set.handles])

    def rebuild(
        self,
        *,
        check: bool = False,
        only: Sequence[str] = (),
        accept_loss: bool = False,
        progress: Progress = no_progress,
    ) -> RebuildReport:
        """As `Ledger.rebuild`, chain by chain; files are named by their chain."""
        reports = [
            each.rebuild(check=check, only=only, accept_loss=accept_loss, progress=progress)
            for each in self._set.handles
        ]
        return merged_rebuild(reports)

    def mirror(self, directory: str | Path) -> LedgerMirror:
        """As `Ledger.mirror`: one of each chain, in `shard-1` and so on of the directory."""
        from .merged_mirror import MergedMirror  # seldom asked for

        place = Path(directory).absolute()
        with ExitStack() as stack:
            mirrors = [
                stack.enter_context(each.mirror(place / f"shard-{number}"))
                for number, each in self._set.each()
            ]
            stack.pop_all()
        return MergedMirror(mirrors, place)

    def runners(self) -> list[RunnerSeen]:
        """As `Ledger.runners`: one that runs the jobs of all chains has a lease in each."""
        found = [seen for each in self._set.handles for seen in each.runners()]
        known = [seen for seen in found if seen.started_at is not None]
        return [seen for seen in found if seen.started_at is None] + sorted(
            known, key=lambda seen: seen.started_at or self._now()
        )

    def runner_pid(self) -> int | None:
        """As `Ledger.runner_pid`; None where one of the chains has nobody who runs its jobs."""
        found = [each.runner_pid() for each in self._set.handles]
        return None if None in found else found[0]

    def runner_since(self) -> datetime | None:
        """As `Ledger.runner_since`: since when all chains have somebody."""
        found = [each.runner_since() for each in self._set.handles]
        since = [moment for moment in found if moment is not None]
        return max(since) if len(since) == len(found) else None

    def remove_media(self, keep: timedelta | None = None) -> list[str]:
        """As `Ledger.remove_media`, chain by chain: each has its own."""
        return [name for each in self._set.handles for name in each.remove_media(keep)]

    @property
    def keeps_media(self) -> bool:
        """As `Ledger.keeps_media`: all chains are given the same directory."""
        return self._set.handles[0].keeps_media

    def add_media(self, data: bytes) -> MediaFile:
        """As `Ledger.add_media`, in each chain: which one its job is of is not known yet."""
        kept = [each.add_media(data) for each in self._set.handles]
        return kept[0]

    def media_path(self, sha256: str) -> Path:
        """As `Ledger.media_path`, of whichever chain has it."""
        first, *others = self._set.handles
        for each in others:
            with suppress(StorageError):
                return each.media_path(sha256)
        return first.media_path(sha256)

    # -- what it is ----------------------------------------------------------------------------

    @property
    def location(self) -> str:
        """Return where the ledger is, for people."""
        first = self._set.handles[0].location
        base = first.rpartition("shard=")[0] if "shard=" in first else shown(self._location) + "?"
        return f"{base}shards={self.shards}"

    @property
    def ledger_id(self) -> str:
        """The id of its first chain: each has its own."""
        return self._set.handles[0].ledger_id

    @property
    def timezone(self) -> str:
        """The IANA name of the time zone of all chains."""
        return self._set.handles[0].timezone

    @property
    def damage(self) -> LedgerCorruptError | None:
        """Why a read-only handle shows only a part of a chain; None where all are sound."""
        return next((each.damage for each in self._set.handles if each.damage is not None), None)

    @property
    def moved_from(self) -> str | None:
        """Return None: a ledger on a server has no place of its own."""
        return None

    @property
    def seq(self) -> int:
        """How many events all chains have, as far as is known here."""
        return sum(each.seq for each in self._set.handles)

    @property
    def shards(self) -> int:
        """How many chains it has."""
        return len(self._set.handles)

    def _chains(self) -> tuple[Ledger, ...]:
        return self._set.handles

    def shard_of(self, account_id: str) -> int:
        """As `Ledger.shard_of`."""
        return self._set.number_of(account_id)

    # -- what is of one chain ------------------------------------------------------------------

    def _refuse(self, what: str) -> NoReturn:
        raise ValidationError(
            f"{what} of one shard, and {self.location} has {self.shards}",
            field="ledger",
            hint="do it shard by shard: shard=1 in the location opens one, read-only",
        )

    def export_head(self) -> ExportedHead:
        """Refuse: a head is of one chain."""
        self._refuse("a head is")

    def newest_seal(self) -> Seal | None:
        """Return None: a ledger on a server has no seals."""
        return None

    def backup(self, directory: str | Path, *, progress: Progress = no_progress) -> BackupReport:
        """Refuse: a backup is of one chain."""
        self._refuse("a backup is")

    def copy_to(self, location: str | Path, *, progress: Progress = no_progress) -> CopyReport:
        """Refuse: a copy is of one chain."""
        self._refuse("a copy is")

    def projection(self, name: str) -> StoredProjection:
        """Refuse: a projection is of one chain."""
        self._refuse("a projection is")

    @property
    def directory(self) -> Path:
        """Refuse: each chain has one, if its engine gives it one.

        Raises:
            StorageError: always.
        """
        raise StorageError(f"{self.location} has no directory of its own", path=self.location)

    # -- the handle ----------------------------------------------------------------------------

    def acting(self, by: str) -> Self:
        """As `Ledger.acting`."""
        same = object.__new__(type(self))
        same._original = self._original or self  # first: it is not closed when it is forgotten
        handles = [each.acting(by) for each in self._set.handles]
        vars(same).update(vars(self) | {"_set": ShardSet(handles)})
        vars(same).pop("_scheduling", None)
        same._merge()
        return same

    def write_behind(self) -> bool:
        """As `Ledger.write_behind`, of all chains."""
        done = [each.write_behind() for each in self._set.handles]
        return all(done)

    @property
    def _closed(self) -> bool:
        return "_set" not in vars(self) or all(each._closed for each in self._set.handles)

    @property
    def _is_let_go(self) -> bool:
        return True  # each handle is closed when it is forgotten

    def close(self) -> None:
        """As `Ledger.close`: all handles, also where one of them cannot be closed properly."""
        if self._original is not None:
            self._original.close()
        elif "_set" in vars(self):
            with ExitStack() as stack:
                for each in self._set.handles:
                    stack.callback(each.close)

    def __repr__(self) -> str:
        state = "closed" if self._closed else f"{self.seq} events"
        return f"<{type(self).__name__} {self.location!r}, {state}>"


def open_shards(
    settings: LedgerSettings,
    kind: type[LedgerT],
    open_one: Callable[[LedgerT, LedgerSettings], None],
) -> ShardSet[LedgerT]:
    """Open all chains that a location says; the first one tells the others the time zone.

    Each is a new `kind`, which `open_one` opens.

    Raises: as `Ledger`; then none is left open.
    """
    count = shards_in(settings.location)
    assert count is not None
    factories: tuple[ProjectionFactory, ...] = tuple(settings.projections)
    if factories:
        raise ValidationError(
            "projections of your own are of one chain, and this ledger has several",
            field="projections",
            hint="open one shard by shard=1 in the location, read-only, to have them",
        )
    told = OnlyTold("progress", settings.progress)
    handles: list[LedgerT] = []
    with ExitStack() as stack:
        for number in range(1, count + 1):
            settings = msgspec.structs.replace(
                settings, shard=Shard(number, count), projections=(), progress=told
            )
            handles.append(object.__new__(kind))
            stack.callback(handles[-1].close)
            open_one(handles[-1], settings)
            settings = msgspec.structs.replace(settings, timezone=handles[0].timezone)
        stack.pop_all()
    return ShardSet(handles)
