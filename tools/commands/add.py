"""The `add` command: a job, from the command line."""

from __future__ import annotations

from datetime import timedelta

import click

from ...domain import JobPriority, NextSlot, ValidationError
from ...interchange import Moment, parse_time
from ..grammar import command
from ..job_changes import (
    PRIORITIES,
    echo_time,
    lenient_option,
    read_content,
    read_metadata,
    time_argument,
)
from ..post_options import TypedPost, post_options
from ..scheduling.queue import slots_of
from ..session import Session, json_option, pass_session, zone_of


@command()
@click.argument("account_id", metavar="ACCOUNT")
@click.argument("content")
@time_argument(required=False)
@click.option("--slot", is_flag=True, help="At the next free slot of the account; without a TIME.")
@click.option("--priority", type=PRIORITIES, default="normal", show_default=True)
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
@post_options
@lenient_option
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
    slot: bool,
    priority: str,
    max_retries: int,
    platform: str,
    metadata: str | None,
    hold: bool,
    job_id: str | None,
    publish_timeout_s: float | None,
    lenient: bool,
    unique: bool,
    timezone: str | None,
    typed: TypedPost,
) -> None:
    """Add a job and print its id. CONTENT `-` reads standard input.

    A post of more than a text: --media and what follows it, up to the next --then, is of one part.

    TIME is `+10m`, `9:00`, `tomorrow 9:00`, `friday 18:30` or ISO 8601 (`2026-01-31T09:00`), in the
    ledger's time zone; without one it is now. How it was understood is said on standard error, as
    is the slot that --slot has got.

    \b
    Example:
      jobledger add my-account "Xin chào!" "tomorrow 9:00" --priority high
      jobledger add my-account "In ten minutes" +10m
      jobledger add my-account "At the next free slot" --slot
      jobledger add my-account "One" --media https://example.com/cat.jpg --alt "A cat"
    """
    if slot and scheduled_time != "now":
        raise ValidationError(
            f"--slot takes the next free slot, and {scheduled_time!r:.40} is another time",
            field="slot",
            hint="give one of them",
        )
    when, text, kept = parse_time(scheduled_time), read_content(content), read_metadata(metadata)
    timeout = None if publish_timeout_s is None else timedelta(seconds=publish_timeout_s)
    with session.ledger(create=not slot, timezone=timezone, unique=unique) as ledger:
        now = ledger.now()
        moment = when.ahead(now, zone_of(ledger))
        if slot:
            slots_of(ledger, account_id)
        added = ledger.add_job(
            account_id,
            text,
            NextSlot() if slot else moment.at,
            JobPriority[priority.upper()],
            max_retries,
            platform=platform,
            metadata=kept,
            hold=hold,
            job_id=job_id,
            publish_timeout=timeout,
            lenient=lenient,
            post=typed.with_text(text),
        )
        job = ledger.get_job(added)
        if slot:
            moment = Moment(job.scheduled_time.astimezone(zone_of(ledger)))
        session.show_change(job, "added", said=added)
        echo_time(ledger, moment, now)
