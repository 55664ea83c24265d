"""The `archive` command: packing the days of the log that are over."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from ...domain import ValidationError
from ..grammar import command
from ..location import check_directory
from ..output import print_json
from ..progress import progress_bar
from ..session import Session, json_option, pass_session

if TYPE_CHECKING:
    from ...integrity import PackedDay, PackReport


@command()
@click.option("--before", metavar="TIME", help="Pack the days, by UTC, before that of this time.")
@click.option("--unsealed", is_flag=True, help="Also days that no seal covers.")
@click.option("--dry-run", is_flag=True, help="Say what would be packed; write nothing.")
@click.option("--unpack", is_flag=True, help="Make the files of packed days again, as they were.")
@click.option("--since", metavar="TIME", help="With --unpack, of the day of this time and later.")
@json_option
@pass_session
def archive(
    session: Session,
    before: str | None,
    unsealed: bool,
    dry_run: bool,
    unpack: bool,
    since: str | None,
) -> None:
    """Pack days of the log that are over (Zstandard): they take up about a sixth of the room.

    The whole log is verified first, and each day read back before its file goes; every command
    reads packed days as if they were not. `zstdcat events_DAY.jsonl.zst` shows one. Only days that
    a seal covers are packed, since what is put away for years should be provable; --unsealed packs
    the others, too. The newest day is never packed.

    \b
    Example:
      jobledger archive --before '90 days ago' --unsealed
      jobledger archive --before 2026-01-01 --unsealed --dry-run
      jobledger archive --unpack --since 2025-12-01
    """
    _check_options(before, unpack, since, unsealed or dry_run)
    check_directory(
        session.location,
        "only day files are packed, and a ledger on a server has none",
        "`jobledger backup DIRECTORY` makes day files of it, which can be packed",
    )
    from ...integrity import pack_days, unpack_days

    session.must_exist()
    if unpack:
        first = None if since is None else _day(since)
        with progress_bar("unpacking", unit="days") as progress:
            made = unpack_days(session.directory, first, progress=progress)
        session.done = f"unpacked {_days(len(made))}" if made else ""
        _say_unpacked(session, made)
        return
    assert before is not None
    with (
        progress_bar("verifying", unit="bytes") as progress,
        progress_bar("packing", unit="days") as packing,
    ):
        report = pack_days(
            session.directory,
            _day(before),
            unsealed=unsealed,
            dry_run=dry_run,
            progress=progress,
            packing=packing,
        )
    session.done = f"packed {_days(len(report.packed))}" if report.packed and not dry_run else ""
    _say_packed(session, report, dry_run)


def _check_options(before: str | None, unpack: bool, since: str | None, only_to_pack: bool) -> None:
    if (before is None) == (not unpack):
        raise ValidationError(
            "give --before to pack days, or --unpack to unpack them", field="before"
        )
    if since is not None and not unpack:
        raise ValidationError("--since is for --unpack", field="since", hint="leave it out")
    if unpack and only_to_pack:
        raise ValidationError(
            "--unsealed and --dry-run are for packing", field="unpack", hint="leave them out"
        )


def _day(text: str) -> date:
    from ...interchange import parse_time

    return parse_time(text).bound(datetime.now(UTC), ZoneInfo("UTC")).astimezone(UTC).date()


def _say_unpacked(session: Session, made: list[PackedDay]) -> None:
    if session.json:
        print_json({"unpacked": made})
    elif made:
        click.echo(f"unpacked {_days(len(made))}: {_size(sum(day.bytes for day in made))}")
    else:
        click.echo("nothing to unpack: no such day is packed")


def _say_packed(session: Session, report: PackReport, dry_run: bool) -> None:
    days, left = report.packed, report.unsealed
    if session.json:
        print_json({"packed": days, "unsealed": left, "dry_run": dry_run})
        return
    if days:
        before = _size(sum(day.bytes for day in days))
        span = days[0].day if len(days) == 1 else f"{days[0].day} to {days[-1].day}"
        if dry_run:
            click.echo(f"would pack {_days(len(days))}, {span}: {before}")
        else:
            after = _size(sum(day.packed_bytes for day in days))
            click.echo(f"packed {_days(len(days))}, {span}: {before} are {after} now")
    elif not left:
        click.echo("nothing to pack: no day before that is over and not packed")
    if left:
        click.echo(
            f"left {_days(len(left))}, {left[0]} to {left[-1]}, that no seal covers: `jobledger"
            " seal` makes seals, --unsealed packs them as they are"
        )


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _size(count: int) -> str:
    from rich.filesize import decimal

    return decimal(count)
