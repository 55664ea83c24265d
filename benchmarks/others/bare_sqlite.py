"""SQLite with one table and statements by hand: what a library on it can reach."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish


class BareSqlite(LivingPeer):
    bare = True
    durability = "SQLite, WAL, synchronous=FULL"
    remark = "a table and an INSERT, nothing else: no loop, no rules, no history"
    life = "a row inserted; updated as running; updated as completed"

    def __init__(self, place: Path) -> None:
        self._database = sqlite3.connect(place / "jobs.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute(
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY, account TEXT, text TEXT, at TEXT,"
            " status TEXT)"
        )

    def add(self, count: int) -> None:
        for _ in range(count):
            self._insert()

    def live(self, count: int) -> None:
        for job in [self._insert() for _ in range(count)]:
            self._update(job, "running")
            publish(ACCOUNT, TEXT)
            self._update(job, "completed")

    def _insert(self) -> int:
        done = self._database.execute(
            "INSERT INTO jobs (account, text, at, status) VALUES (?, ?, ?, 'scheduled')",
            (ACCOUNT, TEXT, LATER_TEXT),
        )
        assert done.lastrowid is not None
        return done.lastrowid

    def _update(self, job: int, status: str) -> None:
        self._database.execute("UPDATE jobs SET status = ? WHERE id = ?", (status, job))

    def close(self) -> None:
        self._database.close()
