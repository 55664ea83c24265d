"""Commands that add, show and change jobs: the library's methods, one command each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import msgspec

from ..domain.errors import ValidationError
from ..domain.job import JobPriority, JobStatus
from ..scheduler.ledger import Ledger
from .moments import parse_moment
from .output import print_job, print_json
from .session import Session, find_job, json_option, pass_session, zone_of
from .tables import print_jobs

_PRIORITIES = click.Choice([priority.name.lower() for priority in JobPriority], False)
_STATUSES = click.Choice([status.value for status in JobStatus], False)


def _now() -> datetime:
    return datetime.now(UTC)


def _content(text: str) -> str:
    return sys.stdin.read().removesuffix("\n") if text == "-" else text


def _metadata(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ValidationError(f"metadata is not a JSON object: {error}", field="metadata") from None


@click.command()
@click.argument("account_id")
@click.argument("content")
@click.argument("scheduled_time", default="now")
@click.option("--priority", type=_PRIORITIES, default="normal", show_default=True)
@click.option("--max-retries", type=int, default=3, show_default=True)
@click.option("--platform", default="threads", show_default=True)
@click.option("--metadata", metavar="JSON", help="A JSON object kept with the job.")
@click.option("--hold", is_flag=True, help="Add it as a draft that waits for `release`.")
@click.option("--job-id", help="Give the id yourself; without it a UUID is made.")
@click.option(
    "--publish-timeout-s",
    type=click.FloatRange(min=0, min_open=True),
    help="How long its publisher may take.",
)
@click.option("--unique", is_flag=True, help="Refuse a text that a job of the account has already.")
@click.option("--timezone", help="The zone of a new ledger (an IANA name); UTC if not given.")
@json_option
@pass_session
def add(
    session: Session,
    account_id: str,
    content: str,
    scheduled_time: str,
    priority: str,
    max_retries: int,
    platform: str,
    metadata: str | None,
    hold: bool,
    job_id: str | None,
    publish_timeout_s: float | None,
    unique: bool,
    timezone: str | None,
) -> None:
    """Add a job and print its id. CONTENT `-` reads standard input.

    \b
    Example:
      jobledger add my-account "Xin chào!" 2026-01-31T09:00 --priority high
      jobledger add my-account "In ten minutes" +10m
    """
    moment = parse_moment(scheduled_time, _now())
    timeout = None if publish_timeout_s is None else timedelta(seconds=publish_timeout_s)
    with session.ledger(create=True, timezone=timezone, unique=unique) as ledger:
        added = ledger.add_job(
            account_id,
            _content(content),
            moment,
            JobPriority[priority.upper()],
            max_retries,
            platform=platform,
            metadata=_metadata(metadata),
            hold=hold,
            job_id=job_id,
            publish_timeout=timeout,
        )
        session.show_job(ledger.get_job(added), added)


@click.command("list")
@click.option("--account-id", "--account", help="Only the jobs of this account.")
@click.option("--status", type=_STATUSES, help="Only the jobs in this state.")
@json_option
@pass_session
def list_(session: Session, account_id: str | None, status: str | None) -> None:
    """List jobs: highest priority first, then by time.

    \b
    Example:
      jobledger list --status scheduled
    """
    with session.reading() as ledger:
        wanted = None if status is None else JobStatus(status)
        jobs = ledger.list_jobs(account_id=account_id, status=wanted)
        if session.json:
            print_json([job.to_dict() for job in jobs])
        else:
            print_jobs(jobs, zone_of(ledger))


@click.command()
@click.argument("job")
@json_option
@pass_session
def show(session: Session, job: str) -> None:
    """Show one job with all its fields. JOB is an id, or the beginning of one.

    \b
    Example:
      jobledger show 3f2a
    """
    with session.reading() as ledger:
        found = find_job(ledger, job)
        if session.json:
            print_json(found.to_dict())
        else:
            print_job(found, zone_of(ledger))


@click.command()
@click.argument("job")
@json_option
@pass_session
def hold(session: Session, job: str) -> None:
    """Hold a scheduled job: it waits as a draft until it is released.

    \b
    Example:
      jobledger hold 3f2a
    """
    _change(session, job, "held", Ledger.hold_job)


@click.command()
@click.argument("job")
@json_option
@pass_session
def release(session: Session, job: str) -> None:
    """Release a held job: it is scheduled again.

    \b
    Example:
      jobledger release 3f2a
    """
    _change(session, job, "released", Ledger.release_job)


@click.command()
@click.argument("job")
@click.option("--content", help="The new text; `-` reads standard input.")
@click.option("--priority", type=_PRIORITIES)
@click.option("--metadata", metavar="JSON", help="Replaces the whole metadata.")
@json_option
@pass_session
def edit(
    session: Session, job: str, content: str | None, priority: str | None, metadata: str | None
) -> None:
    """Change the content, priority or metadata of a job that has not run yet.

    \b
    Example:
      jobledger edit 3f2a --content "Better words" --priority urgent
    """
    changes: dict[str, Any] = {}
    if content is not None:
        changes["content"] = _content(content)
    if priority is not None:
        changes["priority"] = JobPriority[priority.upper()]
    if metadata is not None:
        changes["metadata"] = _metadata(metadata)
    _change(session, job, "edited", lambda ledger, found: ledger.edit_job(found, **changes))


@click.command()
@click.argument("job")
@click.argument("scheduled_time")
@json_option
@pass_session
def reschedule(session: Session, job: str, scheduled_time: str) -> None:
    """Give a job that has not run yet another time.

    \b
    Example:
      jobledger reschedule 3f2a 2026-01-31T18:30
    """
    moment = parse_moment(scheduled_time, _now())
    _change(session, job, "rescheduled", lambda ledger, found: ledger.reschedule_job(found, moment))


@click.command()
@click.argument("job")
@click.option("--reason", default="", help="Kept in the log.")
@json_option
@pass_session
def cancel(session: Session, job: str, reason: str) -> None:
    """Cancel a job that is pending, scheduled or running.

    \b
    Example:
      jobledger cancel 3f2a --reason "wrong picture"
    """
    _change(session, job, "cancelled", lambda ledger, found: ledger.cancel_job(found, reason))


@click.command()
@click.argument("job")
@click.argument("scheduled_time", default="now")
@json_option
@pass_session
def requeue(session: Session, job: str, scheduled_time: str) -> None:
    """Schedule a failed, expired or cancelled job again, with all its retries.

    \b
    Example:
      jobledger requeue 3f2a +5m
    """
    moment = parse_moment(scheduled_time, _now())
    _change(session, job, "requeued", lambda ledger, found: ledger.requeue_job(found, moment))


@click.command()
@click.argument("job")
@click.option("--posted/--not-posted", required=True, help="What became of the post.")
@click.option("--thread-id", help="The id of the post, where it is out.")
@json_option
@pass_session
def resolve(session: Session, job: str, posted: bool, thread_id: str | None) -> None:
    """Say what became of a failed job whose outcome is unknown.

    \b
    Example:
      jobledger resolve 3f2a --posted --thread-id 17890000000000000
    """

    def settle(ledger: Ledger, found: str) -> None:
        ledger.resolve_job(found, posted=posted, thread_id=thread_id)

    _change(session, job, "resolved", settle)


@click.command()
@click.argument("job")
@json_option
@pass_session
def remove(session: Session, job: str) -> None:
    """Remove a job that is not running; its events stay in the log.

    \b
    Example:
      jobledger remove 3f2a
    """
    with session.ledger() as ledger:
        found = find_job(ledger, job)
        ledger.remove_job(found.job_id)
        session.show_job(found, f"removed {found.job_id}")


def _change(session: Session, job: str, done: str, change: Callable[[Ledger, str], None]) -> None:
    """Find the job, change it, and show it as it is then."""
    with session.ledger() as ledger:
        job_id = find_job(ledger, job).job_id
        change(ledger, job_id)
        session.show_job(ledger.get_job(job_id), f"{done} {job_id}")
