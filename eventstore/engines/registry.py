"""Which engine a location means: by its scheme, which a package of anybody's may add to.

A location is a path, or a URL whose scheme names the engine: `file:PATH`, `memory:NAME`. An
installed package adds one by an entry point of the group `jobledger.engines` that has the scheme's
name and gives an `OpenEngine`; a program by `register`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import msgspec

from ...domain import StorageError, ValidationError
from ...instrumentation import mark_credentials, without_credentials
from ...release import how_to_install
from ..port import Durability, Engine, Identity
from ..reader import LogReader
from ..record import Form, R
from ..shards import OtherShardsError, Shard, asked_shards
from ..zone_rules import check_same_zone
from .files import FileSystem, Patience


def _now() -> datetime:
    return datetime.now(UTC)


class EngineOptions(msgspec.Struct, frozen=True):
    """What whoever opens an engine asks for; one that has no use for something leaves it.

    `timezone` is that of a ledger that is made now, and has to be that of one that is there. With
    `adopt` that is a ledger which is elsewhere: it is made with this id and time zone, and one that
    is there already has to be it. `shard`: the location has several chains, and this one is meant.
    """

    clock: Callable[[], datetime] = _now
    timezone: str | None = None
    durability: Durability = "fsync"
    read_only: bool = False
    allow_network: bool = False
    patience: Patience | None = None
    fs: FileSystem | None = None
    adopt: Identity | None = None
    shard: Shard | None = None


OpenEngine = Callable[[str, EngineOptions], Engine]
"""Opens the engine of a location, which is given whole; makes the ledger unless `read_only`."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//)?")
"""Two letters at least: one is a drive."""
_OWN = ("file", "memory", "postgresql", "postgres", "nats")
_registered: dict[str, OpenEngine] = {}
_sharding = {"memory", "postgresql", "postgres", "nats"}
"""Schemes whose engines heed `EngineOptions.shard` (eventstore/shards.py)."""


def register(scheme: str, open_one: OpenEngine, *, shards: bool = False) -> None:
    """Have locations of this scheme opened by `open_one`, in this process; `shards`: it heeds
    `EngineOptions.shard`."""
    _registered[scheme] = open_one
    (_sharding.add if shards else _sharding.discard)(scheme)


def shards_in(location: str | Path) -> int | None:
    """Return of how many shards a location says that it means all; None: of none, or one of them.

    Raises:
        ValidationError: what it says of shards is not acceptable.
    """
    if directory_of(location) is not None:
        return None
    asked = asked_shards(location)
    return None if asked.shard is not None else asked.shards


def scheme_of(location: str | Path) -> str:
    """Return the scheme of a location; `file` for a path, in which a colon is a character like any
    other unless it follows the name of an engine, or `//` follows it."""
    match = None if isinstance(location, Path) else _SCHEME.match(location)
    if match is None:
        return "file"
    scheme = match[1].lower()
    is_one = match[2] or scheme in _OWN or _find(scheme) is not None
    return scheme if is_one else "file"


def directory_of(location: str | Path) -> Path | None:
    """Return the directory that a location of files means; None for one of another engine.

    Raises:
        ValidationError: `file://` without a whole path behind it, or one that says `?shards=`.
    """
    if not isinstance(location, Path) and "?shard" in location and scheme_of(location) == "file":
        raise _no_shards(f"a directory, as {location!r},")
    if isinstance(location, Path) or not location.lower().startswith("file:"):
        return Path(location) if scheme_of(location) == "file" else None
    rest = location[len("file:") :]
    if not rest.startswith("//"):
        return Path(rest)
    host, slash, path = rest[2:].partition("/")
    if host not in ("", "localhost") or not slash:
        raise ValidationError(
            f"the ledger's location is {location!r}: file:// needs three slashes and a whole path",
            field="ledger",
            hint="file:PATH may be relative",
        )
    return Path(unquote(slash + path))


def shown(location: str | Path) -> str:
    """Return a location as people may see it: without a user, a password and options."""
    text = str(location)
    return text if directory_of(location) is not None else without_credentials(text)


def check_scheme(scheme: str) -> None:
    """Check that there is an engine of a scheme.

    Raises:
        ValidationError: there is none.
    """
    if scheme not in _OWN and _find(scheme) is None:
        # Not a word of the location: there may be a password in it.
        raise ValidationError(
            f"the ledger's location begins with {scheme}:, and there is no such engine here",
            field="ledger",
            hint="a ledger is a directory: give its path, or file:PATH",
        )


