"""The configuration file: what options say, kept in a file, and where in it each value stands.

A file that was named counts as it is. One that lies in the working directory is found by itself
only where nobody else can have put it there or changed it, since it may name code to run and the
ledger to change; and that it counts is told.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from ..domain import StorageError, ValidationError
from .files import naming, read_in
from .location import Given
from .publisher_sections import SECTIONS, OfPublisher

CONFIG_NAME = "jobledger.toml"
_MOST_BYTES = 1_000_000
_MOST_DAYS = 100_000
_AT_THE_TOP: dict[str, tuple[type | tuple[type, ...], str]] = {
    "ledger": (str, "a text"),
    "media": (str, "a text: a directory"),
    "keep_media": ((int, float), "a number of days"),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?")
_KEY = re.compile(r"\s*((?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*[A-Za-z0-9_\"'-]+)*)\s*=")

SectionT = TypeVar("SectionT", bound=msgspec.Struct)


class RunSection(msgspec.Struct, frozen=True, kw_only=True):
    """`[run]`: options of `run`, by their names. What is for one call alone is none of them."""

    publisher: str | None = None
    concurrency: int | None = None
    on_interrupted: Literal["retry", "fail"] | None = None
    retry_base_s: float | None = None
    max_running_minutes: float | None = None
    grace_s: float | None = None
    expire_after_hours: float | None = None
    ageing_minutes: float | None = None
    publish_timeout_s: float | None = None
    preflight_minutes: float | None = None
    min_gap_s: float | None = None
    quota: int | None = None
    quota_window_s: float | None = None
    notify: str | None = None
    log: Literal["auto", "text", "json"] | None = None
    log_level: Literal["debug", "info", "warning", "error"] | None = None
    metrics: str | None = None
    metrics_public: bool | None = None
    projection: list[str] | None = None


class SavedImport(msgspec.Struct, frozen=True, kw_only=True):
    """`[imports.NAME]`: how the files of one place are understood; `like` is the tool that it
    builds on."""

    like: str | None = None
    map: dict[str, str] = {}
    set: dict[str, str | int] = {}
    state: dict[str, str] = {}
    dates: Literal["dmy", "mdy"] | None = None
    times_in: str | None = None
    encoding: str | None = None
    sheet: str | None = None


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says. `is_found`: nobody named it, it lies in the working directory."""

    path: Path
    is_found: bool = False
    ledger: str | None = None
    media: str | None = None
    keep_media: float | None = None
    run: RunSection = RunSection()
    imports: dict[str, SavedImport] = {}
    publishers: dict[str, OfPublisher] = {}
    lines: Mapping[tuple[str, ...], int] = {}

    def place(self, *keys: str) -> str:
        """Say where a value stands: the file, and the line where that is known."""
        return _place(self.path, self.lines, keys)

    def line(self, *keys: str) -> int | None:
        """Return the line on which a value stands, or what it is part of."""
        return _line(self.lines, keys)


def find_configuration(given: Sequence[Given]) -> Configuration | None:
    """Read the configuration that was named, else the one of the working directory; None where
    there is none.

    Raises:
        StorageError: it cannot be read.
        ValidationError: it says what nothing reads, or it lies here and somebody else's it may be.
    """
    named = [each for each in given if each.typed] or given
    if named:
        first, *others = named
        for other in others:
            if other.text != first.text:
                raise ValidationError(
                    f"{first.name} says {first.text!r} and {other.name} says {other.text!r}",
                    field="config",
                    hint="give one of them",
                )
        return read_configuration(Path(first.text).expanduser())
    here = Path(CONFIG_NAME)
    try:
        found = here.stat()
    except OSError:
        return None
    if not _is_ours(found):  # rule: found-file-is-ours
        raise ValidationError(
            f"there is a {CONFIG_NAME} in this directory, and others may have written it: it does"
            " not count unasked",
            field="config",
            hint=f"if it is to count, name it: --config {CONFIG_NAME}; to go without: --config"
            " /dev/null",
        )
    return read_configuration(here, is_found=True)


def _is_ours(found: os.stat_result) -> bool:
    """Whether a file is of who runs this, or of root, and nobody else may write to it."""
    is_of_others = found.st_uid not in (os.geteuid(), 0)
    group_may = found.st_mode & stat.S_IWGRP and found.st_gid != os.getegid()
    return not (is_of_others or group_may or found.st_mode & stat.S_IWOTH)


