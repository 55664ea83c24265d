"""Files that commands hand out: written as a whole, and never over another without being told."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ..domain import StorageError, ValidationError
from ..eventstore.engines.files import FILE_MODE, FileSystem, set_mode, storage_errors

FILE = click.Path(allow_dash=True, readable=False)
"""A file that an option names, which a shell completes; what it must be is asked where it is."""


class WrittenOut(FileSystem):
    """For files that are no part of a ledger: they are for who runs the command, wherever they are
    put."""

    def settle(self, fd: int, path: Path) -> None:
        set_mode(fd, path, FILE_MODE)


def check_free(path: Path, *, force: bool) -> None:
    """Check that a file may be written there.

    Raises:
        StorageError: there is a file already, and no `force`.
    """
    with storage_errors("write", path):
        if path.is_dir():
            raise StorageError(f"{path} is a directory", path=str(path), hint="give a file")
        if not force and path.exists():
            raise StorageError(
                f"{path} is there already", path=str(path), hint="--force writes over it"
            )


def write_out(target: str, data: bytes, *, force: bool = False) -> None:
    """Write `data` to a file (mode 0600, as a whole, durably), or to standard output for `-`.

    Raises:
        StorageError: the file is there already and there is no `force`, or it cannot be written.
    """
    if target == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    check_free(path, force=force)
    with storage_errors("write", path):
        WrittenOut().write_file_durably(path, data)


def read_in(source: str, *, most_bytes: int) -> bytes:
    """Read what is in a file, or on standard input for `-`.

    Raises:
        StorageError: the file cannot be read.
        ValidationError: it is longer than what is looked for can be.
    """
    path = Path("standard input" if source == "-" else source)
    with storage_errors("read", path):
        if source == "-":
            data = sys.stdin.buffer.read(most_bytes + 1)
        else:
            with path.open("rb") as file:
                data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValidationError(f"{path} is longer than {most_bytes} bytes", field="file")
    return data


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Say in which file it is what a ValidationError is about."""
    try:
        yield
    except ValidationError as error:
        raise ValidationError(
            f"{name}: {error.message}", field=error.field, hint=error.advice, remedy=error.remedy
        ) from None
