"""Opening a ledger in a database: whether the server keeps what it says, the tables, the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import psycopg

from ....domain import LedgerCorruptError, StorageError
from ...port import Identity
from ...shards import Shard, check_same
from .connection import Connected, PostgresConnection, failed
from .location import PostgresLocation
from .schema import VERSION, migrations

if TYPE_CHECKING:
    from ..registry import EngineOptions

OLDEST = 130000
_SERVER = (
    "SELECT pg_is_in_recovery(), current_setting('fsync'), current_setting('synchronous_commit'),"
    " current_setting('synchronous_standby_names') <> ''"
)
_IS_THERE = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n"
    " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = 'schema_version')"
)
"""Not `to_regclass`, which goes on believing that a table is not there which another one has made
meanwhile."""
_MAKING = 0x6A6F626C6D616B65
"""The advisory lock under which tables are made, and ledgers of several chains."""
_HAS = (
    "SELECT (SELECT shards FROM {schema}.sharded WHERE name = %(name)s),"
    " EXISTS (SELECT FROM {schema}.ledgers WHERE name = %(name)s)"
)


class Opened(NamedTuple):
    """A ledger in a database: its number there, and which chain of several it is, if it is one.
    `check` is for every further connection to it."""

    number: int
    identity: Identity
    shard: Shard | None
    remarks: tuple[str, ...]
    check: Callable[[Connected], None]


def open_ledger(location: PostgresLocation, options: EngineOptions) -> Opened:
    """Connect, and find the ledger; it is made, and the tables before it, unless it is only read.

    Raises:
        StorageError: the server cannot be reached, has no such ledger, or would lose what it has
            acknowledged.
    """
    remarks: list[str] = []
    connection = PostgresConnection(
        location, lambda connected: remarks.extend(_check(connected, location))
    )
    try:
        with connection.use() as connected:
            _prepare(connected, location, read_only=options.read_only)
            shard = _find_shard(connected, location, options)
            number, ledger_id, timezone = _find(connected, location, options, shard)
    except psycopg.Error as error:
        raise failed("open", location, error) from error
    finally:
        connection.close()

    def check(connected: Connected) -> None:
        _check(connected, location)
        _check_same(connected, location, number, ledger_id)

    return Opened(number, Identity(ledger_id, timezone), shard, tuple(remarks), check)


def _check(connected: Connected, location: PostgresLocation) -> list[str]:
    """Check that what this server acknowledges stays; return what should be known of it."""
    if connected.info.server_version < OLDEST:
        raise _unfit(location, f"it is PostgreSQL {connected.info.server_version // 10000}", "13")
    [(is_standby, fsync, synchronous, has_standby)] = connected.execute(_SERVER).fetchall()
    if is_standby:
        raise _unfit(location, "it is a standby, which can only be read", "the primary")
    if fsync == "off":
        raise _unfit(location, "fsync is off: a crash of its host loses what it has", "fsync=on")
    if synchronous == "off":
        raise _unfit(
            location,
            "synchronous_commit is off: a crash loses what it has acknowledged",
            "synchronous_commit=on",
        )
    if has_standby and synchronous != "local":
        return []
    what = "it has no synchronous standby: a failover may lose acknowledged events"
    if location.require == "sync":
        raise _unfit(location, what, "synchronous_standby_names, or to leave out require=sync")
    return [what]


def _unfit(location: PostgresLocation, why: str, needs: str) -> StorageError:
    return StorageError(
        f"the server of {location.shown} is not one to keep a ledger: {why}",
        path=location.shown,
        hint=f"needs {needs}",
    )


def _prepare(connected: Connected, location: PostgresLocation, *, read_only: bool) -> None:
    """Have the tables, in the version of this release."""
    applied = _applied(connected, location)
    if applied < VERSION and not read_only:
        with connected.transaction():
            connected.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
            applied = _applied(connected, location)
            try:
                if not applied:
                    connected.execute(f"CREATE SCHEMA IF NOT EXISTS {location.schema}".encode())
                for script in migrations(location.schema, applied):
                    connected.execute(script.encode())
            except psycopg.errors.InsufficientPrivilege as error:
                raise StorageError(
                    f"the tables in {location.shown} are not there, and this role may not make"
                    f" them: {error.diag.message_primary}",
                    path=location.shown,
                    remedy="make_tables",
                ) from error
        applied = VERSION
    if applied == VERSION:
        return
    if not applied:
        raise _missing(location)
    raise StorageError(
        f"the tables in {location.shown} are of version {applied}, and this release works with"
        f" {VERSION}",
        path=location.shown,
        hint="upgrade jobledger" if applied > VERSION else "open it once to write",
    )


def _applied(connected: Connected, location: PostgresLocation) -> int:
    """Return the version of the tables; 0: there are none."""
    table = f"{location.schema}.schema_version"
    [(is_there,)] = connected.execute(_IS_THERE, (location.schema,)).fetchall()
    if not is_there:
        return 0
    [(version,)] = connected.execute(f"SELECT max(version) FROM {table}".encode()).fetchall()
    return int(version or 0)


def _find_shard(
    connected: Connected, location: PostgresLocation, options: EngineOptions
) -> Shard | None:
    """Find out which chain is meant, of how many, and remember how many there are where the name is
    new.

    Raises:
        StorageError: the name has another number of chains, or there is none.
    """
    asked, has = options.shard, _shards(connected, location)
    if asked is not None and has is None and not options.read_only:
        with connected.transaction():
            connected.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
            has = _shards(connected, location)
            if has is None:
                table = f"{location.schema}.sharded"
                connected.execute(
                    f"INSERT INTO {table} (name, shards) VALUES (%s, %s)".encode(),
                    (location.ledger, asked.of),
                )
                has = asked.of
    check_same(asked, has, location.shown)
    if asked is None:
        return None
    if has is None:
        raise _missing(location)
    return Shard(asked.number, has)


def _shards(connected: Connected, location: PostgresLocation) -> int | None:
    """Return how many chains the name has; 1 without shards; None: there is no such ledger."""
    text = _HAS.replace("{schema}", location.schema).encode()
    [(shards, is_there)] = connected.execute(text, {"name": location.ledger}).fetchall()
    return int(shards) if shards is not None else 1 if is_there else None


def _find(
    connected: Connected,
    location: PostgresLocation,
    options: EngineOptions,
    shard: Shard | None,
) -> tuple[int, str, str]:
    """Find the ledger of the location's name, or the chain; it is made where there is none."""
    ledgers = f"{location.schema}.ledgers"
    name = location.ledger if shard is None else f"{location.ledger}/{shard.number}"
    look = f"SELECT ledger, ledger_id, timezone FROM {ledgers} WHERE name = %s".encode()
    row = connected.execute(look, (name,)).fetchone()
    if row is None and not options.read_only:
        made = options.adopt or Identity(str(uuid4()), options.timezone or "UTC")
        with connected.transaction():
            if shard is None:
                # Nobody makes one of several chains of this name meanwhile.
                connected.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
                check_same(None, _shards(connected, location), location.shown)
            connected.execute(
                f"INSERT INTO {ledgers} (name, ledger_id, timezone) VALUES (%s, %s, %s)"
                " ON CONFLICT (name) DO NOTHING".encode(),
                (name, made.ledger_id, made.timezone),
            )
        row = connected.execute(look, (name,)).fetchone()
    if row is None:
        raise _missing(location)
    return row[0], row[1], row[2]


def _check_same(
    connected: Connected, location: PostgresLocation, number: int, ledger_id: str
) -> None:
    """Check that this is the database that the ledger was opened in, or one that goes on from it.

    Raises:
        LedgerCorruptError: it has another ledger in its place, or none.
    """
    look = f"SELECT ledger_id FROM {location.schema}.ledgers WHERE ledger = %s".encode()
    row = connected.execute(look, (number,)).fetchone()
    if row is None or row[0] != ledger_id:
        raise LedgerCorruptError(
            f"{location.shown}: the server does not have the ledger any more that was opened here",
            path=location.shown,
            kind="lost",
        )


def _missing(location: PostgresLocation) -> StorageError:
    return StorageError(
        f"there is no ledger {location.shown}", path=location.shown, remedy="make_ledger"
    )
