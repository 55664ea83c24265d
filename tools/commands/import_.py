"""The `import` command: jobs from CSV, JSON lines, and the daily files of another scheduler."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ...domain import JobStatus
from ...eventstore.engines.files import FileSystem, check_may_create
from ...ledger import Ledger, load_zone
from ..files import FILE
from ..grammar import command
from ..output import print_error, print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session, quiet

if TYPE_CHECKING:
    from ..interchange.fields import RowFault
    from ..interchange.plan import ImportPlan, Target

_SHOWN = 20


@command("import")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "daily"]),
    help="What the files are, where their names do not say it.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, say what would happen, stop.")
@click.option("--skip-existing", is_flag=True, help="Leave out jobs whose id the ledger knows.")
@click.option(
    "--ignore",
    multiple=True,
    metavar="PATTERN",
    help="Leave out files of a directory by their names, such as 'jobs_*.tmp'.",
)
@click.option(
    "--timezone",
    metavar="ZONE",
    help="The zone of a new ledger (an IANA name); this machine's if not given.",
)
@json_option
@pass_session
def import_(
    session: Session,
    files: tuple[str, ...],
    form: Any,
    dry_run: bool,
    skip_existing: bool,
    ignore: tuple[str, ...],
    timezone: str | None,
) -> None:
    """Import jobs with their state: all of them or, if a row is not acceptable, none.

    FILE is a CSV file, a file with a JSON object on each line, a jobs_YYYY-MM-DD.json (or, of one
    state, jobs_YYYY-MM-DD_STATE.json), a directory of those, or `-` for standard input. Columns and
    keys that are no fields of a job go into its metadata. docs/interchange.md has the rules.

    \b
    Example:
      jobledger import posts.csv --dry-run
      jobledger --ledger new import old-jobs --timezone Asia/Ho_Chi_Minh
      jobledger import --format jsonl - < jobs.jsonl
    """
    from ..interchange.plan import make_plan
    from ..interchange.sources import find_sources

    sources = find_sources(files, form, session.own_directory, ignore)
    target = _target(session, timezone)
    with progress_bar("checking", unit="jobs") as progress:
        plan = make_plan(
            sources,
            target,
            datetime.now(UTC),
            skip_existing=skip_existing,
            progress=progress,
        )
    if plan.faults:
        _print_faults(plan.faults)
        session.exit_code = 2
        return
    ids: list[str | None] = [*plan.given_ids]
    if plan.jobs and not dry_run:
        with session.ledger(create=True, timezone=timezone) as ledger:
            ids = [*ledger.import_jobs(plan.jobs)]
        session.done = f"imported {_jobs(len(ids))}"
    if session.json:
        print_json(_document(plan, ids, dry_run=dry_run))
    else:
        _print(plan, dry_run=dry_run)


def _target(session: Session, timezone: str | None) -> Target:
    """Describe the ledger as it is, without making one.

    Raises:
        LedgerCorruptError: it is damaged.
        StorageError: there is none, and none may be made there.
        ValidationError: it has another time zone.
    """
    from ..interchange.plan import Target

    if session.exists():
        with quiet(), Ledger(session.location, timezone=timezone, read_only=True) as ledger:
            if ledger.damage is not None:
                raise ledger.damage
            return Target(load_zone(ledger.timezone), frozenset(ledger.known_ids()))
    if session.own_directory is not None and session.own_directory.is_dir():
        check_may_create(FileSystem(), session.own_directory)
    return Target(load_zone(session.zone_to_be(timezone)))


def _print_faults(faults: list[RowFault]) -> None:
    for fault in faults[:_SHOWN]:
        print_error(str(fault))
    if len(faults) > _SHOWN:
        print_error(f"… and {len(faults) - _SHOWN} more")
    print_error("nothing was imported")


def _document(plan: ImportPlan, ids: list[str | None], *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "imported": 0 if dry_run else len(ids),
        "jobs": len(ids),
        "by_status": plan.by_status(),
        "skipped": plan.skipped,
        "duplicates": {"resolved": plan.duplicates.total(), "to": dict(plan.duplicates)},
        "metadata_keys": list(plan.metadata_keys),
        "ids": ids,
    }


def _print(plan: ImportPlan, *, dry_run: bool) -> None:
    count = len(plan.jobs)
    states = ", ".join(f"{number} {status}" for status, number in plan.by_status().items())
    said = f"{_jobs(count)}{': ' if states else ''}{states}"
    click.echo(f"would import {said}; nothing was changed" if dry_run else f"imported {said}")
    if plan.skipped:
        click.echo(f"  left out, since the ledger knows their ids: {_jobs(plan.skipped)}")
    for source, number in plan.duplicates.items():
        click.echo(printable(f"  in several files, taken from {source}: {_jobs(number)}"))
    if plan.metadata_keys:
        click.echo(printable(f"  into metadata: {', '.join(plan.metadata_keys)}"))
    running = plan.by_status().get(JobStatus.RUNNING, 0)
    if running:
        was, them = ("was", "it") if running == 1 else ("were", "them")
        click.echo(
            f"  {_jobs(running)} {was} running: the next runner takes {them} as interrupted, and"
            f" by default\n  posts {them} again;"
            f" `jobledger run --on-interrupted fail` leaves {them} to a person"
        )


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"
