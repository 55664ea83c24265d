"""The `repair` command: the only way on with a damaged log, and never without being told to."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click
import msgspec

from ...domain import SchedulerRunningError
from ...eventstore.engines.files import (
    Damage,
    FileSystem,
    LostEvent,
    assess,
    read_plan,
    repair_directory,
)
from ...ledger import find_runner
from ..grammar import command
from ..location import check_directory
from ..output import print_error, print_json, printable
from ..session import Session, json_option, pass_session

_SHOWN = 20


@command("repair")
@click.option("--accept-loss", is_flag=True, help="Do it: give up what is named without it.")
@json_option
@pass_session
def repair_(session: Session, accept_loss: bool) -> None:
    """Cut a damaged log back to its sound part, so that it can be written to again.

    Without --accept-loss nothing is changed: it says what would go, and exits with 1 if something
    would. With it, what goes is kept in a directory `damaged_TIME`, the repair is recorded in the
    log, and the daily files are made anew. A copy of the whole directory is the better way back,
    where there is one.

    \b
    Example:
      jobledger repair
      jobledger repair --accept-loss
    """
    check_directory(
        session.location,
        "what is written in a ledger on a server is never cut off there",
        "bring back the database, or `jobledger copy DIRECTORY LOCATION` a backup or a mirror of it"
        " to another name",
    )
    session.must_exist()
    fs = FileSystem()
    if not accept_loss:
        pending = read_plan(fs, session.directory)
        damage = assess(fs, session.directory) if pending is None else pending.damage
        session.exit_code = 0 if damage is None else 1
        _show(session, damage, kept=None)
        if damage is not None:
            _advise(session, begun=pending is not None)
        return
    runner = find_runner(fs, session.directory)
    if runner is not None:
        raise SchedulerRunningError(
            f"process {runner} runs the jobs of {session.directory}",
            pid=runner,
            hint="stop it, and every other process that uses the ledger, and repair again",
        )
    done = repair_directory(fs, session.directory, datetime.now(UTC))
    if done is not None:
        session.done = f"repaired; what went is kept in {session.directory / done.kept}"
    _show(session, None if done is None else done.damage, kept=None if done is None else done.kept)
    if done is not None:
        with session.ledger() as ledger:
            ledger.rebuild(accept_loss=True)  # which `--accept-loss` has said


def _advise(session: Session, *, begun: bool) -> None:
    if begun:
        print_error("a repair was begun and not finished: finish it with --accept-loss")
    else:
        print_error(
            "nothing was changed; bring back a copy of the directory, or, to give up what is named"
            " here, repair with --accept-loss"
        )


def _show(session: Session, damage: Damage | None, *, kept: str | None) -> None:
    if session.json:
        print_json(_document(damage, kept))
        return
    if damage is None:
        click.echo("nothing to repair: the log can be opened for writing")
        return
    click.echo(printable(f"damaged: {damage.message}"))
    click.echo(f"sound: {damage.seq} events")
    verb = "goes" if kept is None else "gone"
    for part in damage.parts:
        click.echo(
            f"{verb}: {part.file} from line {part.line}, byte {part.offset}: {part.size} bytes"
        )
    for line in _of_jobs(damage):
        click.echo(printable(f"{verb}: {line}"))
    unread = damage.lost_to - damage.seq - len({event.seq for event in damage.events})
    if unread > 0:
        click.echo(f"{verb}: {unread} more events, which cannot be read")
    if kept is not None:
        click.echo(f"repaired; what went is kept in {session.directory / kept}")
    sys.stdout.flush()


def _of_jobs(damage: Damage) -> list[str]:
    """Write a line for each job that loses events that can be read, and one for those not shown."""
    jobs: dict[str, list[LostEvent]] = {}
    for event in damage.events:
        jobs.setdefault(event.job, []).append(event)
    lines = [
        f"job {job}: {', '.join(f'{event.seq} {event.type}' for event in events)}"
        for job, events in list(jobs.items())[:_SHOWN]
    ]
    if len(jobs) > _SHOWN:
        lines.append(f"events of {len(jobs) - _SHOWN} more jobs")
    return lines


def _document(damage: Damage | None, kept: str | None) -> dict[str, Any]:
    if damage is None:
        return {"damage": None, "repaired": False}
    found: dict[str, Any] = msgspec.to_builtins(damage)
    return {
        "damage": {"message": found["message"]},
        "sound": {"seq": damage.seq, "day": damage.day or None, "offset": damage.offset},
        "lost_to": damage.lost_to,
        "parts": found["parts"],
        "events": found["events"],
        "repaired": kept is not None,
        "kept": kept,
    }
