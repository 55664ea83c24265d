"""The capability of engines that have a clock of their own, which all who share a ledger go by."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from .clock_jump import Elapsed


class TimeTold(NamedTuple):
    """The engine's time, aware: it was `at` at some moment between `asked_s` and `answered_s`, by
    the clock of who asked."""

    at: datetime
    asked_s: float
    answered_s: float


@runtime_checkable
class TellsTime(Protocol):
    """An engine that says what time it is: then that is the time of its ledgers on every machine,
    unless a program brings a clock of its own."""

    def time(self, elapsed: Elapsed) -> TimeTold:
        """Ask what time it is, and note by `elapsed` when it was asked and answered. May be called
        by any thread beside everything else, which it does not keep waiting.

        Raises:
            StorageError: it does not say.
        """
