"""What is to come of a rule, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import click

from ...domain import Occurrence
from ..output import printable
from .tables import Columns


def print_occurrences(found: Sequence[Occurrence], zone: ZoneInfo, rule: str) -> None:
    """Print when a rule is due, which is also given in words, and what clocks that change have done
    to it."""
    click.echo(printable(rule))
    if not found:
        click.echo("it is never due again")
        return
    table = Columns(("day", 14), ("time", 8), ("offset", 6), ("", None))
    table.title()
    for one in found:
        local = one.at.astimezone(zone)
        clock = f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"
        table.row(f"{local:%a %Y-%m-%d}", clock, local.isoformat()[-6:], remark(one))
    table.note(f"{len(found)} times in {zone.key}")


def remark(one: Occurrence) -> str:
    """Say what somebody would not expect."""
    if one.moved:
        return f"moved: clocks skip {one.local:%H:%M} on {one.local:%d %b}"
    if one.doubled:
        which = "second" if one.local.fold else "first"
        return f"the {which} of two: clocks show it twice"
    return ""
