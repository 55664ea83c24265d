"""Where a directory is: its place without links, what is in the way there, on what disk; and how
long its files are."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .descriptors import read_whole
from .os_errors import CannotSyncError, NotThereError, storage_errors
from .owner import DIRECTORY_MODE

if TYPE_CHECKING:
    from .filesystem import FileSystem


def located(fs: FileSystem, directory: Path) -> Path:
    """Find the place that a directory's name stands for now: whatever the program makes of its
    working directory, or somebody of a link on the way, files go there and nowhere else.

    Raises:
        StorageError: nobody can say.
    """
    with storage_errors("find", directory):
        return fs.locate(directory)  # rule: the-place-is-what-it-was


def place_of(path: Path) -> Path:
    """Return the absolute path without links; see `FileSystem.locate`."""
    try:
        found = path.absolute()
    except FileNotFoundError:
        raise NotThereError(
            errno.ENOENT,
            "the working directory was removed",
            path,
            "give the whole path of the ledger's directory",
        ) from None
    there = found
    while not os.path.lexists(there) and there != there.parent:
        there = there.parent
    if not os.path.exists(there):
        return found
    return Path(os.path.normpath(os.path.realpath(there) / found.relative_to(there)))


def in_the_way(path: Path) -> OSError:
    """Return the error for a path at which there is something else than a directory."""
    if path.is_symlink() and not path.exists():
        return NotThereError(
            errno.ENOENT,
            f"it is a link to {os.readlink(path)}, which is not there",
            path,
            "mount what it leads to, or make that directory",
        )
    return FileExistsError(errno.EEXIST, "a file is in the way", str(path))


def make_way_to(fs: FileSystem, path: Path) -> None:
    """Make a directory and what is missing above it; see `FileSystem.make_directory`."""
    for missing in missing_above(path, fs.is_directory):
        with suppress(FileExistsError):  # another process has just made it
            fs.make_one_directory(missing, DIRECTORY_MODE if missing == path else None)
        fs.sync_directory(missing.parent)
    if not fs.is_directory(path):
        raise in_the_way(path)


def sync_way_to(fs: FileSystem, directory: Path) -> None:
    """Sync the directories above one; see `FileSystem.sync_path_to`."""
    for above in directory.parents:
        with suppress(PermissionError, CannotSyncError):
            fs.sync_directory(above)


def missing_above(path: Path, is_directory: Callable[[Path], bool]) -> list[Path]:
    """Return `path` and the directories above it that are not there, the highest first."""
    missing = [path]
    while not is_directory(missing[0].parent) and missing[0] != missing[0].parent:
        missing.insert(0, missing[0].parent)
    return missing


def sizes_in(directory: Path) -> dict[str, int]:
    """Return the length of each file of a directory; see `FileSystem.list_sizes`."""
    found = {}
    with os.scandir(directory) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):  # it was removed just now
                found[entry.name] = entry.stat(follow_symlinks=False).st_size
    return found


def kind_of_mount(directory: Path) -> str | None:
    """Return the kind of file system that the directory is on; None: it is not known."""
    try:
        mounts = read_whole("/proc/self/mountinfo").decode(errors="replace")
    except OSError:
        return None
    device = directory.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        if fields.split()[2:3] == [wanted]:
            return rest.partition(" ")[0]
    return None
