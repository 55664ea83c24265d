"""The `systemd` command: units for a ledger's runner, its dashboard, and what looks after both."""

from __future__ import annotations

import os
import pwd
import re
import sys
from pathlib import Path

import click

from ...domain import StorageError, ValidationError
from ..grammar import command
from ..output import print_json
from ..session import Session, json_option, pass_session
from ..units import UnitSettings, to_enable, units


@command(short_help="Write units of systemd that run this ledger.")
@click.option("--publisher", required=True, metavar="MODULE:OBJECT", help="The code that posts.")
@click.option("--name", help="The name of the units.  [default: jobledger-NAME of the ledger]")
@click.option("--user", help="Who they run as.  [default: whose directory it is, else you]")
@click.option(
    "--working-directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the module of the publisher lies.  [default: here]",
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="NAME=FILE",
    help="A file with a token, for the publisher in $CREDENTIALS_DIRECTORY/NAME.",
)
@click.option("--serve", is_flag=True, help="A unit for the dashboard, too.")
@click.option(
    "--users",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="With --serve: who may sign in to the dashboard.",
)
@click.option("--check", is_flag=True, help="A timer that checks every ten minutes, too.")
@click.option("--verify", is_flag=True, help="A timer that verifies the log every day, too.")
@click.option(
    "--on-failure",
    metavar="UNIT",
    help="A unit of yours that tells somebody when one of these fails, as tell-me@%n.service.",
)
@click.option(
    "--to",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the files into this directory, rather than print them.",
)
@json_option
@pass_session
def systemd(
    session: Session,
    publisher: str,
    name: str | None,
    user: str | None,
    working_directory: Path | None,
    credentials: tuple[str, ...],
    serve: bool,
    users: Path | None,
    check: bool,
    verify: bool,
    on_failure: str | None,
    directory: Path | None,
) -> None:
    """Write units of systemd that run this ledger: hardened, restarted, watched.

    The runner says when it is ready and that its loop turns; a loop that hangs for a minute is
    started again. With --check a unit fails while `jobledger check` finds something: `systemctl
    --failed` shows it, and --on-failure tells somebody. They may write the directory of the ledger,
    and nothing else. docs/operations.md says what to do with them.

    \b
    Example:
      jobledger systemd --publisher my_posts:publish
      jobledger systemd --publisher my_posts:publish --check --verify --to /etc/systemd/system
      jobledger systemd --publisher my_posts:publish --credential threads=/etc/threads-token
    """
    session.must_exist()
    location = session.location
    location = location.absolute() if isinstance(location, Path) else location
    made = units(
        UnitSettings(
            name=name or _name_of(location),
            location=location,
            command=_command(),
            publisher=publisher,
            working_directory=(working_directory or Path.cwd()).absolute(),
            user=user or _owner(location),
            credentials=dict(map(_credential, credentials)),
            users_file=None if users is None else users.absolute(),
            serves=serve,
            checks=check,
            verifies=verify,
            on_failure=on_failure,
        )
    )
    if directory is not None:
        _write(directory, made)
    if session.json:
        print_json(made)
    elif directory is not None:
        names = " ".join(to_enable(made))
        click.echo(f"written to {directory}: {', '.join(made)}")
        click.echo(f"now: systemctl daemon-reload && systemctl enable --now {names}")
    else:
        click.echo("\n".join(f"# {name}\n{text}" for name, text in made.items()), nl=False)


def _name_of(location: Path | str) -> str:
    last = location.name if isinstance(location, Path) else location.partition("?")[0]
    words = re.findall(r"[A-Za-z0-9]+", last.rpartition("/")[2])
    return "-".join(["jobledger", *words])[:64]


def _command() -> list[str]:
    """Return how this program is called from anywhere: a service has no PATH of yours."""
    return [str(Path(sys.executable).absolute()), "-m", "jobledger"]


def _owner(location: Path | str) -> str:
    """Return whose directory it is: what another made there could not be written."""
    uid = os.geteuid()
    if isinstance(location, Path) and location.exists():
        uid = location.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _credential(said: str) -> tuple[str, Path]:
    name, equals, path = said.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name) or not path:
        raise ValidationError(
            f"{said!r:.60} is not of the form NAME=FILE",
            field="credential",
            hint="NAME of letters, digits, . _ and -",
        )
    return name, Path(path).expanduser().absolute()


def _write(directory: Path, made: dict[str, str]) -> None:
    for name, text in made.items():
        path = directory / name
        try:
            path.write_text(text, "utf-8")
        except OSError as error:
            raise StorageError(f"cannot write it: {error.strerror}", path=str(path)) from error