def open_engine(location: str | Path, options: EngineOptions) -> Engine:
    """Open the engine of a location.

    Raises:
        ValidationError: there is no engine of its scheme.
        StorageError, LedgerCorruptError: as the engine raises.
    """
    directory = directory_of(location)
    if directory is not None:
        if options.shard is not None:
            raise _no_shards(f"a directory, as {str(location)!r},")
        return _open_files(directory, options)
    scheme = scheme_of(location)
    check_scheme(scheme)
    mark_credentials(str(location))
    rest, options = _one_chain(str(location), options)
    if options.shard is not None and scheme not in _sharding:
        raise _no_shards(f"a ledger at {scheme}:")
    engine = _opener(scheme)(rest, options)
    try:
        check_same_zone(options.timezone, engine.identity.timezone)
    except BaseException:
        engine.close()
        raise
    return engine


def _one_chain(location: str, options: EngineOptions) -> tuple[str, EngineOptions]:
    """Return the location without what it says of shards, and which chain is meant.

    Raises:
        ValidationError: all are, or one is to be written to by itself.
    """
    asked = asked_shards(location)
    if options.shard is not None:
        return asked.rest, options
    if asked.one is None:
        if asked.shards is not None:
            raise ValidationError(
                f"{shown(location)} has several chains, and this works on one",
                field="ledger",
                hint="name one of them by shard=1 (or 2 …) in place of shards=",
            )
        return location, options
    if not options.read_only:
        raise ValidationError(
            f"shard={asked.shard} is one chain of several, which is only read by itself",
            field="ledger",
            hint="open all of them, by shards=, to change something",
        )
    return asked.rest, msgspec.structs.replace(options, shard=asked.one)


def _no_shards(what: str) -> ValidationError:
    return ValidationError(
        f"{what} has one chain, and no shards",
        field="ledger",
        hint="leave shards= out, or take a server: docs/scale.md",
    )


def is_there(location: str) -> bool:
    """Say whether an engine has a ledger at a location.

    Raises:
        ValidationError: there is no engine of its scheme.
        StorageError: there is one, of another number of shards.
    """
    shards = shards_in(location)
    first = None if shards is None else Shard(1, shards)
    try:
        open_engine(location, EngineOptions(read_only=True, shard=first)).close()
    except OtherShardsError:
        raise  # it is not the one that is asked for
    except StorageError:
        return False
    return True


def open_reader(location: str | Path, form: Form[R], fs: FileSystem | None = None) -> LogReader[R]:
    """Open a reader of the log at a location, which goes on past damage.

    Raises: as `open_engine`.
    """
    engine = open_engine(location, EngineOptions(read_only=True, fs=fs))
    return LogReader(engine, form)


def _opener(scheme: str) -> OpenEngine:
    """Return what opens the engine of a scheme, which there is."""
    if scheme == "memory":
        from .memory import open_memory

        return open_memory
    if scheme in ("postgresql", "postgres"):
        try:
            from .postgresql import open_postgres
        except ImportError as error:
            raise ValidationError(
                f"a ledger in PostgreSQL needs psycopg, which is not here: {error}",
                field="ledger",
                hint=how_to_install("postgres"),
            ) from None
        return open_postgres
    if scheme == "nats":
        try:
            from .nats import open_nats
        except ImportError as error:
            raise ValidationError(
                f"a ledger in NATS needs nats-py, which is not here: {error}",
                field="ledger",
                hint=how_to_install("nats"),
            ) from None
        return open_nats
    return _registered[scheme]


def _open_files(directory: Path, options: EngineOptions) -> Engine:
    from .files import FileEngine

    return FileEngine(
        directory,
        clock=options.clock,
        timezone=options.timezone,
        durability=options.durability,
        read_only=options.read_only,
        allow_network=options.allow_network,
        patience=options.patience,
        fs=options.fs,
    )


def _find(scheme: str) -> OpenEngine | None:
    """Find the engine that a package or the program has added; None: none has this scheme."""
    if scheme not in _registered:
        from importlib.metadata import entry_points  # slow, and seldom needed

        for point in entry_points(group="jobledger.engines", name=scheme):
            _registered[scheme] = point.load()
    return _registered.get(scheme)
