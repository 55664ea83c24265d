"""SimulatedDisk: a disk in memory that knows what a power cut may leave of it.

A real disk promises little: what was written is there after a crash only when it was synced, and a
name only when its directory was. Until then any part of it may be there, in any order. A
SimulatedDisk keeps both: what every process sees now, and what is certain. `crash` makes one of the
disks that a machine could wake up with, chosen by a random generator, so a seed repeats it.

What it allows after a crash, of everything that was not synced:

- a write is there whole, not at all, up to any byte, or in any of its 512-byte sectors;
- a file has any of the lengths that it went through; what was never written reads as zeros;
- a truncation did not happen;
- a directory entry was not made, not renamed or not removed, each independently of the others.

After a sync that failed, the system forgets that it still has to write what it was given: it is
read back as if nothing had happened, and a later sync does not write it. Only what is written again
can become certain.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from uuid import UUID

from ..eventstore.engines.files import FileIdentity, FileSystem, Host, LockHolder
from .inodes import Directory, DirectoryChange, File, FileChange
from .power_cut import after_power_cut


@dataclass(slots=True, eq=False)
class _Lock:
    exclusive: int | None = None
    shared: set[int] = field(default_factory=set)


class SimulatedDisk(FileSystem):
    """A file system in memory, for any number of handles and threads of this process.

    `before` is called with the operation's name and the file's before each operation that changes
    or syncs something: the place to take crashes from.
    """

    def __init__(self, before: Callable[[str, str], None] = lambda operation, name: None) -> None:
        self.before = before
        self.process = 1
        """The number that processes on this disk have, for all of them."""
        self.files_are_old_s: float = 0.0
        """How long ago all its files were written."""
        self._ids = 0
        self._root = Directory()
        self._open: dict[int, tuple[File, str]] = {}
        self._fds = count(1_000_000)
        self._locks: dict[int, _Lock] = {}
        self._changed = threading.Condition()

    # -- names ---------------------------------------------------------------------------------

    def _walk(self, path: Path) -> File | Directory:
        node: File | Directory = self._root
        for name in _names(path):
            if not isinstance(node, Directory):
                raise _error(errno.ENOTDIR, path)
            if name not in node.entries:
                raise _error(errno.ENOENT, path)
            node = node.entries[name]
        return node

    def _directory(self, path: Path) -> Directory:
        node = self._walk(path)
        if not isinstance(node, Directory):
            raise _error(errno.ENOTDIR, path)
        return node

    def _file(self, path: Path) -> File:
        node = self._walk(path)
        if isinstance(node, Directory):
            raise _error(errno.EISDIR, path)
        return node

    def new_id(self) -> str:
        """Return the next of a row of ids, so that a run can be repeated."""
        self._ids += 1
        return str(UUID(int=self._ids))

    def process_id(self) -> int:
        return self.process

    def pause(self, seconds: float) -> None:
        """Return at once: nobody else is at work meanwhile."""

    def is_directory(self, path: Path) -> bool:
        try:
            return isinstance(self._walk(path), Directory)
        except OSError:
            return False

    def locate(self, path: Path) -> Path:
        return path

    def check_owner(self, directory: Path) -> None:
        pass

    def anyone_may_write(self, directory: Path) -> bool:
        return False

    def group_that_may_write(self, directory: Path) -> int | None:
        return None

    def host(self, directory: Path) -> Host | None:
        return None

    def kind_of(self, directory: Path) -> str | None:
        return None

    def make_one_directory(self, path: Path, mode: int | None = None) -> None:
        parent = self._directory(path.parent)
        if path.name in parent.entries:
            raise _error(errno.EEXIST, path)
        self.before("make_directory", path.name)
        parent.change(DirectoryChange(path.name, Directory()))

    def list_directory(self, path: Path) -> list[str]:
        return sorted(self._directory(path).entries)

    def list_sizes(self, path: Path) -> dict[str, int]:
        entries = self._directory(path).entries
        return {name: len(each.content) for name, each in entries.items() if isinstance(each, File)}

    def file_size(self, path: Path) -> int:
        return len(self._file(path).content)

    def age_s(self, path: Path) -> float:
        self._file(path)
        return self.files_are_old_s

    def free_bytes(self, path: Path) -> int:
        """Return much: it is as large as the memory."""
        return 2**40

    def named_size(self, path: Path, identity: FileIdentity, fd: int | None = None) -> int:
        file = self._file(path)
        if (0, id(file)) != identity:
            raise FileNotFoundError(
                errno.ENOENT, "the file was renamed or replaced while it was open"
            )
        return len(file.content)

    def names_state(self, directory: Path) -> object:
        node = self._directory(directory)
        return id(node), node.changes

    # -- open files ----------------------------------------------------------------------------

    def open_read(self, path: Path) -> int:
        return self._opened(self._file(path), path)

    def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
        try:
            file = self._file(path)
        except FileNotFoundError:
            if not create:
                raise
            parent = self._directory(path.parent)
            self.before("create", path.name)
            file = File()
            parent.change(DirectoryChange(path.name, file))
        if truncate and file.content:
            self.before("truncate", path.name)
            file.change(FileChange(0, None))
        return self._opened(file, path)

    def open_unnamed(self) -> int:
        return self._opened(File(), Path("unnamed"))

    def _opened(self, file: File, path: Path) -> int:
        fd = next(self._fds)
        self._open[fd] = file, path.name
        return fd

    def _of(self, fd: int) -> tuple[File, str]:
        try:
            return self._open[fd]
        except KeyError:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF)) from None

    def close(self, fd: int) -> None:
        self._of(fd)
        self.unlock(fd)
        self._open.pop(fd, None)

    def close_all(self) -> None:
        """Do what the end of a process does to its open files and their locks."""
        for fd in list(self._open):
            with suppress(OSError):  # what nobody refers to any more closes itself meanwhile
                self.close(fd)

    def identity(self, fd: int) -> FileIdentity:
        return 0, id(self._of(fd)[0])

    def size(self, fd: int) -> int:
        file, _ = self._of(fd)
        if file.links == 0:
            raise FileNotFoundError(errno.ENOENT, "the file was removed while it was open")
        return len(file.content)

    def length(self, fd: int) -> int:
        return len(self._of(fd)[0].content)

    def read_at(self, fd: int, count: int, offset: int) -> bytes:
        return bytes(self._of(fd)[0].content[offset : offset + count])

    def mapped(self, fd: int) -> memoryview:
        return memoryview(bytes(self._of(fd)[0].content))

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        file, name = self._of(fd)
        self.before("write", name)
        if data:
            file.change(FileChange(offset, bytes(data)))

    def truncate(self, fd: int, size: int) -> None:
        file, name = self._of(fd)
        self.before("truncate", name)
        file.change(FileChange(size, None))

    def sync_data(self, fd: int) -> None:
        file, name = self._of(fd)
        self.before("sync", name)
        file.sync()

    def forget(self, fd: int) -> None:
        """Do what a failed sync does: all is read back, and nothing is left to be written."""
        self._of(fd)[0].forget()

    def sync_directory(self, path: Path) -> None:
        directory = self._directory(path)
        self.before("sync_directory", path.name)
        directory.sync()

    def rename(self, source: Path, target: Path) -> None:
        node, directory = self._walk(source), self._directory(source.parent)
        if source.parent != target.parent:
            raise _error(errno.EXDEV, target)
        there = directory.entries.get(target.name)
        if isinstance(node, File) and isinstance(there, Directory):
            raise _error(errno.EISDIR, target)
        if isinstance(node, Directory) and isinstance(there, File):
            raise _error(errno.ENOTDIR, target)
        if isinstance(there, Directory) and there is not node and there.entries:
            raise _error(errno.ENOTEMPTY, target)
        self.before("rename", target.name)
        if source != target:
            directory.change(DirectoryChange(target.name, node, source.name))

    def remove(self, path: Path) -> None:
        self._file(path)
        self.before("remove", path.name)
        self._directory(path.parent).change(DirectoryChange(path.name, None))

    # -- locks ---------------------------------------------------------------------------------

    def lock(self, fd: int, *, wait: bool, shared: bool = False) -> bool:
        file, name = self._of(fd)
        self.before("lock", name)
        with self._changed:
            lock = self._locks.setdefault(id(file), _Lock())
            while True:
                others = lock.shared - {fd}
                if lock.exclusive in (None, fd) and (shared or not others):
                    break
                if not wait:
                    return False
                self._changed.wait()
            lock.exclusive = None if shared else fd
            (lock.shared.add if shared else lock.shared.discard)(fd)
        return True

    def unlock(self, fd: int) -> None:
        file, _ = self._of(fd)
        with self._changed:
            lock = self._locks.get(id(file))
            if lock is not None:
                lock.shared.discard(fd)
                if lock.exclusive == fd:
                    lock.exclusive = None
                self._changed.notify_all()

    def lock_holder(self, fd: int) -> LockHolder | None:
        return LockHolder(self.process)

    # -- what a crash leaves ---------------------------------------------------------------------

    def crash(self, chance: Random) -> SimulatedDisk:
        """Return one of the disks that a power cut just now may leave; all it holds is certain."""
        left = SimulatedDisk()
        left.process, left._ids = self.process, self._ids
        left._root = after_power_cut(self._root, chance)
        return left

    def as_it_is(self) -> SimulatedDisk:
        """Return a disk that holds just what this one shows, as after the death of every process.

        What is not certain yet is not certain there either.
        """
        left = SimulatedDisk()
        left.process, left._ids = self.process, self._ids
        left._root = deepcopy(self._root)
        return left

    def files(self) -> dict[str, bytes]:
        """Return what is read in every file, by its path."""
        return dict(self._root.files())


def _names(path: Path) -> list[str]:
    return [part for part in path.parts if part != path.anchor]


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
