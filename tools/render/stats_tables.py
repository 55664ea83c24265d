"""Figures as tables and bars for a terminal: any width from 60 columns, and plain ASCII if need be.

Bars are of different characters as well as colours, so they read without colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...domain import JobStatus
from ...explanation import span
from ...ledger import KeptMedia
from ...projections import ErrorGroup, Share, Spread, StatsReport, Tally
from ..output import STATUS_STYLE, console, moment, printable
from ..streams import has_unicode

MOST_DAYS = 31
MOST_PARTS = 20

_OUTCOMES = (
    ("completed", "█", "#", "green"),
    ("retried", "▒", "r", "yellow"),
    ("failed", "×", "x", "bold red"),
    ("unknown", "?", "?", "bold magenta"),
    ("expired", "○", "e", "cyan"),
    ("cancelled", "·", ".", "dim"),
)
"""What a day's bar is made of: what it counts, its character, the one in ASCII, its colour."""


def print_stats(report: StatsReport, zone: ZoneInfo, media: KeptMedia | None = None) -> None:
    """Print the whole report, and what is kept of files of posts, if anything; of a ledger or a
    window with nothing in it, one line that says so."""
    page = _Page(console(), zone)
    if not report.jobs and not report.events:
        all_jobs = not report.account_ids and report.platform is None
        what = "nothing has happened in this ledger yet" if all_jobs else "no such job"
        page.line(f"nothing to count: {what}{_window(report, zone)}")
        return
    page.states(report)
    page.attempts(report.total)
    page.parts("account", report.accounts)
    if len(report.platforms) > 1:
        page.parts("platform", report.platforms)
    page.days(report)
    page.schedules(report)
    page.errors(report.errors, report.other_errors)
    page.line()
    if media is not None and media.files:
        page.line(f"{_count(media.files, 'file')} of posts kept, {media.bytes / 1e6:.1f} MB")
    page.line(
        f"{_count(report.events, 'event')} counted, states as of event {report.seq}"
        f"{_window(report, zone)}, times in {zone.key}",
        "dim",
    )


