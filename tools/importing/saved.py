"""Mappings that are kept in the configuration file: `import --like NAME` takes one again."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from ...domain import StorageError, ValidationError
from ...eventstore.engines.files import storage_errors
from ..configuration import CONFIG_NAME, Configuration, SavedImport, check_import_name
from ..files import write_out
from ..output import printable
from ..session import Session

if TYPE_CHECKING:
    from ...interchange import Wishes

TOOLS = ("buffer", "hootsuite", "metricool", "sprout", "socialbee", "publer", "postiz")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Like(click.Choice[str]):
    """The name of a tool, or that of a mapping which the configuration file has."""

    name = "tool or name"

    def __init__(self) -> None:
        super().__init__(TOOLS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value in TOOLS or ctx is None:
            return super().convert(value, param, ctx)
        file = ctx.ensure_object(Session).config.file
        saved = [] if file is None else [*file.imports]
        if value in saved:
            return value
        raise self._refusal(str(value), saved, "" if file is None else str(file.path))

    def _refusal(self, value: str, saved: list[str], path: str) -> click.BadParameter:
        import difflib

        meant = difflib.get_close_matches(value, [*TOOLS, *saved], n=1)
        there = f"the tools are {', '.join(TOOLS)}"
        if saved:
            there += f", and {path} has {', '.join(saved)}"
        else:
            there += "; --save-as keeps a mapping of your own"
        said = f"; did you mean {meant[0]}?" if meant else ""
        return click.BadParameter(f"{value!r:.60} is neither a tool nor saved{said} ({there})")


def with_saved(session: Session, given: Mapping[str, Any]) -> tuple[SavedImport, str | None]:
    """Return the mapping that `--like` names, empty where it names a tool or nothing, and the tool.

    Raises:
        ValidationError: it builds on a tool that is not known.
    """
    like = given["like"]
    saved = None if like is None or like in TOOLS else session.config.saved_import(like)
    if saved is None:
        return SavedImport(), like
    if saved.like is not None and saved.like not in TOOLS:
        assert session.config.file is not None
        raise ValidationError(
            f"{session.config.file.place('imports', like, 'like')}: imports.{like}.like is"
            f" {saved.like!r:.60}, which is no tool",
            field="like",
            hint=f"the tools are {', '.join(TOOLS)}",
        )
    return saved, saved.like


def to_save(wishes: Wishes) -> SavedImport:
    """Return what has to be kept to understand the same files again."""
    return SavedImport(
        like=wishes.like,
        map=dict(wishes.maps),
        set=dict(wishes.constants),
        state=dict(wishes.states),
        dates=wishes.dates,
        times_in=None if wishes.zone is None else wishes.zone.key,
        encoding=wishes.encoding,
        sheet=wishes.sheet,
    )


def section(name: str, saved: SavedImport) -> str:
    """Write a mapping as a section of the configuration file."""
    return "".join(_lines(name, saved))


def _lines(name: str, saved: SavedImport) -> Iterator[str]:
    yield f"[imports.{_key(name)}]\n"
    for key, value in msgspec.structs.asdict(saved).items():
        if isinstance(value, dict):
            pairs = ", ".join(f"{_key(each)} = {_text(said)}" for each, said in value.items())
            if pairs:
                yield f"{key} = {{ {pairs} }}\n"
        elif value is not None:
            yield f"{key} = {_text(value)}\n"


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else _text(text)


def _text(value: object) -> str:
    """Write a text, or a number, as TOML has it: as JSON does, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def check_may_save(session: Session, name: str) -> Path:
    """Return the file that a mapping is to be written into.

    Raises:
        ValidationError: the name cannot be, or is there already; or it is no file.
    """
    check_import_name(name)
    file = session.config.file
    if name in TOOLS:
        raise ValidationError(
            f"{name} is a tool that --like knows", field="save_as", hint="give another name"
        )
    if file is not None and not file.path.is_file():
        raise ValidationError(f"{file.path} is no file to write to", field="save_as")
    if file is not None and name in file.imports:
        raise ValidationError(
            f"{file.place('imports', name)}: there is a mapping {name} already",
            field="save_as",
            hint="give another name, or take that one away",
        )
    return Path(CONFIG_NAME) if file is None else file.path


def save(file: Configuration | None, path: Path, name: str, saved: SavedImport) -> None:
    """Write a mapping behind what the configuration file has.

    Raises:
        StorageError: it cannot be written; or it would not be what was meant.
    """
    before = path.read_text("utf-8") if file is not None else ""
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    text = before + gap + section(name, saved)
    try:
        found = tomllib.loads(text.removeprefix("\ufeff"))["imports"][name]
        is_right = msgspec.convert(found, SavedImport) == saved
    except (tomllib.TOMLDecodeError, msgspec.ValidationError):
        is_right = False
    if not is_right:
        raise StorageError(
            f"{path} is written in a way in which nothing can be put behind it",
            path=str(path),
            hint="put the section in by hand; --dry-run shows it",
        )
    if file is None:
        write_out(str(path), text.encode())
        return
    with storage_errors("write", path), path.open("ab") as opened:
        opened.write(text.encode()[len(before.encode()) :])
        opened.flush()
        os.fsync(opened.fileno())


def keep(session: Session, wishes: Wishes, name: str, path: Path) -> None:
    """Keep how files are understood, and say how to use it."""
    save(session.config.file, path, name, to_save(wishes))
    click.echo(printable(f"kept in {path}: `--like {name}` says the same"), err=True)


def show(session: Session, wishes: Wishes, like: str | None, name: str | None) -> None:
    """Show what would be kept, where more was said than a name."""
    saved = to_save(wishes)
    known = None if session.config.file is None else session.config.file.imports.get(like or "")
    if saved in (SavedImport(), SavedImport(like=wishes.like)) or saved == known:
        return
    how = "" if name else f", as --save-as NAME puts it into {CONFIG_NAME}"
    click.echo(f"to say it by a name from then on{how}:", err=True)
    for line in section(name or "NAME", saved).splitlines():
        click.echo(printable(f"  {line}"), err=True)
