"""The `import` command: jobs from tables, calendars, JSON, and the daily files of a scheduler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ...domain import JobStatus, ValidationError
from ...eventstore.engines import shards_in
from ...eventstore.engines.files import FileSystem, check_may_create
from ...ledger import Ledger, load_zone
from ..files import FILE
from ..grammar import command
from ..importing.options import ask_for_wishes, understanding_options, wishes_of
from ..job_changes import lenient_option
from ..output import print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session, quiet

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from ...interchange import Allowed, ImportPlan, Source, Target, Wishes


@command("import")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "daily", "excel", "calendar"]),
    help="What the files are, where their names do not say it.",
)
@understanding_options
@click.option("--dry-run", is_flag=True, help="Show what every row means, check it, and stop.")
@click.option("--skip-existing", is_flag=True, help="Leave out jobs that the ledger knows.")
@click.option("--again", is_flag=True, help="Take posts whose jobs were cancelled or removed.")
@click.option("--allow-doubles", is_flag=True, help="Take the same post twice.")
@click.option("--allow-past", is_flag=True, help="Take posts whose time has passed.")
@click.option("--allow-odd-text", is_flag=True, help="Take texts that look broken.")
@lenient_option
@click.option(
    "--leave-out", multiple=True, metavar="JOB_ID", help="Leave out a job of the files by its id."
)
@click.option(
    "--by-shard",
    is_flag=True,
    help="Take them in one write of each shard, where the ledger has several.",
)
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
    /,
    files: tuple[str, ...],
    form: Any,
    dry_run: bool,
    by_shard: bool,
    ignore: tuple[str, ...],
    timezone: str | None,
    **given: Any,
) -> None:
    """Import posts and jobs with their state: all of them or, if a row is not acceptable, none.

    FILE is a table (CSV, or .xlsx with the extra `excel`), a calendar (.ics, with the extra
    `calendar`), a file with a JSON object on each line, a jobs_YYYY-MM-DD.json (or, of one state,
    jobs_YYYY-MM-DD_STATE.json), a directory of those, or `-` for standard input. Columns and keys
    that are no fields of a job go into its metadata. The same file again adds nothing.
    docs/interchange.md has the rules, and the tools whose files are known.

    \b
    Example:
      jobledger import posts.csv --dry-run
      jobledger import ideas.csv --slots --dry-run
      jobledger import buffer.csv --like buffer --set account_id=shop --times-in Asia/Ho_Chi_Minh
      jobledger --ledger new import old-jobs --timezone Asia/Ho_Chi_Minh
      jobledger import --format jsonl - < jobs.jsonl
    """
    from ...interchange import document, find_sources
    from ..importing.preview import print_preview, print_problems, print_warnings
    from ..importing.saved import check_may_save, keep, show

    save_as = given["save_as"]
    kept_in = None if save_as is None else check_may_save(session, save_as)
    wishes = wishes_of(session, given)
    sources = find_sources(files, form, session.own_directory, ignore)
    now = datetime.now(UTC)
    with _target(session, timezone) as target:
        if given["ask"]:
            wishes = ask_for_wishes(session, given, wishes, sources, target.zone)
        plan = _read(sources, target, now, wishes, _allowed(given))
    writes = _writes(session, plan, by_shard)
    zone = wishes.zone or target.zone
    is_asked = given["ask"] and plan.planned and not plan.problems and not dry_run
    if is_asked:
        print_preview(plan, zone, now)
        print_warnings(plan, dry_run=True)  # before anything is said to it
        dry_run = not click.confirm(f"import {_jobs(len(plan.planned))}?", err=True)
    is_written = bool(plan.planned) and not dry_run and not plan.problems
    ids = (
        _write(session, plan, writes, timezone)
        if is_written
        else [p.given_id for p in plan.planned]
    )
    if session.json:
        print_json(document(plan, zone, dry_run=dry_run) | {"ids": ids})
    elif dry_run and not plan.problems:
        print_preview(plan, zone, now)
    if plan.problems:
        print_problems(plan.problems)
        session.exit_code = 2
        return
    if not session.json:
        if not is_asked:
            print_warnings(plan, dry_run=dry_run)
        _print(plan, wishes, zone, dry_run=dry_run)
    if kept_in is not None and not dry_run:
        keep(session, wishes, save_as, kept_in)
    elif given["ask"] or (dry_run and not session.json):
        show(session, wishes, given["like"], save_as)


def _allowed(given: Mapping[str, Any]) -> Allowed:
    """Return what the options take although it is refused otherwise."""
    from ...interchange import Allowed

    return Allowed(
        existing=given["skip_existing"],
        again=given["again"],
        doubles=given["allow_doubles"],
        past=given["allow_past"],
        odd_text=given["allow_odd_text"],
        lenient=given["lenient"],
        left_out=given["leave_out"],
    )


def _read(
    sources: Sequence[Source], target: Target, now: datetime, wishes: Wishes, allowed: Allowed
) -> ImportPlan:
    """Read the files, and say what would come of them."""
    from ...interchange import make_plan

    with progress_bar("reading", unit="jobs") as progress:
        return make_plan(sources, target, now, wishes=wishes, allowed=allowed, progress=progress)


def _writes(session: Session, plan: ImportPlan, by_shard: bool) -> list[list[int]]:
    """Return the places of the jobs that are one write each.

    Raises:
        ValidationError: there would be several, which nobody has asked for.
    """
    from ...interchange import by_shard as places

    writes = places(plan.jobs, shards_in(session.location) or 1)
    if len(writes) > 1 and not by_shard and not plan.problems:
        raise ValidationError(
            f"these jobs are of {len(writes)} shards, and a write is of one",
            field="--by-shard",
            hint="--by-shard takes them shard by shard; should that be broken off, the same command"
            " again takes the rest",
        )
    return writes


def _write(
    session: Session, plan: ImportPlan, writes: Sequence[Sequence[int]], timezone: str | None
) -> Sequence[str | None]:
    """Have the ledger take the jobs, all or none; where there are several `writes`, of these places
    among the jobs, each by itself. Return their ids."""
    jobs, found = plan.jobs, dict[int, str]()
    with (
        session.ledger(create=True, timezone=timezone) as ledger,
        progress_bar("writing", unit="jobs") as progress,
    ):
        progress(0, len(jobs))
        for places in writes:
            taken = ledger.import_jobs([jobs[place] for place in places])
            found.update(zip(places, taken, strict=True))
            if len(found) < len(jobs):
                session.done = (
                    f"imported {len(found)} of {_jobs(len(jobs))}; the same command again imports"
                    " the rest"
                )
            progress(len(found), len(jobs))
        ids = [found[place] for place in range(len(jobs))]
        if any(each.item.next_slot for each in plan.planned):
            plan.take_times(ledger.get_jobs(ids))
    session.done = f"imported {_jobs(len(ids))}"
    return ids


@contextmanager
def _target(session: Session, timezone: str | None) -> Iterator[Target]:
    """Describe the ledger as it is, without making one.

    Raises:
        LedgerCorruptError: it is damaged.
        StorageError: there is none, and none may be made there.
        ValidationError: it has another time zone.
    """
    from ...interchange import LedgerPosts, Target

    pacing = session.config.pacing()
    if not session.exists():
        if session.own_directory is not None and session.own_directory.is_dir():
            check_may_create(FileSystem(), session.own_directory)
        yield Target(load_zone(session.zone_to_be(timezone)), pacing=pacing)
        return
    with quiet(), Ledger(session.location, timezone=timezone, read_only=True) as ledger:
        if ledger.damage is not None:
            raise ledger.damage
        ids = frozenset(ledger.known_ids())
        yield Target(load_zone(ledger.timezone), ids, LedgerPosts(ledger), pacing)


def _print(plan: ImportPlan, wishes: Wishes, zone: ZoneInfo, *, dry_run: bool) -> None:
    count = len(plan.planned)
    states = ", ".join(f"{number} {status}" for status, number in plan.by_status().items())
    said = f"{_jobs(count)}{': ' if states else ''}{states}"
    click.echo(f"would import {said}; nothing was changed" if dry_run else f"imported {said}")
    if said := plan.slots_taken(zone):
        click.echo(printable(f"  into slots{' as they are free now' if dry_run else ''}: {said}"))
    if plan.repeated:
        click.echo(f"  in the ledger already, from an import: {_jobs(len(plan.repeated))}")
        if plan.withdrawn:
            were = ", ".join(f"{number} {state}" for state, number in plan.withdrawn.items())
            said = f"  of these {were}: {wishes.hint('--again')} takes them anew"
            click.echo(printable(said))
    if plan.skipped:
        click.echo(f"  left out, since the ledger knows them: {_jobs(plan.skipped)}")
    for reason, number in plan.left_out.items():
        click.echo(printable(f"  left out, {reason}: {_jobs(number)}"))
    for source, number in plan.told.resolved.items():
        click.echo(printable(f"  in several files, taken from {source}: {_jobs(number)}"))
    if plan.metadata_keys and not dry_run:
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
