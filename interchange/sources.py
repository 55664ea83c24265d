"""What the arguments of an import are: files, standard input, directories of daily files."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from ..domain import JobStatus, StorageError, ValidationError
from ..eventstore.engines.files import holds_ledger, storage_errors
from .reading.kinds import check_bytes, check_text, is_zip

Form = Literal["csv", "jsonl", "daily", "excel", "calendar"]
_FORMS: tuple[Form, ...] = ("csv", "jsonl", "daily", "excel", "calendar")

_BY_SUFFIX: dict[str, Form] = {
    ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "daily",
    ".xlsx": "excel", ".xlsm": "excel", ".ics": "calendar",
}  # fmt: skip
_NAMES = ", ".join(_FORMS[:-1]) + f" or {_FORMS[-1]}"
_DAILY = re.compile(rf"jobs_(\d{{4}}-\d{{2}}-\d{{2}})(?:_({'|'.join(JobStatus)}))?\.json", re.A)
"""A day's jobs, or those of one state: some schedulers have a file for each."""
_ALIKE = re.compile(r"jobs_.*", re.I | re.S)
_NAMED = 5
STDIN = "-"
_LOOKED_AT = 64 * 1024
_WIDE = (b"\xff\xfe", b"\xfe\xff")


class Source(msgspec.Struct, frozen=True):
    """One file to read. The daily files of one directory are a `group`; `day`, and the `state` of
    all its jobs if it is a file of one, are in its name. One that lies `beside` those that were
    named is asked only whether it knows better what became of their jobs."""

    name: str
    path: Path
    form: Form
    group: Path | None = None
    day: str = ""
    state: str | None = None
    beside: bool = False
    data: bytes | None = None
    """What is in it, where it was handed over and lies nowhere."""

    def read(self) -> bytes:
        """Return what is in it.

        Raises:
            StorageError: it cannot be read.
        """
        if self.data is not None:
            return self.data
        if self.name == STDIN:
            with storage_errors("read", Path(self.said)):
                return sys.stdin.buffer.read()
        with storage_errors("read", self.path):
            return self.path.read_bytes()

    @property
    def said(self) -> str:
        """How messages name it."""
        return "standard input" if self.name == STDIN else self.name


def form_of(name: str) -> Form | None:
    """Return the form that a file's name says it has."""
    return _BY_SUFFIX.get(Path(name).suffix.lower())


def source_of(name: str, data: bytes) -> Source:
    """Return a file that was handed over, by its name and what it begins with.

    Raises:
        ValidationError: it is nothing that could be imported, which is named.
    """
    begin = data[:_LOOKED_AT]
    form = form_of(name) or _form_of_bytes(begin, name)
    if form is None:
        raise ValidationError(
            f"what is in {name}?", field="file", hint="a table, a calendar, or JSON is understood"
        )
    if form == "daily" and _is_lines(begin):
        form = "jsonl"
    return Source(name, Path(name), form, data=data)


def _is_lines(begin: bytes) -> bool:
    """Whether the first line is an object of its own, and another one follows."""
    first, _, rest = begin.removeprefix(b"\xef\xbb\xbf").strip().partition(b"\n")
    try:
        return bool(rest) and isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def find_sources(
    arguments: Sequence[str],
    form: Form | None,
    ledger: Path | None,
    ignore: Collection[str] = (),
) -> list[Source]:
    """Find the files that the arguments name, each once, in order, and behind them what lies beside
    daily files that were named one by one.

    `ignore` are patterns of names that a directory's files are left out by.

    Raises:
        ValidationError: an argument is nothing that could be imported into the ledger there, or a
            directory has a file that looks like a daily one and is none.
        StorageError: a directory cannot be read, or is a ledger itself.
    """
    found: dict[Path | str, Source] = {}
    for argument in arguments:
        for source in _sources(argument, form, ledger, ignore):
            key = STDIN if source.name == STDIN else source.path.resolve()
            found.setdefault(key, source)
    places = {source.group: source.path.parent for source in found.values() if source.group}
    for directory in places.values():
        for source in _daily_files(directory, ignore):
            beside = msgspec.structs.replace(source, beside=True)
            found.setdefault(source.path.resolve(), beside)
    return list(found.values())


