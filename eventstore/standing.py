"""Whether a handle on a log can still be used, and for what."""

from __future__ import annotations

import os

from ..domain import JobLedgerError, StorageError
from .commit_queue import broken_off
from .port import AppendFailedError


class Standing:
    """What has become of a handle: closed, refused by its owner, poisoned by a failed write, left
    in the child of a fork.

    After a failed write nothing on the handle is trusted any more, until the log is reopened; after
    an interruption in the middle of one the same, and the disk is not to blame.
    """

    def __init__(self, location: str, *, read_only: bool) -> None:
        self._location = location
        self._read_only = read_only
        self._pid = os.getpid()
        self._left_by_fork = False
        self._refused: JobLedgerError | None = None
        self.poison: StorageError | None = None
        """Why it is poisoned; None: it is not."""
        self.was_broken_off = False
        """Whether only an interruption has poisoned it, so that it mends itself."""
        self.is_closed = False
        self.is_sound = True
        """Whether nothing is wrong with it: kept, since it is asked at every step."""

    # -- what has become of it -----------------------------------------------------------------

    def refuse(self, error: JobLedgerError) -> None:
        """Be of no use any more: the owner refuses what is in the log."""
        self._refused, self.is_sound = error, False

    def fail(self, error: AppendFailedError) -> StorageError:
        """Be poisoned by a write that failed; return the error that says what that means."""
        poison = StorageError(
            f"{error.message}; whether the change is in the log is unknown until it is reopened",
            path=error.path,
            hint=error.advice,
            remedy=error.remedy if error.hint else "open_again",
        )
        poison.__cause__ = error.__cause__
        self.is_sound = False
        self.poison = poison  # rule: failed-write-poisons
        return poison

    def break_off(self) -> None:
        """Be poisoned by an interruption in the middle of a write."""
        self.is_sound = False
        self.poison, self.was_broken_off = broken_off(), True

    def recover(self) -> None:
        """Be of use again: the log was reopened."""
        self.poison, self.was_broken_off = None, False
        self.is_sound = self._refused is None and not self.is_closed

    def close(self) -> None:
        """Be closed; in the child of a fork, for having been the parent's."""
        if self.is_forked() and not self.is_closed:
            self._left_by_fork = True
        self.is_closed, self.is_sound = True, False

    # -- what it is ----------------------------------------------------------------------------

    @property
    def is_refused(self) -> bool:
        """Say whether its owner has refused what is in the log."""
        return self._refused is not None

    def is_forked(self) -> bool:
        """Say whether this is the child of a fork, which shares every lock with its parent."""
        return os.getpid() != self._pid

    # -- checks --------------------------------------------------------------------------------

    def check_not_refused(self) -> None:
        """Check that the owner has taken in all that it was told.

        Raises: why it has not.
        """
        if self._refused is not None:
            raise self._refused

    def check_not_poisoned(self) -> None:
        """Check that no write has failed.

        Raises:
            StorageError: one has, and the log has not been reopened since.
        """
        if self.poison is not None:
            raise StorageError(
                "a write has failed; whether it is in the log is unknown until it is reopened",
                path=self._location,
            )

    def check_not_forked(self) -> None:
        """Check that the handle is this process's own.

        Raises:
            StorageError: this is the child of a fork, and the handle is its parent's.
        """
        if self._left_by_fork:
            raise self._forked()

    def check_open(self) -> None:
        """Check that it can be read from.

        Raises:
            StorageError: it was closed, or is of another process.
        """
        self.check_not_forked()
        if self.is_closed:
            raise StorageError(
                f"the ledger {self._location} is closed",
                path=self._location,
                hint="open it again",
            )
        self.check_not_refused()

    def check_usable(self) -> None:
        """Check that it can be written to, or that it can mend itself.

        Raises:
            StorageError: it was closed, refused, or poisoned by the disk.
        """
        if self.is_closed or self._refused is not None:
            self.check_open()
        if self.poison is not None and not self.was_broken_off:
            raise self.poison

    def check_writable(self) -> None:
        """Check that it can be written to from this process.

        Raises:
            StorageError: as `check_usable`; or it is open read-only, or of another process.
        """
        if not self.is_sound:
            self.check_usable()
        if self._read_only:
            raise StorageError(
                f"the ledger {self._location} is open read-only", path=self._location
            )
        if self.is_forked():  # rule: no-lock-in-a-fork
            raise self._forked()

    def _forked(self) -> StorageError:
        return StorageError(
            f"the ledger {self._location} was opened before this process was forked: a handle is of"
            " the process that opened it",
            path=self._location,
            hint="open it again in the child: in a worker's start, after the fork",
        )
