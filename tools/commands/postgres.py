"""The `postgres` command: a database that ledgers are to be in."""

from __future__ import annotations

import re

import click

from ...domain import StorageError, ValidationError
from ...release import how_to_install
from ..grammar import Group, command
from ..session import Session, pass_session

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


@click.group("postgres", cls=Group)
def postgres() -> None:
    """Prepare a PostgreSQL database that ledgers are to be in.

    Opening a ledger there makes what it needs, where the role may. This is for where it may not.

    \b
    Example:
      jobledger postgres init --print --role worker
    """


@command("init", short_help="Make the tables, or write the SQL that does.")
@click.option("--print", "only_print", is_flag=True, help="Write the SQL, and do nothing.")
@click.option(
    "--role", metavar="NAME", help="With --print: give this role the rights of an application."
)
@click.option("--schema", metavar="NAME", default="jobledger", help="With --print: the schema.")
@pass_session
def init(session: Session, only_print: bool, role: str | None, schema: str) -> None:
    """Make the tables, and the function that appends, in the database of --ledger.

    With --print the SQL is written to standard output, for an administrator to read and to run:
    one transaction. A role of an application may add records and read them, and no more.

    \b
    Example:
      jobledger postgres init --print --role worker > jobledger.sql
    """
    try:
        from ...eventstore.engines.postgresql import sql
    except ImportError:
        raise StorageError(
            "a ledger in PostgreSQL needs psycopg", hint=how_to_install("postgres")
        ) from None
    for option, name in (("role", role), ("schema", schema)):
        if name is not None and not _NAME.fullmatch(name):
            raise ValidationError(
                f"--{option} {name!r}: a name of letters, digits and _ that begins with no digit",
                field=option,
            )
    if only_print:
        click.echo(sql(schema, role), nl=False)
        return
    if not str(session.location).startswith(("postgresql:", "postgres:")):
        raise ValidationError(
            "--ledger is no location in PostgreSQL",
            field="ledger",
            hint="postgresql://HOST/DATABASE?ledger=NAME, or --print for the SQL alone",
        )
    with session.ledger(create=True) as ledger:
        session.done = f"prepared {ledger.location}"
    click.echo(f"{ledger.location} is there")


postgres.add_command(init)
