"""The `run` command: the runner of a ledger, with a publisher from the user's own module."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from .loading import load_object, projection_option
from .output import print_json
from .session import Session, json_option, pass_session


@click.command()
@click.option("--publisher", required=True, metavar="MODULE:OBJECT", help="The code that posts.")
@click.option("--once", is_flag=True, help="Run what is due and end.")
@click.option("--limit", type=click.IntRange(min=0), help="With --once, at most so many jobs.")
@click.option("--concurrency", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--on-interrupted",
    type=click.Choice(["retry", "fail"]),
    default="retry",
    show_default=True,
    help="An attempt of unknown outcome: post again (at least once), or never (at most once).",
)
@click.option(
    "--retry-base-s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="The n-th failure waits this times 2 to the n.",
)
@click.option(
    "--max-running-minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="An attempt that runs longer is stuck.",
)
@click.option(
    "--grace-s",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How long a stop waits for the running job.",
)
@projection_option
@json_option
@pass_session
def run(
    session: Session,
    publisher: str,
    once: bool,
    limit: int | None,
    concurrency: int,
    on_interrupted: Any,
    retry_base_s: float,
    max_running_minutes: float,
    grace_s: float,
    projections: list[Any],
) -> None:
    """Run the ledger's jobs until SIGTERM or Ctrl-C; one runner a ledger.

    \b
    Example:
      jobledger run --publisher my_posts:publish
      jobledger run --publisher my_posts:publish --once
    """
    from ..domain.policy import RetryPolicy
    from ..scheduler.attempt import Port
    from ..scheduler.scheduler import Scheduler

    found = load_object(publisher, "publisher")
    Port(found)
    logging.basicConfig(
        level=logging.WARNING if once else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
    )
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    with Scheduler(
        session.directory,
        retry=RetryPolicy(base_s=retry_base_s),
        on_interrupted=on_interrupted,
        concurrency=concurrency,
        max_running_minutes=max_running_minutes,
        grace_s=grace_s,
        projections=projections,
    ) as scheduler:
        if not once:
            scheduler.run(found)
            return
        count = scheduler.run_due(found, limit)
    if session.json:
        print_json({"ran": count})
    else:
        click.echo(f"ran {count} job{'' if count == 1 else 's'}")
