"""The `check` command: does everything hold that somebody would want to know of?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import click
from rich.text import Text

from ...domain import ValidationError
from ...ledger import Ledger, Measured, measured
from ..checking import CheckProblem, Limits, check_figures, check_soundness, check_tokens
from ..grammar import command
from ..output import console, print_json, printable
from ..progress import progress_bar
from ..remedies import to_hold
from ..scheduling.options import read_duration
from ..session import Session, json_option, pass_session, quiet

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)\s*%?")


@command()
@click.option(
    "--max-late",
    default="5m",
    show_default=True,
    metavar="TIME",
    help="For how long a job may have been due.",
)
@click.option(
    "--max-unknown",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Of how many jobs nobody may know if they are out.",
)
@click.option(
    "--max-failures",
    default="20%",
    show_default=True,
    metavar="SHARE",
    help="Which share of the last day's attempts may have failed.",
)
@click.option(
    "--min-token",
    default="7d",
    show_default=True,
    metavar="TIME",
    help="For how long tokens have to be good, with --publisher.",
)
@click.option("--publisher", metavar="NAME", help="Ask it when its tokens end; as `run` takes it.")
@click.option("--verify", "with_verify", is_flag=True, help="Check every record of the log, too.")
@json_option
@pass_session
def check(
    session: Session,
    max_late: str,
    max_unknown: int,
    max_failures: str,
    min_token: str,
    publisher: str | None,
    with_verify: bool,
) -> None:
    """Name what does not hold, and what to do about it; exit 1 where there is anything.

    It looks at jobs that are late, a runner that is not there while jobs are due, unknown outcomes,
    failures of the last day (by whole hours), accounts without a valid token, the disk, and damage
    of the log that it meets. What only a running process knows of itself, `/healthz` of
    `run --metrics` says.

    \b
    Example:
      jobledger check | tee found.txt
      jobledger check --verify --max-late 15m --json | tee found.json
    """
    limits = Limits(
        late=read_duration(max_late, "max_late"),
        unknown=max_unknown,
        failures=_share(max_failures),
        token=read_duration(min_token, "min_token"),
    )
    from ..publishing import load_publisher  # for those who ask one

    session.must_exist()
    asked = None if publisher is None else load_publisher(publisher, session.config.file)
    with quiet(), Ledger(session.location, read_only=True) as ledger:
        figures = measured(ledger)
        problems = [*check_soundness(ledger), *check_figures(figures, limits)]
        problems += _ask_for_tokens(asked, figures, limits)
        if with_verify:
            problems += _verify(ledger)
    if problems:
        session.exit_code = 1
    if session.json:
        print_json(_report(problems, figures))
        return
    out = console()
    for problem in problems:
        said = f"{printable(problem.message)}; {to_hold(problem.kind, problem.subject)}"
        out.print(Text.assemble((problem.kind, "red"), f"  {said}"), soft_wrap=True)
    if not problems:
        out.print(Text.assemble(("all holds", "green")), soft_wrap=True)


def _share(text: str) -> float:
    found = _SHARE.fullmatch(text.strip())
    if found is None or float(found[1]) > 100:
        raise ValidationError(
            f"{text!r:.40} is no share", field="max_failures", hint="such as 20%, or 0"
        )
    return float(found[1]) / 100


def _ask_for_tokens(publisher: Any, figures: Measured, limits: Limits) -> Iterator[CheckProblem]:
    if publisher is None:
        return
    ask = getattr(publisher, "token_expiries", None)
    if not callable(ask):
        raise ValidationError(
            "the publisher does not say when its tokens end",
            field="publisher",
            hint="it has no `token_expiries` (docs/publishers.md)",
        )
    yield from check_tokens(ask(), figures.now, limits.token)


def _verify(ledger: Ledger) -> Iterator[CheckProblem]:
    with progress_bar("verifying", unit="bytes") as progress:
        report = ledger.verify(progress)
    if not report.ok:
        first, *others = report.problems
        more = f", and {len(others)} more" if others else ""
        yield CheckProblem("verify", f"the ledger does not verify: {first.message}{more}")


def _report(problems: list[CheckProblem], figures: Measured) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "ok": not problems,
        "problems": [
            {
                "kind": problem.kind,
                "message": problem.message,
                "account_id": problem.subject,
                "remedy": to_hold(problem.kind, problem.subject),
            }
            for problem in problems
        ],
        "at": figures.now,
        "events": figures.seq,
        "due": figures.due,
        "unknown": figures.unknown,
        "runner": figures.has_runner,
    }
