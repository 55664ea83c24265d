"""The `seal` command: keys, and signing what the finished days of the log are."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from ...domain import ValidationError
from ...integrity import SigningKey, fingerprint, seal_file
from ..files import FILE, check_free, naming, read_in, write_out
from ..grammar import command
from ..location import check_directory
from ..output import print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session

_MOST_BYTES = 64 * 1024


@command()
@click.option(
    "--new-key", type=FILE, metavar="FILE", help="Make a key: FILE is the secret, FILE.pub is not."
)
@click.option("--key", type=FILE, metavar="FILE", help="Seal with this key.")
@click.option(
    "--password-env", metavar="NAME", help="The environment variable with the key's password."
)
@click.option("--today", is_flag=True, help="Also the day that is not over, up to now.")
@json_option
@pass_session
def seal(
    session: Session,
    new_key: str | None,
    key: str | None,
    password_env: str | None,
    today: bool,
) -> None:
    """Sign what every finished day of the log is, so that nobody can rewrite it unnoticed.

    A seal is a file `seal_DAY.json` beside the log. It is worth as much as the secrecy of the key:
    keep that where whoever can write the ledger cannot read it (see docs/proofs.md).

    \b
    Example:
      jobledger seal --new-key seals
      jobledger seal --key seals
    """
    if (new_key is None) == (key is None):
        raise ValidationError(
            "give --new-key to make a key, or --key to seal with one", field="key"
        )
    password = _password(password_env)
    if new_key is not None:
        _make_key(session, new_key, password)
    else:
        assert key is not None
        _seal(session, key, password, today)


def _password(name: str | None) -> bytes | None:
    if name is None:
        return None
    password = os.environ.get(name, "")
    if not password:
        raise ValidationError(
            f"the environment variable {name} is not set, or empty", field="password_env"
        )
    return password.encode()


def _make_key(session: Session, name: str, password: bytes | None) -> None:
    public = f"{name}.pub"
    for each in (name, public):
        # A key that is lost makes every seal of its worthless: none is ever written over.
        check_free(Path(each), force=False)
    made = SigningKey.generate()
    write_out(name, made.to_pem(password))
    write_out(public, made.public_pem.encode())
    session.done = f"made the key {name}"
    told = {"key": name, "public_key": public, "fingerprint": fingerprint(made.public_pem)}
    if session.json:
        print_json(told)
    else:
        click.echo(f"{name} is the secret key, {public} the public one ({told['fingerprint']})")


def _seal(session: Session, name: str, password: bytes | None, today: bool) -> None:
    check_directory(
        session.location,
        "seals lie beside day files, and a ledger on a server has none",
        "`jobledger mirror LOCATION DIRECTORY`, and then `jobledger --ledger DIRECTORY seal`",
    )
    from ...integrity import seal_days

    session.must_exist()
    with naming(name):
        signing = SigningKey.from_pem(read_in(name, most_bytes=_MOST_BYTES), password)
    with progress_bar("verifying", unit="bytes") as progress:
        made = seal_days(
            session.directory, signing, at=datetime.now(UTC), today=today, progress=progress
        )
    session.done = f"sealed {len(made)} day{'' if len(made) == 1 else 's'}" if made else ""
    if session.json:
        print_json({"key": fingerprint(signing.public_pem), "sealed": made})
        return
    for each in made:
        file = printable(seal_file(session.directory, each.day))
        click.echo(f"sealed {each.day}: everything up to record {each.seq}, {file}")
    if not made:
        click.echo(_why_none(session.directory, today))


def _why_none(directory: Path, today: bool) -> str:
    """Why there was nothing to seal. A day is finished when the log has a newer one."""
    from ...eventstore.engines.files import FileSystem, list_days

    days = list_days(FileSystem(), directory)
    if today:
        return "nothing to seal: all that happened is sealed already, if anything has"
    if len(days) < 2:
        newest = f" ({days[-1]})" if days else ""
        return (
            f"nothing to seal: no day is finished, the log has only its newest one{newest};"
            " --today seals that up to now"
        )
    return "every finished day is sealed already"
