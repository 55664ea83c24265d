"""One chain of a ledger in PostgreSQL that has several: which ids are its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import psycopg

from ...shards import Shard
from .connecting import Opened
from .connection import PostgresConnection, failed
from .engine import PostgresEngine, PostgresEngineWithFiles
from .location import PostgresLocation

if TYPE_CHECKING:
    from ..registry import EngineOptions

_CLAIM = (
    "INSERT INTO {schema}.claims (name, job, shard)"
    " SELECT %(name)s, job, %(shard)s FROM unnest(%(jobs)s::text[]) AS job"
    " ON CONFLICT (name, job) DO NOTHING"
)
_OTHERS = (
    "SELECT job FROM {schema}.claims"
    " WHERE name = %(name)s AND job = ANY(%(jobs)s::text[]) AND shard <> %(shard)s"
)


class Claims:
    """The ids of one chain, over a connection of its own: it is asked in the midst of an append."""

    def __init__(self, connection: PostgresConnection, at: PostgresLocation, shard: Shard) -> None:
        self._connection = connection
        self._at = at
        self._shard = shard

    def claim(self, keys: Sequence[str]) -> list[str]:
        """Note that these ids are this chain's; return those that another has (see
        `shards.ClaimsJobs`). Asked again after a lost answer it comes to the same."""
        # In one order, or two that claim several could wait for each other.
        values = {
            "name": self._at.ledger, "jobs": sorted(set(keys)), "shard": self._shard.number,
        }  # fmt: skip
        try:
            try:
                return self._claim(values)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self._connection.drop()
                return self._claim(values)
        except psycopg.Error as error:
            self._connection.drop()
            raise failed("write to", self._at, error) from error

    def _claim(self, values: dict[str, object]) -> list[str]:
        claim, others = (text.replace("{schema}", self._at.schema) for text in (_CLAIM, _OTHERS))
        with self._connection.use() as connected:
            connected.execute(claim.encode(), values)
            # Behind the other, which has waited for whoever was claiming one of them.
            return [job for (job,) in connected.execute(others.encode(), values).fetchall()]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class PostgresShard(PostgresEngine):
    """One handle on one chain."""

    def __init__(
        self, location: PostgresLocation, options: EngineOptions, opened: Opened, shard: Shard
    ) -> None:
        super().__init__(location, options, opened)
        self.shard = shard
        self._claims = Claims(self._connect(), location, shard)
        self.claim = self._claims.claim

    def close(self) -> None:
        """Close the connections."""
        super().close()
        self._claims.close()


class PostgresShardWithFiles(PostgresShard, PostgresEngineWithFiles):
    """One that has a directory on this machine, one of several in that of the location."""


def open_shard(location: PostgresLocation, options: EngineOptions, opened: Opened) -> PostgresShard:
    """Open a handle on one chain of a location, which was found."""
    shard = opened.shard
    assert shard is not None
    location = msgspec.structs.replace(
        location,
        shown=f"{location.shown}&shard={shard.number}",
        files=location.files and f"{location.files}/shard-{shard.number}",
    )
    kind = PostgresShardWithFiles if location.files else PostgresShard
    return kind(location, options, opened, shard)
