"""Taking turns: a ledger's locks, which are `flock`s, and how long one waits for them.

The kernel drops a lock when its process dies, but not when it is stopped (Ctrl-Z, a debugger, a
frozen container). So nobody waits without end: after two seconds it is told who holds the lock,
after a minute the waiting is given up, and whoever wants to end waits for about two seconds in all.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import msgspec

from ....domain import LedgerBusyError
from ...commit_queue import change_within_change
from .filesystem import FileIdentity, FileSystem, LockHolder, storage_error
from .names import DirectoryNames

LONGEST_S = 60.0
"""How long a lock is waited for."""
BRIEF_S = 2.0
"""How long all locks together are waited for by somebody who wants to end."""
_AT_LEAST_S = 0.5
"""How long each of them is all the same: others hold them for an instant all the time."""
_TOLD_AFTER_S = 2.0
_FIRST_PAUSE_S = 0.0001
_LONGEST_PAUSE_S = 0.02

_TRIES = 100
"""How often a lock's file is opened anew that somebody has replaced meanwhile."""

_holders: dict[FileIdentity, int] = {}
"""The threads of this process that hold an append lock, by the lock's file. A signal handler that
uses a second handle would wait for the very thread that it interrupted."""


class LockWait(msgspec.Struct, frozen=True):
    """A wait that has become long: for which lock, held by whom, and for how long so far."""

    path: Path
    holder: LockHolder | None
    seconds: float


class Patience:
    """How long one handle waits for locks. `tell` hears of each wait that becomes long, once.

    Safe to use from any thread, and `hurry` from a signal handler.
    """

    def __init__(
        self,
        tell: Callable[[LockWait], object] = lambda wait: None,
        time: Callable[[], float] = monotonic,
    ) -> None:
        self._tell = tell
        self._time = time
        self._until: float | None = None

    def hurry(self) -> None:
        """Wait for about two more seconds in all, whoever waits just now included: the handle is
        to end. Calling it again does not make it longer."""
        if self._until is None:
            self._until = self._time() + BRIEF_S

    def calm_down(self) -> None:
        """Wait as long as ever again."""
        self._until = None

    def take(self, fs: FileSystem, fd: int, path: Path, *, shared: bool = False) -> None:
        """Take the lock of an open file.

        Raises:
            LedgerBusyError: somebody else holds it all the time.
            OSError: the system refuses.
        """
        if not fs.lock(fd, wait=False, shared=shared):
            self._wait(fs, fd, path, shared)

    def _wait(self, fs: FileSystem, fd: int, path: Path, shared: bool) -> None:
        begun, pause_s, is_told = self._time(), _FIRST_PAUSE_S, False
        while not fs.lock(fd, wait=False, shared=shared):
            waited_s, until = self._time() - begun, self._until
            longest_s = LONGEST_S if until is None else max(until - begun, _AT_LEAST_S)
            if waited_s >= longest_s:
                raise _busy(path, fs.lock_holder(fd), waited_s)
            if waited_s >= _TOLD_AFTER_S and not is_told:
                is_told = True
                self._tell(LockWait(path, fs.lock_holder(fd), waited_s))
            fs.pause(pause_s)
            pause_s = min(1.5 * pause_s, _LONGEST_PAUSE_S)


def _busy(path: Path, holder: LockHolder | None, waited_s: float) -> LedgerBusyError:
    who = "another process" if holder is None else str(holder)
    return LedgerBusyError(
        f"{who} holds {path}, which was waited for {waited_s:.0f} s; nothing was changed",
        path=str(path),
        pid=None if holder is None else holder.pid,
        hint="let that process go on (`kill -CONT`), or end it",
    )


class AppendLock:
    """The lock that writers to a log take turns by, taken within a `with`.

    An interruption may come between the taking and the `with` (a signal's handler that raises), so
    whoever called for it calls `let_go` when it is broken off.
    """

    __slots__ = (
        "_directory",
        "_fd",
        "_fs",
        "_identity",
        "_names",
        "_path",
        "_patience",
        "_sure_of",
        "is_held",
    )

    def __init__(
        self,
        fs: FileSystem,
        path: Path,
        fd: int,
        patience: Patience,
        names: DirectoryNames | None = None,
    ) -> None:
        self._fs = fs
        self._directory = path.parent
        self._names = names or DirectoryNames()
        self._sure_of: object = None
        """Of which state of the names the file's own was its own."""
        self._path = path
        self._fd: int | None = fd
        self._identity = fs.identity(fd)
        self._patience = patience
        self.is_held = False

    def __enter__(self) -> None:
        if _holders.get(self._identity) == threading.get_ident():
            raise change_within_change()
        self.is_held = True  # before it is, so that `let_go` never misses one
        try:
            self._take()
        except OSError as error:
            self.let_go()
            raise storage_error("lock", self._path, error) from error
        except BaseException:
            self.let_go()
            raise
        _holders[self._identity] = threading.get_ident()

    def __exit__(self, *error: object) -> None:
        self.let_go()

    def _take(self) -> None:
        """Lock the file that has the lock's name; opened anew where somebody has removed it, as
        others do."""
        fs, path = self._fs, self._path
        for _ in range(_TRIES):
            assert self._fd is not None
            self._patience.take(fs, self._fd, path)  # rule: writers-take-turns
            try:
                state = self._names.state = fs.names_state(self._directory)
                if state is None or self._sure_of != state:  # rule: lock-of-this-state
                    fs.named_size(path, self._identity)
                    self._sure_of = state
                return
            except FileNotFoundError:
                fs.unlock(self._fd)
            try:
                fresh = fs.open_write(path, create=True)
            except FileNotFoundError:
                raise FileNotFoundError(errno.ENOENT, "the directory was removed") from None
            replaced, self._fd, self._identity = self._fd, fresh, fs.identity(fresh)
            self._sure_of = None
            fs.close(replaced)
        raise FileNotFoundError(errno.ENOENT, "it is replaced again and again")

    def let_go(self) -> None:
        """Release it where it is held. Does nothing otherwise; it cannot fail."""
        if self.is_held:
            if _holders.get(self._identity) == threading.get_ident():
                del _holders[self._identity]
            self._names.state = None  # rule: names-for-a-turn
            if self._fd is not None:
                self._fs.unlock(self._fd)
            self.is_held = False

    def close(self) -> None:
        """Close the file, and the lock with it."""
        fd, self._fd = self._fd, None
        if fd is not None:
            _holders.pop(self._identity, None)
            self._fs.close(fd)
