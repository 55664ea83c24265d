"""A window of time on the command line: `--since` and `--until`, inclusive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from ..domain import ValidationError
from ..interchange import parse_time

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def window_options(command: CommandT) -> CommandT:
    """`--since T` and `--until T`, as text."""
    for name, end in (("--until", "to"), ("--since", "from")):
        command = click.option(name, metavar="TIME", help=f"Count what happened {end} this time.")(
            command
        )
    return command


def window(
    since: str | None, until: str | None, now: datetime, zone: ZoneInfo
) -> tuple[datetime | None, datetime | None]:
    """Return the two bounds in UTC; times without an offset are in the ledger's zone.

    Raises:
        ValidationError: one is no time, or the window ends before it begins.
    """
    begin, end = (
        None if text is None else parse_time(text).bound(now, zone).astimezone(UTC)
        for text in (since, until)
    )
    if begin is not None and end is not None and end < begin:
        raise ValidationError(
            f"until ({until}) is before since ({since})", field="until", hint="swap them"
        )
    return begin, end
