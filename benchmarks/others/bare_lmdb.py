"""LMDB with nothing on it."""

from __future__ import annotations

from pathlib import Path

import lmdb

from .keyed import KeyedPeer


class BareLMDB(KeyedPeer):
    packages = ("lmdb",)
    durability = (
        "LMDB, `sync` and `metasync` on (its defaults): pages synced, then the root by O_DSYNC"
    )

    def __init__(self, place: Path) -> None:
        self._database = lmdb.open(str(place / "jobs"), map_size=2**30)

    def put(self, key: bytes, value: bytes) -> None:
        with self._database.begin(write=True) as transaction:
            transaction.put(key, value)

    def close(self) -> None:
        self._database.close()
