"""The `stats` command: what happened to the jobs, in figures."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from ...ledger import KeptMedia, Ledger, kept_media
from ...projections import StatsReport, gather
from ..filters import account_option
from ..grammar import command
from ..output import print_json
from ..progress import progress_bar
from ..session import Session, json_option, pass_session, zone_of
from ..time_range import window, window_options


class FiguresAndFiles(StatsReport, frozen=True, kw_only=True):
    """What `--json` prints: the figures, and what the files of posts are that the ledger keeps now,
    whatever was asked for; null where it keeps none."""

    media: KeptMedia | None


@command(pages=True)
@window_options
@account_option
@click.option("--platform", help="Only jobs of this platform.")
@json_option
@pass_session
def stats(
    session: Session,
    since: str | None,
    until: str | None,
    accounts: tuple[str, ...],
    platform: str | None,
) -> None:
    """Show what happened: by state, account, platform and day; waiting, retries and failures;
    schedules, and what they did not post in time; the files of posts.

    Everything comes from the log, but for the files: those are what is kept now. A time without a
    zone is in the ledger's; a date alone is its first moment. The states are those at the end of
    the window.

    \b
    Example:
      jobledger stats
      jobledger stats --since '7 days ago' --account my-account
    """
    with session.reading(use_snapshot=False) as ledger:
        zone = zone_of(ledger)
        begin, end = window(since, until, ledger.now(), zone)
        report = read_figures(
            ledger, zone, since=begin, until=end, accounts=accounts, platform=platform
        )
        media = kept_media(ledger)
    if session.json:
        figures = {name: getattr(report, name) for name in report.__struct_fields__}
        print_json(FiguresAndFiles(**figures, media=media).to_dict())
    else:
        from ..render.stats_tables import print_stats

        print_stats(report, zone, media)


def read_figures(
    ledger: Ledger,
    zone: ZoneInfo,
    *,
    since: datetime | None,
    until: datetime | None,
    accounts: Collection[str] = (),
    platform: str | None = None,
) -> StatsReport:
    """Read the figures of a ledger in one pass, with progress."""
    total = ledger.seq
    with progress_bar("counting", unit="events") as progress:
        return gather(
            ledger.events(),
            zone,
            since=since,
            until=until,
            accounts=accounts,
            platform=platform,
            progress=lambda seq: progress(seq, total),
        )