def _sources(
    argument: str, form: Form | None, ledger: Path | None, ignore: Collection[str]
) -> list[Source]:
    path = Path(argument)
    if argument == STDIN:
        if form is None:
            raise ValidationError(
                "what is on standard input?", field="format", hint=f"say --format {_NAMES}"
            )
        return [Source(argument, path, form)]
    _check_not_the_ledgers(path, ledger)
    if path.is_dir():
        found = _daily_files(path, ignore)
        if not found:
            raise ValidationError(
                f"there are no jobs_YYYY-MM-DD.json files in {path}",
                field="file",
                hint="name a file, or another directory",
            )
        return found
    named = _DAILY.fullmatch(path.name)
    kind = form or form_of(argument)
    kind = kind or _form_of_content(path)
    if kind is None:
        raise ValidationError(
            f"what is in {argument}?", field="format", hint=f"say --format {_NAMES}"
        )
    if kind == "daily" and named:
        return [Source(argument, path, kind, path.parent.resolve(), named[1], named[2])]
    return [Source(argument, path, kind)]


def _form_of_content(path: Path) -> Form | None:
    """Return the form of a file whose name says none, by how it begins.

    Raises:
        StorageError: it cannot be read.
        ValidationError: it is something else, which is named.
    """
    if not path.is_file():
        return None
    with storage_errors("read", path), path.open("rb") as file:
        begin = file.read(_LOOKED_AT)
    return _form_of_bytes(begin, path.name)


def _form_of_bytes(begin: bytes, name: str) -> Form | None:
    """Return the form of a file by how it begins.

    Raises:
        ValidationError: it is something else, which is named.
    """
    check_bytes(begin, name)
    if is_zip(begin):
        return "excel"
    text = begin.decode("utf-16" if begin[:2] in _WIDE else "utf-8", "replace").lstrip("\ufeff")
    check_text(text, name)
    first = text.lstrip()[:1]
    if text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        return "calendar"
    if first == "[" or (first == "{" and "\n{" not in text.strip()):
        return "daily"
    return "jsonl" if first == "{" else "csv" if re.search(r"[,;\t|]", text) else None


def _daily_files(directory: Path, ignore: Collection[str]) -> list[Source]:
    """Return the daily files of a directory.

    Raises:
        StorageError: it cannot be read.
        ValidationError: a file there looks like one, and is none.
    """
    with storage_errors("read", directory):
        names = sorted(child.name for child in directory.iterdir())
    names = [name for name in names if not any(fnmatchcase(name, one) for one in ignore)]
    odd = [name for name in names if _ALIKE.fullmatch(name) and not _DAILY.fullmatch(name)]
    if odd:
        some, more = ", ".join(odd[:_NAMED]), len(odd) - _NAMED
        said = f"{some} and {more} more" if more > 0 else some
        raise ValidationError(
            f"in {directory} there is {said}: no jobs_YYYY-MM-DD.json and no jobs_YYYY-MM-DD_STATE"
            ".json, and what is in it may be newer",
            field="file",
            hint=f"take it away, or leave it out with --ignore {shlex.quote(odd[0])}",
        )
    group = directory.resolve()
    return [
        Source(str(directory / name), directory / name, "daily", group, match[1], match[2])
        for name in names
        if (match := _DAILY.fullmatch(name))
    ]


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
    if (path.is_dir() or _DAILY.fullmatch(path.name)) and holds_ledger(directory):
        raise StorageError(
            f"{directory} is a ledger, and its daily files do not say which attempts are in doubt",
            path=str(directory),
            hint=f"jobledger --dir {directory} export jobs.jsonl, and import that",
        )
