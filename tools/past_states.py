"""The `replay` and `diff` commands: the state of any moment, and what changed between two."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import Any

import click

from ..domain.errors import ValidationError
from ..domain.job.state import JobStatus
from ..ledger.ledger import Ledger
from ..ledger.queries import LedgerView
from .differences import JobDifference, differences
from .filters import account_option, choose_jobs, status_option
from .grammar import command
from .moments import parse_time
from .output import console, print_json
from .session import (
    JOB,
    Session,
    find_history,
    find_job,
    json_option,
    pass_session,
    zone_of,
)
from .tables import print_jobs

_SEQ = re.compile(r"#?(\d+)")


@command()
@click.option("--until", metavar="TIME", help="As of this time; a date means the end of that day.")
@click.option(
    "--seq", metavar="N", type=click.IntRange(min=0), help="As of this event's sequence number."
)
@click.option("--job", metavar="ID", type=JOB, help="Only this job.")
@account_option
@status_option
@click.option("--step", is_flag=True, help="Walk there event by event, on a terminal.")
@json_option
@pass_session
def replay(
    session: Session,
    until: str | None,
    seq: int | None,
    job: str | None,
    accounts: tuple[str, ...],
    statuses: tuple[JobStatus, ...],
    step: bool,
) -> None:
    """Show the jobs as they were at a moment, as `list` does; without one, as they are.

    \b
    Example:
      jobledger replay --until "2026-01-31T09:00"
      jobledger replay --seq 812 --job 3f2a
      jobledger replay --step --job 3f2a
    """
    if until is not None and seq is not None:
        raise ValidationError("give --until or --seq, not both", field="seq")
    with session.reading(use_snapshot=False) as ledger:
        moment = seq if until is None else parse_moment_of(ledger, until)
        if step:
            from .stepping import walk

            only = None if job is None else find_history(ledger, job)[0].job_id
            walk(ledger, ledger.seq if moment is None else moment, only)
            return
        view = as_of(ledger, moment)
        jobs = choose_jobs(view, accounts, statuses)
        if job is not None:
            wanted = find_job(view, job).job_id
            jobs = [found for found in jobs if found.job_id == wanted]
        if session.json:
            print_json([found.to_dict() for found in jobs])
            return
        print_jobs(jobs, zone_of(ledger))
        console().print(f"as of {said(view, ledger)}", style="dim")


@command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B", default="now")
@click.option("--job", metavar="ID", type=JOB, help="Only this job.")
@json_option
@pass_session
def diff(session: Session, before: str, after: str, job: str | None) -> None:
    """Show what changed between two moments, by job and field.

    A and B are times or events' sequence numbers; B is now if it is not given. A date means the end
    of that day.

    \b
    Example:
      jobledger diff yesterday
      jobledger diff 2026-01-31T09:00 2026-01-31T18:00
      jobledger diff 812 830 --job 3f2a
    """
    with session.reading(use_snapshot=False) as ledger:
        first = as_of(ledger, _moment_or_seq(ledger, before))
        second = as_of(ledger, _moment_or_seq(ledger, after))
        only = None if job is None else find_history(ledger, job)[0].job_id
        found = [
            item
            for item in differences(first.list_jobs(), second.list_jobs())
            if only in (None, item.job_id)
        ]
        if session.json:
            document: dict[str, Any] = {"from": _position(first), "to": _position(second)}
            print_json(document | {"jobs": [item.to_dict() for item in found]})
            return
        click.echo(f"from {said(first, ledger)}\nto   {said(second, ledger)}")
        _print(found, ledger)


def parse_moment_of(ledger: Ledger, text: str) -> datetime:
    """A time as typed, in the ledger's zone; a date is its end."""
    return parse_time(text).bound(ledger.now(), zone_of(ledger), end=True)


def _moment_or_seq(ledger: Ledger, text: str) -> datetime | int:
    number = _SEQ.fullmatch(text.strip())
    return int(number[1]) if number else parse_moment_of(ledger, text)


def as_of(ledger: Ledger, moment: datetime | int | None) -> LedgerView:
    """The state at a moment; of a damaged log at most the last one that is sound."""
    if moment is None:
        return ledger.as_of(seq=ledger.seq)
    if isinstance(moment, int) and ledger.damage is not None:
        moment = min(moment, ledger.seq)
    return ledger.as_of(moment)


def said(view: LedgerView, ledger: Ledger) -> str:
    """A position in words."""
    if view.at is None:
        return "before the first event"
    at = view.at.astimezone(zone_of(ledger))
    return f"event {view.seq}, {at:%Y-%m-%d %H:%M:%S} ({ledger.timezone})"


def _position(view: LedgerView) -> dict[str, Any]:
    return {"seq": view.seq, "at": None if view.at is None else view.at.isoformat()}


def _print(found: list[JobDifference], ledger: Ledger) -> None:
    if not found:
        click.echo("nothing changed")
        return
    from .differences import print_differences

    print_differences(found, zone_of(ledger))
    count = len(found)
    click.echo(f"{count} job{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}")
    sys.stdout.flush()
