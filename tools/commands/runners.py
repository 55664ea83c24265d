"""The `runners` command: who runs the jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import click

from ...eventstore import RunnerSeen
from ...interchange import span_in_words
from ...ledger import FAR_OFF, SystemClock, load_zone
from ..grammar import command
from ..output import moment, print_json, printable
from ..render.tables import print_facts
from ..session import Session, json_option, pass_session


@command(pages=True)
@click.option("--all", "with_ended", is_flag=True, help="Also those that ended within a day.")
@json_option
@pass_session
def runners(session: Session, with_ended: bool) -> None:
    """List who runs the ledger's jobs: since when, and for how long each still may.

    On a directory there is one at most. On a server there may be many: one that does not renew its
    lease in time is ended by another one, which takes over what it was doing.

    \b
    Example:
      jobledger runners
      jobledger runners --all
    """
    with session.reading() as ledger:
        found = [seen for seen in ledger.runners() if with_ended or seen.ended_at is None]
        off = SystemClock().now() - ledger.now()
        now, zone = ledger.now(), load_zone(ledger.timezone)
    if session.json:
        print_json(found)
    elif not found:
        click.echo("nobody runs its jobs")
    else:
        print_facts(_facts(found, now, zone))
    if abs(off) > FAR_OFF and not session.json:
        which = "ahead of" if off > timedelta(0) else "behind"
        click.secho(
            f"this machine's clock is {span_in_words(abs(off))} {which} the server's, which counts",
            fg="yellow",
        )


def _facts(
    found: list[RunnerSeen], now: datetime, zone: ZoneInfo
) -> Iterator[tuple[str, str, str]]:
    for seen in found:
        since = "" if seen.started_at is None else f"since {moment(seen.started_at, zone)}"
        yield printable(seen.runner), *_standing(seen, since, now, zone)


def _standing(seen: RunnerSeen, since: str, now: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """Say what has become of a runner, and in which style."""
    if seen.ended_at is not None:
        left = seen.ended_by == seen.runner
        how = "left" if left else f"ended by {printable(seen.ended_by or 'another one')}"
        return f"{since}, {how} {moment(seen.ended_at, zone)}", "dim" if left else "yellow"
    if seen.expires_at is None:
        return since, "green"
    if seen.expires_at < now:
        ago = span_in_words(now - seen.expires_at)
        return f"{since}, its lease ran out {ago} ago: another one may end it", "yellow"
    return f"{since}, its lease holds for {span_in_words(seen.expires_at - now)} more", "green"
