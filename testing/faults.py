"""FaultyFileSystem: any file system, of which one chosen operation fails.

To see every k-th operation fail, run the same work for k = 1, 2, 3 … until `reached` stays False:
then the work has fewer operations than that.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..eventstore.engines.files import FileIdentity, FileSystem, Host, LockHolder
from .disk import SimulatedDisk

ResultT = TypeVar("ResultT")

CHANGES = (
    "create", "write", "truncate", "sync", "sync_directory", "rename", "remove", "make_directory",
)  # fmt: skip
"""The operations that change or sync something."""
OUTSIDE = "outside"
"""What `reach` counts: nothing of the disk."""


class Killed(BaseException):
    """The process is dead: nothing that it does after this reaches the disk."""


@dataclass(frozen=True)
class Fault:
    """What happens at the `at`-th operation (from 1): an OSError of this number, or, with None,
    death.

    `always`: from then on every operation fails so (but see `undisturbed`). `part`: a write
    that fails has put that share of its bytes in place. `only` counts these operations alone.
    """

    at: int
    error: int | None = errno.EIO
    always: bool = False
    part: float = 0.0
    only: Sequence[str] = ()


class Faulty:
    """What a process works with, one of whose operations fails; the process may die in it.

    `operations` has the operations that were counted, with what they were about; `reached` says
    whether the fault happened.
    """

    def __init__(self, fault: Fault | None = None) -> None:
        self._dead = False
        self.fault = fault
        self.reached: bool = False
        self.operations: list[tuple[str, str]] = []

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Look from outside: nothing in it is counted or fails, unless the process is dead."""
        fault, self.fault = self.fault, None
        try:
            yield
        finally:
            self.fault = fault

    @property
    def is_dead(self) -> bool:
        """Whether the process has died."""
        return self._dead

    def kill(self) -> None:
        """Let the process die here: from now on nothing that it does has an effect."""
        self._dead = True

    def reach(self, name: str) -> None:
        """Come to a place in something other than these operations, where it may die, too."""
        self._step(OUTSIDE, name, lambda: None)

    def _step(
        self,
        operation: str,
        name: str,
        work: Callable[[], ResultT],
        failing: Callable[[float], object] = lambda part: None,
    ) -> ResultT:
        if self._dead:
            raise Killed
        fault = self.fault
        if fault is not None and (not fault.only or operation in fault.only):
            self.operations.append((operation, name))
            count = len(self.operations)
            if count == fault.at or (count > fault.at and fault.always):
                self.reached = True
                failing(fault.part)
                if fault.error is None:
                    self.kill()
                    raise Killed
                raise OSError(fault.error, os.strerror(fault.error), name)
        return work()


