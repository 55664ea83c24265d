"""What of its ledger a runner works with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from ..eventstore import EventLog
from ..eventstore.engines.files import Patience
from ..ledger import CommandHandler, History, State
from ..projections import LogEntry
from .lease import Lease


class LedgerAccess(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an open ledger that those of its runner use, and what they ask of it.

    `lease` is the right to run its jobs. `handler` records under the runner's name. `is_real_time`:
    the clock is the machine's; another one may stand still. `key_of` gives the idempotency key of a
    job, `media_path` where a file is, `remove_media` removes those that no job needs, `expire`
    marks those that are too late. `plan` has schedules make their jobs, and leave out what is too
    late by them, and is to do it again at `next_planning`. `works_again` hears that the log has
    been reopened after a failed write. `is_closed` says whether the ledger was closed meanwhile,
    `is_let_go` whether that is over; `check_open` raises where it was, and names who asks.
    """

    log: EventLog[LogEntry]
    state: State
    handler: CommandHandler
    history: History
    lease: Lease
    location: str
    patience: Patience
    expire_after: timedelta
    now: Callable[[], datetime]
    is_real_time: bool
    key_of: Callable[[str], str]
    media_path: Callable[[str], Path]
    remove_media: Callable[[], list[str]]
    expire: Callable[[], int]
    plan: Callable[[], object]
    next_planning: Callable[[], datetime | None]
    works_again: Callable[[], None]
    is_closed: Callable[[], bool]
    is_let_go: Callable[[], bool]
    check_open: Callable[[str], None]
