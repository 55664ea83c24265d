"""The `simulate` command: the whole system on one seed, held against its rules at every step."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import click

from ...domain import ValidationError
from ..grammar import command
from ..output import print_json, printable
from ..progress import progress_bar
from ..session import Session, json_option, pass_session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...testing.simulator import Outcome, Step


@command("simulate")
@click.option(
    "--seed", type=click.IntRange(0), help="What decides everything; a new one if not given."
)
@click.option(
    "--steps", type=click.IntRange(1), default=10_000, show_default=True, help="How many."
)
@click.option(
    "--engine",
    type=click.Choice(["files", "memory", "remote"]),
    default="files",
    show_default=True,
    help="Where the ledgers are: on a disk; in an engine's memory, whose answers get lost; or on a"
    " server that many runners share.",
)
@click.option(
    "--runners",
    type=click.IntRange(1, 8),
    help="With `--engine remote`: so many at most share a ledger; not given, as the seed says.",
)
@click.option("--only", metavar="N,N,…", help="Do only these of the steps, as a failure says.")
@click.option(
    "--shrink",
    "shorten",
    is_flag=True,
    help="If it fails, look for a shorter run that breaks the same rule, and tell it.",
)
@json_option
@pass_session
def simulate_(
    session: Session,
    seed: int | None,
    steps: int,
    engine: str,
    runners: int | None,
    only: str | None,
    shorten: bool,
) -> None:
    """Try the whole system on a simulated disk (or engine), clock and platform.

    Writers, a runner and its publisher work on ledgers in memory while processes die, disks fail or
    fill up, the power goes, and the clock jumps. After each step everything is held against the
    rules, which are written down a second time for it. No threads and no real time: a seed gives
    the same history to the byte. Exits with 1 when a rule is broken.

    With `--engine remote` up to eight runners share each ledger: they come in between one another
    at every operation, are stopped and killed there; the server loses answers, starts again, and
    fails over to one that lacks the last records.

    `--shrink` leaves out runners and steps as long as the same rule is broken, and tells what is
    left line by line; the last one is the command that lives that again.

    \b
    Example:
      jobledger simulate --seed 7 --steps 200
      jobledger simulate --steps 1000 --shrink
      jobledger simulate --seed 7 --steps 250 --engine remote --runners 3
    """
    from ...testing.simulator import shrink, simulate, steps_of
    from ..retelling import retold

    if runners is not None and engine != "remote":
        raise ValidationError("--runners needs --engine remote", field="runners")
    seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    chosen = _chosen(steps_of(seed, steps, engine), only)
    with progress_bar("simulating", unit="steps") as show:
        outcome = simulate(
            seed, chosen, lambda done: show(done, len(chosen)), engine=engine, runners=runners
        )
    if outcome.failure is not None and shorten:
        click.echo(printable(outcome.failure.message), err=True)
        click.echo("looking for a shorter run …", err=True)
        outcome = shrink(seed, outcome.failure, engine=engine, runners=runners)
    if outcome.failure is not None:
        session.exit_code = 1
    if session.json:
        print_json(_document(outcome))
    elif outcome.failure is None:
        click.echo(
            f"seed {seed}: {outcome.steps} steps, {outcome.days:.0f} days, {outcome.events} events,"
            f" {outcome.posts} posts"
        )
        counts = sorted(outcome.counts.items())
        click.echo("  " + ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in counts))
        click.echo(f"no rule broken; digest {outcome.digest}")
    else:
        click.echo(printable(retold(outcome, whole=shorten), one_line=False))


def _chosen(steps: Iterable[Step], only: str | None) -> list[Step]:
    every = list(steps)
    if only is None:
        return every
    try:
        numbers = {int(word) for word in only.split(",")}
    except ValueError:
        numbers = {-1}
    if not numbers or min(numbers) < 0 or max(numbers) >= len(every):
        raise ValidationError(
            f"--only must be numbers of steps from 0 to {len(every) - 1}, with commas between them",
            field="only",
        )
    return [step for step in every if step.index in numbers]


def _document(outcome: Outcome) -> dict[str, object]:
    from ..retelling import again

    failure = outcome.failure
    return {
        "seed": outcome.seed,
        "engine": outcome.engine,
        "steps": outcome.steps,
        "days": round(outcome.days, 3),
        "events": outcome.events,
        "posts": outcome.posts,
        "counts": dict(sorted(outcome.counts.items())),
        "digest": outcome.digest,
        "broken": None
        if failure is None
        else {
            "step": None if failure.step is None else failure.step.index,
            "message": failure.message,
            "events": failure.events,
            "steps": [step.index for step in failure.done],
            "again": again(outcome),
            "rule": failure.rule,
            "story": failure.story,
        },
    }
