"""The `verify` command: is the ledger sound, and are its daily files in step?"""

from __future__ import annotations

import click

from ..projections.verify import VerifyReport, verify
from .output import console, print_error, print_json, printable
from .progress import progress_bar
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
    with progress_bar("verifying", unit="bytes") as progress:
        report = verify(session.directory, progress=progress)
    for note in report.notes:
        print_error(f"note: {note}")
    if session.json:
        print_json(report.to_dict())
    else:
        print_report(report)
    if not report.ok:
        session.exit_code = 1


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