def read_configuration(path: Path, *, is_found: bool = False) -> Configuration:
    """Read a configuration file.

    Raises:
        StorageError: it cannot be read.
        ValidationError: it is no TOML, or has a key that nothing reads, or a value of another type.
    """
    try:
        text = read_in(f"{path}", most_bytes=_MOST_BYTES).decode("utf-8-sig")
        document = tomllib.loads(text)
    except StorageError as error:
        raise StorageError(
            error.message, path=str(path), hint="it is the configuration file that was named"
        ) from error
    except UnicodeDecodeError:
        raise ValidationError(f"{path} is not UTF-8", field="config") from None
    except tomllib.TOMLDecodeError as error:
        raise ValidationError(f"{path} is no TOML: {error}", field="config") from None
    lines = _lines_of(text)
    reading = _Reading(path, lines)
    reading.check_keys(document, (*_AT_THE_TOP, "run", "imports", "publishers"), ())
    imports = reading.table(document, "imports")
    for name in imports:
        with naming(_place(path, lines, ("imports", name))):
            check_import_name(name)
    publishers = reading.table(document, "publishers")
    reading.check_keys(publishers, tuple(SECTIONS), ("publishers",))
    for name, (kind, said) in _AT_THE_TOP.items():
        value = document.get(name)
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise reading.refusal((name,), f"must be {said}")
    days = document.get("keep_media")
    if days is not None and not 0 <= days < _MOST_DAYS:
        raise reading.refusal(("keep_media",), f"must be from 0 to {_MOST_DAYS} days")
    return Configuration(
        path=path,
        is_found=is_found,
        ledger=document.get("ledger"),
        media=document.get("media"),
        keep_media=days,
        run=reading.section(reading.table(document, "run"), RunSection, ("run",)),
        imports={
            name: reading.section(
                reading.table(imports, name, "imports"), SavedImport, ("imports", name)
            )
            for name in imports
        },
        publishers={
            name: reading.section(
                reading.table(publishers, name, "publishers"), SECTIONS[name], ("publishers", name)
            )
            for name in publishers
        },
        lines=lines,
    )


def check_import_name(name: str) -> None:
    """Check that a mapping may have this name.

    Raises:
        ValidationError: it may not.
    """
    if not _NAME.fullmatch(name):
        raise ValidationError(
            f"{name!r:.60} is no name for a mapping",
            field="save_as",
            hint="letters, digits, - and _, 64 at most",
        )


class _Reading:
    """Reads the values of one file, and names the place of what is wrong."""

    def __init__(self, path: Path, lines: Mapping[tuple[str, ...], int]) -> None:
        self._path = path
        self._lines = lines

    def refusal(
        self, keys: tuple[str, ...], fault: str, hint: str | None = None
    ) -> ValidationError:
        return ValidationError(
            f"{_place(self._path, self._lines, keys)}: {'.'.join(keys)} {fault}",
            field="config",
            hint=hint,
        )

    def table(self, document: Mapping[str, Any], name: str, *within: str) -> dict[str, Any]:
        found = document.get(name, {})
        if not isinstance(found, dict):
            raise self.refusal((*within, name), f"must be a table: [{'.'.join((*within, name))}]")
        return found

    def section(
        self, document: dict[str, Any], kind: type[SectionT], keys: tuple[str, ...]
    ) -> SectionT:
        """Read one section, each value as the type that its field has."""
        fields = msgspec.structs.fields(kind)
        self.check_keys(document, [field.name for field in fields], keys)
        for field in fields:
            if field.name in document:
                try:
                    msgspec.convert(document[field.name], field.type)
                except msgspec.ValidationError as error:
                    raise self.refusal((*keys, field.name), f"is not right: {error}") from None
        try:
            return msgspec.convert(document, kind)
        except msgspec.ValidationError as error:  # what has to be there is not
            raise self.refusal(keys, f"is not right: {error}") from None

    def check_keys(
        self, document: Mapping[str, Any], known: Sequence[str], keys: tuple[str, ...]
    ) -> None:
        for name in document:
            if name not in known:
                raise self.refusal(
                    (*keys, name), "is nothing that is read", _meant(name, known, keys)
                )


def _meant(name: str, known: Sequence[str], keys: tuple[str, ...]) -> str:
    """Say what was probably meant by a key that is none."""
    if keys[:1] == ("publishers",) and name.rstrip("s") in ("token", "password", "secret"):
        return f"no secret stands in this file: name what has it; there are {', '.join(known)}"
    if not keys and name in RunSection.__struct_fields__:
        return f"it belongs below [run]; there are {', '.join(known)}"
    nearest = difflib.get_close_matches(name.replace("-", "_").lower(), known, n=1, cutoff=0.6)
    if nearest:
        return f"did you mean {nearest[0]}? There are {', '.join(known)}"
    return f"there are {', '.join(known)}"


def _place(path: Path, lines: Mapping[tuple[str, ...], int], keys: tuple[str, ...]) -> str:
    line = _line(lines, keys)
    return f"{path}" if line is None else f"{path}, line {line}"


def _line(lines: Mapping[tuple[str, ...], int], keys: tuple[str, ...]) -> int | None:
    return next((lines[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in lines), None)


def _lines_of(text: str) -> dict[tuple[str, ...], int]:
    """Find the lines on which tables and keys begin, for people: by what the lines look like."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = tuple(_parts(header[1]))
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def _parts(key: str) -> Iterator[str]:
    """Yield the parts of a dotted key."""
    try:
        value: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        return
    while isinstance(value, dict):
        name, value = next(iter(value.items()))
        yield name


def options_of_run(config: Configuration) -> dict[str, Any]:
    """Return what `[run]` says, by the names of the arguments of `run`."""
    said = msgspec.structs.asdict(config.run)
    found = {name: value for name, value in said.items() if value is not None}
    if "projection" in found:
        found["projections"] = found.pop("projection")
    return found
