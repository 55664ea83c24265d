"""The `requeue` command: an ended job is scheduled again, or all that failed in one way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import click

from ...domain import JobDeferred, JobStatus, ScheduledJob, first_line
from ...interchange import parse_time
from ...ledger import Ledger
from ..filters import account_option, choose_jobs
from ..grammar import command
from ..job_changes import (
    echo_time,
    move_job,
    time_argument,
)
from ..output import print_error, print_json, printable
from ..session import JOB, Session, json_option, pass_session, zone_of
from ..time_range import window


@command()
@click.argument("job", type=JOB, required=False)
@time_argument(required=False)
@account_option
@click.option("--error", metavar="TEXT", help="All that failed with an error that has this text.")
@click.option("--since", metavar="TIME", help="All that failed from this time on.")
@click.option(
    "--expired",
    is_flag=True,
    help="With --error: also those that expired while they were held back for it.",
)
@click.option("--dry-run", is_flag=True, help="With these: show which jobs they are, and stop.")
@json_option
@pass_session
def requeue(
    session: Session,
    job: str | None,
    scheduled_time: str,
    accounts: tuple[str, ...],
    error: str | None,
    since: str | None,
    expired: bool,
    dry_run: bool,
) -> None:
    """Schedule a failed, expired or cancelled job again, with all its retries; or many that failed.

    TIME is as for `add`; without one it is now. With --account, --error or --since it is all the
    FAILED jobs that match, in one write, and no JOB is named. Those whose post may be out are left
    out: they are for a person, one by one. What waited for a token until it was too late is
    EXPIRED, and not FAILED: --expired takes those, too.

    \b
    Example:
      jobledger requeue 3f2a +5m
      jobledger requeue --account my-account --error token --since yesterday --dry-run
      jobledger requeue --account my-account --error token --expired tomorrow 9:00
    """
    if expired and error is None:
        raise click.UsageError("--expired goes with --error")
    if not accounts and error is None and since is None:
        if job is None:
            raise click.UsageError("Missing argument 'JOB'; or --account, --error, --since")
        if dry_run:
            raise click.UsageError("--dry-run is for many jobs: --account, --error, --since")
        move_job(session, job, "requeued", Ledger.requeue_job, scheduled_time)
        return
    words = scheduled_time if job is None else f"{job} {scheduled_time}".removesuffix(" now")
    typed = parse_time(words)
    with session.reading() if dry_run else session.ledger() as ledger:
        now = ledger.now()
        moment = typed.ahead(now, zone_of(ledger))
        begin, _ = window(since, None, now, zone_of(ledger))
        failed = [*_failed(ledger, accounts, error, begin)]
        if expired and error is not None:
            failed += _expired(ledger, accounts, error, begin)
        chosen = [each for each in failed if not each.outcome_unknown]
        if chosen and not dry_run:
            versions = {each.job_id: each.version for each in chosen}
            ledger.change_jobs("requeue", versions, scheduled_time=moment.at)
            session.done = f"requeued {len(chosen)} jobs"
        _print(session, chosen, len(failed) - len(chosen), dry_run=dry_run)
        if chosen:
            echo_time(ledger, moment, now)


def _failed(
    ledger: Ledger, accounts: Sequence[str], error: str | None, begin: datetime | None
) -> Iterator[ScheduledJob]:
    """Yield the jobs that failed in this way, since then."""
    for job in choose_jobs(ledger, accounts, (JobStatus.FAILED,), order="time"):
        if error is not None and error.casefold() not in (job.error or "").casefold():
            continue
        if begin is None or ledger.history(job.job_id)[-1].at >= begin:
            yield job


def _expired(
    ledger: Ledger, accounts: Sequence[str], error: str, begin: datetime | None
) -> Iterator[ScheduledJob]:
    """Yield the jobs that expired, since then, and had failed or been held back in this way."""
    for job in choose_jobs(ledger, accounts, (JobStatus.EXPIRED,), order="time"):
        events = ledger.history(job.job_id)
        told = [job.error or ""]
        told += [event.data.reason for event in events if isinstance(event.data, JobDeferred)][-1:]
        if any(error.casefold() in each.casefold() for each in told) and (
            begin is None or events[-1].at >= begin
        ):
            yield job


def _print(
    session: Session, chosen: Sequence[ScheduledJob], unknown: int, *, dry_run: bool
) -> None:
    if session.json:
        print_json(
            {
                "dry_run": dry_run,
                "requeued": 0 if dry_run else len(chosen),
                "jobs": [job.job_id for job in chosen],
                "outcome_unknown": unknown,
            }
        )
    else:
        if dry_run:
            for job in chosen:
                said = f"{job.job_id}  {job.account_id}  {first_line(job.error or '')}"
                click.echo(printable(said))
        count = f"{len(chosen)} job{'' if len(chosen) == 1 else 's'}"
        click.echo(
            f"would requeue {count}; nothing was changed" if dry_run else f"requeued {count}"
        )
    if unknown:
        print_error(
            f"note: {unknown} left out, since the post may be out:"
            " `jobledger list --outcome-unknown`"
        )
