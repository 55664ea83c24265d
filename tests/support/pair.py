"""A server of PostgreSQL and its standby."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from signal import SIGQUIT

from support import postgres
from support.waiting import eventually


class Pair:
    """A server and its standby. Where the standby is a *synchronous* one, nothing is committed
    before it has it, too."""

    CRASH = SIGQUIT
    """How a server dies as in a crash of its host."""

    def __init__(self) -> None:
        self.primary = postgres.Server(postgres.server().programs)
        self.primary.start()
        self.standby = postgres.Standby(self.primary)
        self.standby.start()

    @property
    def url(self) -> str:
        """The location of a ledger on whichever of both can be written to."""
        return self.primary.url("shop", self.standby, lease="1")

    def be_synchronous(self) -> None:
        with closing(postgres.connect(self.primary)) as admin:
            admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            admin.execute("SELECT pg_reload_conf()")
            eventually(partial(self._is_synchronous, admin), "a synchronous standby")

    def _is_synchronous(self, admin: postgres.Connected) -> bool:
        states = admin.execute("SELECT sync_state FROM pg_stat_replication").fetchall()
        return ("sync",) in states

    def has_caught_up(self) -> bool:
        """Whether the standby has all that the primary has by now."""
        with closing(postgres.connect(self.primary)) as admin:
            rows = admin.execute(
                "SELECT replay_lsn >= pg_current_wal_lsn() FROM pg_stat_replication"
            ).fetchall()
        return rows == [(True,)]

    def fail_over(self) -> None:
        """Have the primary die as in a crash of its host, and the standby take its place."""
        self.primary.stop(self.CRASH)
        self.standby.promote()

    def ends_waiting(self, admin: postgres.Connected, how: str) -> bool:
        """End the wait of a commit for the standby, by an administrator's hand; whether one was."""
        done = admin.execute(
            f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'".encode()
        ).fetchall()
        return bool(done)

    def close(self) -> None:
        self.standby.end()
        self.primary.end()
