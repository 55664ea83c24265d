"""Commands that add, show and change jobs: the library's methods, one command each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click
import msgspec

from ..domain.errors import ValidationError
from ..domain.job.state import JobPriority, JobStatus
from ..ledger.ledger import Ledger
from .files import read_in
from .filters import account_option, choose_jobs, status_option
from .grammar import command
from .moments import Moment, parse_time, say_moment
from .output import print_error, print_job, print_json
from .session import JOB, Session, find_job, json_option, pass_session, zone_of
from .tables import print_jobs

_MOST_BYTES = 1024 * 1024
"""Of standard input: more than any post, so that the wrong file is refused before it is read."""
CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_PRIORITIES = click.Choice([priority.name.lower() for priority in JobPriority], False)


def _time_argument(*, required: bool) -> Callable[[CommandT], CommandT]:
    """The time of a job, as one word or, unquoted, as several; `now` where there is none."""

    def join(context: click.Context, argument: click.Parameter, words: tuple[str, ...]) -> str:
        return " ".join(words) or "now"

    return click.argument(
        "scheduled_time",
        nargs=-1,
        required=required,
        metavar="TIME" if required else "[TIME]",
        callback=join,
    )


def _content(text: str) -> str:
    """The text, or what standard input has where it is `-`.

    Raises:
        StorageError: standard input cannot be read.
        ValidationError: it is no UTF-8, or longer than any text.
    """
    if text != "-":
        return text
    data = read_in("-", most_bytes=_MOST_BYTES)
    try:
        return data.decode("utf-8-sig").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise ValidationError(
            f"standard input is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}",
            field="content",
            hint="iconv -t UTF-8 makes it so",
        ) from None


def _metadata(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ValidationError(
            f"metadata is not a JSON object: {error}",
            field="metadata",
            hint='such as \'{"campaign": "spring"}\'',
        ) from None


@command()
@click.argument("account_id", metavar="ACCOUNT")
@click.argument("content")
@_time_argument(required=False)
@click.option("--priority", type=_PRIORITIES, default="normal", show_default=True)
@click.option("--max-retries", type=int, metavar="N", default=3, show_default=True)
@click.option("--platform", metavar="NAME", default="threads", show_default=True)
@click.option("--metadata", metavar="JSON", help="A JSON object kept with the job.")
@click.option("--hold", is_flag=True, help="Add it as a draft that waits for `release`.")
@click.option("--job-id", metavar="ID", help="Give the id yourself; without it a UUID is made.")
@click.option(
    "--publish-timeout-s",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long its publisher may take.",
)
@click.option("--unique", is_flag=True, help="Refuse a text that a job of the account has already.")
@click.option(
    "--timezone",
    metavar="ZONE",
    help="The zone of a new ledger (an IANA name); this machine's if not given.",
)
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

    TIME is `+10m`, `9:00`, `tomorrow 9:00`, `friday 18:30` or ISO 8601 (`2026-01-31T09:00`), in the
    ledger's time zone; without one it is now. How it was understood is said on standard error.

    \b
    Example:
      jobledger add my-account "Xin chào!" "tomorrow 9:00" --priority high
      jobledger add my-account "In ten minutes" +10m
    """
    typed, text, kept = parse_time(scheduled_time), _content(content), _metadata(metadata)
    timeout = None if publish_timeout_s is None else timedelta(seconds=publish_timeout_s)
    with session.ledger(create=True, timezone=timezone, unique=unique) as ledger:
        moment = typed.ahead(ledger.now(), zone_of(ledger))
        added = ledger.add_job(
            account_id,
            text,
            moment.at,
            JobPriority[priority.upper()],
            max_retries,
            platform=platform,
            metadata=kept,
            hold=hold,
            job_id=job_id,
            publish_timeout=timeout,
        )
        session.show_change(ledger.get_job(added), "added", said=added)
        _echo(ledger, moment)


@command("list")
@account_option
@status_option
@json_option
@pass_session
def list_(session: Session, accounts: tuple[str, ...], statuses: tuple[JobStatus, ...]) -> None:
    """List jobs: highest priority first, then by time.

    \b
    Example:
      jobledger list
      jobledger list --status failed --status expired --account my-account
    """
    with session.reading() as ledger:
        jobs = choose_jobs(ledger, accounts, statuses)
        if session.json:
            print_json([job.to_dict() for job in jobs])
        else:
            print_jobs(jobs, zone_of(ledger))


