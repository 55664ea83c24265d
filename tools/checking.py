"""What `check` looks at: whether anything of a ledger is so that somebody should do something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from ..interchange import span_in_words
from ..ledger import LEAST_FREE_BYTES, Ledger, Measured

CheckKind = Literal[
    "damaged", "late", "runner", "unknown", "failures", "token", "token_ends", "disk", "verify"
]
DAY = timedelta(hours=24)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How far things may go: how late the oldest due job may be, how many jobs may be of unknown
    outcome, which share of the last day's attempts may have failed, how soon a token may end."""

    late: timedelta
    unknown: int
    failures: float
    token: timedelta


class CheckProblem(msgspec.Struct, frozen=True):
    """What does not hold. `subject` is the account that it is about, where it is about one."""

    kind: CheckKind
    message: str
    subject: str | None = None


def check_figures(m: Measured, limits: Limits) -> Iterator[CheckProblem]:
    """Check what was measured, and yield what does not hold, the worst first."""
    if m.oldest_due is not None and not m.has_runner:
        yield CheckProblem("runner", f"nobody runs the jobs, and {_jobs(m.due)} due")
    if m.oldest_due is not None and m.now - m.oldest_due > limits.late:
        since = span_in_words(m.now - m.oldest_due)
        yield CheckProblem("late", f"{_jobs(m.due)} due, the oldest for {since}")
    if m.unknown > limits.unknown:
        failed = f"{m.unknown} failed job{'' if m.unknown == 1 else 's'}"
        yield CheckProblem("unknown", f"of {failed} nobody knows if the post is out")
    recent = m.counts.since(m.now - DAY)
    ended = recent.completed + recent.failed
    if ended and recent.failed / ended > limits.failures:
        share = f"{recent.failed} of {ended} attempts of the last day"
        yield CheckProblem("failures", f"{share} failed: {recent.failed / ended:.0%}")
    for account in m.waiting_accounts:
        known = m.counts.no_token[account]
        since = span_in_words(m.now - known.since)
        message = f"nothing can be posted for {account} since {since}: {known.error}"
        yield CheckProblem("token", message, account)
    yield from check_tokens(m.tokens, m.now, limits.token)
    if m.free_bytes is not None and m.free_bytes < LEAST_FREE_BYTES:
        yield CheckProblem("disk", f"only {m.free_bytes // 1024} KiB are free on the disk")


def check_tokens(
    ends: Mapping[str, datetime], now: datetime, within: timedelta
) -> Iterator[CheckProblem]:
    """Check when the tokens of accounts end, and yield those that end soon or have ended."""
    for account, at in sorted(ends.items()):
        if at <= now:
            said = f"the token of {account} ended {span_in_words(now - at)} ago"
            yield CheckProblem("token", said, account)
        elif at - now < within:
            said = f"the token of {account} ends in {span_in_words(at - now)}"
            yield CheckProblem("token_ends", said, account)


def check_soundness(ledger: Ledger) -> Iterator[CheckProblem]:
    """Check what was met of the log while it was read."""
    if ledger.damage is not None:
        yield CheckProblem("damaged", f"the log is damaged: {ledger.damage.message}")


def _jobs(count: int) -> str:
    return "1 job is" if count == 1 else f"{count} jobs are"
