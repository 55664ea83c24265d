"""The `user` command: who may sign in to the dashboard, as a line of a users file."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ...domain import JobLedgerError
from ...release import how_to_install
from ..grammar import command
from ..output import printable


@command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["viewer", "author", "editor", "operator"]),
    default="viewer",
    show_default=True,
    help="What they may do.",
)
@click.option("--password-env", metavar="VARIABLE", help="Take the password from there.")
@click.option("--remove", is_flag=True, help="Take them out of the file.")
def user(file: Path, name: str, role: str, password_env: str | None, remove: bool) -> None:
    """Put somebody into FILE, who may then sign in with `serve --users FILE`; or change them.

    A viewer sees; an author also adds and changes drafts; an editor also decides what goes out, and
    when; an operator also settles what is unknown, and removes. The password is asked for; the file
    has its salted hash, and only you can read it. A server that runs goes on with what it read.

    \b
    Example:
      jobledger user people.txt lan --role editor --password-env LAN_PASSWORD
      jobledger user people.txt lan --remove
    """
    try:
        from ...web import change_user
    except ImportError as error:
        raise JobLedgerError(
            f"this needs a library that is missing: {error}", hint=how_to_install("web")
        ) from None
    if remove:
        change_user(file, name, None)
        click.echo(printable(f"removed {name} from {file}"))
        return
    change_user(file, name, (role, _password(password_env)))
    click.echo(printable(f"{name} may sign in as {role}"))


def _password(variable: str | None) -> str:
    """Ask for a password, or take it from the environment."""
    if variable is None and not sys.stdin.isatty():
        raise JobLedgerError("there is no terminal to ask for the password", hint="--password-env")
    if variable is None:
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    found = os.environ.get(variable)
    if found is None:
        raise JobLedgerError(f"there is no variable {variable} in the environment")
    return found
