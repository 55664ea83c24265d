"""Other libraries that keep jobs, one a module, each doing the same work as jobledger.

A module's class says how durable it was told to be, and in a word where it does less than ours or
more. `ALL` names them; that a library is not installed shows when its module is imported.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import ClassVar

ACCOUNT = "my-shop"
TEXT = "x" * 120
LATER = datetime.now(UTC) + timedelta(days=30)
LATER_TEXT = LATER.isoformat()
POSTED = "17890"


class NotHereError(Exception):
    """What the library needs is not on this machine; the message says what."""


class Peer:
    """A library with a store in `place`, ready to take jobs."""

    packages: ClassVar[tuple[str, ...]] = ()
    """The distributions whose versions are told."""
    durability: ClassVar[str]
    remark: ClassVar[str] = ""
    """Where it does less than ours, or more."""
    bare: ClassVar[bool] = False
    """An engine with nothing on it, which others are built on: a limit like the bare append."""

    def __init__(self, place: Path) -> None:
        raise NotImplementedError

    def add(self, count: int) -> None:
        """So many jobs for later, one by one, each durable before the next."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of files, threads and servers."""


class LivingPeer(Peer):
    """One that runs jobs too, in this process."""

    life: ClassVar[str]
    """What it writes from the add of a job to its end."""

    def live(self, count: int) -> None:
        """So many jobs added one by one, started, called, and recorded as done."""
        raise NotImplementedError


ALL = {
    "jobledger": "jobledger_itself:Jobledger",
    "a JSON file": "json_file:JsonFile",
    "APScheduler": "apscheduler_sqlite:APScheduler",
    "Huey": "huey_sqlite:Huey",
    "Huey, not synced": "huey_sqlite:HueyUnsynced",
    "persist-queue": "persist_queue:PersistQueue",
    "eventsourcing": "eventsourcing_sqlite:EventSourcing",
    "DBOS": "dbos_sqlite:DurableWorkflows",
    "Procrastinate": "procrastinate_postgres:Procrastinate",
    "litequeue": "litequeue_sqlite:SyncedLiteQueue",
    "SimpleBroker": "simplebroker_sqlite:SimpleBroker",
    "LeanQueue": "leanqueue_log:LeanQueue",
    "localqueue": "localqueue_sqlite:LocalQueue",
    "SQLite, bare": "bare_sqlite:BareSqlite",
    "RocksDB, bare": "bare_rocksdb:BareRocksDB",
    "LMDB, bare": "bare_lmdb:BareLMDB",
}


def kind_of(name: str) -> type[Peer]:
    """Return the class of a peer.

    Raises:
        ImportError: the library is not installed.
    """
    module, _, kind = ALL[name].partition(":")
    found: type[Peer] = getattr(import_module(f"others.{module}"), kind)
    return found


def publish(account: str, text: str) -> str:
    """Do nothing: it is what the peers call."""
    return POSTED