@command()
@click.argument("job", type=JOB)
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


@command()
@click.argument("job", type=JOB)
@json_option
@pass_session
def hold(session: Session, job: str) -> None:
    """Hold a scheduled job: it waits as a draft until it is released.

    \b
    Example:
      jobledger hold 3f2a
    """
    _change(session, job, "held", Ledger.hold_job)


@command()
@click.argument("job", type=JOB)
@json_option
@pass_session
def release(session: Session, job: str) -> None:
    """Release a held job: it is scheduled again.

    \b
    Example:
      jobledger release 3f2a
    """
    _change(session, job, "released", Ledger.release_job)


@command()
@click.argument("job", type=JOB)
@click.option("--content", metavar="TEXT", help="The new text; `-` reads standard input.")
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


@command()
@click.argument("job", type=JOB)
@_time_argument(required=True)
@json_option
@pass_session
def reschedule(session: Session, job: str, scheduled_time: str) -> None:
    """Give a job that has not run yet another time; TIME is as for `add`.

    \b
    Example:
      jobledger reschedule 3f2a "friday 18:30"
    """
    _move(session, job, "rescheduled", Ledger.reschedule_job, scheduled_time)


@command()
@click.argument("job", type=JOB)
@click.option("--reason", metavar="TEXT", default="", help="Kept in the log.")
@json_option
@pass_session
def cancel(session: Session, job: str, reason: str) -> None:
    """Cancel a job that is pending, scheduled or running.

    \b
    Example:
      jobledger cancel 3f2a --reason "wrong picture"
    """
    _change(session, job, "cancelled", lambda ledger, found: ledger.cancel_job(found, reason))


@command()
@click.argument("job", type=JOB)
@_time_argument(required=False)
@json_option
@pass_session
def requeue(session: Session, job: str, scheduled_time: str) -> None:
    """Schedule a failed, expired or cancelled job again, with all its retries.

    TIME is as for `add`; without one it is now.

    \b
    Example:
      jobledger requeue 3f2a +5m
    """
    _move(session, job, "requeued", Ledger.requeue_job, scheduled_time)


@command()
@click.argument("job", type=JOB)
@click.option("--posted/--not-posted", default=None, help="What became of the post.")
@click.option("--thread-id", metavar="ID", help="The id of the post, where it is out.")
@json_option
@pass_session
def resolve(session: Session, job: str, posted: bool | None, thread_id: str | None) -> None:
    """Say what became of a failed job whose outcome is unknown.

    \b
    Example:
      jobledger resolve 3f2a --posted --thread-id 17890000000000000
    """

    if posted is None:
        raise ValidationError(
            "what became of the post?", field="posted", hint="say --posted or --not-posted"
        )

    def settle(ledger: Ledger, found: str) -> None:
        ledger.resolve_job(found, posted=posted, thread_id=thread_id)

    _change(session, job, "resolved", settle)


@command()
@click.argument("job", type=JOB)
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
        session.show_change(found, "removed")


def _change(session: Session, job: str, done: str, change: Callable[[Ledger, str], None]) -> None:
    """Find the job, change it, and show it as it is then."""
    with session.ledger() as ledger:
        job_id = find_job(ledger, job).job_id
        change(ledger, job_id)
        session.show_change(ledger.get_job(job_id), done)


def _move(
    session: Session,
    job: str,
    done: str,
    move: Callable[[Ledger, str, datetime], None],
    scheduled_time: str,
) -> None:
    """Give a job another time, and say how that was understood."""
    typed = parse_time(scheduled_time)
    with session.ledger() as ledger:
        job_id = find_job(ledger, job).job_id
        moment = typed.ahead(ledger.now(), zone_of(ledger))
        move(ledger, job_id, moment.at)
        session.show_change(ledger.get_job(job_id), done)
        _echo(ledger, moment)


def _echo(ledger: Ledger, moment: Moment) -> None:
    print_error(f"due {say_moment(moment, ledger.now(), ledger.expire_after)}")
