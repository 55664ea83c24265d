"""The `metrics` command: what can be measured of a ledger, as Prometheus reads it."""

from __future__ import annotations

import click

from ..grammar import command
from ..session import Session, pass_session


@command()
@pass_session
def metrics(session: Session) -> None:
    """Print the ledger's metrics, as Prometheus reads them.

    What has happened is counted from the first event of the log on, whoever asks. What only a
    process knows of itself (its writes, its publisher's tokens) is told by the one that runs the
    jobs: `run --metrics`.

    \b
    Example:
      jobledger metrics
      jobledger metrics > jobledger.prom
    """
    with session.reading() as ledger:
        click.echo(ledger.metrics(), nl=False)
