"""Procrastinate on a PostgreSQL of its own."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from . import ACCOUNT, LATER, TEXT, LivingPeer, publish
from .postgres import Server


def make_tables(conninfo: str) -> None:
    """Make its tables in a database."""
    with App(connector=SyncPsycopgConnector(conninfo=conninfo)).open() as app:
        app.schema_manager.apply_schema()


class Procrastinate(LivingPeer):
    packages = ("procrastinate", "psycopg")
    durability = "PostgreSQL, fsync and synchronous_commit on (its defaults), over a local socket"
    remark = "needs a server, which works on the other core meanwhile"
    life = "deferred; fetched; finished, with a row of an event table each; the worker starts anew"

    def __init__(self, place: Path) -> None:
        logging.getLogger("procrastinate").setLevel(logging.ERROR)
        self._server = Server()
        try:
            self._app = App(
                connector=SyncPsycopgConnector(
                    conninfo=self._server.conninfo, min_size=1, max_size=1
                )
            )
            self._task = self._app.task(name="publish", queue="due")(publish)
            self._app.open()
            self._app.schema_manager.apply_schema()
        except BaseException:
            self._server.stop()
            raise

    def settings(self) -> dict[str, str]:
        """Ask the server for what it says of its own durability."""
        names = ("server_version", "fsync", "synchronous_commit", "wal_sync_method")
        with psycopg.connect(self._server.conninfo) as connection:
            return {n: connection.execute(f"SHOW {n}").fetchone()[0] for n in names}  # type: ignore[index]

    def add(self, count: int) -> None:
        task = self._task.configure(schedule_at=LATER)
        for _ in range(count):
            task.defer(account=ACCOUNT, text=TEXT)

    def live(self, count: int) -> None:
        for _ in range(count):
            self._task.defer(account=ACCOUNT, text=TEXT)
        asyncio.run(self._work())

    async def _work(self) -> None:
        connector = PsycopgConnector(conninfo=self._server.conninfo, min_size=1, max_size=4)
        app = self._app.with_connector(connector)
        async with app.open_async():
            await app.run_worker_async(
                queues=["due"], wait=False, listen_notify=False, install_signal_handlers=False
            )

    def close(self) -> None:
        try:
            self._app.close()
        finally:
            self._server.stop()
