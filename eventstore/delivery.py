"""Telling the owner of a log what is in it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic

from ..domain import JobLedgerError
from .record import R
from .standing import Standing


class Delivery(Generic[R]):
    """Hands records to an `observer`; `others` is called before what others have appended.

    An observer that refuses records makes the handle useless. What is no refusal (no memory, say)
    leaves it in the middle of something.
    """

    def __init__(
        self,
        observer: Callable[[Sequence[R]], None],
        others: Callable[[], None],
        standing: Standing,
    ) -> None:
        self._standing = standing
        self._observer = observer
        self._others = others
        self.teller = 0
        """The thread that is telling the observer something just now; 0: none is."""

    def read(self, records: Sequence[R]) -> None:
        """Deliver what was read: a handle delivers what it appends without reading it."""
        self._others()
        self.deliver(records)

    def deliver(self, records: Sequence[R]) -> None:
        """Hand records to the observer.

        Raises: whatever that raises.
        """
        self.teller = threading.get_ident()
        try:
            self._observer(records)
        except JobLedgerError as error:
            self._standing.refuse(error)
            raise
        finally:
            self.teller = 0

    def start_over(self) -> None:
        """Be telling nothing, whatever was broken off."""
        self.teller = 0
