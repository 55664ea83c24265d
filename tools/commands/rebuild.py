"""The `rebuild` command: everything that is derived, made anew from the log."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import click

from ...projections import Difference, RebuildReport
from ..grammar import command
from ..loading import projection_option
from ..output import print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session

_SHOWN = 10


@command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file differs.")
@click.option(
    "--only", multiple=True, metavar="NAME", help="Only this projection, such as daily_files."
)
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Also where the files show that the log has lost its end.",
)
@projection_option
@json_option
@pass_session
def rebuild(
    session: Session,
    check: bool,
    only: tuple[str, ...],
    accept_loss: bool,
    projections: list[Any],
) -> None:
    """Make every derived file anew from the log alone; safe while other processes work.

    --check compares byte for byte instead, writes nothing, and shows the first differences. Files
    that show that the log has lost its end are only written over with --accept-loss, and kept in a
    directory lost_after_N first.

    \b
    Example:
      jobledger rebuild --check
      jobledger rebuild --only daily_files
      jobledger rebuild --projection my_views:PerAccount
    """
    opening = session.reading if check else session.ledger
    with ExitStack() as opened:
        with progress_bar("reading", unit="events") as progress:
            ledger = opened.enter_context(
                opening(projections=projections, use_snapshot=False, progress=progress)
            )
        if ledger.damage is not None:
            return  # it was reported; what the files have to hold nobody can say
        with progress_bar("comparing" if check else "rebuilding", unit="events") as progress:
            report = ledger.rebuild(
                check=check, only=only, accept_loss=accept_loss, progress=progress
            )
    if check and report.changed:
        session.exit_code = 1
    if not check:
        session.done = f"{len(report.changed)} of {report.files} files rewritten"
    if session.json:
        print_json(report)
    else:
        _print(report, check)


def _print(report: RebuildReport, check: bool) -> None:
    files = f"{report.files} file{'' if report.files == 1 else 's'}"
    count = len(report.changed)
    if check:
        verdict = f"{count} differ{'s' * (count == 1)}" if count else "all as the log gives them"
    else:
        verdict = f"{count} rewritten" if count else "all were as the log gives them"
    click.echo(f"{report.events} events, {report.jobs} jobs, {files}: {verdict}")
    for difference in report.differences[:_SHOWN]:
        _print_difference(difference, check)
    if count > _SHOWN:
        click.echo(f"  … and {count - _SHOWN} more")
    if report.kept is not None:
        click.echo(f"what stood for more than the log has is kept in {report.kept}")


def _print_difference(difference: Difference, check: bool) -> None:
    words = {
        "missing": "is missing" if check else "was missing",
        "behind": "is behind: the next opening brings it up" if check else "was behind",
        "ahead": "stands for more than the log has, or for something else",
        "foreign": "is not of this ledger's making" + ("" if check else ": set aside"),
        "differs": f"differ{'s' if check else 'ed'} from line {difference.line} on",
    }
    click.echo(f"  {printable(difference.file)} {words[difference.kind]}")
    if difference.kind == "differs":
        for title, text in (("has" if check else "had", difference.found),
                            ("due", difference.expected)):  # fmt: skip
            shown = "(the end of the file)" if text is None else printable(text.strip())[:100]
            click.echo(f"      {title}: {shown}")
