"""The timeline of a day: a lane for each account, a bar for each attempt, marks for due times.

Places are percentages of the day, so that the page lays it out at any width. An attempt of seconds
would be too thin to see or to touch: every bar has at least a minimal width, and bars that would
lie over one another go into rows of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec

from ...domain import JobStatus, ScheduledJob
from ..output import printable
from .attempts import AttemptSeen, bounds

MOST_LANES = 40
MOST_ROWS = 12
MOST_BARS = 2000
LEAST_WIDTH = 0.45
"""Per cent of the day: six and a half minutes."""

_WITHOUT_ATTEMPT = {
    JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.CANCELLED, JobStatus.EXPIRED,
}  # fmt: skip


class Bar(msgspec.Struct, frozen=True):
    """One attempt: where it is in its lane, and what is said about it."""

    left: float
    width: float
    row: int
    how: str
    title: str


class Mark(msgspec.Struct, frozen=True):
    """A time at which a job was due."""

    left: float
    title: str


class Lane(msgspec.Struct, frozen=True):
    """One account's day."""

    account: str
    rows: int
    bars: list[Bar]
    marks: list[Mark]


class Timeline(msgspec.Struct, frozen=True):
    """A day for the page; `hours` are the labels of the axis with their places."""

    day: str
    hours: list[tuple[float, str]]
    lanes: list[Lane]
    outcomes: list[str]
    """How attempts of the day ended, for the legend."""
    attempts: int
    left_out: int


def timeline(
    day: date,
    zone: ZoneInfo,
    attempts: Sequence[AttemptSeen],
    jobs: Iterable[ScheduledJob],
    until: datetime,
) -> Timeline:
    """Draw the timeline of `day`; attempts that still run are drawn to `until`."""
    scale = _Scale(day, zone)
    shown = attempts[:MOST_BARS]
    by_account: dict[str, list[AttemptSeen]] = {}
    marks: dict[str, set[Mark]] = {}
    for attempt in shown:
        by_account.setdefault(attempt.account_id, []).append(attempt)
        if scale.has(attempt.due):
            mark = scale.mark(attempt.due, attempt.content)
            marks.setdefault(attempt.account_id, set()).add(mark)
    for job in jobs:
        if job.status in _WITHOUT_ATTEMPT and scale.has(job.scheduled_time):
            mark = scale.mark(job.scheduled_time, job.content, job.status)
            marks.setdefault(job.account_id, set()).add(mark)
    lanes = []
    left_out = len(attempts) - len(shown)
    names = sorted({*by_account, *marks}, key=str.casefold)
    for account in names[:MOST_LANES]:
        bars, missing = _bars(scale, by_account.get(account, []), until)
        left_out += missing
        rows = max((bar.row for bar in bars), default=0) + 1
        due = sorted(marks.get(account, ()), key=lambda mark: (mark.left, mark.title))
        lanes.append(Lane(account, rows, bars, due[:MOST_BARS]))
    left_out += sum(len(by_account.get(account, ())) for account in names[MOST_LANES:])
    outcomes = sorted({bar.how for lane in lanes for bar in lane.bars})
    return Timeline(day.isoformat(), scale.hours(), lanes, outcomes, len(attempts), left_out)


class _Scale:
    """From moments to places in the day."""

    def __init__(self, day: date, zone: ZoneInfo) -> None:
        self._zone = zone
        begin, end = bounds(day, zone)
        self._begin, self._end = begin.astimezone(UTC), end.astimezone(UTC)
        self._length_s = (self._end - self._begin).total_seconds()

    def has(self, moment: datetime) -> bool:
        return self._begin <= moment < self._end

    def place(self, moment: datetime) -> float:
        passed_s = (moment - self._begin).total_seconds()
        return round(100 * min(max(passed_s / self._length_s, 0.0), 1.0), 3)

    def clock(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        return f"{local:%H:%M:%S}" if self.has(moment) else f"{local:%Y-%m-%d %H:%M:%S}"

    def mark(self, due: datetime, content: str, status: str = "") -> Mark:
        also = f", {status}" if status else ""
        return Mark(self.place(due), f"due {self.clock(due)}{also} · {beginning(content)}")

    def hours(self) -> list[tuple[float, str]]:
        """Every third hour by the clock on the wall."""
        day = self._begin.astimezone(self._zone)
        found = []
        for hour in range(0, 24, 3):
            moment = day.replace(hour=hour, minute=0).astimezone(UTC)
            found.append((self.place(moment), f"{hour:02d}"))
        return found


def _bars(scale: _Scale, attempts: Sequence[AttemptSeen], until: datetime) -> tuple[list[Bar], int]:
    free_from: list[float] = []
    bars = []
    for attempt in attempts:
        left = scale.place(attempt.start)
        end = attempt.end or max(until, attempt.start)
        width = max(scale.place(end) - left, LEAST_WIDTH)
        left = min(left, 100 - width)
        row = next((number for number, free in enumerate(free_from) if free <= left), None)
        if row is None:
            if len(free_from) == MOST_ROWS:
                continue
            row = len(free_from)
            free_from.append(0.0)
        free_from[row] = left + width + 0.1
        bars.append(Bar(round(left, 3), round(width, 3), row, attempt.how, _title(scale, attempt)))
    return bars, len(attempts) - len(bars)


def _title(scale: _Scale, attempt: AttemptSeen) -> str:
    ended = "" if attempt.end is None else f"–{scale.clock(attempt.end)}"
    how = {"unknown": "outcome unknown"}.get(attempt.how, attempt.how)
    lines = [
        f"{how} · {scale.clock(attempt.start)}{ended}",
        f"job {attempt.job_id}, attempt {attempt.number}",
        beginning(attempt.content),
    ]
    if attempt.error:
        lines.append(beginning(attempt.error, 200))
    return "\n".join(lines)


def beginning(text: str, longest: int = 80) -> str:
    """Return the beginning of a text on one line, safe to show."""
    shown = text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
    return printable(shown)