class FaultyFileSystem(Faulty, FileSystem):
    """Passes every call to `fs`, one of which fails.

    Closing is not counted: it changes nothing, and it always succeeds.
    """

    def __init__(self, fs: FileSystem, fault: Fault | None = None) -> None:
        super().__init__(fault)
        self._fs = fs
        self._names: dict[int, str] = {}

    # -- names ---------------------------------------------------------------------------------

    def new_id(self) -> str:
        return self._fs.new_id()

    def process_id(self) -> int:
        return self._fs.process_id()

    def pause(self, seconds: float) -> None:
        self._fs.pause(seconds)

    def locate(self, path: Path) -> Path:
        return self._step("look", path.name, lambda: self._fs.locate(path))

    def is_directory(self, path: Path) -> bool:
        return self._step("look", path.name, lambda: self._fs.is_directory(path))

    def check_owner(self, directory: Path) -> None:
        self._step("look", directory.name, lambda: self._fs.check_owner(directory))

    def anyone_may_write(self, directory: Path) -> bool:
        return self._step("look", directory.name, lambda: self._fs.anyone_may_write(directory))

    def group_that_may_write(self, directory: Path) -> int | None:
        return self._step("look", directory.name, lambda: self._fs.group_that_may_write(directory))

    def kind_of(self, directory: Path) -> str | None:
        return self._step("look", directory.name, lambda: self._fs.kind_of(directory))

    def host(self, directory: Path) -> Host | None:
        return self._step("look", directory.name, lambda: self._fs.host(directory))

    def make_one_directory(self, path: Path, mode: int | None = None) -> None:
        def work() -> None:
            self._fs.make_one_directory(path, mode)

        self._step("make_directory", path.name, work)

    def list_directory(self, path: Path) -> list[str]:
        return self._step("list", path.name, lambda: self._fs.list_directory(path))

    def list_sizes(self, path: Path) -> dict[str, int]:
        return self._step("list", path.name, lambda: self._fs.list_sizes(path))

    def sync_directory(self, path: Path) -> None:
        self._step("sync_directory", path.name, lambda: self._fs.sync_directory(path))

    def rename(self, source: Path, target: Path) -> None:
        self._step("rename", target.name, lambda: self._fs.rename(source, target))

    def remove(self, path: Path) -> None:
        self._step("remove", path.name, lambda: self._fs.remove(path))

    def file_size(self, path: Path) -> int:
        return self._step("size", path.name, lambda: self._fs.file_size(path))

    def age_s(self, path: Path) -> float:
        return self._step("look", path.name, lambda: self._fs.age_s(path))

    # -- open files ----------------------------------------------------------------------------

    def open_read(self, path: Path) -> int:
        fd = self._step("open", path.name, lambda: self._fs.open_read(path))
        self._names[fd] = path.name
        return fd

    def open_write(self, path: Path, *, create: bool = False, truncate: bool = False) -> int:
        def work() -> int:
            return self._fs.open_write(path, create=create, truncate=truncate)

        fd = self._step("create" if create else "open", path.name, work)
        self._names[fd] = path.name
        return fd

    def open_unnamed(self) -> int:
        fd = self._step("create", "unnamed", self._fs.open_unnamed)
        self._names[fd] = "unnamed"
        return fd

    def close(self, fd: int) -> None:
        self._names.pop(fd, None)
        self._fs.close(fd)

    def size(self, fd: int) -> int:
        return self._step("size", self._names[fd], lambda: self._fs.size(fd))

    def free_bytes(self, path: Path) -> int:
        """Return what there is below; asking fails never."""
        return self._fs.free_bytes(path)

    def identity(self, fd: int) -> FileIdentity:
        return self._fs.identity(fd)

    def named_size(self, path: Path, identity: FileIdentity, fd: int | None = None) -> int:
        return self._step("size", path.name, lambda: self._fs.named_size(path, identity, fd))

    def names_state(self, directory: Path) -> object:
        return self._step("look", directory.name, lambda: self._fs.names_state(directory))

    def length(self, fd: int) -> int:
        return self._step("size", self._names[fd], lambda: self._fs.length(fd))

    def lock_holder(self, fd: int) -> LockHolder | None:
        return self._fs.lock_holder(fd)

    def read_at(self, fd: int, count: int, offset: int) -> bytes:
        return self._step("read", self._names[fd], lambda: self._fs.read_at(fd, count, offset))

    def mapped(self, fd: int) -> memoryview:
        return self._step("read", self._names[fd], lambda: self._fs.mapped(fd))

    def write_at(self, fd: int, data: bytes, offset: int) -> None:
        def part_of(share: float) -> None:
            if share:
                self._fs.write_at(fd, data[: int(len(data) * share)], offset)

        def work() -> None:
            self._fs.write_at(fd, data, offset)

        self._step("write", self._names[fd], work, part_of)

    def truncate(self, fd: int, size: int) -> None:
        self._step("truncate", self._names[fd], lambda: self._fs.truncate(fd, size))

    def sync_data(self, fd: int) -> None:
        def forget(_: float) -> None:
            if isinstance(self._fs, SimulatedDisk):
                self._fs.forget(fd)

        self._step("sync", self._names[fd], lambda: self._fs.sync_data(fd), forget)

    def lock(self, fd: int, *, wait: bool, shared: bool = False) -> bool:
        def work() -> bool:
            return self._fs.lock(fd, wait=wait, shared=shared)

        return self._step("lock", self._names[fd], work)

    def unlock(self, fd: int) -> None:
        if not self._dead:
            self._fs.unlock(fd)
