"""The `diff` command: what changed between two moments."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from typing import Any

import click

from ...explanation import JobDifference, differences
from ...ledger import Ledger, LedgerView
from ..as_of import as_of, parse_moment_of, said
from ..grammar import command
from ..output import print_json
from ..session import (
    JOB,
    Session,
    find_history,
    json_option,
    pass_session,
    zone_of,
)

_SEQ = re.compile(r"#?(\d+)")


@command(pages=True)
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


def _moment_or_seq(ledger: Ledger, text: str) -> datetime | int:
    number = _SEQ.fullmatch(text.strip())
    return int(number[1]) if number else parse_moment_of(ledger, text)


def _position(view: LedgerView) -> dict[str, Any]:
    return {"seq": view.seq, "at": None if view.at is None else view.at.isoformat()}


def _print(found: list[JobDifference], ledger: Ledger) -> None:
    if not found:
        click.echo("nothing changed")
        return
    from ..render.differences import print_differences

    print_differences(found, zone_of(ledger))
    count = len(found)
    click.echo(f"{count} job{'' if count == 1 else 's'} differ{'s' if count == 1 else ''}")
    sys.stdout.flush()
