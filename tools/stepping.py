"""`replay --step`: walking through the log event by event, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime

import click

from ..domain import ValidationError
from ..explanation import difference, words
from ..ledger import Ledger
from ..projections import Board, Change, changes
from .output import printable
from .render.differences import print_differences
from .session import zone_of

_FORWARD = {"\r", "\n", " ", "n", "\x1b[C", "\x1b[B"}
_BACK = {"b", "p", "\x7f", "\x1b[D", "\x1b[A"}
_QUIT = {"q", "\x1b", "\x03", "\x04"}
_KEYS = "[enter] next  [b] back  [r] to the end  [q] quit"


def _changes_of(ledger: Ledger, until: datetime | int, only: str | None) -> Iterator[Change]:
    """Yield every change up to a moment, or those of one job."""
    last = ledger.as_of(until).seq
    for change in changes(ledger.events(), Board(), until=last):
        if only in (None, change.event.job_id):
            yield change


def walk(ledger: Ledger, until: datetime | int, only: str | None) -> None:
    """Show each change and wait for a key.

    Raises:
        ValidationError: standard input or output is no terminal.
    """
    if ledger.shards > 1:
        raise ValidationError(
            "--step goes from event to event, and each shard has its own",
            field="step",
            hint="name one shard, by shard=1 (or 2 …) in place of shards=",
        )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValidationError(
            "--step needs a terminal", field="step", hint="`audit` and `history` print it all"
        )
    coming = _changes_of(ledger, until, only)
    seen: list[Change] = []
    position, waits = 0, True
    while True:
        if position == len(seen):
            change = next(coming, None)
            if change is None:
                click.secho("the end", dim=True)
                return
            seen.append(change)
        _show(ledger, seen[position])
        key = _ask() if waits else "\n"
        if key in _QUIT:
            return
        waits = waits and key != "r"
        position = max(position - 1, 0) if key in _BACK else position + 1


def _ask() -> str:
    """Read keys until one means something, and return it."""
    click.secho(_KEYS, dim=True)
    while True:
        key = click.getchar()
        if key in _FORWARD | _BACK | _QUIT | {"r"}:
            return key


def _show(ledger: Ledger, change: Change) -> None:
    event, zone = change.event, zone_of(ledger)
    at = f"{event.at.astimezone(zone):%Y-%m-%d %H:%M:%S.%f}"[:23]
    click.echo()
    by = "" if event.by is None else f"  by {event.by}"
    click.secho(f"event {event.seq} of {ledger.seq}  {at}  {event.type}{by}", bold=True)
    click.echo(printable(words(event, zone=zone, of_a_known_job=False)))
    found = difference(change.before, change.after)
    if found is not None:
        print_differences([found], zone)
