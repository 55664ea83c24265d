"""Schedules for people: a list of them, one of them, and what is to come of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import NamedTuple
from zoneinfo import ZoneInfo

import click

from ...domain import (
    Cron,
    Occurrence,
    Schedule,
    ScheduledJob,
    ScheduleStatus,
    ZoneClock,
    occurrences,
)
from ...explanation import words
from ...interchange import span_in_words
from ...ledger import Ledger, load_zone
from ..output import moment, printable, status_words
from ..scheduling.documents import END_REASONS, is_changed_by_hand, is_extra, next_of
from .occurrences import remark
from .tables import Columns, print_facts, print_line, terminal_width, width_of

_STYLES = {
    ScheduleStatus.ACTIVE: "green",
    ScheduleStatus.PAUSED: "yellow",
    ScheduleStatus.ENDED: "dim",
}


def print_schedules(ledger: Ledger, schedules: Sequence[Schedule], now: datetime) -> None:
    """Print a list of schedules, each with when its next post is due by its own clocks."""
    if not schedules:
        print_facts([("", "no schedule; `jobledger schedule add` makes one", "")])
        return
    rows = [
        (
            one.schedule_id,
            one.status.value,
            _when(next_of(ledger, one, now), load_zone(one.zone)),
            printable(one.account_id),
            f"{words(one.rule, zone=load_zone(one.zone))}, in {one.zone}",
        )
        for one in schedules
    ]
    titles = ("schedule", "state", "next", "account", "rule")
    widths = [max(map(width_of, column)) for column in zip(titles, *rows, strict=True)]
    note = f"{len(rows)} schedule{'' if len(rows) == 1 else 's'}, each in its own zone"
    if sys.stdout.isatty() and sum(widths[:-1]) + 2 * len(widths) + 30 > terminal_width():
        _print_beneath(rows, widths, schedules, note)
        return
    table = Columns(*zip(titles, [*widths[:-1], None], strict=True))
    table.title()
    for one, row in zip(schedules, rows, strict=True):
        table.row(*row, styles={1: _STYLES[one.status]})
    table.note(note)


def _print_beneath(
    rows: Sequence[Sequence[str]], widths: Sequence[int], schedules: Sequence[Schedule], note: str
) -> None:
    """Each with whose and of which rule it is beneath, and when its next post is where a name is
    long."""
    columns = [("schedule", widths[0]), ("state", widths[1]), ("next", widths[2])]
    has_next = sum(width + 2 for _, width in columns) - 2 <= terminal_width()
    table = Columns(*(columns if has_next else columns[:2]))
    table.title()
    for one, (name, state, due, account, rule) in zip(schedules, rows, strict=True):
        table.row(*(name, state, due)[: 3 if has_next else 2], styles={1: _STYLES[one.status]})
        after = "" if has_next else f"next {due}; "
        print_facts([("", f"{after}{account}: {rule}", "")])
    table.note(note)


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    return "–" if at is None else f"{at.astimezone(zone):%a} {moment(at, zone)}"


def state_in_words(schedule: Schedule) -> str:
    """Say where a schedule stands, and why it is over."""
    if schedule.end_reason is None:
        return schedule.status.value
    return f"{schedule.status.value}: {END_REASONS[schedule.end_reason]}"


def facts_of(ledger: Ledger, schedule: Schedule, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Yield what is said of a schedule, and where it stands, for `print_facts`."""
    zone = load_zone(schedule.zone)
    yield "schedule", schedule.schedule_id, "bold"
    yield "state", state_in_words(schedule), _STYLES[schedule.status]
    yield "rule", words(schedule.rule, zone=zone), ""
    if isinstance(schedule.rule, Cron):
        yield "cron", schedule.rule.text, ""
    yield "zone", schedule.zone, ""
    yield "account", f"{printable(schedule.account_id)} on {printable(schedule.platform)}", ""
    count = len(schedule.content)
    if count > 1:
        yield "texts", f"{count}, {_ORDERS[schedule.order]}", ""
    yield "text", printable(schedule.content[0]), ""
    yield from _what_else(schedule)
    due = next_of(ledger, schedule, now)
    none = "none is to come"
    if schedule.status is ScheduleStatus.PAUSED:
        none = "none while it is paused"
    yield "next", none if due is None else _when(due, zone), ""
    yield "posts", f"{schedule.made} made so far", ""
    if schedule.skipped:
        yield "skipped", ", ".join(schedule.skipped), ""


_A_DAY = timedelta(days=1)
_MOST_LOOKED_AT = 5_000
_GRACE = timedelta(minutes=10)
_ORDERS = {"turns": "in turn", "shuffle": "shuffled", "once": "once each"}
_GAPS = {"skip": "left out", "end": "moved to the gap's end"}
_FOLDS = {"second": "posted at the second", "both": "posted at both"}


