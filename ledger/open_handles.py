"""The handles that are open in this process: closed at its end, and of no use in a fork's child."""

from __future__ import annotations

import atexit
import os
import weakref
from typing import Protocol

from ..instrumentation import logger


class Handle(Protocol):
    """What is kept here, weakly."""

    @property
    def location(self) -> str: ...

    def close(self) -> None: ...

    def _let_go(self) -> None:
        """Do what closing does; again where it was interrupted."""

    def _abandon(self) -> None:
        """Let go of what is another process's, touching nothing."""

    def _is_inside(self) -> bool:
        """Whether the calling thread is in the midst of a call."""

    def _is_in_use(self) -> bool:
        """Whether another thread is in the midst of a call."""


_writers: weakref.WeakSet[Handle] = weakref.WeakSet()
_readers: weakref.WeakSet[Handle] = weakref.WeakSet()


def remember(handle: Handle, *, read_only: bool) -> None:
    """Note that a handle is open from here on."""
    (_readers if read_only else _writers).add(handle)


def forget(handle: Handle) -> None:
    """Note that a handle is closed."""
    _writers.discard(handle)
    _readers.discard(handle)


def close_quietly(handle: Handle) -> None:
    """Close for somebody who cannot hear of it; what goes wrong is in the operational log."""
    try:
        handle.close()
    except Exception as error:  # noqa: BLE001 - the others are closed all the same
        logger(directory=handle.location).error("closing failed", error=error)


@atexit.register
def _close_all() -> None:
    for handle in list(_writers):
        close_quietly(handle)


def _abandon_all() -> None:
    for handle in list(_writers):
        handle._abandon()
    for handle in list(_readers):
        if handle._is_in_use():
            handle._abandon()


# A fork shares its parent's locks: using them would break them for both, and a child that only
# lived on would hold a dead runner's. So in the child every ledger is closed, without a word. One
# that only reads has none of those, unless a thread that is not there was just using it.
os.register_at_fork(after_in_child=_abandon_all)
