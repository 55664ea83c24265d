"""The `slots` command: the times of the week at which an account posts."""

from __future__ import annotations

from typing import Any

import click

from ...domain import Slots, timestamp
from ...ledger import Ledger, load_zone
from ..files import naming
from ..grammar import Group, command
from ..output import print_json, printable
from ..render.tables import print_facts
from ..scheduling.options import read_zone
from ..scheduling.queue import slots_of
from ..session import Session, json_option, pass_session
from ..week import read_week, week_in_words

_FREE = 5


@click.group("slots", cls=Group)
def slots() -> None:
    """Say at which times of the week an account posts: `add --slot` takes the next free one.

    \b
    Example:
      jobledger slots set my-account mon-fri 9:00,12:30 sat 10:00
      jobledger slots show my-account
    """


@command("set", short_help="Have an account post at these times, and no others.")
@click.argument("account_id", metavar="ACCOUNT")
@click.argument("week", nargs=-1, required=True, metavar="DAYS TIMES [DAYS TIMES]...")
@click.option("--zone", metavar="ZONE", help="Whose clocks; as it was, or the ledger's.")
@click.option("--create", is_flag=True, help="Make the ledger where there is none yet.")
@json_option
@pass_session
def set_(
    session: Session, /, account_id: str, week: tuple[str, ...], zone: str | None, create: bool
) -> None:
    """Have an account post at these times of the week, and at no others.

    DAYS are `mon`, `mon-fri`, `sat,sun` or `daily`, TIMES follow them: `9:00,12:30`. What is said
    of a day twice is added. Jobs that are there stay where they are.

    \b
    Example:
      jobledger slots set my-account mon-fri 9:00,12:30 sat 10:00
      jobledger slots set my-account daily 18:00 --zone Europe/Berlin
    """
    read = read_week(week)
    named = None if zone is None else read_zone(zone).key
    with session.ledger(create=create) as ledger:
        with naming("slots"):
            ledger.set_slots(account_id, read, zone=named)
        session.done = f"set the slots of {account_id}"
        _show(session, ledger, [slots_of(ledger, account_id)])


@command("show", pages=True, short_help="Show the slots of an account, and which are free.")
@click.argument("account_id", metavar="[ACCOUNT]", required=False)
@json_option
@pass_session
def show(session: Session, account_id: str | None) -> None:
    """Show the slots of an account, or of all that have some, and the next ones that are free.

    \b
    Example:
      jobledger slots show my-account
    """
    with session.reading() as ledger:
        named = None if account_id is None else [slots_of(ledger, account_id)]
        _show(session, ledger, ledger.all_slots() if named is None else named)


@command("clear", short_help="Take the slots of an account back.")
@click.argument("account_id", metavar="ACCOUNT")
@json_option
@pass_session
def clear(session: Session, account_id: str) -> None:
    """Take the slots of an account back: jobs that are there stay where they are.

    \b
    Example:
      jobledger slots clear my-account
    """
    with session.ledger() as ledger:
        slots_of(ledger, account_id)
        ledger.set_slots(account_id, {})
        session.done = f"cleared the slots of {account_id}"
        if session.json:
            print_json([])
        else:
            click.echo(printable(session.done))


for _command in (set_, show, clear):
    slots.add_command(_command)


def _show(session: Session, ledger: Ledger, found: list[Slots]) -> None:
    if session.json:
        print_json([_document(ledger, one) for one in found])
        return
    if not found:
        click.echo("no account has slots; `jobledger slots set` gives it some")
    for number, one in enumerate(found):
        if number:
            click.echo()
        zone = load_zone(one.zone)
        free = ledger.free_slots(one.account_id, _FREE)
        shown = [f"{at.astimezone(zone):%a %Y-%m-%d %H:%M}" for at in free]
        print_facts(
            [
                ("account", printable(one.account_id), "bold"),
                ("zone", one.zone, ""),
                *((days, times, "") for days, times in week_in_words(one.week)),
                ("free", shown[0] if shown else "none within a year", ""),
                *(("", at, "") for at in shown[1:]),
            ]
        )


def _document(ledger: Ledger, one: Slots) -> dict[str, Any]:
    return {
        "account_id": one.account_id,
        "zone": one.zone,
        "week": one.week,
        "free": [timestamp(at) for at in ledger.free_slots(one.account_id)],
    }
