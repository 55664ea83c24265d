"""Keeping a file that is in memory, as one that came over the network is, in a ledger's store."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

from ..domain import MediaFile, ValidationError, media_facts
from ..eventstore.engines.files import storage_errors
from .media_store import MediaStore


def keep_bytes(store: MediaStore, data: bytes) -> MediaFile:
    """Write a file into the store, where it is on disk when this returns, and say what it is.

    Raises:
        ValidationError: it is too large, or no image or video that is known.
        StorageError: the store cannot be read or written.
    """
    if len(data) > store.most_bytes:
        raise ValidationError(
            f"the file has {len(data)} bytes, and at most {store.most_bytes} are kept",
            field="media",
            hint="make it smaller, or give an https address",
        )
    media_facts(data)  # before anything of it is on the disk
    name = sha256(data).hexdigest()
    with store.holding():
        found = store.find(name)
        if found is None:
            _write(store, name, data)
            found = store.find(name)
    if found is None:
        raise ValidationError("the file was changed while it was written", field="media")
    return found


def _write(store: MediaStore, name: str, data: bytes) -> None:
    fs, kept = store.fs, store.path_of(name)
    # A name of its own: others may be keeping the same file.
    temporary = kept.with_name(f".{name}.{fs.new_id()}.tmp")
    with storage_errors("write", kept):
        for directory in (store.directory, kept.parent):
            fs.make_directory(directory)
        try:
            fd = fs.open_write(temporary, create=True, truncate=True)
            try:
                fs.write_at(fd, data, 0)
                fs.sync_data(fd)
            finally:
                fs.close(fd)
            fs.rename(temporary, kept)
        except BaseException:
            with suppress(OSError):
                fs.remove(temporary)
            raise