def _what_else(schedule: Schedule) -> Iterator[tuple[str, str, str]]:
    """Yield what is not as it is where nothing is said."""
    if schedule.priority.name != "NORMAL":
        yield "priority", schedule.priority.name.lower(), ""
    if schedule.max_retries != 3:
        yield "retries", f"{schedule.max_retries} at most", ""
    if schedule.hold:
        yield "jobs", "are drafts: each waits for `release`", ""
    if schedule.metadata:
        yield "metadata", printable(schedule.metadata), ""
    if schedule.gap in _GAPS:
        yield "gap", f"a time that clocks skip is {_GAPS[schedule.gap]}", ""
    if schedule.fold in _FOLDS:
        yield "fold", f"a time that clocks show twice is {_FOLDS[schedule.fold]}", ""
    if schedule.jitter_s:
        yield (
            "jitter",
            f"each up to {span_in_words(timedelta(seconds=schedule.jitter_s))} later",
            "",
        )
    late = timedelta(seconds=schedule.grace_s)
    if (schedule.misfire, late) != ("latest", _GRACE):
        kept = {
            "latest": "the latest is posted",
            "skip": "none is posted",
            "all": f"at most {schedule.catch_up} are posted",
        }
        yield "late", f"by more than {span_in_words(late)}: {kept[schedule.misfire]}", ""
    if schedule.overlap == "skip":
        yield "overlap", "left out while the one before is not over", ""
    if schedule.until is not None:
        yield "until", f"{schedule.until:%a %Y-%m-%d %H:%M}", ""
    if schedule.max_count is not None:
        yield "count", f"{schedule.max_count} posts at most", ""


# -- what is to come -------------------------------------------------------------------------------


class ComingLine(NamedTuple):
    """One post that is to come, or will not be."""

    at: datetime
    state: str
    job_id: str
    remark: str


def coming_lines(ledger: Ledger, schedule: Schedule, count: int) -> tuple[list[ComingLine], int]:
    """Return what is to come of a schedule by time, jobs that somebody has changed among it; and
    how many more jobs it has than are shown."""
    coming = ledger.upcoming(schedule.schedule_id, count)
    jobs = {job.job_id: job for job in ledger.jobs_of_schedule(schedule.schedule_id)}
    zone = load_zone(schedule.zone)
    found = []
    for one in coming:
        due = one.at if one.job is None else one.job.scheduled_time
        state = "skipped" if one.is_skipped else _state(one.job)
        about = remark(one.occurrence)
        if one.job is not None and is_changed_by_hand(one.job) and due != one.at:
            about = about or f"it was {one.at.astimezone(zone):%a %H:%M}"
        found.append(ComingLine(due, state, one.job_id, _joined(one.job, about)))
        jobs.pop(one.job_id, None)
    last = coming[-1].at if coming else None
    others = [job for job in jobs.values() if last is None or job.scheduled_time <= last]
    by_hand = filter(is_changed_by_hand, jobs.values())
    some = others if coming else others[:count]
    shown = {job.job_id: job for job in [*some, *by_hand]}
    meant = _occurrences_of(schedule, list(shown.values()))
    for job in shown.values():
        about = remark(meant[job.job_id]) if job.job_id in meant else ""
        line = ComingLine(job.scheduled_time, _state(job), job.job_id, _joined(job, about))
        found.append(line)
    return sorted(found), len(jobs) - len(shown)


def _occurrences_of(schedule: Schedule, jobs: Sequence[ScheduledJob]) -> dict[str, Occurrence]:
    """Return which occurrences some jobs are, by their ids: of a schedule that is over, nothing is
    to come that would say it."""
    if not jobs:
        return {}
    times = [job.scheduled_time for job in jobs]
    clock = ZoneClock(load_zone(schedule.zone))
    ahead = occurrences(schedule.schedule_id, schedule, clock, min(times) - _A_DAY)
    known = takewhile(lambda one: one.at <= max(times), islice(ahead, _MOST_LOOKED_AT))
    return {one.job_id: one.occurrence for one in known}


def _state(job: ScheduledJob | None) -> str:
    return "later" if job is None else status_words(job)


def _joined(job: ScheduledJob | None, about: str) -> str:
    told = ""
    if job is not None:
        told = "changed by hand" if is_changed_by_hand(job) else "run-now" if is_extra(job) else ""
    return "; ".join(filter(None, (told, about)))


def print_coming(lines: Sequence[ComingLine], zone: ZoneInfo, note: str) -> None:
    """Print what is to come as a table, in a zone. On a terminal what has no room in a line stands
    beneath it: what is remarkable first, then the job."""
    states = max(map(len, ("state", *(line.state for line in lines))))
    ids = max(map(len, ("job", *(line.job_id for line in lines))))
    remarks = max(width_of(line.remark) for line in lines)
    names: list[tuple[str, int | None]] = [("day", 14), ("time", 8), ("offset", 6)]
    names += [("state", states), ("job", ids), ("", None)]
    room = terminal_width() if sys.stdout.isatty() else sys.maxsize
    taken = sum(2 + (width or 0) for _, width in names) - 2
    has_remark, has_job = taken + remarks <= room, taken - 2 <= room
    names = names if has_remark else names[:-1] if has_job else names[:-2]
    table = Columns(*names)
    table.title()
    for line in lines:
        local = line.at.astimezone(zone)
        clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
        cells = [f"{local:%a %Y-%m-%d}", clock, local.isoformat()[-6:], line.state, line.job_id]
        table.row(*[*cells, line.remark][: len(names)])
        beneath = ["" if has_job else line.job_id, "" if has_remark else line.remark]
        if any(beneath):
            print_facts([("", ": ".join(filter(None, beneath)), "")])
    table.note(note)


def print_schedule(ledger: Ledger, schedule: Schedule, now: datetime, count: int) -> None:
    """Print what is said of a schedule, and what is to come of it."""
    print_facts(facts_of(ledger, schedule, now))
    lines, more = coming_lines(ledger, schedule, count)
    if not lines:
        return
    click.echo()
    zone = load_zone(schedule.zone)
    print_coming(lines, zone, f"{len(lines)} to come, times in {zone.key}")
    if more:
        jobs = f"{more} more job{'' if more == 1 else 's'}"
        print_line(f"{jobs}: `jobledger list --schedule {schedule.schedule_id}`")
