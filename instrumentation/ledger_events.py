"""Operational events of a ledger: what it met in its log, and in what is derived from it."""

from __future__ import annotations

from .operational_event import Level, OperationalEvent


class TornTailCut(OperationalEvent, frozen=True, kw_only=True):
    """Say that an incomplete last write was cut off: `size` bytes from byte `offset` of `path`,
    which are kept in the file `kept`."""

    says = "torn tail cut off"

    path: str
    offset: int
    size: int
    kept: str | None = None


class EndPutBack(OperationalEvent, frozen=True, kw_only=True):
    """Say that the end of a day's file, lost in a power cut, was put back from the journal: `size`
    bytes from byte `offset` of `path`; what else was there is kept in the file `kept`."""

    says = "the log's end was put back from the journal"

    path: str
    offset: int
    size: int
    kept: str | None = None


class DamageShown(OperationalEvent, frozen=True, kw_only=True):
    """Say that a damaged log was opened for reading, and where the damage begins."""

    says = "damaged log: only what is sound before the damage is shown"

    path: str | None = None
    line: int | None = None
    offset: int | None = None


class WrittenElsewhere(OperationalEvent, frozen=True, kw_only=True):
    """Say that the jobs of a ledger are about to be run in another place than it was written in
    last, on the machine `host`: it was moved, or is a copy, and both may post the same jobs."""

    says = "this ledger was written in another place before: it was moved, or is a copy"

    directory: str
    host: str
    hint: str = (
        "if anything there goes on with it, both post the same jobs: stop it there. This is said"
        " until the log begins a new day here"
    )


class SnapshotIgnored(OperationalEvent, frozen=True, kw_only=True):
    """Say that the snapshot is of no use, and that the whole log is read."""

    says = "snapshot ignored: the whole log is read"

    path: str
    reason: str


class SnapshotNotWritten(OperationalEvent, frozen=True, kw_only=True):
    """Say that no snapshot could be written; the log goes on without it. An error where it
    `is_ours`: what was to be written is not of one moment."""

    says = "snapshot not written"

    path: str
    error: str
    is_ours: bool = False

    @property
    def level(self) -> Level:
        """Return `error` where it is a mistake of ours, else `warning`."""
        return "error" if self.is_ours else "warning"

    def values(self) -> dict[str, object]:
        """Return where, and why."""
        return {"path": self.path, "error": self.error}


class DerivedFileIgnored(OperationalEvent, frozen=True, kw_only=True):
    """Say that a derived file is of no use and is made anew."""

    says = "derived file ignored: it is made anew"

    path: str
    reason: str


class DerivedFilesAhead(OperationalEvent, frozen=True, kw_only=True):
    """Say that derived files stand for more than the log has, which may have lost something."""

    says = "derived files are ahead of the log and left as they are"

    directory: str
    sign: str
    hint: str | None
    remedy: str | None = None


class DailyFilesBehind(OperationalEvent, frozen=True, kw_only=True):
    """Say that a ledger was closed with daily files behind its log: the next opening brings them
    up."""

    says = "the daily files are behind"

    reason: str


class ProjectionFailed(OperationalEvent, frozen=True, kw_only=True):
    """Say that a projection of the user's has failed and follows no more."""

    says = "projection failed; it is left alone from here on"
    weighs = "error"

    projection: str
    error: str


class ScheduleNotPlanned(OperationalEvent, frozen=True, kw_only=True):
    """Say that no jobs can be made of a schedule as it is."""

    says = "schedule not planned"
    weighs = "error"

    schedule: str
    error: str


class LockWaitedFor(OperationalEvent, frozen=True, kw_only=True):
    """Say that a lock is held by somebody for longer than usual."""

    says = "waiting for a lock"

    path: str
    held_by: str
