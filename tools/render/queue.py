"""The queue of an account as a table, and what moves in it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ...domain import ScheduledJob, Slots
from ...ledger import load_zone
from ..output import STATUS_STYLE, printable, short_id, status_words
from ..scheduling.queue_places import QueuePlace
from .tables import Columns, terminal_width

_WIDE = 70
"""From so many columns of a terminal on the text stands in the same line."""


def print_queue(queue: Sequence[QueuePlace], slots: Slots, *, later: int, outside: int) -> None:
    """Print the places of a queue with the jobs that have them, free ones too."""
    zone = load_zone(slots.zone)
    jobs = [job for place in queue for job in place.jobs]
    ids = max(map(len, ("job", *(short_id(job.job_id) for job in jobs))))
    states = max(map(len, ("state", "free", *(status_words(job) for job in jobs))))
    is_narrow = sys.stdout.isatty() and terminal_width() < max(_WIDE, 29 + states + ids + 16)
    names: list[tuple[str, int | None]] = [("", 3), ("slot", 20), ("state", states)]
    table = Columns(*names, *([("job", None)] if is_narrow else [("job", ids), ("text", None)]))
    beneath = Columns(("", None))
    table.title()
    for place in queue:
        at = f"{place.at.astimezone(zone):%a %Y-%m-%d %H:%M}"
        if not place.jobs:
            table.row(str(place.number), at, "free", "", *([] if is_narrow else [""]))
        for job in place.jobs:
            cells = (str(place.number), at, status_words(job), short_id(job.job_id))
            style = {2: STATUS_STYLE[job.status]}
            if is_narrow:
                table.row(*cells, styles=style)
                beneath.row(f"     {printable(job.content)}")
            else:
                table.row(*cells, printable(job.content), styles=style)
    free = sum(not place.jobs for place in queue)
    note = f"{len(queue)} slots of {printable(slots.account_id)}, {free} free; times in {zone.key}"
    table.note(note)
    if later:
        table.note(f"{later} more job{'' if later == 1 else 's'} in later slots: `--count`")
    if outside:
        many = "1 more job waits" if outside == 1 else f"{outside} more jobs wait"
        table.note(f"{many} at other times: `jobledger list --account {slots.account_id}`")


def moves_in_words(moves: Sequence[tuple[ScheduledJob, datetime]], zone: ZoneInfo) -> Iterator[str]:
    """Say of each job where it was, and where it goes."""
    width = max((len(short_id(job.job_id)) for job, _ in moves), default=0)
    for job, at in moves:
        before = f"{job.scheduled_time.astimezone(zone):%a %Y-%m-%d %H:%M}"
        after = f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}"
        yield f"{short_id(job.job_id).ljust(width)}  {before} -> {after}"
