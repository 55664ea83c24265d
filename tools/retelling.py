"""What is said of a run that broke a rule: which one, what happened, and how to have it again."""

from __future__ import annotations

from itertools import groupby

from ..testing.simulator import Failure, Outcome

_EVENTS = 10
"""How many of the last events are shown."""
_STEPS = 30
"""How many of the last steps."""


def retold(outcome: Outcome, *, whole: bool = False) -> str:
    """Tell of a failure in lines: the rule, the last events, the steps, and the command that lives
    it again. `whole`: what happened in each step too, where many runners shared the ledger.

    Raises:
        ValueError: nothing has failed.
    """
    failure = _failure_of(outcome)
    step = failure.step
    at = "the end of a life" if step is None else f"step {step.index} ({step.kind})"
    lines = [f"BROKEN at {at} of seed {outcome.seed}, after {outcome.steps} steps:"]
    lines += [f"  {line}" for line in failure.message.rstrip().splitlines()]
    lines += [f"  (checked in {failure.rule})"] if failure.rule else []
    if whole and failure.story:
        told = f"what happened, with {outcome.crowd} runner" + "s" * (outcome.crowd != 1)
        lines += [f"{told}, in {len(failure.done)} steps:", *_without_repetition(failure.story)]
    else:
        lines += ["the last events:", *map(_told, failure.events[-_EVENTS:])]
        steps = " ".join(f"{one.index}:{one.kind}" for one in failure.done[-_STEPS:])
        lines += [f"the steps of that life: {steps}"]
    return "\n".join([*lines, f"again: {again(outcome)}"])


def again(outcome: Outcome) -> str:
    """Return the command that repeats a failure.

    Raises:
        ValueError: nothing has failed.
    """
    failure = _failure_of(outcome)
    indexes = [step.index for step in failure.done]
    steps = f"--steps {indexes[-1] + 1}"
    if outcome.engine != "files":
        steps += f" --engine {outcome.engine}"
    if outcome.runners is not None:
        steps += f" --runners {outcome.runners}"
    life = range(failure.done[0].index, indexes[-1] + 1)
    if list(life) != indexes or failure.step is None:
        steps += f" --only {','.join(map(str, indexes))}"
    return f"jobledger simulate --seed {outcome.seed} {steps}"


def _failure_of(outcome: Outcome) -> Failure:
    if outcome.failure is None:
        raise ValueError("nothing has failed")
    return outcome.failure


def _told(event: dict[str, object]) -> str:
    data = event["data"]
    assert isinstance(data, dict)
    said = ", ".join(f"{name}={value!r:.40}" for name, value in data.items())
    return f"  {event['seq']:5} {event['at']} {event['type']:12} {event['job']:10} {said}"[:160]


def _without_repetition(story: list[str]) -> list[str]:
    """Tell what was the same several times over once, and how often."""
    lines = []
    for _, same in groupby(story, key=lambda line: line.partition("  ")[2][9:] or line):
        every = list(same)
        more = "" if len(every) == 1 else f" ({len(every)} times)"
        lines.append(f"  {every[0]}{more}")
    return lines