class _Page:
    def __init__(self, out: Console, zone: ZoneInfo) -> None:
        self._out = out
        self._zone = zone
        self._ascii = not has_unicode(out.encoding)

    def line(self, text: str = "", style: str = "") -> None:
        self._out.print(Text(text, style))

    def _table(self, *titles: str, left: Sequence[int] = (0,)) -> Table:
        """Make a plain table; its columns are right-aligned, except `left` ones."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for index, title in enumerate(titles):
            table.add_column(
                title,
                justify="left" if index in left else "right",
                no_wrap=True,
                overflow="ellipsis" if not self._ascii else "crop",
            )
        self.line()
        return table

    def _row(self, table: Table, *cells: str | Text) -> None:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))

    def states(self, report: StatsReport) -> None:
        """Each state that has jobs, with its share."""
        self.line(_count(report.jobs, "job"), "bold")
        table = self._table("state", "jobs", "share", "", left=(0, 3))
        room = min(max(self._out.width - 36, 10), 60)
        for name, count in report.states.items():
            if not count:
                continue
            style = STATUS_STYLE[JobStatus(name)]
            bar = ("#" if self._ascii else "█") * max(round(room * count / report.jobs), 1)
            share = f"{100 * count / report.jobs:.1f} %"
            self._row(table, Text(name, style), str(count), share, Text(bar, style))
        self._out.print(table)
        if report.outcome_unknown:
            self.line(
                f"{report.outcome_unknown} of the failed: outcome unknown, the post may be out."
                " A person has to `resolve` or `requeue`.",
                "bold red",
            )

    def attempts(self, total: Tally) -> None:
        """How attempts ended, how long they waited and ran, and how many a job needed."""
        self.line()
        ended = [
            f"{getattr(total, name)} {name}"
            for name in (
                "completed", "retried", "failed", "interrupted", "cancelled", "expired",
                "requeued", "resolved", "removed", "imported",
            )
            if getattr(total, name)
        ]  # fmt: skip
        self.line(f"{total.added} added, {_count(total.attempts, 'attempt')}", "bold")
        if ended:
            self.line(", ".join(ended))
        if total.success_rate is not None:
            tried = _count(total.completed + total.failed, "job")
            self.line(f"{_rate(total)} of the {tried} that were published or failed were published")
        if total.expired:
            more = "more " if total.success_rate is not None else ""
            self.line(f"{total.expired} {more}expired: too late to be published", "yellow")
        if total.tries:
            each = ", ".join(f"{jobs} after {tries}" for tries, jobs in total.tries.items())
            self.line(f"jobs by the attempts they took: {each}")
        if not total.attempts:
            return
        table = self._table("", "median", "95 %", "longest", "attempts")
        for name, durations in (("waiting", total.waiting_s), ("running", total.running_s)):
            self._row(
                table,
                name,
                _span(durations.median),
                _span(durations.p95),
                _span(durations.max),
                str(durations.count),
            )
        self._out.print(table)

    def parts(self, title: str, parts: Sequence[Share]) -> None:
        """One row an account or platform, those with the most jobs and attempts first."""
        ranked = sorted(parts, key=lambda part: (-_weight(part), part.name))
        wide = self._out.width >= 76
        titles = [title, "jobs", "done", "failed", "retried", "success", "wait 95 %"]
        table = self._table(*titles, *(["run 95 %"] if wide else []))
        room = max(self._out.width - (60 if wide else 49), 10)
        for part in ranked[:MOST_PARTS]:
            tally = part.tally
            name = Text(printable(part.name))
            name.truncate(room, overflow="crop" if self._ascii else "ellipsis")
            self._row(
                table,
                name,
                str(sum(part.states.values())),
                str(tally.completed),
                Text(str(tally.failed), "red" if tally.failed else ""),
                str(tally.retried),
                _rate(tally),
                _p95(tally.waiting_s),
                *([_p95(tally.running_s)] if wide else []),
            )
        self._out.print(table)
        self._left_out(len(ranked) - MOST_PARTS, f"more {title}s")

    def days(self, report: StatsReport) -> None:
        """One row a day: its figures, and a bar of how its attempts and jobs ended."""
        if not report.days:
            return
        days = report.days[-MOST_DAYS:]
        table = self._table("day", "added", "done", "failed", "", left=(0, 4))
        most = max(sum(day.tally.outcomes().values()) for day in days)
        room = min(max(self._out.width - 35, 10), 80)
        for day in days:
            tally = day.tally
            self._row(
                table,
                day.day,
                str(tally.added + tally.imported),
                str(tally.completed),
                Text(str(tally.failed), "red" if tally.failed else ""),
                self._bar(tally, room / most if most else 0),
            )
        self._out.print(table)
        if most:
            legend = Text("  ").join(
                Text.assemble((ascii_ if self._ascii else sign, style), f" {name}")
                for name, sign, ascii_, style in _OUTCOMES
                if report.total.outcomes()[name]
            )
            self._out.print(legend)
        self._left_out(len(report.days) - MOST_DAYS, "earlier days")

    def _bar(self, tally: Tally, scale: float) -> Text:
        counts = [tally.outcomes()[name] for name, *_ in _OUTCOMES]
        cells = shares(counts, round(sum(counts) * scale))
        bar = Text()
        for (_, sign, ascii_, style), cell in zip(_OUTCOMES, cells, strict=True):
            bar.append((ascii_ if self._ascii else sign) * cell, style)
        return bar

    def schedules(self, report: StatsReport) -> None:
        """How many schedules are in each state, and what they did not post in time."""
        total = sum(report.schedules.values())
        if not total and not report.misfires:
            return
        self.line()
        self.line(_count(total, "schedule"), "bold")
        states = [f"{count} {name}" for name, count in report.schedules.items() if count]
        if states:
            self.line(", ".join(states))
        if not report.misfires:
            return
        table = self._table("not posted", "too late", "by a day", "past", "last", left=(0, 4))
        room = max(self._out.width - 50, 10)
        for each in report.misfires[:MOST_PARTS]:
            name = Text(each.schedule_id)
            name.truncate(room, overflow="crop" if self._ascii else "ellipsis")
            last = moment(each.last_at, self._zone)
            self._row(table, name, str(each.misfired), str(each.expired), str(each.missed), last)
        self._out.print(table)
        self._left_out(len(report.misfires) - MOST_PARTS, "more schedules")

    def errors(self, errors: Sequence[ErrorGroup], others: int) -> None:
        """Failed attempts by error: the text has a line of its own, so that nothing is cut."""
        if not errors:
            return
        self.line()
        self.line("failed attempts by error", "bold")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(justify="right", min_width=5, no_wrap=True)
        table.add_column(overflow="fold")
        for group in errors:
            last = f"last {moment(group.last_at, self._zone)}, job {printable(group.last_job)}"
            table.add_row(Text(str(group.count), "red"), Text(printable(group.error)))
            table.add_row("", Text(last, "dim"))
        self._out.print(table)
        self._left_out(others, "with other errors")

    def _left_out(self, count: int, what: str) -> None:
        if count > 0:
            self.line(f"and {count} {what} (--json has all that are counted)", "dim")


def shares(counts: Sequence[int], cells: int) -> list[int]:
    """So many cells for each count, in proportion; at least one for each that is not 0."""
    total = sum(counts)
    if not total:
        return [0] * len(counts)
    found = [max(int(count * cells / total), 1) if count else 0 for count in counts]
    while sum(found) < cells:  # what rounding down left over goes where most is missing
        missing = [count * cells / total - cell for count, cell in zip(counts, found, strict=True)]
        found[missing.index(max(missing))] += 1
    while sum(found) > cells and max(found) > 1:
        found[found.index(max(found))] -= 1
    return found


def _weight(part: Share) -> int:
    return sum(part.states.values()) + part.tally.attempts


def _window(report: StatsReport, zone: ZoneInfo) -> str:
    bounds = (("from", report.since), ("to", report.until))
    text = "".join(f" {word} {moment(at, zone)}" for word, at in bounds if at is not None)
    return f",{text}" if text else ""


def _rate(tally: Tally) -> str:
    return "–" if tally.success_rate is None else f"{100 * tally.success_rate:.1f} %"


def _p95(durations: Spread) -> str:
    return _span(durations.p95)


def _span(seconds: float | None) -> str:
    return "–" if seconds is None else span(timedelta(seconds=seconds))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
