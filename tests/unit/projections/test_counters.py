"""Counters: what each event adds, and that nothing they are counted by grows without bound."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.domain import NOON
from support.histories import Histories

from jobledger.domain.job import commands as c
from jobledger.projections.board import Board
from jobledger.projections.counters import (
    MOST_ACCOUNTS,
    MOST_ERRORS,
    MOST_PLATFORMS,
    Counters,
    CountsOfLog,
    HourCount,
    NoToken,
    error_class,
    merged_counts,
)
from jobledger.projections.replay import changes

DONE = c.Complete(attempt=0)


def counted(histories: Histories) -> CountsOfLog:
    counters = Counters()
    for change in changes(histories.events, Board(), of_schedule=counters.apply_schedule):
        counters.apply(change)
    return counters.counts


def failing(error: str, **more: Any) -> c.Fail:
    return c.Fail(attempt=0, error=error, retryable=False, **more)


def test_each_way_that_an_attempt_ends_is_counted_once() -> None:
    h = Histories()
    for job in ("done", "again", "no", "lost", "cut", "unused"):
        h.add(job, platform="mastodon" if job == "no" else "threads", max_retries=1)
    h.attempt("done", DONE, runs_s=2)
    h.attempt("again", c.Fail(attempt=0, error="ReadTimeout: late"), runs_s=0.2)
    h.attempt("no", failing("HTTP 422 too long"))
    h.attempt("lost", failing("who knows", outcome_unknown=True))
    h.attempt("cut", c.Interrupt(attempt=0, reason="crashed", error="gone"), runs_s=3000)
    h.attempt("unused", c.PutBack(attempt=0, error="never called"))
    counts = counted(h)
    assert counts.attempts == {
        "threads": {"completed": 1, "retried": 1, "unknown": 1, "interrupted": 1},
        "mastodon": {"failed": 1},
    }
    assert counts.failures == {
        "threads": {"ReadTimeout": 1, "outcome_unknown": 1, "crashed": 1},
        "mastodon": {"http_422": 1},
    }
    # When the one that crashed really ended is not known.
    assert (sum(counts.duration.counts), counts.duration.sum_us) == (4, 2_200_000)
    assert sum(counts.start_delay.counts) == 6
    assert counts.events == {
        "added": 6, "started": 6, "completed": 1, "retried": 2, "failed": 2, "interrupted": 1,
    }  # fmt: skip
    assert counts.seq == len(h.events)


def test_the_share_of_failures_is_known_by_the_hour() -> None:
    """Who stops a runner is no failure; what is longer ago than two days is forgotten."""
    h = Histories()
    for number in range(60):
        h.add(f"old-{number}")
        h.attempt(f"old-{number}", failing("HTTP 500"))
        h.wait(hours=1)
    h.add("done")
    h.attempt("done", DONE)
    h.add("stopped")
    h.attempt("stopped", c.Interrupt(attempt=0, reason="stopped", error="stopped"))
    counts = counted(h)
    assert len(counts.hours) == 48
    assert counts.since(h.now) == HourCount(completed=1, failed=0)
    assert counts.since(h.now - timedelta(hours=24)) == HourCount(completed=1, failed=24)


def test_an_account_without_a_token_is_known_until_a_post_of_it_is_out() -> None:
    h = Histories()
    h.add("first", account_id="shop")
    h.attempt("first", c.PutBack(attempt=0, error="the token has expired", of_account=True))
    counts = counted(h)
    assert counts.no_token == {"shop": NoToken(NOON, "the token has expired")}
    assert counts.failures == {"threads": {"no_valid_token": 1}}
    h.wait(minutes=10)
    h.attempt("first", c.PutBack(attempt=0, error="the token has expired", of_account=True))
    assert counted(h).no_token["shop"].since == NOON
    h.attempt("first", DONE)
    assert counted(h).no_token == {}


def test_what_is_counted_by_is_bounded() -> None:
    """The first ones to be met keep their names, and all further ones are `other`."""
    h = Histories()
    for number in range(MOST_PLATFORMS + 5):
        h.add(f"p-{number}", platform=f"platform-{number}", lenient=True)
        h.attempt(f"p-{number}", DONE)
    for number in range(MOST_ERRORS + 5):
        h.add(f"e-{number}", platform="platform-0", lenient=True)
        h.attempt(f"e-{number}", failing(f"Kind{number}Error: no"))
    for number in range(MOST_ACCOUNTS + 5):
        h.add(f"a-{number}", account_id=f"account-{number}")
        h.attempt(f"a-{number}", c.PutBack(attempt=0, error="no", of_account=True))
    counts = counted(h)
    assert len(counts.attempts) == MOST_PLATFORMS + 1
    assert counts.attempts["other"] == {"completed": 5, "retried": MOST_ACCOUNTS + 5}
    assert counts.attempts["platform-0"] == {"completed": 1, "failed": MOST_ERRORS + 5}
    errors = counts.failures["platform-0"]
    assert (len(errors), errors["other"]) == (MOST_ERRORS + 1, 5)
    assert len(counts.no_token) == MOST_ACCOUNTS


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("ReadTimeout: the server", "ReadTimeout"),
        ("OSError", "OSError"),
        ("Exception: what", "Exception"),
        ("asking failed: ConnectTimeout: no", "ConnectTimeout"),
        ("httpx.ConnectError: no", "httpx.ConnectError"),
        ("HTTP 429 (code 4): too many", "http_429"),
        ("HTTP 7 dwarves", "refused"),
        ("Caption: too long", "refused"),
        ("NO: never", "refused"),
        ("my secret Token: abc", "refused"),
        ("", "refused"),
        ("đổi: không", "refused"),
        (f"{'Long' * 40}Error: x", "refused"),
    ],
)
def test_a_class_of_error_is_never_a_text_of_somebody(error: str, kind: str) -> None:
    assert error_class(error) == kind


def test_chains_are_counted_together() -> None:
    one, two = Histories(), Histories()
    one.add("a", platform="threads")
    one.attempt("a", DONE, runs_s=1)
    two.add("b", platform="threads")
    two.attempt("b", DONE, runs_s=2)
    two.add("c", platform="mastodon")
    two.attempt("c", failing("HTTP 500"))
    both = merged_counts([counted(one), counted(two)])
    assert both.attempts == {"threads": {"completed": 2}, "mastodon": {"failed": 1}}
    assert both.failures == {"mastodon": {"http_500": 1}}
    assert both.duration.sum_us == 3_000_000
    assert both.since(NOON) == HourCount(2, 1)
    assert both.events == {"added": 3, "started": 3, "completed": 2, "failed": 1}
    assert both.seq == 9
