"""Texts that would do harm where they are shown, written, or used as a name."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest
from support.anchors import package_files
from support.cli import run_here

from jobledger import JobLedgerError, Ledger, ManualClock, PostResult, Scheduler

HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07cleared",
    "two\nlines\r\nand\ttabs",
    "nul \x00 and del \x7f",
    "separators \u2028 \u2029 \x85",
    "right to left \u202e and \u2066 isolates",
    "'; DROP TABLE jobs; --",
    "../../../../etc/passwd",
    "{0} %s {{jinja}} <script>alert(1)</script>",
    '"quoted" \\ back',
    "🇻🇳👩‍👩‍👧‍👦",
]
HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What no line on a terminal may have in it as it is."""


@pytest.fixture
def hostile(directory: Path, clock: ManualClock) -> Path:
    """Every text as the account, the content, the platform, metadata, a reason and an error."""
    errors = iter(HOSTILE)
    with Scheduler(directory, clock=clock) as scheduler:
        for n, text in enumerate(HOSTILE):
            scheduler.add_job(
                text, text, clock.now(), platform=text, metadata={text: [text]}, job_id=f"j{n}",
                max_retries=0,
            )  # fmt: skip
        scheduler.run_due(lambda account, content: PostResult(False, error=next(errors)))
        for n, text in enumerate(HOSTILE):
            scheduler.add_job(f"{text}2", text, clock.now() + timedelta(hours=1), job_id=f"k{n}")
            scheduler.cancel_job(f"k{n}", text)
    return directory


@pytest.mark.parametrize(
    "command",
    [
        ["list"], ["list", "--status", "failed"], ["show", "j0"], ["show", "k1"], ["history", "j0"],
        ["history", "k1"], ["why", "j1"], ["why", "k0"], ["audit"], ["replay"],
        ["replay", "--seq", "9"], ["diff", "1", "30"], ["stats"], ["verify"],
        ["rebuild", "--check"], ["seal"], ["repair"],
        ["list", "--account", HOSTILE[0]], ["show", HOSTILE[0]], ["cancel", HOSTILE[1]],
        ["add", HOSTILE[2], "x", "\x1b[31msoon"], ["audit", "--since", HOSTILE[3]],
        ["import", HOSTILE[0]], ["run", "--publisher", HOSTILE[0]],
    ],
    ids=lambda words: ascii(" ".join(words)),
)  # fmt: skip
def test_no_command_sends_it_to_the_terminal(hostile: Path, command: list[str]) -> None:
    """It is shown, as what it is."""
    done = run_here(hostile, *command)
    assert done.out + done.err
    assert not HARMFUL.search(done.out + done.err)


def test_all_of_it_comes_back_and_nothing_is_made_outside(hostile: Path) -> None:
    """Texts are never names of files; ids are, in no file either, and may not be paths."""
    assert {path.name for path in hostile.parent.iterdir()} == {hostile.name}
    with Ledger(hostile) as ledger:
        assert [ledger.get_job(f"j{n}").content for n in range(len(HOSTILE))] == HOSTILE
        assert ledger.verify().ok


@pytest.mark.parametrize("job_id", [*HOSTILE, "", "a" * 65, "a b", "ä", "a/b", "a\\b"])
def test_an_id_that_is_no_id_is_refused(directory: Path, clock: ManualClock, job_id: str) -> None:
    """And nothing is written."""
    with Ledger(directory, clock=clock) as ledger:
        with pytest.raises(JobLedgerError, match="job_id") as caught:
            ledger.add_job("a", "x", clock.now(), job_id=job_id)
        assert not HARMFUL.search(str(caught.value))
        assert list(ledger.events()) == []


def test_text_that_no_utf8_can_hold_is_refused(directory: Path, clock: ManualClock) -> None:
    """A lone surrogate would come back as something else."""
    with Ledger(directory, clock=clock) as ledger:
        for fields in (
            {"content": "\ud800"},
            {"account_id": "\udfff"},
            {"metadata": {"\ud800": 1}},
        ):
            given = {"account_id": "a", "content": "x", "metadata": {}} | fields
            with pytest.raises(JobLedgerError, match=r"surrogate|Unicode|UTF-8"):
                ledger.add_job(scheduled_time=clock.now(), **given)  # type: ignore[arg-type]
        for value in (float("nan"), float("inf"), b"bytes", {1: 2}, object()):
            with pytest.raises(JobLedgerError, match="metadata"):
                ledger.add_job("a", "x", clock.now(), metadata={"key": value})
        deep: list[object] = []
        for _ in range(100_000):
            deep = [deep]
        with pytest.raises(JobLedgerError, match="metadata"):
            ledger.add_job("a", "x", clock.now(), metadata={"deep": deep})
        assert list(ledger.events()) == []


def test_the_operational_log_stays_one_line_an_event(
    directory: Path, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the account is called and the error says."""
    caplog.set_level(logging.DEBUG, "jobledger")
    with Scheduler(directory, clock=clock) as scheduler:
        for text in HOSTILE:
            scheduler.add_job(text, "x", clock.now(), max_retries=0)
        scheduler.run_due(lambda account, content: PostResult(False, error=account))
    ended = [message for message in caplog.messages if "attempt ended" in message]
    assert len(ended) == len(HOSTILE)
    for message in caplog.messages:
        assert not HARMFUL.search(message)
        assert "\n" not in message


def test_nothing_is_ever_unpickled() -> None:
    """Files are JSON: reading them runs no code of theirs."""
    for path in package_files():
        assert not re.search(
            r"^\s*(import|from) (pickle|marshal|shelve)|\b(eval|exec)\(", path.read_text(), re.M
        ), path
