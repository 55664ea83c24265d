"""The page: what the template is given, and the template."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from ...domain import Event, JobStatus, ScheduledJob
from ...explanation import span
from ...projections import Board, LoggedEvent, Stats, StatsReport, changes
from ..output import printable, short_id
from .attempts import Attempts
from .charts import WAITING_BOUNDS_S, posts_a_day, waiting_times
from .coming import coming_days
from .day import beginning, timeline
from .policy import Inline, Placed, policy

MOST_JOBS = 2000
_MOST_CHOICES = 200


class ReportSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a page is about, besides the events."""

    name: str
    zone: ZoneInfo
    made_at: datetime
    since: datetime | None = None
    until: datetime | None = None
    day: date | None = None
    damage: str | None = None


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass over the log gives."""

    stats: StatsReport
    waiting: list[int]
    attempts: Attempts
    jobs: list[ScheduledJob]
    first: Event | None
    last: Event | None
    hash: str
    """That of the line of `last`; empty where it does not come from a log."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The page as it is written, and what is on it."""

    html: str
    jobs: int
    left_out: int
    day: str | None


def gather_page(events: Iterable[Event], source: ReportSource) -> Gathered:
    """One pass over the events, a whole log up to the end of the window."""
    board = Board()
    stats = Stats(source.zone, since=source.since, until=source.until)
    attempts = Attempts(source.zone, source.day, source.since)
    first: Event | None = None
    last: Event | None = None
    touched: set[str] = set()

    def see(event: Event) -> bool:
        nonlocal first, last
        last = event
        is_within = source.since is None or event.at >= source.since
        if is_within:
            first = first or event
        return is_within

    def of_schedule(event: Event) -> None:
        stats.apply_schedule(event)
        see(event)

    for change in changes(events, board, of_schedule=of_schedule):
        stats.apply(change)
        attempts.apply(change)
        if see(change.event):
            touched.add(change.event.job_id)
    return Gathered(
        stats=stats.report(),
        waiting=stats.waiting_histogram(WAITING_BOUNDS_S),
        attempts=attempts,
        jobs=[job for job_id, job in board.jobs.items() if job_id in touched],
        first=first,
        last=last,
        hash=last.hash if isinstance(last, LoggedEvent) else "",
    )


def render(found: Gathered, source: ReportSource) -> Page:
    """Render the whole page as one piece of HTML."""
    jobs = sorted(found.jobs, key=_place_in_table)
    day = found.attempts.day
    at = source.made_at if source.until is None else source.until
    drawn = (
        None
        if day is None
        else timeline(day, source.zone, list(found.attempts.of_day()), found.jobs, at)
    )
    environment, placed = _environment(source.zone), Placed()
    body = Markup(
        environment.get_template("body.html").render(
            source=source,
            placed=placed,
            stats=found.stats,
            first=found.first,
            last=found.last,
            hash=found.hash,
            timeline=drawn,
            unknown=[job for job in found.jobs if job.outcome_unknown],
            lost=sorted(filter(_is_lost, found.jobs), key=_when, reverse=True),
            overdue=sum(
                job.status is JobStatus.SCHEDULED and job.scheduled_time < at for job in found.jobs
            ),
            coming=coming_days(found.jobs, source.zone, at),
            jobs=jobs[:MOST_JOBS],
            all_jobs=len(jobs),
            accounts=sorted({job.account_id for job in jobs[:MOST_JOBS]}, key=str.casefold)[
                :_MOST_CHOICES
            ],
            states=[s.value for s in JobStatus if any(job.status is s for job in jobs)],
            failures=list(reversed(found.attempts.failures)),
            all_failures=found.attempts.failed,
            posts_chart=posts_a_day(found.stats.days),
            outcomes=[name for name, n in found.stats.total.outcomes().items() if n],
            waiting_chart=waiting_times(found.waiting),
        )
    )
    style = Inline("style", _text("page.css") + placed.rules())
    script = Inline("script", _text("page.js"))
    html = environment.get_template("page.html").render(
        source=source,
        body=body,
        style=style.text,
        script=script.text,
        policy=Markup(policy(style, script)),
    )
    return Page(
        html=html,
        jobs=len(jobs),
        left_out=max(len(jobs) - MOST_JOBS, 0),
        day=None if drawn is None else drawn.day,
    )


def _place_in_table(job: ScheduledJob) -> tuple[int, float, int]:
    """Rank what a person has to look at first: outcome unknown, failed, then the latest."""
    urgent = 0 if job.outcome_unknown else 1 if job.status is JobStatus.FAILED else 2
    return urgent, -_when(job).timestamp(), job.order


def _is_lost(job: ScheduledJob) -> bool:
    """Whether a job has come to nothing, and only a person can change that."""
    return not job.outcome_unknown and job.status in (JobStatus.FAILED, JobStatus.EXPIRED)


def _when(job: ScheduledJob) -> datetime:
    return job.completed_at or job.scheduled_time


def _environment(zone: ZoneInfo) -> Environment:
    """Autoescaping, and strict: a name that the template misspells is an error."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=_PackageFiles(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = printable
    environment.filters["beginning"] = beginning
    environment.filters["short"] = short_id
    environment.filters["clock"] = lambda at: f"{at.astimezone(zone):%H:%M}"
    environment.filters["local"] = lambda at: f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
    environment.filters["span"] = _span
    environment.filters["percent"] = lambda n: "–" if n is None else f"{100 * n:.1f}\u00a0%"
    environment.filters["number"] = lambda n: f"{n:,}".replace(",", "\u202f")
    environment.globals["when"] = _when
    return environment


def _span(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return span(timedelta(seconds=seconds)).replace(" ", "\u00a0")  # a number keeps its unit


class _PackageFiles(BaseLoader):
    """The templates beside this module, also where the package is no directory."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, None, Any]:
        return _text(template), None, lambda: True


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
