"""Options that choose jobs: any of their values, in every command that lists some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click

from ..domain import JobStatus, ScheduledJob
from ..ledger import Ledger, LedgerView
from ..projections import ListOrder

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def account_option(command: CommandT) -> CommandT:
    """`--account A`, any number of times, as the argument `accounts`."""
    option = click.option(
        "--account-id",
        "--account",
        "accounts",
        multiple=True,
        metavar="ACCOUNT",
        help="Only the jobs of this account; may be repeated.",
    )
    return option(command)


def status_option(command: CommandT) -> CommandT:
    """`--status S`, any number of times, as the argument `statuses`."""

    def read(context: click.Context, option: click.Parameter, names: tuple[str, ...]) -> Any:
        return tuple(JobStatus(name) for name in names)

    option = click.option(
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice([status.value for status in JobStatus], case_sensitive=False),
        metavar="STATE",
        callback=read,
        help=f"Only the jobs in this state: {', '.join(JobStatus)}; may be repeated.",
    )
    return option(command)


def choose_jobs(
    jobs: Ledger | LedgerView,
    accounts: Sequence[str],
    statuses: Sequence[JobStatus],
    *,
    text: str | None = None,
    outcome_unknown: bool = False,
    due_from: datetime | None = None,
    due_to: datetime | None = None,
    order: ListOrder = "rank",
    after: ScheduledJob | None = None,
    limit: int | None = None,
) -> list[ScheduledJob]:
    """Choose the jobs of these accounts in these states (none given: of all), in order; the rest as
    `list_jobs` has it."""
    is_one_list = len(accounts) <= 1
    found = jobs.list_jobs(
        accounts[0] if len(accounts) == 1 else None,
        statuses or None,
        text=text,
        outcome_unknown=outcome_unknown,
        due_from=due_from,
        due_to=due_to,
        order=order,
        after=after,
        limit=limit if is_one_list else None,
    )
    return found if is_one_list else [job for job in found if job.account_id in accounts][:limit]
