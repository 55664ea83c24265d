"""The `queue` command: the coming slots of an account, and the jobs that have them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from ...domain import ScheduledJob, Slots, ValidationError, timestamp
from ...interchange import parse_time
from ...ledger import Ledger, load_zone
from ..grammar import Group, command
from ..output import print_error, print_json, printable
from ..render.queue import moves_in_words, print_queue
from ..scheduling.queue import outside, queue_of, slots_of
from ..scheduling.queue_places import QueuePlace, minute_of, moved, shuffled
from ..session import JOB, Session, find_job, json_option, pass_session
from ..suggestions import suggestion

_SHOWN_FREE = 3


class _Queue(Group):
    """Where no command is named, `list` is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = next((word for word in args if not word.startswith("-")), None)
        if first is not None and first not in self.commands and "--help" not in args:
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("queue", cls=_Queue)
def queue() -> None:
    """Show the coming slots of an account with the jobs that have them, or change their order.

    `jobledger queue ACCOUNT` is `jobledger queue list ACCOUNT`.

    \b
    Example:
      jobledger queue my-account
      jobledger queue move 3f2a 1
      jobledger queue shuffle my-account --seed 7 --dry-run
    """


@command("list", pages=True, short_help="Show the coming slots and the jobs that have them.")
@click.argument("account_id", metavar="ACCOUNT")
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="So many slots; if not given, all that have jobs and a few free ones.",
)
@json_option
@pass_session
def list_(session: Session, /, account_id: str, count: int | None) -> None:
    """Show the coming slots of an account: which jobs have them, and which are free.

    Jobs that wait at other times than those of slots are counted beneath.

    \b
    Example:
      jobledger queue list my-account
    """
    with session.reading() as ledger:
        slots = _slots_of(ledger, account_id)
        found = queue_of(ledger, slots, ledger.now())
        taken = max((place.number for place in found if place.jobs), default=0)
        shown = found[: taken + _SHOWN_FREE if count is None else count]
        if session.json:
            print_json([_document(place) for place in shown])
        else:
            later = sum(len(place.jobs) for place in found[len(shown) :])
            print_queue(shown, slots, later=later, outside=outside(ledger, slots, found))


def _slots_of(ledger: Ledger, account_id: str) -> Slots:
    """Return the slots of an account; where it has none, and a command was meant, say so."""
    try:
        return slots_of(ledger, account_id)
    except ValidationError as error:
        meant = suggestion(account_id, list(queue.commands), "jobledger queue")
        if not meant:
            raise
        raise ValidationError(error.message + meant, field=error.field, hint=error.advice) from None


@command("move", short_help="Move a job to another place; those between shift.")
@click.argument("job", type=JOB)
@click.argument("position", type=click.IntRange(min=1), required=False)
@click.option("--to", metavar="TIME", help="To the slot at this time, by the slots' clocks.")
@click.option("--dry-run", is_flag=True, help="Show what would move, and change nothing.")
@json_option
@pass_session
def move(session: Session, job: str, position: int | None, to: str | None, dry_run: bool) -> None:
    """Move a job to another place of the queue of its account: POSITION as `queue` numbers them.

    The jobs between shift by one slot, up to the first free one. Jobs that have begun, and those
    that a schedule has put there, stay where they are. All of it is one write.

    \b
    Example:
      jobledger queue move 3f2a 1
      jobledger queue move 3f2a --to "friday 9:00"
    """
    if (position is None) == (to is None):
        raise ValidationError(
            "give a POSITION, or --to TIME", field="position", hint="such as 1, or --to 'fri 9:00'"
        )
    with session.reading() if dry_run else session.ledger() as ledger:
        found = find_job(ledger, job)
        slots = slots_of(ledger, found.account_id)
        now = ledger.now()
        places = queue_of(ledger, slots, now)
        number = _at_time(places, slots, to, now) if position is None else position
        if number > len(places):
            raise ValidationError(
                f"the queue has {len(places)} places within a year", field="position"
            )
        times = moved(places, found, number)
        jobs = {each.job_id: each for place in places for each in place.jobs} | {
            found.job_id: found
        }
        _write(session, ledger, slots, jobs, times, dry_run=dry_run)


