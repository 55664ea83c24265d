"""What somebody who watches a runner from outside can ask: does its loop turn, may it run?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ..domain import ValidationError
from ..instrumentation import Repeated, is_interruption
from .lease import Lease
from .loop import Loop

TURN_S = 5.0
"""A loop that gets round to nothing new in this time does not turn."""


class RunnerWatch:
    """Watches the runner of one chain; from any thread, and without a word to its ledger."""

    def __init__(self, loop: Loop, lease: Lease) -> None:
        self._loop = loop
        self._lease = lease
        self._trouble = Repeated("the publisher does not say when its tokens end")

    def token_expiries(self) -> Mapping[str, datetime]:
        """Return when the tokens of accounts end, by the word of the publisher, if it has one."""
        publisher = self._loop.publisher
        ask = None if publisher is None else publisher.token_expiries
        if ask is None:
            return {}
        try:
            told = _sound(ask())
        except BaseException as error:
            if is_interruption(error):
                raise
            self._trouble.failed(error)
            return {}
        self._trouble.worked()
        return told

    def faults(self, *, ready: bool) -> Iterable[str]:
        """Say what is wrong; with `ready`, also what keeps it from running jobs."""
        if not self._loop.is_running:
            yield "the loop does not run"
        elif not self._loop.turns(TURN_S):
            yield "the loop does not turn: something keeps its thread"
        valid_s = self._lease.valid_for_s() if ready else None
        if valid_s is not None and valid_s <= 0:
            yield "the right to run has run out: the server did not answer in time"


def _sound(told: object) -> dict[str, datetime]:
    """Return what of an answer says when the token of an account ends."""
    if not isinstance(told, Mapping):
        raise ValidationError(f"token_expiries() gives no mapping, but {type(told).__name__}")
    return {
        account: at
        for account, at in told.items()
        if isinstance(account, str) and isinstance(at, datetime) and at.tzinfo is not None
    }
