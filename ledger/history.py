"""History: the events of a ledger, and its state at any moment of the past."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..domain import Event, ValidationError, check_by
from ..eventstore import EventLog
from ..projections import LogEntry, Snapshot, to_event
from .moments import Moments
from .past import PastBoards
from .queries import LedgerView, not_found
from .zone import to_utc


def check_after(after: int) -> int:
    """Return the number of an event to begin behind, which is one.

    Raises:
        ValidationError: it is none.
    """
    if isinstance(after, bool) or not isinstance(after, int) or after < 0:
        raise ValidationError(f"after must be an int of at least 0, not {after!r}", field="after")
    return after


class History:
    """Answers what a ledger's methods ask of its log; `refresh` brings it up to date."""

    def __init__(
        self,
        log: EventLog[LogEntry],
        zone: ZoneInfo,
        *,
        refresh: Callable[[], object],
        expire_after: timedelta,
        of_job: Callable[[str], list[LogEntry]],
        snapshot: Callable[[int, int], Snapshot | None],
    ) -> None:
        self._log = log
        self._snapshot = snapshot
        self._of_job = of_job
        self._zone = zone
        self._refresh = refresh
        self._expire_after = expire_after
        self.forget()

    def forget(self) -> None:
        """Know nothing of the past: the log is read anew, and may be another one."""
        self._boards = PastBoards(self._log, self._snapshot)
        self._moments = Moments(self._log)

    def of_job(self, job_id: str) -> list[Event]:
        """As `Ledger.history`."""
        self._refresh()
        if not isinstance(job_id, str) or not self._log.version(job_id):
            raise not_found(job_id, self._log.jobs())
        return [to_event(record) for record in self._of_job(job_id)]

    def known_ids(self) -> list[str]:
        """As `Ledger.known_ids`."""
        self._refresh()
        return [key for key in self._log.jobs() if ":" not in key]  # which no job's id has

    def events(
        self,
        after: int = 0,
        *,
        job_id: str | None = None,
        types: Sequence[str] | None = None,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Event]:
        """As `Ledger.events`."""
        check_after(after)
        by = None if by is None else check_by(by)
        self._refresh()
        since = None if since is None else to_utc(since, self._zone, "since")
        until = None if until is None else to_utc(until, self._zone, "until")
        for record in self._log.read(after):
            if (
                (job_id is None or record.job_id == job_id)
                and (types is None or record.type in types)
                and (by is None or record.by == by)
                and (since is None or record.at >= since)
                and (until is None or record.at <= until)
            ):
                yield to_event(record)

    def as_of(self, when: datetime | int | None = None, *, seq: int | None = None) -> LedgerView:
        """As `Ledger.as_of`."""
        if isinstance(when, int) and not isinstance(when, bool) and seq is None:
            when, seq = None, when
        if (when is None) == (seq is None):
            raise ValidationError("give either a time or a sequence number", field="when")
        self._refresh()
        boards, moments = self._boards, self._moments
        moment: datetime | None = None
        if when is not None:
            moment = to_utc(when, self._zone, "when")
            seq = moments.last_at(moment)
        if not isinstance(seq, int) or not 0 <= seq <= self._log.seq:
            raise ValidationError(
                f"seq must be from 0 to {self._log.seq}, not {seq!r}", field="seq"
            )
        past = boards.at(seq)
        view = LedgerView(past.board, moment or past.board.at, self._expire_after, self._zone)
        boards.give_back(past, when_gone=view)
        return view
