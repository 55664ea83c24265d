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
from contextlib import nullcontext, suppress
from pathlib import Path
from uuid import uuid4

from .descriptors import OPEN_FILES, map_file, open_file, unnamed_file
from .host import Host as Host
from .host import host_of
from .lock_holder import FileIdentity as FileIdentity
from .lock_holder import LockHolder as LockHolder
from .lock_holder import find_holder
from .names import COARSE_NS, QUIET_NS
from .os_errors import cannot_sync_directory, renamed
from .os_errors import is_no_file as is_no_file
from .os_errors import storage_error as storage_error
from .os_errors import storage_errors as storage_errors
from .owner import (
    FILE_MODE,
    check_directory,
    check_file,
    group_that_may_write,
    settle_directory,
    settle_file,
)
from .places import kind_of_mount, make_way_to, place_of, sizes_in, sync_way_to
from .places import located as located

# Opening a FIFO that somebody has put in a file's place would wait for ever without O_NONBLOCK.
_NO_FOLLOW = os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0)
_FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)
_NO_SYNC_OF_DIRECTORIES = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)


class FileSystem:
    """The real file system. File descriptors are close-on-exec and above those of the standard
    streams; no final link is followed; what is made belongs to whom its directory belongs."""

    def new_id(self) -> str:
        """Return an id that nothing else has: a random UUID."""
        return str(uuid4())

    def process_id(self) -> int:
        """Return the number of this process, for people who look for it."""
        return os.getpid()

    def pause(self, seconds: float) -> None:
        """Let others have a lock before it is tried again."""
        time.sleep(seconds)

    def locate(self, path: Path) -> Path:
        """Return the absolute path without links of what `path` names now, or will once it is made.

        A link that leads nowhere is left as it is: what it stands for may only be not mounted yet.

        Raises:
            FileNotFoundError: it is relative, and the working directory was removed.
        """
        return place_of(path)

    def make_directory(self, path: Path) -> None:
        """Make `path` and what is missing above it, durably; with mode 0700, shared ones 2770."""
        if not self.is_directory(path):
            make_way_to(self, path)

    def sync_path_to(self, directory: Path) -> None:
        """Make sure that the names that lead to a directory are on disk when this returns.

        Whoever made them, and was stopped before it was certain. A directory above that may not be
        read is passed over: nobody who may not read it has made the way through it. So is one whose
        file system knows no sync of directories: if it is also the ledger's, that is met there.
        """
        sync_way_to(self, directory)

    def is_directory(self, path: Path) -> bool:
        return path.is_dir()

    def make_one_directory(self, path: Path, mode: int | None = None) -> None:
        """With a mode for its owner alone, whatever the umask; by default as the umask says."""
        path.mkdir(0o777 if mode is None else mode)
        try:
            fd = open_file(path, os.O_RDONLY | os.O_DIRECTORY | _NO_FOLLOW)
        except PermissionError:  # after a umask that takes even the owner's rights
            settle_directory(path, path, mode)
            return
        try:
            settle_directory(fd, path, mode)
        finally:
            os.close(fd)

    def list_directory(self, path: Path) -> list[str]:
        return sorted(os.listdir(path))

    def list_sizes(self, path: Path) -> dict[str, int]:
        """Return the length of each file of a directory by its name, in one look at it."""
        return sizes_in(path)

    def check_owner(self, directory: Path) -> None:
        """Check that the directory's owner has nothing against our writing there.

        Raises:
            PermissionError: the directory is another user's, who has not shared it; the
                administrator may all the same.
        """
        check_directory(directory.stat(), directory)

    def anyone_may_write(self, directory: Path) -> bool:
        """Whether the directory's mode lets every user of the machine put files there."""
        return bool(directory.stat().st_mode & stat.S_IWOTH)

    def group_that_may_write(self, directory: Path) -> int | None:
        """Find a group that was not made for the directory and may write it; None: no such one."""
        return group_that_may_write(directory.stat())

    def kind_of(self, directory: Path) -> str | None:
        """Return the kind of file system that the directory is on; None: it is not known."""
        return kind_of_mount(directory)

    def host(self, directory: Path) -> Host | None:
        """Tell where a directory is, to tell a ledger from its copy; None: nobody is to care."""
        return host_of(directory)

    def open_read(self, path: Path) -> int:
        return self._checked(open_file(path, os.O_RDONLY | _NO_FOLLOW), path)

    def open_unnamed(self) -> int:
        """Open a new file that has no name: it is gone when it is closed."""
        return unnamed_file()

    @staticmethod
    def _checked(fd: int, path: Path, *, for_writing: bool = False) -> int:
        """Return the descriptor, or close it if it is not one of a file for us."""
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            if for_writing:
                check_file(status, path)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
        """Open for reading and writing; with `create` a file that is not there is made, for its
        owner alone whatever the umask. With `truncate` as well it is made anew in any case."""
        flags = os.O_RDWR | _NO_FOLLOW  # rule: follow-no-link
        while True:
            if create and truncate:
                with suppress(FileNotFoundError):
                    os.unlink(path)
            else:
                with suppress(FileNotFoundError) if create else nullcontext():
                    return self._checked(open_file(path, flags), path, for_writing=True)
            try:
                fd = open_file(path, flags | os.O_CREAT | os.O_EXCL, FILE_MODE)
            except FileExistsError:
                continue  # somebody was faster: it is as if it had been there
            return self._settled(fd, path)

    def settle(self, fd: int, path: Path) -> None:
        """Give a file that was made just now to whom it belongs, with the mode for it."""
        settle_file(fd, path)

    def _settled(self, fd: int, path: Path) -> int:
        """Settle a new file and return its descriptor; where the file cannot be given to whom it
        belongs, it is as if it had not been made."""
        try:
            self.settle(fd, path)
        except BaseException:
            os.close(fd)
            with suppress(OSError):
                os.unlink(path)
            raise
        return fd

    def close(self, fd: int) -> None:
        os.close(fd)

    def size(self, fd: int) -> int:
        """Return the length of an open file.

        Raises:
            FileNotFoundError: the file was removed: what is written to it would be gone.
        """
        status = os.fstat(fd)
        if status.st_nlink == 0:
            raise FileNotFoundError(errno.ENOENT, "the file was removed while it was open")
        return status.st_size

    def identity(self, fd: int) -> FileIdentity:
        """Tell which file an open one is."""
        status = os.fstat(fd)
        return status.st_dev, status.st_ino

    def named_size(self, path: Path, identity: FileIdentity, fd: int | None = None) -> int:
        """Tell the length of an open file, once it is sure that its name is still its own. With its
        `fd` no more is asked of it than is needed.

        Raises:
            FileNotFoundError: it was removed, renamed or replaced: what is written would be lost.
        """
        if fd is not None and OPEN_FILES:
            with suppress(OSError):
                if os.readlink(f"{OPEN_FILES}{fd}") == str(path):
                    return os.lseek(fd, 0, os.SEEK_END)
        status = os.stat(path, follow_symlinks=False)
        if (status.st_dev, status.st_ino) != identity:
            raise renamed()
        return status.st_size

    def names_state(self, directory: Path) -> object:
        """Return what stays equal only while no name in a directory changes; None: nobody knows."""
        status = os.stat(directory)
        changed_ns = status.st_ctime_ns
        # rule: a-change-shows-in-its-times
        if changed_ns % COARSE_NS == 0 or time.time_ns() - changed_ns < QUIET_NS:
            return None
        return status.st_dev, status.st_ino, changed_ns

    def length(self, fd: int) -> int:
        """Return the length of an open file, of which no more is asked."""
        return os.lseek(fd, 0, os.SEEK_END)

    def file_size(self, path: Path) -> int:
        """Return the length of a file that need not be open."""
        return path.stat(follow_symlinks=False).st_size

    def written_s(self, path: Path) -> float:
        """When a file was last written, by the file system's clock, in seconds since the epoch."""
        return os.stat(path).st_mtime

    def age_s(self, path: Path) -> float:
        """How long ago a file was last written, by the machine's clock."""
        return time.time() - self.written_s(path)

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

    def mapped(self, fd: int) -> memoryview:
        """Return what is in a file that nobody else writes to; read where it is looked at."""
        size = os.fstat(fd).st_size
        return memoryview(map_file(fd, size) if size else b"")

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        """All of `data`, or an OSError."""
        written = os.pwrite(fd, data, offset)
        while written < len(data):
            written += os.pwrite(fd, memoryview(data)[written:], offset + written)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def sync_data(self, fd: int) -> None:
        """Make sure that the file's bytes and size are on disk when this returns."""
        if _FULL_SYNC is not None:  # macOS: fsync stops at the drive's cache
            fcntl.fcntl(fd, _FULL_SYNC)
        else:
            os.fdatasync(fd)

    def sync_directory(self, path: Path) -> None:
        """Make sure that the directory's entries are on disk when this returns."""
        fd = open_file(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        except OSError as error:
            if error.errno not in _NO_SYNC_OF_DIRECTORIES:
                raise
            raise cannot_sync_directory(error, path) from None
        finally:
            os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        os.rename(source, target)

    def remove(self, path: Path) -> None:
        os.unlink(path)

    def lock(self, fd: int, *, wait: bool, shared: bool = False) -> bool:
        """Take the exclusive `flock` of an open file, or a `shared` one, which many may hold; False
        when it is held and `wait` is not set. The kernel drops it when the process dies."""
        try:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(fd, kind | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    def unlock(self, fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)

    def lock_holder(self, fd: int) -> LockHolder | None:
        """Tell who holds the lock of an open file; None where the system does not say."""
        return find_holder(self.identity(fd))

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
        """Do the same with parts; where making one of them fails, the file stays as it was."""
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
