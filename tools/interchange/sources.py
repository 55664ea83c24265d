"""What the arguments of an import are: files, standard input, directories of daily files."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from ...domain import StorageError, ValidationError
from ...eventstore.engines.files import storage_errors
from ..session import is_ledger
from .csv_form import BOM

Form = Literal["csv", "jsonl", "daily"]
FORMS: tuple[Form, ...] = ("csv", "jsonl", "daily")

_BY_SUFFIX: dict[str, Form] = {
    ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "daily",
}  # fmt: skip
_DAILY = re.compile(r"jobs_(\d{4}-\d{2}-\d{2})\.json")
STDIN = "-"


class Source(msgspec.Struct, frozen=True):
    """One file to read. The daily files of one directory are a `group`, `day` is in their names."""

    name: str
    path: Path
    form: Form
    group: Path | None = None
    day: str = ""

    def read(self) -> str:
        """Its text, without a byte order mark.

        Raises:
            StorageError: it cannot be read.
            ValidationError: it is not UTF-8.
        """
        if self.name == STDIN:
            with storage_errors("read", Path(self.said)):
                return _decoded(sys.stdin.buffer.read(), self.said)
        with storage_errors("read", self.path):
            return _decoded(self.path.read_bytes(), self.name)

    @property
    def said(self) -> str:
        """How messages name it."""
        return "standard input" if self.name == STDIN else self.name


def form_of(name: str) -> Form | None:
    """Return the form that a file's name says it has."""
    return _BY_SUFFIX.get(Path(name).suffix.lower())


def find_sources(arguments: Sequence[str], form: Form | None, ledger: Path | None) -> list[Source]:
    """Find the files that the arguments name, each once, in order.

    Raises:
        ValidationError: an argument is nothing that could be imported into the ledger there.
        StorageError: a directory cannot be read, or is a ledger itself.
    """
    found: dict[Path | str, Source] = {}
    for argument in arguments:
        for source in _sources(argument, form, ledger):
            key = STDIN if source.name == STDIN else source.path.resolve()
            found.setdefault(key, source)
    return list(found.values())


def _sources(argument: str, form: Form | None, ledger: Path | None) -> list[Source]:
    path = Path(argument)
    if argument == STDIN:
        if form is None:
            raise ValidationError(
                "what is on standard input?", field="format", hint="say --format csv, jsonl, daily"
            )
        return [Source(argument, path, form)]
    _check_not_the_ledgers(path, ledger)
    if path.is_dir():
        return _daily_files(path)
    named = _DAILY.fullmatch(path.name)
    kind = form or form_of(argument)
    if kind is None:
        raise ValidationError(
            f"what is in {argument}?", field="format", hint="say --format csv, jsonl or daily"
        )
    if kind == "daily" and named:
        return [Source(argument, path, kind, path.parent.resolve(), named[1])]
    return [Source(argument, path, kind)]


def _daily_files(directory: Path) -> list[Source]:
    with storage_errors("read", directory):
        names = sorted(child.name for child in directory.iterdir())
    group = directory.resolve()
    found = [
        Source(str(directory / name), directory / name, "daily", group, match[1])
        for name in names
        if (match := _DAILY.fullmatch(name))
    ]
    if not found:
        raise ValidationError(
            f"there are no jobs_YYYY-MM-DD.json files in {directory}",
            field="file",
            hint="name a file, or another directory",
        )
    return found


def _check_not_the_ledgers(path: Path, ledger: Path | None) -> None:
    """Check that what is to be imported is no file of a ledger that the import would misread.

    Raises:
        ValidationError: what is there is the ledger's own.
        StorageError: it belongs to another ledger, whose daily files do not tell everything.
    """
    directory = path if path.is_dir() else path.parent
    is_own = ledger is not None and directory.resolve() == ledger.resolve()
    if is_own and (path.is_dir() or _DAILY.fullmatch(path.name)):
        raise ValidationError(
            f"{path} is the ledger's own" + (" directory" if path.is_dir() else ""),
            field="file",
            hint=f"import it into another one: jobledger --dir NEW import {path}",
        )
    if (path.is_dir() or _DAILY.fullmatch(path.name)) and is_ledger(directory):
        raise StorageError(
            f"{directory} is a ledger, and its daily files do not say which attempts are in doubt",
            path=str(directory),
            hint=f"jobledger --dir {directory} export jobs.jsonl, and import that",
        )


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode().removeprefix(BOM)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        utf_16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise ValidationError(
            f"{name}, line {line}: byte {column} of it, 0x{data[error.start]:02x}, is not UTF-8"
            + (": the file is UTF-16" if utf_16 else ""),
            field="file",
            hint='save it as "CSV UTF-8", or convert it with `iconv -t utf-8`',
        ) from None
