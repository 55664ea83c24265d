"""The `verify` and `rebuild` commands: is the ledger sound, and are its daily files in step?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from ..projections.verify import VerifyReport, verify
from .output import console, print_error, print_json, printable
from .session import Session, json_option, pass_session


@click.command("verify")
@json_option
@pass_session
def verify_(session: Session) -> None:
    """Check every record of every file: hashes, sequence, versions, transitions, daily files.

    Takes no lock and changes nothing; also works on a copy. Exits with 1 when something is wrong.

    \b
    Example:
      jobledger verify
      jobledger --dir backup verify --json
    """
    with _progress() as progress:
        report = verify(session.directory, progress=progress)
    for note in report.notes:
        print_error(f"note: {note}")
    if session.json:
        print_json(report.to_dict())
    else:
        print_report(report)
    if not report.ok:
        session.exit_code = 1


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


def print_report(report: VerifyReport) -> None:
    """The verdict, and what is wrong, each with its file, line and byte."""
    from rich.text import Text

    out = console()
    files = f"{report.files} file{'' if report.files == 1 else 's'}"
    if report.ok:
        out.print(Text.assemble(("ok", "bold green"), f": {report.events} events in {files}"))
        out.print(Text(f"head: {report.head['seq']} {report.head['hash'] or '–'}", "dim"))
        return
    count = len(report.problems)
    out.print(
        Text.assemble(
            (f"{count} problem{'' if count == 1 else 's'}", "bold red"),
            f" in {report.events} sound events of {files}",
        )
    )
    for problem in report.problems:
        where = printable(problem.path)
        if problem.line is not None:
            where += f", line {problem.line}"
        if problem.offset is not None:
            where += f", byte {problem.offset}"
        text = Text.assemble((problem.kind, "red"), f"  {where}: {printable(problem.message)}")
        out.print(text, soft_wrap=True)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, where that is a terminal."""
    err = console(stderr=True)
    if not err.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import Progress

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("verifying", total=None)
        seen = 0

        def show(done: int, total: int) -> None:
            nonlocal seen
            if done - seen >= 65_536 or done >= total:
                seen = done
                bar.update(task, completed=done, total=total)

        yield show
