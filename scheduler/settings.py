"""The settings of a Scheduler: checked once, never changed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, get_args

import msgspec

from ..domain import Pacing, RetryPolicy, ScheduledJob, ValidationError, check_timeout
from ..domain import commands as c
from ..ledger import LedgerOptions

MOST_RUNNING_MINUTES = 366 * 24 * 60


class AttemptSettings(msgspec.Struct, frozen=True):
    """What decides how an attempt ends. `settle_s`: how long a publisher whose post may be out is
    left alone before it is asked; `roll`: a random number for the jitter."""

    retry: RetryPolicy
    on_interrupted: c.OnInterrupted
    settle_s: float
    publish_timeout_s: float | None = None
    roll: float = 0.5

    def timeout_s(self, job: ScheduledJob) -> float | None:
        """How long the publisher may take for this job; None: as long as it likes."""
        return self.publish_timeout_s if job.publish_timeout_s is None else job.publish_timeout_s


class RunSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of a Scheduler that a Ledger does not have (see there)."""

    max_running_minutes: float
    retry: RetryPolicy
    on_interrupted: c.OnInterrupted
    concurrency: int
    publish_timeout: timedelta | None
    pacing: Pacing | None
    pacing_by_account: Mapping[str, Pacing] | None
    grace_s: float
    settle_s: float
    error_wait_s: float
    ageing: timedelta | None
    preflight: timedelta | None

    def __post_init__(self) -> None:
        if self.on_interrupted not in get_args(c.OnInterrupted):
            raise ValidationError(
                f"on_interrupted must be 'retry' or 'fail', not {self.on_interrupted!r}",
                field="on_interrupted",
            )
        _check_count("concurrency", self.concurrency)
        if not isinstance(self.retry, RetryPolicy):
            raise ValidationError(f"retry must be a RetryPolicy, not {self.retry!r}", field="retry")
        positive("max_running_minutes", self.max_running_minutes)
        if self.max_running_minutes > MOST_RUNNING_MINUTES:
            raise ValidationError(
                f"max_running_minutes must be at most {MOST_RUNNING_MINUTES} (a year)",
                field="max_running_minutes",
            )
        if self.publish_timeout is not None:
            check_timeout(self.publish_timeout)
        for name in ("grace_s", "settle_s", "error_wait_s"):
            positive(name, getattr(self, name), or_zero=True)
        for name in ("ageing", "preflight"):
            span = getattr(self, name)
            if span is not None and (not isinstance(span, timedelta) or span <= timedelta(0)):
                raise ValidationError(
                    f"{name} must be a positive timedelta or None, not {span!r:.60}", field=name
                )
        if self.pacing is not None:
            _check_pacing("pacing", self.pacing)
        if not isinstance(self.pacing_by_account, Mapping | None):
            raise ValidationError(
                f"pacing_by_account must map accounts to Pacings, not"
                f" {self.pacing_by_account!r:.60}",
                field="pacing_by_account",
            )
        for account, pacing in (self.pacing_by_account or {}).items():
            _check_pacing(f"pacing_by_account[{account!r:.60}]", pacing)

    def pacing_of(self, account_id: str) -> Pacing | None:
        """Return the pacing of an account: its own, or that of all."""
        return (self.pacing_by_account or {}).get(account_id, self.pacing)

    @property
    def reach(self) -> timedelta | None:
        """How far back posts matter for the pacing of any account; None: there is no pacing."""
        every = [*(self.pacing_by_account or {}).values(), *([self.pacing] if self.pacing else [])]
        return max((pacing.reach for pacing in every), default=None)

    def roll(self) -> AttemptSettings:
        """Return what matters to one attempt, with a roll of its own."""
        return self.of_attempt(random.random())

    def of_attempt(self, roll: float) -> AttemptSettings:
        timeout = self.publish_timeout
        return AttemptSettings(
            retry=self.retry,
            on_interrupted=self.on_interrupted,
            settle_s=self.settle_s,
            publish_timeout_s=None if timeout is None else timeout.total_seconds(),
            roll=roll,
        )


def check_known(of_ledger: Mapping[str, Any]) -> None:
    """Check that a Ledger takes what a Scheduler hands on to it.

    Raises:
        TypeError: it does not; names it.
    """
    for name in of_ledger.keys() - LedgerOptions.__annotations__.keys():
        raise TypeError(f"Scheduler() got an unexpected keyword argument {name!r}")


def positive(name: str, value: Any, *, or_zero: bool = False) -> float:
    """Return the number that a setting is.

    Raises:
        ValidationError: it is none, or not above 0 (or 0).
    """
    least = "≥ 0" if or_zero else "> 0"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValidationError(f"{name} must be a number {least}, not {value!r}", field=name)
    if not (value > 0 or (or_zero and value == 0)):
        raise ValidationError(f"{name} must be {least}, not {value!r}", field=name)
    return float(value)


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValidationError(f"{name} must be an int of at least 1, not {value!r}", field=name)


def _check_pacing(name: str, value: Any) -> None:
    if not isinstance(value, Pacing):
        raise ValidationError(f"{name} must be a Pacing, not {value!r:.60}", field=name)
