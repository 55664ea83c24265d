"""`jobledger list`: which jobs, in which order, and a part of them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import run_here

from jobledger import JobPriority, Ledger, ManualClock


@pytest.fixture(autouse=True)
def ledger(directory: Path, clock: ManualClock) -> None:
    """Five jobs of three accounts; the first by rank is the last by time."""
    with Ledger(directory, clock=clock) as ledger:
        for number, (job_id, account) in enumerate(
            [("urgent", "a"), ("first", "a"), ("second", "b"), ("third", "c"), ("fourth", "a")]
        ):
            ledger.add_job(
                account,
                f"Straße nach {job_id}",
                clock.now() + timedelta(hours=number or 9),
                JobPriority.NORMAL if number else JobPriority.URGENT,
                job_id=job_id,
                hold=job_id == "third",
            )


def listed(directory: Path, *options: str) -> str:
    done = run_here(directory, "list", "--json", *options)
    assert (done.code, done.err) == (0, "")
    return " ".join(job["job_id"] for job in json.loads(done.out))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", "urgent first second third fourth"),
        ("--order time", "first second third fourth urgent"),
        ("--order latest --limit 2", "urgent fourth"),
        ("--limit 2", "urgent first"),
        ("--order time --after second --limit 2", "third fourth"),
        ("--after urg", "first second third fourth"),
        ("--after fourth", ""),
        ("--text STRASSE --limit 9", "urgent first second third fourth"),
        ("--text FOUR", "fourth"),
        ("--text nowhere", ""),
        ("--status pending --status scheduled --limit 4", "urgent first second third"),
        ("--account a --limit 2", "urgent first"),
        ("--account a --account b --limit 3", "urgent first second"),
        ("--account b --account c --order time --after second", "third"),
        ("--account a --text four --status pending", ""),
        ("--due-from 2026-03-02T14:00 --order time", "second third fourth urgent"),
        ("--due-to 2026-03-02T14:00 --order time", "first"),
        ("--due-from 2026-03-02T13:00 --due-to 2026-03-02T15:00 --account a", "first"),
        ("--due-to 2026-03-02", "urgent first second third fourth"),
        ("--due-from 2026-03-03", ""),
    ],
)
def test_options_choose_a_part_of_the_list(directory: Path, options: str, expected: str) -> None:
    assert listed(directory, *options.split()) == expected


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--limit 0", "--limit"),
        ("--order size", "--order"),
        ("--after nobody", "no job 'nobody' in this ledger"),
        ("--after f", "2 jobs begin with 'f'"),
    ],
)
def test_what_is_not_acceptable_is_said(directory: Path, options: str, said: str) -> None:
    done = run_here(directory, "list", *options.split())
    assert done.code == 2
    assert said in done.err
