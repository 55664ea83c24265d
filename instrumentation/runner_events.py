"""Operational events of runners and their loop."""

from __future__ import annotations

from .operational_event import OperationalEvent


class RunnerStarted(OperationalEvent, frozen=True, kw_only=True):
    """Say that a runner runs: it has the right to, and what others left is recovered."""

    says = "scheduler running"
    weighs = "info"

    directory: str
    pid: int


class RunnerStopping(OperationalEvent, frozen=True, kw_only=True):
    """Say that a runner begins nothing more, and waits for what it runs."""

    says = "scheduler stopping"
    weighs = "info"

    directory: str


class LeaseLost(OperationalEvent, frozen=True, kw_only=True):
    """Say that another runner has ended this one, which goes on as a new one; `runner` is its old
    name. What it ran is given up."""

    says = "this runner was ended by another one; what it runs is given up"
    weighs = "error"

    runner: str
    error: str


class OtherRunnerEnded(OperationalEvent, frozen=True, kw_only=True):
    """Say that this runner has ended another one, whose lease had run out."""

    says = "a runner was ended: its lease had run out"

    runner: str


class LogReopened(OperationalEvent, frozen=True, kw_only=True):
    """Say that the log was poisoned by a failed write, and that this is over."""

    says = "the log was reopened after a failed write"


class LoopCancelled(OperationalEvent, frozen=True, kw_only=True):
    """Say that the loop was cancelled by whoever ends its event loop."""

    says = "the loop was cancelled; start it again if jobs are to be run"


class LoopEnded(OperationalEvent, frozen=True, kw_only=True):
    """Say that the loop has ended although nobody asked for it."""

    says = "the loop has ended"
    weighs = "error"

    error: str | None = None
