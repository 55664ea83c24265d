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
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from uuid import UUID

from ..eventstore.engines.files.filesystem import FileIdentity, FileSystem, LockHolder

SECTOR = 512


@dataclass(slots=True)
class _Change:
    """A write (`data` at `offset`), or, without data, a change of the length to `offset`.

    `forgotten`: a sync of it failed, so no later sync makes it certain.
    """

    offset: int
    data: bytes | None
    forgotten: bool = False


@dataclass(slots=True, eq=False)
class _File:
    content: bytearray = field(default_factory=bytearray)
    certain: bytes = b""
    pending: list[_Change] = field(default_factory=list)
    links: int = 0


@dataclass(slots=True, frozen=True)
class _Entry:
    """A change of a directory: `name` is `node` now (None: removed); `source` is gone with it."""

    name: str
    node: _File | _Directory | None
    source: str | None = None


@dataclass(slots=True, eq=False)
class _Directory:
    entries: dict[str, _File | _Directory] = field(default_factory=dict)
    certain: dict[str, _File | _Directory] = field(default_factory=dict)
    pending: list[_Entry] = field(default_factory=list)


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
        self._ids = 0
        self._root = _Directory()
        self._open: dict[int, tuple[_File, str]] = {}
        self._fds = count(1_000_000)
        self._locks: dict[int, _Lock] = {}
        self._changed = threading.Condition()

    # -- names ---------------------------------------------------------------------------------

    def _walk(self, path: Path) -> _File | _Directory:
        node: _File | _Directory = self._root
        for name in _names(path):
            if not isinstance(node, _Directory):
                raise _error(errno.ENOTDIR, path)
            if name not in node.entries:
                raise _error(errno.ENOENT, path)
            node = node.entries[name]
        return node

    def _directory(self, path: Path) -> _Directory:
        node = self._walk(path)
        if not isinstance(node, _Directory):
            raise _error(errno.ENOTDIR, path)
        return node

    def _file(self, path: Path) -> _File:
        node = self._walk(path)
        if isinstance(node, _Directory):
            raise _error(errno.EISDIR, path)
        return node

    def new_id(self) -> str:
        """The next of a row of ids, so that a run can be repeated."""
        self._ids += 1
        return str(UUID(int=self._ids))

    def process_id(self) -> int:
        return self.process

    def pause(self, seconds: float) -> None:
        """Nobody else is at work meanwhile."""

    def is_directory(self, path: Path) -> bool:
        try:
            return isinstance(self._walk(path), _Directory)
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

    def kind_of(self, directory: Path) -> str | None:
        return None

    def make_one_directory(self, path: Path, mode: int | None = None) -> None:
        parent = self._directory(path.parent)
        if path.name in parent.entries:
            raise _error(errno.EEXIST, path)
        self.before("make_directory", path.name)
        self._enter(parent, _Entry(path.name, _Directory()))

    def list_directory(self, path: Path) -> list[str]:
        return sorted(self._directory(path).entries)

    def file_size(self, path: Path) -> int:
        return len(self._file(path).content)

    def named_size(self, path: Path, identity: FileIdentity) -> int:
        file = self._file(path)
        if (0, id(file)) != identity:
            raise FileNotFoundError(
                errno.ENOENT, "the file was renamed or replaced while it was open"
            )
        return len(file.content)

    @staticmethod
    def _enter(directory: _Directory, entry: _Entry) -> None:
        for gone in (directory.entries.get(entry.name), directory.entries.get(entry.source or "")):
            if isinstance(gone, _File):
                gone.links -= 1
        _apply(directory.entries, entry)
        if isinstance(entry.node, _File):
            entry.node.links += 1
        directory.pending.append(entry)

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
            file = _File()
            self._enter(parent, _Entry(path.name, file))
        if truncate and file.content:
            self.before("truncate", path.name)
            _change(file, _Change(0, None))
        return self._opened(file, path)

    def _opened(self, file: _File, path: Path) -> int:
        fd = next(self._fds)
        self._open[fd] = file, path.name
        return fd

    def _of(self, fd: int) -> tuple[_File, str]:
        try:
            return self._open[fd]
        except KeyError:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF)) from None

    def close(self, fd: int) -> None:
        self._of(fd)
        self.unlock(fd)
        del self._open[fd]

    def close_all(self) -> None:
        """What the end of a process does to its open files and their locks."""
        for fd in list(self._open):
            self.close(fd)

    def identity(self, fd: int) -> FileIdentity:
        return 0, id(self._of(fd)[0])

    def size(self, fd: int) -> int:
        file, _ = self._of(fd)
        if file.links == 0:
            raise FileNotFoundError(errno.ENOENT, "the file was removed while it was open")
        return len(file.content)

    def read_at(self, fd: int, count: int, offset: int) -> bytes:
        return bytes(self._of(fd)[0].content[offset : offset + count])

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        file, name = self._of(fd)
        self.before("write", name)
        if data:
            _change(file, _Change(offset, bytes(data)))

    def truncate(self, fd: int, size: int) -> None:
        file, name = self._of(fd)
        self.before("truncate", name)
        _change(file, _Change(size, None))

    def sync_data(self, fd: int) -> None:
        file, name = self._of(fd)
        self.before("sync", name)
        certain = bytearray(file.certain)
        forgotten: list[_Change] = []
        for change in file.pending:
            if change.forgotten:
                forgotten.append(change)
            else:
                _apply_change(certain, change)
                forgotten = [left for old in forgotten for left in _not_covered(old, change)]
        # The length is the inode's: it goes to disk with the sync, whatever the pages hold.
        certain.extend(bytes(max(0, len(file.content) - len(certain))))
        file.certain, file.pending = bytes(certain), forgotten

    def forget(self, fd: int) -> None:
        """What a failed sync leaves: everything is read back, and nothing of it is to be written
        any more."""
        for change in self._of(fd)[0].pending:
            change.forgotten = True

    def sync_directory(self, path: Path) -> None:
        directory = self._directory(path)
        self.before("sync_directory", path.name)
        directory.certain, directory.pending = dict(directory.entries), []

    def rename(self, source: Path, target: Path) -> None:
        node, directory = self._walk(source), self._directory(source.parent)
        if source.parent != target.parent:
            raise _error(errno.EXDEV, target)
        there = directory.entries.get(target.name)
        if isinstance(node, _File) and isinstance(there, _Directory):
            raise _error(errno.EISDIR, target)
        if isinstance(node, _Directory) and isinstance(there, _File):
            raise _error(errno.ENOTDIR, target)
        if isinstance(there, _Directory) and there is not node and there.entries:
            raise _error(errno.ENOTEMPTY, target)
        self.before("rename", target.name)
        if source != target:
            self._enter(directory, _Entry(target.name, node, source.name))

    def remove(self, path: Path) -> None:
        self._file(path)
        self.before("remove", path.name)
        self._enter(self._directory(path.parent), _Entry(path.name, None))

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
        """One of the disks that a power cut just now may leave: all that it holds is certain."""
        left = SimulatedDisk()
        left.process, left._ids = self.process, self._ids
        left._root = _crashed_directory(self._root, chance, {})
        return left

    def as_it_is(self) -> SimulatedDisk:
        """A disk that holds just what this one shows, as after the death of every process.

        What is not certain yet is not certain there either.
        """
        left = SimulatedDisk()
        left.process, left._ids = self.process, self._ids
        left._root = deepcopy(self._root)
        return left

    def files(self) -> dict[str, bytes]:
        """Every file by its path and what is read there."""
        return dict(_contents(self._root, ""))


