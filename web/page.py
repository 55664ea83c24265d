"""Pages: from a template and what is to be shown to HTML, in the visitor's language and zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup
from starlette.responses import HTMLResponse

from .. import Event, JobPriority, JobStatus, Schedule, ScheduledJob, words
from .event_types import TYPES
from .many import MANY
from .roles import ACTIONS, ADD, ADD_DRAFT, ADD_SCHEDULE, allowed, allowed_on_schedule
from .scheduling import Rule
from .site import Call
from .words import LANGUAGES, dates, translate
from .words.told import told

PAGES = (
    ("/", "Today"),
    ("/calendar", "Calendar"),
    ("/jobs", "Jobs"),
    ("/inbox", "Inbox"),
    ("/schedules", "Schedules"),
    ("/accounts", "Accounts"),
    ("/log", "Log"),
)

_BEHIND = {"/many": "/jobs", "/import": "/jobs", "/new-schedule": "/schedules"}
"""Pages that belong to one of those, though their paths do not say so."""
WEEKDAYS = dict(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), range(7), strict=True))


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def address_of(path: str, query: Mapping[str, object]) -> str:
    """Return an address with a query. What is empty is left out; a list is a parameter that is
    there several times."""
    given = {name: value for name, value in query.items() if value not in (None, "", [])}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


class Shown:
    """What every template can use, as `page`: words, times and addresses of one call."""

    def __init__(self, call: Call, zone: ZoneInfo | None = None, path: str | None = None) -> None:
        self.call = call
        self.language = call.language
        self.languages = LANGUAGES
        self.zone = zone or call.site.zone
        self.is_known = call.is_known
        self.event_types = " ".join(TYPES)
        self.path: str = path or call.request.url.path

    def t(self, text: str, **facts: object) -> str:
        """Say a text in the visitor's language."""
        return translate(self.language, text, facts)

    @property
    def name(self) -> str:
        """What people call the ledger."""
        return Path(self.call.site.ledger.location).name

    @property
    def pages(self) -> tuple[tuple[str, str], ...]:
        """The pages of the navigation, each with its path."""
        return PAGES

    def is_at(self, path: str) -> bool:
        """Say whether this page is that one, or behind it."""
        here = _BEHIND.get(self.path, self.path)
        return here == path or (path != "/" and here.startswith(f"{path}/"))

    @property
    def here(self) -> str:
        """This page's own address."""
        query = self.call.request.url.query
        return f"{self.path}?{query}" if query else self.path

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What this page's address asks for besides the moment."""
        return [(name, value) for name, value in self.call.query.multi_items() if name != "at"]

    @property
    def now_url(self) -> str:
        """This page's address without the moment."""
        return f"{self.path}?{urlencode(self.kept)}" if self.kept else self.path

    def at_url(self, seq: int) -> str:
        """Return this page's address of the moment after an event."""
        return f"{self.path}?{urlencode([*self.kept, ('at', seq)])}"

    @cached_property
    def unknown(self) -> int:
        """How many jobs wait for somebody to say what became of them."""
        return self.call.look.queries.count_unknown()

    def said(self, event: Event) -> str:
        """Put into words what an event says besides its type; there may be nothing."""
        return words(event, self.language, self.zone)

    def told(self, text: str) -> Markup:
        """Say what is wrong with a row of a file, or worth a word; marked as English where it is
        not known in the visitor's language."""
        return told(self.language, text)

    def rule(self, rule: Rule) -> str:
        """Put into words when a rule is due."""
        return words(rule, self.language, self.zone)

    def subject_url(self, event: Event) -> str:
        """Return the address of what an event is of: a job, a schedule, or an account."""
        kind, _, name = event.job_id.partition(":")
        if kind == "schedule" and name:
            return self.url(f"/schedules/{name}")
        if kind == "slots" and name:
            return self.url("/accounts/one", id=name)
        return self.url(f"/jobs/{event.job_id}")

    def span(self, duration: timedelta) -> str:
        """Put a span of time into words."""
        return words(duration, self.language, self.zone)

    def seconds(self, number: float) -> str:
        """Put a number of seconds into words."""
        return self.span(timedelta(seconds=number))

    def count(self, number: int) -> str:
        """Write a number, which may be large."""
        return f"{number:,}".replace(",", "." if self.language == "vi" else ",")

    def local(self, at: datetime) -> datetime:
        """Return a moment as the ledger's clock shows it."""
        return at.astimezone(self.zone)

    def clock(self, at: datetime) -> str:
        """Show a moment as a clock does."""
        return f"{self.local(at):%H:%M}"

    def day(self, at: datetime) -> str:
        """Show the day of a moment."""
        return dates.day(self.local(at).date(), self.language)

    def day_name(self, day: date) -> str:
        """Name a day in full."""
        return dates.day(day, self.language)

    def days_name(self, first: date, last: date) -> str:
        """Name the days from one to another."""
        return dates.days(first, last, self.language)

    def short_day(self, day: date) -> str:
        """Name a day in a few characters."""
        return dates.short_day(day, self.local(self.call.look.at).date(), self.language)

    def month_name(self, day: date) -> str:
        """Name the month of a day."""
        return dates.month(day, self.language)

    def weekday(self, day: date) -> str:
        """Name the day of the week in a few characters."""
        return dates.weekday(day, self.language, short=True)

    def name_of_weekday(self, day: str, *, short: bool = False) -> str:
        """Name a day of the week that is written as `mon`."""
        monday = date(2024, 1, 1)
        return dates.weekday(monday + timedelta(WEEKDAYS[day]), self.language, short=short)

    def offset(self, at: datetime) -> str:
        """Show how far the ledger's clock is from UTC at a moment, as `+02:00`."""
        return self.local(at).isoformat()[-6:]

    def short(self, at: datetime) -> str:
        """Show a moment with as much of its day as is needed from here."""
        return f"{self.day_from_here(at)} {self.clock(at)}".lstrip()

    def day_from_here(self, at: datetime) -> str:
        """Name the day of a moment in a few characters; with nothing where it is today."""
        day, today = self.local(at).date(), self.local(self.call.look.at).date()
        return "" if day == today else dates.short_day(day, today, self.language)

    def are_today(self, jobs: Iterable[ScheduledJob]) -> bool:
        """Say whether all of some jobs are planned for today."""
        return all(self.is_same_day(job.scheduled_time, self.call.look.at) for job in jobs)

    def is_same_day(self, at: datetime, other: datetime | None) -> bool:
        """Say whether clocks here show the same day at both moments."""
        return other is not None and self.local(at).date() == self.local(other).date()

    def full(self, at: datetime) -> str:
        """Show a moment to the second."""
        return f"{self.local(at):%Y-%m-%d %H:%M:%S}"

    def url(self, path: str, **query: object) -> str:
        """Return an address with a query (as `address_of`), of the same moment as this page."""
        asked = {"at": self.call.at} | query
        return address_of(path, asked)

    @property
    def is_past(self) -> bool:
        """Whether this page is of a moment that was asked for: nothing can be done from it."""
        return self.is_known and self.call.look.is_past

    @property
    def csrf(self) -> str:
        """What a form has to carry."""
        return self.call.visitor.csrf if self.is_known else ""

    def actions(self, job: ScheduledJob) -> list[str]:
        """Return what the visitor may do to a job here."""
        if self.is_past or self.call.site.read_only:
            return []
        return allowed(self.call.role, job.status, outcome_unknown=job.outcome_unknown)

    @property
    def many(self) -> list[str]:
        """What the visitor may do to many jobs at once here."""
        if self.is_past or self.call.site.read_only:
            return []
        rights = {action: ACTIONS[action] for action in MANY}
        return [
            each for each, (r, on_draft, _) in rights.items() if self.call.role >= min(r, on_draft)
        ]

    def schedule_actions(self, schedule: Schedule) -> list[str]:
        """Return what the visitor may do to a schedule here."""
        may = not self.is_past and not self.call.site.read_only
        return allowed_on_schedule(self.call.role, schedule.status) if may else []

    @property
    def may_manage(self) -> bool:
        """Whether the visitor may add schedules and set slots here."""
        return not self.is_past and self.is_known and self.call.role >= ADD_SCHEDULE

    @property
    def may_add(self) -> bool:
        """Whether the visitor may add drafts here, at least."""
        return not self.is_past and self.is_known and self.call.role >= ADD_DRAFT

    @property
    def may_schedule(self) -> bool:
        """Whether what the visitor adds may go out by itself."""
        return self.may_add and self.call.role >= ADD


def render(
    call: Call,
    template: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    zone: ZoneInfo | None = None,
    path: str | None = None,
    **shown: Any,
) -> HTMLResponse:
    """Return a page. Its times are those of `zone`, the ledger's if none is given. `path`: where
    it is to be asked for, if not here, as when it answers a form."""
    page = Shown(call, zone, path)
    html = (
        _templates()
        .get_template(template)
        .render(
            page=page,
            t=page.t,
            url=page.url,
            call=call,
            JobStatus=JobStatus,
            JobPriority=JobPriority,
            **shown,
        )
    )
    return HTMLResponse(html, status, dict(headers or {}))
