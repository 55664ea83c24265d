"""The lifecycle of a schedule: the one declaration of its states and transitions."""

from __future__ import annotations

from typing import Final

from ..errors import InvalidTransitionError
from ..machine import Table, build, declare, edges, flatten
from .state import ScheduleStatus

NEW: Final = "–"
"""The pseudo state before `add`."""

_ACTIVE, _PAUSED, _ENDED = ScheduleStatus.ACTIVE, ScheduleStatus.PAUSED, ScheduleStatus.ENDED

STATES: Final = (NEW, *(status.value for status in ScheduleStatus))

TRANSITIONS: Final = (
    declare("add", NEW, _ACTIVE),
    declare("add", NEW, _PAUSED, "added paused"),
    declare("edit", [_ACTIVE, _PAUSED], "="),
    declare("pause", _ACTIVE, _PAUSED),
    declare("resume", _PAUSED, _ACTIVE),
    declare("plan", _ACTIVE, "=", "occurrences became jobs, or were left out"),
    declare("skip", [_ACTIVE, _PAUSED], "=", "one occurrence will not be"),
    declare("end", [_ACTIVE, _PAUSED], _ENDED, "count reached, end passed, or by hand"),
)

MACHINE: Final = build(STATES, NEW, TRANSITIONS)

TABLE: Final[Table] = flatten(MACHINE)
"""`{(state, trigger): destinations}`: what is not in it is not a transition."""


def check(state: str, trigger: str, *, schedule_id: str) -> tuple[str, ...]:
    """Return where `trigger` may lead from `state`.

    Raises:
        InvalidTransitionError: it leads nowhere; names both.
    """
    destinations = TABLE.get((state, trigger))
    if destinations is None:
        why = "is there already" if trigger == "add" else f"is {state.upper()}"
        raise InvalidTransitionError(
            f"cannot {trigger} schedule {schedule_id}: it {why}",
            state=state,
            trigger=trigger,
            job_id=f"schedule:{schedule_id}",
        )
    return destinations


def diagram() -> str:
    """Return the lifecycle as a Mermaid state diagram, made from the declaration."""
    lines = ["stateDiagram-v2"]
    for (source, dest), triggers in edges(TRANSITIONS).items():
        start = "[*]" if source == NEW else source.upper()
        lines.append(f"    {start} --> {dest.upper()}: {', '.join(triggers)}")
    return "\n".join(lines) + "\n"
