"""The `export` command: jobs as tables, JSON, calendars or daily files, and for other tools."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...domain import JobStatus, ScheduledJob, StorageError, ValidationError
from ...eventstore.engines.files import storage_errors
from ...ledger import Ledger
from ..files import FILE, WrittenOut, check_free, write_out
from ..filters import account_option, choose_jobs, status_option
from ..grammar import command
from ..importing.saved import TOOLS
from ..output import print_error, print_json, printable
from ..session import Session, is_ledger, json_option, pass_session, zone_of

if TYPE_CHECKING:
    from ...interchange import Form

_DAILY = re.compile(r"jobs_.*\.json")


@command("export")
@click.argument("file", type=FILE, default="-")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "daily", "excel", "calendar"]),
    help="What FILE is to be, where its name does not say it; to standard output jsonl.",
)
@click.option("--like", type=click.Choice(TOOLS), help="A file of posts that wait, for this tool.")
@click.option(
    "--dates", type=click.Choice(["dmy", "mdy"]), help="For tools with dates in either order."
)
@account_option
@status_option
@click.option(
    "--excel", is_flag=True, help="CSV that a spreadsheet opens and saves without changing a text."
)
@click.option("--force", is_flag=True, help="Write over what is there.")
@json_option
@pass_session
def export(
    session: Session,
    file: str,
    form: Any,
    like: str | None,
    dates: Any,
    accounts: tuple[str, ...],
    statuses: tuple[JobStatus, ...],
    excel: bool,
    force: bool,
) -> None:
    """Export jobs as tables, JSON lines, a calendar or daily files; without FILE they are printed.

    FILE is a .csv, an .xlsx (with the extra `excel`), a .jsonl, an .ics to show in a calendar (with
    the extra `calendar`), or a directory. What a job has to remember so that it does not go out
    twice is exported too, but to calendars and other tools, so an import into another ledger goes
    on where this one was. The history stays here, in the log.

    \b
    Example:
      jobledger export jobs.csv --excel
      jobledger export buffer.csv --like buffer --account-id my-account --force
      jobledger export --status failed > failed.jsonl
      jobledger export backup --format daily
    """
    kind = _form(file, form, excel=excel, like=like)
    _check_target(file, kind, session.own_directory, force=force)
    with session.reading() as ledger:
        jobs = choose_jobs(ledger, accounts, statuses)
        jobs.sort(key=lambda job: job.order)
        if like is not None:
            jobs = _write_for(like, ledger, jobs, file, dates, force=force)
            files = 1
        else:
            files = _write(ledger, jobs, file, kind, excel=excel, force=force)
    if file == "-":
        return
    session.done = f"wrote {file}"
    if session.json:
        print_json({"path": file, "format": kind, "jobs": len(jobs), "files": files})
        return
    count = f"{len(jobs)} job{'' if len(jobs) == 1 else 's'}"
    among = f" in {files} file{'' if files == 1 else 's'}" if kind == "daily" else ""
    click.echo(printable(f"wrote {file}: {count}{among}"))


def _form(file: str, form: Form | None, *, excel: bool, like: str | None) -> Form:
    """Choose the form to write in.

    Raises:
        ValidationError: nothing says which form it is to be, or it does not go with the rest.
    """
    from ...interchange import form_of

    named = None if file == "-" else form_of(file)
    is_directory = file.endswith(os.sep) or (file != "-" and Path(file).is_dir())
    is_csv = excel or like is not None
    default: Form | None = "csv" if is_csv else "jsonl" if file == "-" else None
    kind: Form | None = form or ("daily" if is_directory else named or default)
    if kind is None:
        raise ValidationError(
            f"what is {file} to be?",
            field="format",
            hint="say --format csv, excel, jsonl, calendar or daily",
        )
    if excel and kind not in ("csv", "excel"):
        raise ValidationError(f"excel is for csv, not for {kind}", field="excel")
    if like is not None and (kind != "csv" or excel):
        raise ValidationError("a file for another tool is CSV, as that tool has it", field="like")
    if kind == "daily" and (file == "-" or (named and not is_directory)):
        raise ValidationError(
            f"daily files need a directory, and {file} is none", field="file", hint="name one"
        )
    if is_directory and kind != "daily":
        raise ValidationError(f"{file} is a directory, and {kind} is a file", field="file")
    return kind


def _check_target(file: str, kind: Form, ledger: Path | None, *, force: bool) -> None:
    """Check that this file may be written.

    Raises:
        StorageError: what is there must not be written over, or is a ledger's.
    """
    if file == "-":
        return
    path = Path(file)
    directory = path if kind == "daily" else path.parent
    is_own = ledger is not None and directory.resolve() == ledger.resolve()
    if is_own or is_ledger(directory):
        raise StorageError(
            f"{directory} is a ledger", path=file, hint="export to another directory"
        )
    if kind != "daily":
        check_free(path, force=force)


def _write(
    ledger: Ledger, jobs: list[ScheduledJob], file: str, kind: Form, *, excel: bool, force: bool
) -> int:
    """Write the jobs; how many files they are."""
    from ...interchange import (
        write_calendar,
        write_csv,
        write_daily,
        write_lines,
        write_workbook,
    )

    if kind == "daily":
        days = write_daily(jobs, zone_of(ledger))
        _write_directory(Path(file), days, force=force)
        return len(days)
    if kind == "excel":
        data = write_workbook(jobs)
    elif kind == "calendar":
        data = write_calendar(jobs, Path(str(ledger.location)).name)
    else:
        data = write_csv(jobs, excel=excel) if kind == "csv" else write_lines(jobs)
    write_out(file, data, force=force)
    return 1


def _write_for(
    tool: str, ledger: Ledger, jobs: list[ScheduledJob], file: str, dates: Any, *, force: bool
) -> list[ScheduledJob]:
    """Write a file for another tool, and say what it does not have; the jobs that are in it."""
    from ...interchange import write_for

    zone = zone_of(ledger)
    written = write_for(tool, jobs, zone, dates)
    write_out(file, written.data, force=force)
    for what, count in written.left_out.items():
        print_error(f"note: {tool} does not get {what}: {count}")
    print_error(f"note: times are in {zone.key}: {tool} takes them in the zone that is set there")
    return written.jobs


def _write_directory(directory: Path, days: dict[str, bytes], *, force: bool) -> None:
    """Write daily files, each as a whole.

    Raises:
        StorageError: there are some already: with others among them, they would tell two stories.
    """
    fs = WrittenOut()
    with storage_errors("write", directory):
        fs.make_directory(directory)
        there = [name for name in fs.list_directory(directory) if _DAILY.fullmatch(name)]
    if there and not force:
        raise StorageError(
            f"there are jobs_*.json files in {directory} already",
            path=str(directory),
            hint="name another directory; --force writes over them",
        )
    strange = [name for name in there if name not in days]
    if strange:
        raise StorageError(
            f"{directory} has {strange[0]}, which this export does not have",
            path=str(directory),
            hint="name another directory, or take it away: together they would be one import",
        )
    for name, data in days.items():
        with storage_errors("write", directory / name):
            fs.write_file_durably(directory / name, data)
