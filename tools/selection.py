"""Which events an audit shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

import msgspec

from ..domain import EVENT_TYPES, StorageError, decode_data
from ..eventstore import Record

_OF_ATTEMPT = {name for name, kind in EVENT_TYPES.items() if "attempt" in kind.__struct_fields__}
_WITH_ERROR = {name for name, kind in EVENT_TYPES.items() if "error" in kind.__struct_fields__}


class Selection(msgspec.Struct, kw_only=True):
    """What to choose; None and empty mean all. Everything given has to agree.

    `jobs` are ids or beginnings of ids, `since` and `until` inclusive and aware, `error` is looked
    for without regard to case. `by` are who caused it; one that ends in `:` is all of that kind.

    An account or a platform stands in a job's `added` event only, so choosing by one needs the log
    from its beginning; its jobs' ids are what is remembered, nothing else grows with the log.
    """

    jobs: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    attempt: int | None = None
    error: str | None = None
    by: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    _of_account: set[str] = set()

    def first_day(self) -> date | None:
        """Return the UTC day whose file is early enough to begin with; None: the first one."""
        if self.since is None or self.accounts or self.platforms:
            return None
        return self.since.astimezone(UTC).date()

    def choose(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the chosen ones of `records`, which may come in several calls, in order."""
        by_account = self.accounts or self.platforms
        by_data = self.attempt is not None or self.error is not None
        jobs, types, after = self.jobs, frozenset(self.types), self.after
        since, until = self.since, self.until
        by, kinds = self.by, tuple(name for name in self.by if name.endswith(":"))
        for record in records:
            if by_account and not self._belongs(record):
                continue
            if (
                (types and record.type not in types)
                or record.seq <= after
                or (jobs and not record.job_id.startswith(jobs))
                or (by and record.by not in by and not (record.by or "").startswith(kinds))
                or (since is not None and record.at < since)
                or (until is not None and record.at > until)
                or (by_data and not self._says(record))
            ):
                continue
            yield record

    def _belongs(self, record: Record) -> bool:
        if record.type != "added":
            return record.job_id in self._of_account
        data = _data(record)
        if self.accounts and getattr(data, "account_id", None) not in self.accounts:
            return False
        if self.platforms and getattr(data, "platform", None) not in self.platforms:
            return False
        self._of_account.add(record.job_id)
        return True

    def _says(self, record: Record) -> bool:
        if self.attempt is not None and record.type not in _OF_ATTEMPT:
            return False
        if self.error is not None and record.type not in _WITH_ERROR:
            return False
        data = _data(record)
        if self.attempt not in (None, getattr(data, "attempt", None)):
            return False
        said = str(getattr(data, "error", ""))
        return self.error is None or self.error.casefold() in said.casefold()


def _data(record: Record) -> object:
    """Return the data of a record; None where it cannot be read, as whoever shows it says."""
    try:
        return decode_data(record.type, record.schema, record.data)
    except (msgspec.MsgspecError, RecursionError, StorageError):
        return None
