"""How much the files of posts take."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from ..eventstore.engines.files import storage_errors
from .chains import chains_of
from .ledger import Ledger


class KeptMedia(msgspec.Struct, frozen=True):
    """How many files of posts a ledger keeps, and how many bytes they have."""

    files: int
    bytes: int


def kept_media(ledger: Ledger) -> KeptMedia | None:
    """Return how much the files of posts are that a ledger keeps, by asking for the size of each;
    None where it keeps none.

    Raises:
        StorageError: they cannot be looked at.
    """
    stores = [store for each in chains_of(ledger) if (store := each._media.store) is not None]
    if not stores:
        return None
    files = found = 0
    for store in stores:
        for name in store.names():
            path = store.path_of(name)
            with storage_errors("look at", path), suppress(FileNotFoundError):
                found += store.fs.file_size(path)
                files += 1
    return KeptMedia(files, found)
