"""Whose a ledger is: who may write in its directory, and to whom the files belong that are made.

A ledger belongs to the owner of its directory, whoever makes a file in it: what the administrator
makes there is given to the owner, or a single command of his would lock out the service whose
ledger it is. Files are for the owner alone (0600), but for a directory that is *shared*: one that
its group may write and whose files get its group by themselves (mode 2770), or that the
administrator has given to a group. There every member may write, and files are 0660.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from .os_errors import NotOursError

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600
_SHARED_DIRECTORY_MODE = 0o2770
_SHARED_FILE_MODE = 0o660
_ROOT = 0


def is_shared(directory: os.stat_result) -> bool:
    """Whether its group has been given the directory, by whoever made it."""
    mode = directory.st_mode
    return bool(mode & stat.S_IWGRP) and (bool(mode & stat.S_ISGID) or directory.st_uid == _ROOT)


def check_directory(directory: os.stat_result, path: Path) -> None:
    """Check that this process may make files in the directory.

    Raises:
        NotOursError: files that this process makes there would shut its owner out.
    """
    user = os.geteuid()
    if user not in (_ROOT, directory.st_uid) and not is_shared(directory):
        raise _not_ours(directory, path, path)


def check_file(file: os.stat_result, path: Path) -> None:
    """Check that a file is one that this process may write.

    Raises:
        NotOursError: somebody else has put the file there.
    """
    if os.geteuid() in (_ROOT, file.st_uid):
        return
    directory = os.stat(path.parent)
    if not (is_shared(directory) and file.st_gid == directory.st_gid):
        raise _not_ours(file, path, path.parent)


def _not_ours(found: os.stat_result, path: Path, directory: Path) -> NotOursError:
    user = os.geteuid()
    return NotOursError(
        errno.EPERM,
        f"it belongs to user {found.st_uid}, not to {user}",
        path,
        f"run as user {found.st_uid}, or give the ledger to this one: chown -R {user} {directory}",
    )


def group_that_may_write(directory: os.stat_result) -> int | None:
    """Find a group that may write the directory without its having been shared; None: no such one.

    Where every user has a group of his own, of the same number, that is nobody else.
    """
    if is_shared(directory) or not directory.st_mode & stat.S_IWGRP:
        return None
    return None if directory.st_gid == directory.st_uid else directory.st_gid


def settle_file(fd: int, path: Path) -> None:
    """Give a file that was just made to whom it belongs, with the mode for it."""
    directory = os.stat(path.parent)
    is_for_group = _give(fd, directory)
    set_mode(fd, path, _SHARED_FILE_MODE if is_for_group else FILE_MODE)


def settle_directory(target: int | Path, path: Path, mode: int | None) -> None:
    """Do the same for a directory; with `mode` None it keeps the one that the umask gave it."""
    is_for_group = _give(target, os.stat(path.parent))
    if mode is not None:
        set_mode(target, path, _SHARED_DIRECTORY_MODE if is_for_group else mode)


def _give(target: int | Path, directory: os.stat_result) -> bool:
    """Give what was just made to the directory's owner, as far as we may; whether it is for the
    directory's group.

    Raises:
        OSError: the administrator cannot give it to the owner, who would be locked out by it.
    """
    made, is_for_group = os.stat(target), is_shared(directory)
    # rule: belongs-to-the-owner-of-the-directory
    is_his = os.geteuid() == _ROOT and made.st_uid != directory.st_uid
    has_group = made.st_gid == directory.st_gid
    if is_his or (is_for_group and not has_group):
        try:
            os.chown(target, directory.st_uid if is_his else -1, directory.st_gid)
            has_group = True
        except OSError:
            if is_his:
                raise
    return is_for_group and has_group


def set_mode(target: int | Path, path: Path, mode: int) -> None:
    """Give what was just made this mode, whatever the umask made of it.

    Raises:
        NotOursError: the system refuses, and more people may read or write it than ought to.
    """
    before = stat.S_IMODE(os.stat(target).st_mode)
    if before != mode:  # rule: mode-of-files
        _change_mode(target, path, before, mode)


def _change_mode(target: int | Path, path: Path, before: int, mode: int) -> None:
    try:
        os.chmod(target, mode)
    except PermissionError as error:
        owner = mode & stat.S_IRWXU
        if before & ~mode & 0o777 == 0 and before & owner == owner:
            return  # as a mount may have it that knows no modes
        raise NotOursError(
            errno.EPERM,
            f"its mode is {before:03o}, and the file system refuses {mode:03o} ({error.strerror})",
            path,
            "mount the file system so that what is made there is for its owner alone"
            " (umask=077), or keep the ledger on another one",
        ) from None