def _names(path: Path) -> list[str]:
    return [part for part in path.parts if part != path.anchor]


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def _apply(entries: dict[str, _File | _Directory], entry: _Entry) -> None:
    if entry.source is not None:
        entries.pop(entry.source, None)
    if entry.node is None:
        entries.pop(entry.name, None)
    else:
        entries[entry.name] = entry.node


def _change(file: _File, change: _Change) -> None:
    _apply_change(file.content, change)
    file.pending.append(change)


def _apply_change(content: bytearray, change: _Change) -> None:
    end = change.offset + len(change.data or b"")
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if change.data is None:
        del content[change.offset :]
    else:
        content[change.offset : end] = change.data


def _not_covered(old: _Change, new: _Change) -> Iterator[_Change]:
    """What is left to be doubted of `old` once `new` is certain."""
    if old.data is None or new.data is None:
        if new.data is not None:
            yield old
        return
    end, new_end = old.offset + len(old.data), new.offset + len(new.data)
    if old.offset < new.offset:
        yield _Change(old.offset, old.data[: new.offset - old.offset], True)
    if end > new_end:
        start = max(old.offset, new_end)
        yield _Change(start, old.data[start - old.offset :], True)


# -- choosing ------------------------------------------------------------------------------------


def _crashed_directory(directory: _Directory, chance: Random, done: dict[int, _File]) -> _Directory:
    entries = dict(directory.certain)
    for entry in _some(directory.pending, chance):
        _apply(entries, entry)
    left = _Directory()
    for name, node in entries.items():
        if isinstance(node, _Directory):
            left.entries[name] = _crashed_directory(node, chance, done)
        else:
            left.entries[name] = file = done.setdefault(id(node), _crashed_file(node, chance))
            file.links += 1
    left.certain = dict(left.entries)
    return left


