"""The `config` command: what the configuration file says, and what counts of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from ..configuration import Configuration, RunSection, options_of_run
from ..grammar import Group, command
from ..location import KEEP_VARIABLE, MEDIA_VARIABLE
from ..output import print_json, printable
from ..publisher_sections import HIDDEN
from ..session import Session, json_option, pass_session
from .run import run as run_command


class _Value(msgspec.Struct, frozen=True):
    """A value that counts, and where it comes from."""

    name: str
    value: Any
    comes_from: str
    line: int | None = None


@click.group("config", cls=Group)
def config() -> None:
    """Look at what options are when they are not given: the configuration file.

    \b
    Example:
      jobledger config show
      jobledger --config shop.toml config show --json
    """


@command("show", short_help="Show which value counts, and where it comes from.")
@json_option
@pass_session
def show(session: Session) -> None:
    """Show which value counts, and where it comes from: an option of this command, the environment,
    a line of the configuration file, or nothing but what is usual.

    docs/configuration.md says what can be in the file.

    \b
    Example:
      jobledger config show
    """
    file = session.config.file
    found = [
        _ledger(session, file),
        *_of_media(session, file),
        *_of_run(file),
        *_publishers(file),
        *_imports(file),
    ]
    if session.json:
        print_json(
            {
                "file": None if file is None else str(file.path.absolute()),
                "found_here": file is not None and file.is_found,
                "values": [
                    {"name": each.name, "value": each.value, "from": each.comes_from,
                     "line": each.line}
                    for each in found
                ],
            }
        )  # fmt: skip
        return
    from ..render.tables import print_facts

    here = "" if file is None or not file.is_found else ", found in this directory"
    path = "none" if file is None else f"{file.path.absolute()}{here}"
    facts = [("file", printable(path), "")]
    for each in found:
        line = "" if each.line is None else f", line {each.line}"
        style = "dim" if each.comes_from == "default" else ""
        facts.append(
            (each.name, printable(f"{_said(each.value)}  ({each.comes_from}{line})"), style)
        )
    print_facts(facts)


config.add_command(show)


def _ledger(session: Session, file: Configuration | None) -> _Value:
    place = session.place
    given = next((each for each in session.given if each.typed), None) or next(
        iter(session.given), None
    )
    if given is not None:
        return _Value("ledger", place, given.name)
    if file is not None and file.ledger is not None:
        return _of_file(file, place, "ledger")
    return _Value("ledger", place, "default")


def _of_media(session: Session, file: Configuration | None) -> Iterator[_Value]:
    wish = session.media
    for name, option, variable, value, in_file in (
        ("media", "--media", MEDIA_VARIABLE, wish.directory, file and file.media),
        ("keep_media", "--keep-media", KEEP_VARIABLE, wish.days, file and file.keep_media),
    ):
        if value is not None:
            is_of_variable = str(value) == os.environ.get(variable)
            yield _Value(name, value, variable if is_of_variable else option)
        elif file is not None and in_file is not None:
            yield _of_file(file, in_file, name)
        else:
            yield _Value(name, 30 if name == "keep_media" else None, "default")


def _of_run(file: Configuration | None) -> Iterator[_Value]:
    said = {} if file is None else options_of_run(file)
    parameters = {each.opts[0].lstrip("-"): each for each in run_command.params}
    for field in RunSection.__struct_fields__:
        parameter = parameters[field.replace("_", "-")]
        name, given = f"run.{field}", parameter.envvar or ()
        variables = [given] if isinstance(given, str) else given
        variable = next(filter(os.environ.get, variables), None)
        if variable is not None:
            yield _Value(name, _shown(field, os.environ[variable]), variable)
        elif file is not None and parameter.name in said:
            yield _of_file(file, _shown(field, said[parameter.name]), "run", field)
        else:
            usual = parameter.get_default(click.Context(run_command), call=True)
            yield _Value(name, usual if isinstance(usual, str | int | float) else None, "default")


def _publishers(file: Configuration | None) -> Iterator[_Value]:
    if file is None:
        return
    for name, section in file.publishers.items():
        for key, value in msgspec.structs.asdict(section).items():
            if value not in (None, {}, []):
                yield _of_file(file, _shown(key, value), "publishers", name, key)


def _imports(file: Configuration | None) -> Iterator[_Value]:
    if file is None:
        return
    for name, saved in file.imports.items():
        for key, value in msgspec.structs.asdict(saved).items():
            if value not in (None, {}):
                yield _of_file(file, value, "imports", name, key)


def _of_file(file: Configuration, value: Any, *keys: str) -> _Value:
    return _Value(".".join(keys), value, str(file.path), file.line(*keys))


def _shown(name: str, value: Any) -> Any:
    """Return a value as it may be shown: an address that something is sent to may have a secret."""
    if name not in ("notify", *HIDDEN):
        return value
    parts = urlsplit(value)
    return f"{parts.scheme}://{parts.hostname or ''}/…"


def _said(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