def _at_time(places: list[QueuePlace], slots: Slots, to: str | None, now: datetime) -> int:
    """Return the number of the place at a time.

    Raises:
        ValidationError: there is no slot then.
    """
    zone = load_zone(slots.zone)
    at = parse_time(str(to)).ahead(now, zone).at
    for place in places:
        if minute_of(place.at) == minute_of(at):
            return place.number
    near = sorted(places, key=lambda place: abs(place.at - at))[:3]
    shown = ", ".join(
        f"{each.at.astimezone(zone):%a %Y-%m-%d %H:%M}" for each in sorted(near, key=_moment)
    )
    raise ValidationError(
        f"{slots.account_id} has no slot at {at:%a %Y-%m-%d %H:%M}",
        field="to",
        hint=f"the nearest are {shown}; `jobledger reschedule` takes any time",
    )


def _moment(place: QueuePlace) -> datetime:
    return place.at


@command("shuffle", short_help="Have the waiting jobs change places.")
@click.argument("account_id", metavar="ACCOUNT")
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", help="The same one gives the same order."
)
@click.option("--dry-run", is_flag=True, help="Show what would move, and change nothing.")
@json_option
@pass_session
def shuffle(session: Session, account_id: str, seed: int | None, dry_run: bool) -> None:
    """Have the waiting jobs of an account's slots change places among each other, in one write.

    Jobs that have begun, and those that a schedule has put there, stay where they are. The seed
    that was used is said, so that what --dry-run shows can be done.

    \b
    Example:
      jobledger queue shuffle my-account --dry-run
      jobledger queue shuffle my-account --seed 7
    """
    drawn = secrets.randbelow(10_000) if seed is None else seed
    with session.reading() if dry_run else session.ledger() as ledger:
        slots = slots_of(ledger, account_id)
        places = queue_of(ledger, slots, ledger.now())
        jobs = {each.job_id: each for place in places for each in place.jobs}
        times = shuffled(places, drawn)
        _write(session, ledger, slots, jobs, times, dry_run=dry_run, seed=drawn)
        if seed is None:
            print_error(f"the seed was {drawn}")


for _command in (list_, move, shuffle):
    queue.add_command(_command)


def _write(
    session: Session,
    ledger: Ledger,
    slots: Slots,
    jobs: Mapping[str, ScheduledJob],
    times: Mapping[str, datetime],
    *,
    dry_run: bool,
    seed: int | None = None,
) -> None:
    """Move the jobs as they were seen, all of them or none, and show it."""
    if times and not dry_run:
        seen = {job_id: jobs[job_id].version for job_id in times}
        ledger.change_jobs("reschedule", seen, times=times)
        session.done = f"moved {len(times)} job{'' if len(times) == 1 else 's'}"
    order = sorted(times, key=times.__getitem__)
    if session.json:
        moves = [
            {
                "job_id": job_id,
                "from": timestamp(jobs[job_id].scheduled_time),
                "to": timestamp(times[job_id]),
            }
            for job_id in order
        ]
        document: dict[str, Any] = {"dry_run": dry_run, "seed": seed, "moves": moves}
        print_json(document)
        return
    zone = load_zone(slots.zone)
    for line in moves_in_words([(jobs[job_id], times[job_id]) for job_id in order], zone):
        click.echo(printable(line))
    if not times:
        click.echo("nothing moves: it is so already")
    else:
        done = "would move" if dry_run else "moved"
        count = f"{len(times)} job{'' if len(times) == 1 else 's'}"
        click.echo(printable(f"{done} {count} of {slots.account_id}, times in {zone.key}"))


def _document(place: QueuePlace) -> dict[str, Any]:
    return {
        "position": place.number,
        "at": timestamp(place.at),
        "jobs": [
            {"job_id": job.job_id, "status": job.status.value, "content": job.content}
            for job in place.jobs
        ],
    }
