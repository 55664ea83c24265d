"""Every call that touches the disk, in one class: the seam where tests put their faults.

Methods are thin over the system calls and raise OSError as those do; what an error means for the
ledger is decided by the callers.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from ..domain.errors import StorageError

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600

# Opening a FIFO that somebody has put in a file's place would wait for ever without O_NONBLOCK.
_NO_FOLLOW = os.O_CLOEXEC | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0)
_FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)

_HINTS = {
    errno.ENOSPC: "the disk is full: make room, then open the ledger again",
    errno.EDQUOT: "the quota is used up: make room, then open the ledger again",
    errno.EACCES: "check the owner and the permissions",
    errno.EPERM: "check the owner and the permissions",
    errno.EROFS: "the file system is mounted read-only",
    errno.ENOTDIR: "a file is in the way: give a directory",
    errno.EEXIST: "a file is in the way: give a directory",
    errno.ELOOP: "it is a symbolic link, which a ledger does not follow",
}


class FileSystem:
    """The real file system. File descriptors are close-on-exec and never follow a final link."""

    def new_id(self) -> str:
        """An id that nothing else has: a random UUID."""
        return str(uuid4())

    def process_id(self) -> int:
        """The number of this process, for people who look for it."""
        return os.getpid()

    def pause(self, seconds: float) -> None:
        """Let others have a lock before it is tried again."""
        time.sleep(seconds)

    def make_directory(self, path: Path) -> None:
        """Make `path`, and what is missing above it, durably; the directory gets mode 0700."""
        if self.is_directory(path):
            return
        for missing in self._missing(path):
            with suppress(FileExistsError):  # another process has just made it
                self.make_one_directory(missing, DIRECTORY_MODE if missing == path else None)
            self.sync_directory(missing.parent)
        if not self.is_directory(path):
            raise FileExistsError(errno.EEXIST, "a file is in the way", str(path))

    def _missing(self, path: Path) -> list[Path]:
        """`path` and the directories above it that are not there, the highest first."""
        missing = [path]
        while not self.is_directory(missing[0].parent) and missing[0] != missing[0].parent:
            missing.insert(0, missing[0].parent)
        return missing

    def sync_path_to(self, directory: Path) -> None:
        """The names that lead to a directory are on disk when this returns.

        Whoever made them, and was stopped before it was certain. A directory above that may not be
        read is passed over: nobody who may not read it has made the way through it.
        """
        for above in directory.absolute().parents:
            with suppress(PermissionError):
                self.sync_directory(above)

    def is_directory(self, path: Path) -> bool:
        return path.is_dir()

    def make_one_directory(self, path: Path, mode: int | None = None) -> None:
        """With this mode whatever the umask; by default as the umask says."""
        path.mkdir(0o777 if mode is None else mode)
        if mode is not None:
            path.chmod(mode)

    def list_directory(self, path: Path) -> list[str]:
        return sorted(os.listdir(path))

    def check_owner(self, directory: Path) -> None:
        """
        Raises:
            PermissionError: the directory is another user's; the administrator may all the same.
        """
        _check_owner(directory.stat())

    def kind_of(self, directory: Path) -> str | None:
        """The kind of file system that the directory is on; None where the system does not say."""
        try:
            mounts = Path("/proc/self/mountinfo").read_bytes().decode(errors="replace")
        except OSError:
            return None
        device = directory.stat().st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        for line in mounts.splitlines():
            fields, _, rest = line.partition(" - ")
            if fields.split()[2:3] == [wanted]:
                return rest.partition(" ")[0]
        return None

    def open_read(self, path: Path) -> int:
        fd = os.open(path, os.O_RDONLY | _NO_FOLLOW)
        return self._checked(fd, os.fstat(fd))

    @staticmethod
    def _checked(fd: int, status: os.stat_result, *, owned: bool = False) -> int:
        """The descriptor, which is closed if it is not one of a file for us."""
        try:
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            if owned:
                _check_owner(status)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
        """Open for reading and writing; a file made here has mode 0600 whatever the umask."""
        # rule: follow-no-link
        flags = os.O_RDWR | _NO_FOLLOW | (os.O_TRUNC if truncate else 0)
        try:
            fd = os.open(path, flags)
            return self._checked(fd, os.fstat(fd), owned=True)
        except FileNotFoundError:
            if not create:
                raise
        fd = os.open(path, flags | os.O_CREAT, FILE_MODE)
        if stat.S_IMODE(os.fstat(fd).st_mode) != FILE_MODE:  # rule: mode-of-files
            os.fchmod(fd, FILE_MODE)
        return fd

    def close(self, fd: int) -> None:
        os.close(fd)

    def size(self, fd: int) -> int:
        """The length of an open file.

        Raises:
            FileNotFoundError: the file was removed: what is written to it would be gone.
        """
        status = os.fstat(fd)
        if status.st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "the file was removed while it was open")
        return status.st_size

    def file_size(self, path: Path) -> int:
        """The length of a file that need not be open."""
        return path.stat(follow_symlinks=False).st_size

    def written_s(self, path: Path) -> float:
        """When a file was last written, by the file system's clock, in seconds since the epoch."""
        return os.stat(path).st_mtime

    def free_bytes(self, path: Path) -> int:
        """How much room there is for us on the disk that has a file or directory."""
        found = os.statvfs(path)
        return found.f_bavail * found.f_frsize

    def read_at(self, fd: int, count: int, offset: int) -> bytes:
        """At most `count` bytes; fewer only at the end of the file."""
        data = part = os.pread(fd, count, offset)
        while part and len(data) < count:
            part = os.pread(fd, count - len(data), offset + len(data))
            data += part
        return data

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """All of `data`, or an OSError."""
        written = os.pwrite(fd, data, offset)
        while written < len(data):
            written += os.pwrite(fd, memoryview(data)[written:], offset + written)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def sync_data(self, fd: int) -> None:
        """The file's bytes and size are on disk when this returns."""
        if _FULL_SYNC is not None:  # macOS: fsync stops at the drive's cache
            fcntl.fcntl(fd, _FULL_SYNC)
        else:
            os.fdatasync(fd)

    def sync_directory(self, path: Path) -> None:
        """The directory's entries are on disk when this returns."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        os.rename(source, target)

    def remove(self, path: Path) -> None:
        os.unlink(path)

    def lock(self, fd: int, *, wait: bool, shared: bool = False) -> bool:
        """Take the exclusive `flock` of an open file, or a `shared` one, which many may hold.

        False when it is held and `wait` is not set.

        The lock goes with the open file: the kernel drops it when the process dies.
        """
        try:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(fd, kind | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def unlock(self, fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)

    def read_file(self, path: Path) -> bytes:
        fd = self.open_read(path)
        try:
            return self.read_at(fd, self.size(fd) + 1, 0)
        finally:
            self.close(fd)

    def write_file_durably(self, path: Path, data: bytes) -> None:
        """Replace `path` as a whole: temp file, fsync, rename, directory fsync."""
        self.write_parts_durably(path, (data,))

    def write_parts_durably(self, path: Path, parts: Iterable[bytes]) -> None:
        """The same with what is not in memory as a whole; where making a part fails, the file stays
        as it was."""
        temporary = path.with_name(f".{path.name}.tmp")
        fd = self.open_write(temporary, create=True, truncate=True)
        try:
            try:
                offset = 0
                for part in parts:
                    self.write_at(fd, part, offset)
                    offset += len(part)
                self.sync_data(fd)  # rule: sync-a-new-file
            finally:
                self.close(fd)
            self.rename(temporary, path)
        except BaseException:
            with suppress(OSError):  # on a full disk what is left of it would be in the way
                self.remove(temporary)
            raise
        self.sync_directory(path.parent)  # rule: sync-a-new-name


def _check_owner(status: os.stat_result) -> None:
    user = os.geteuid()
    if user not in (0, status.st_uid):
        raise PermissionError(errno.EPERM, f"it belongs to user {status.st_uid}, not to {user}")


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


def storage_error(doing: str, path: Path, error: OSError) -> StorageError:
    """The StorageError for an OSError while `doing` something with `path`."""
    reason = error.strerror or str(error)
    return StorageError(
        f"cannot {doing} {path}: {reason}",
        path=str(path),
        hint=_HINTS.get(error.errno or 0),
    )
