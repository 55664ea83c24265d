"""RocksDB with nothing on it, by rocksdict."""

from __future__ import annotations

from pathlib import Path

from rocksdict import Options, Rdict, WriteOptions

from .keyed import KeyedPeer


class BareRocksDB(KeyedPeer):
    packages = ("rocksdict",)
    durability = "RocksDB by rocksdict, its log of writes synced at each (`sync=True`)"

    def __init__(self, place: Path) -> None:
        self._database = Rdict(str(place / "jobs"), Options(raw_mode=True))
        synced = WriteOptions()
        synced.sync = True
        self._database.set_write_options(synced)

    def put(self, key: bytes, value: bytes) -> None:
        self._database.put(key, value)

    def close(self) -> None:
        self._database.close()
