"""The `rebuild` command: everything that is derived, made anew from the log."""

from __future__ import annotations

import click

from .output import print_json
from .session import Session, json_option, pass_session


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file differs.")
@json_option
@pass_session
def rebuild(session: Session, check: bool) -> None:
    """Make the daily files anew from the log alone; safe while other processes work.

    \b
    Example:
      jobledger rebuild --check
    """
    opening = session.reading() if check else session.ledger()
    with opening as ledger:
        report = ledger.rebuild(check=check)
    if check and report.changed:
        session.exit_code = 1
    if session.json:
        print_json(report)
        return
    jobs = f"{report.events} events, {report.jobs} jobs, {report.files} daily files"
    click.echo(f"{jobs}: {len(report.changed)} {'differ' if check else 'rewritten'}")
    for day in report.changed:
        click.echo(f"  jobs_{day}.json")
