"""Reading the demo's posts from a CSV file into a ledger."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib.resources import files

import msgspec

from ...domain import JobPriority, ValidationError
from ...interchange import parse_moment
from ...ledger import Ledger


class Refused(msgspec.Struct, frozen=True):
    """A row that validation refused: the line of the file that it ends on, and why."""

    line: int
    account_id: str
    reason: str


def demo_csv() -> list[str]:
    """Return the lines of `examples/posts.csv`, as it is shipped."""
    path = files("jobledger").joinpath("examples", "posts.csv")
    return path.read_text("utf-8").splitlines(keepends=True)


def add_posts(ledger: Ledger, lines: Iterable[str]) -> tuple[list[str], list[Refused]]:
    """Add a job for every row; returns the ids added and the rows refused, in order."""
    added: list[str] = []
    refused: list[Refused] = []
    reader = csv.DictReader(lines)
    for row in reader:
        try:
            added.append(
                ledger.add_job(
                    row["account_id"],
                    row["content"],
                    parse_moment(row["scheduled_time"], ledger.now()),
                    JobPriority[row["priority"].upper()],
                    int(row["max_retries"]),
                    platform=row["platform"],
                )
            )
        except ValidationError as error:
            refused.append(Refused(reader.line_num, row["account_id"], error.message))
    return added, refused
