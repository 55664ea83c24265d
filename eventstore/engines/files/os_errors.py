"""What an error of the system means for people: which path, why, and what they could do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ....domain import StorageError

_HINTS = {
    errno.ENOSPC: "the disk is full: make room, then open the ledger again",
    errno.EDQUOT: "the quota is used up: make room, then open the ledger again",
    errno.EROFS: "the file system is mounted read-only: mount it for writing; looking still works",
    errno.ENOTDIR: "a file is in the way: give a directory",
    errno.EEXIST: "a file is in the way: give a directory",
    errno.EISDIR: "a directory is in the way of a file: move it elsewhere",
    errno.ELOOP: "it is a symbolic link, which a ledger does not follow",
    errno.ENAMETOOLONG: "the path is too long: put the ledger at a shorter one",
    errno.EMFILE: "this process has too many files open: close some, or raise `ulimit -n`",
    errno.ENFILE: "the machine has too many files open",
    errno.EIO: "the disk reports an error: look at it before anything else is written there",
}
_NO_FILE = (errno.EINVAL, errno.EISDIR, errno.ELOOP)


class ExplainedError(OSError):
    """An error that knows what to do about it."""

    def __init__(self, number: int, message: str, path: Path, hint: str) -> None:
        super().__init__(number, message, str(path))
        self.hint = hint


class NotOursError(ExplainedError, PermissionError):
    """A file or directory that somebody else has the say of."""


class NotThereError(ExplainedError, FileNotFoundError):
    """A place that is not there."""


class CannotSyncError(ExplainedError):
    """A file system that has no way to make a directory's entries certain."""


def cannot_sync_directory(error: OSError, path: Path) -> CannotSyncError:
    """Return the error for that, of what the system said."""
    return CannotSyncError(
        error.errno or 0,
        f"the file system cannot sync a directory, so that a new file could be lost"
        f" ({error.strerror})",
        path,
        "keep the ledger on a file system of a local disk that can, such as ext4 or xfs",
    )


def renamed() -> FileNotFoundError:
    """Return the error for an open file that has lost its name."""
    return FileNotFoundError(errno.ENOENT, "the file was renamed or replaced while it was open")


class storage_errors:
    """Turn an OSError into a StorageError with the path and a hint.

    A class, since every append enters some of them and a generator costs more than its calls.
    """

    __slots__ = ("_doing", "_path")

    def __init__(self, doing: str, path: Path) -> None:
        self._doing = doing
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            raise storage_error(self._doing, self._path, error) from error


def is_no_file(error: BaseException | None) -> bool:
    """Whether there is something else than a file of ours: a directory, a link, a pipe."""
    return isinstance(error, OSError) and error.errno in _NO_FILE


def storage_error(doing: str, path: Path, error: OSError) -> StorageError:
    """Return the StorageError for an OSError while `doing` something with `path`."""
    reason = error.strerror or str(error)
    where = error.filename
    if isinstance(where, str) and where != str(path):
        reason = f"{where}: {reason}"  # what was done to one took another
    return StorageError(f"cannot {doing} {path}: {reason}", path=str(path), hint=_hint(error))


def _hint(error: OSError) -> str | None:
    if isinstance(error, ExplainedError):
        return error.hint
    if isinstance(error, PermissionError):
        return f"check the owner and the permissions; this process runs as user {os.geteuid()}"
    return _HINTS.get(error.errno or 0)