def _some(entries: list[_Entry], chance: Random) -> list[_Entry]:
    """Those of the changes that reached the disk: a journal's beginning, or any of them."""
    if not entries or chance.random() < 0.5:
        return entries[: chance.randint(0, len(entries))]
    return [entry for entry in entries if chance.random() < 0.5]


def _crashed_file(file: _File, chance: Random) -> _File:
    content = bytearray(file.certain)
    if file.pending:
        lengths = [len(content)]
        how = chance.choice(["nothing", "everything", "beginning", "sectors", "lengths"])
        upto = chance.randint(0, len(file.pending) - 1)
        for index, change in enumerate(file.pending):
            if change.data is None:
                whole = how == "everything" or (how == "beginning" and index < upto)
                if whole or (how in ("sectors", "lengths") and chance.random() < 0.5):
                    _apply_change(content, change)
                    lengths = [change.offset]
                continue
            if how == "everything" or (how == "beginning" and index < upto):
                _apply_change(content, change)
            elif how == "beginning" and index == upto:
                part = change.data[: chance.randint(0, len(change.data))]
                _apply_change(content, _Change(change.offset, part))
            elif how == "sectors":
                _apply_sectors(content, change.offset, change.data, chance)
            lengths.append(max(lengths[-1], change.offset + len(change.data)))
        if how in ("sectors", "lengths"):
            _apply_change(content, _Change(chance.choice([*lengths, len(content)]), None))
    return _File(content=content, certain=bytes(content))


def _apply_sectors(content: bytearray, start: int, data: bytes, chance: Random) -> None:
    end = start + len(data)
    for sector in range(start // SECTOR, (end - 1) // SECTOR + 1):
        if chance.random() < 0.5:
            first, last = max(start, sector * SECTOR), min(end, (sector + 1) * SECTOR)
            _apply_change(content, _Change(first, data[first - start : last - start]))


def _contents(directory: _Directory, prefix: str) -> Iterator[tuple[str, bytes]]:
    for name, node in sorted(directory.entries.items()):
        if isinstance(node, _Directory):
            yield from _contents(node, f"{prefix}{name}/")
        else:
            yield prefix + name, bytes(node.content)
