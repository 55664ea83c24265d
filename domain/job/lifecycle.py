"""The lifecycle of a job: the one declaration of its states and transitions.

`TRANSITIONS` is the declaration. `transitions.Machine` is built from it once, to check it and to
be what the flat `TABLE` is read off; `check` is the question that every change asks. The diagram
in the documentation and the strategies of the tests are made from the same declaration, so none of
them can disagree with it.

There is one Machine for all jobs, never one a job: a model registered with a Machine costs
hundreds of microseconds and kilobytes, a look into the table a tenth of a microsecond
(docs/adr/0003-one-lifecycle-declaration.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from transitions import Machine

from ..errors import InvalidTransitionError
from .state import JobStatus

NEW: Final = "–"
"""The pseudo state before `add`."""
REMOVED: Final = "removed"
"""The pseudo state after `remove`: gone from every projection, its events stay in the log."""

_PENDING, _SCHEDULED, _RUNNING = JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING
_COMPLETED, _FAILED = JobStatus.COMPLETED, JobStatus.FAILED
_CANCELLED, _EXPIRED = JobStatus.CANCELLED, JobStatus.EXPIRED

STATES: Final[tuple[str, ...]] = (NEW, *(status.value for status in JobStatus), REMOVED)


def _declare(
    trigger: str, source: Sequence[str] | str, dest: str, when: str = ""
) -> dict[str, Any]:
    # Plain text: an Enum member would be taken by its name, and the log has its value.
    sources = [str(source)] if isinstance(source, str) else [str(state) for state in source]
    return {"trigger": trigger, "source": sources, "dest": str(dest), "when": when}


# "=" is the notation of `transitions` for "stays where it is".
TRANSITIONS: Final[tuple[dict[str, Any], ...]] = (
    _declare("add", NEW, _SCHEDULED, "accepted by validation"),
    _declare("add", NEW, _PENDING, "hold"),
    *(_declare("import", NEW, status, "taken over as it was elsewhere") for status in JobStatus),
    _declare("hold", _SCHEDULED, _PENDING),
    _declare("release", _PENDING, _SCHEDULED),
    _declare("edit", [_PENDING, _SCHEDULED], "="),
    _declare("reschedule", [_PENDING, _SCHEDULED], "="),
    _declare("defer", _SCHEDULED, "=", "due, held back by the pacing of its account"),
    _declare("start", _SCHEDULED, _RUNNING, "due, taken by the runner"),
    _declare("note", _RUNNING, "="),
    _declare("checkpoint", _RUNNING, "="),
    _declare("complete", _RUNNING, _COMPLETED, "published"),
    _declare("retry", _RUNNING, _SCHEDULED, "failed, retries left"),
    _declare("fail", _RUNNING, _FAILED, "failed, none left"),
    _declare("interrupt", _RUNNING, _SCHEDULED, "to be tried or asked again"),
    _declare("interrupt", _RUNNING, _FAILED, "not to be tried again"),
    _declare("cancel", [_PENDING, _SCHEDULED, _RUNNING], _CANCELLED),
    _declare("expire", [_PENDING, _SCHEDULED], _EXPIRED, "more than 24 h late"),
    # rule: no-requeue-of-completed
    _declare("requeue", [_FAILED, _EXPIRED, _CANCELLED], _SCHEDULED, "by hand, with a new time"),
    _declare("resolve", _FAILED, _COMPLETED, "outcome unknown: it was posted"),
    _declare("resolve", _FAILED, _FAILED, "outcome unknown: it was not"),
    _declare(
        "remove",
        [_PENDING, _SCHEDULED, _COMPLETED, _FAILED, _CANCELLED, _EXPIRED],
        REMOVED,
    ),
)


def _build_machine() -> Machine:
    return Machine(
        model=None,
        states=list(STATES),
        initial=NEW,
        auto_transitions=False,
        transitions=[
            {key: item[key] for key in ("trigger", "source", "dest")} for item in TRANSITIONS
        ],
    )


MACHINE: Final = _build_machine()


def _flatten(machine: Machine) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (source, trigger): tuple(str(transition.dest) for transition in transitions)
        for trigger, event in machine.events.items()
        for source, transitions in event.transitions.items()
    }


TABLE: Final[dict[tuple[str, str], tuple[str, ...]]] = _flatten(MACHINE)
"""`{(state, trigger): destinations}`: what is not in it is not a transition."""

BY_TRIGGER: Final[dict[str, dict[str, tuple[str, ...]]]] = {}
"""The same as `{trigger: {state: destinations}}`."""
for (_state, _trigger), _destinations in TABLE.items():
    BY_TRIGGER.setdefault(_trigger, {})[_state] = _destinations


def check(state: str, trigger: str, *, job_id: str | None = None) -> tuple[str, ...]:
    """Where `trigger` may lead from `state`.

    Raises:
        InvalidTransitionError: it leads nowhere; names both.
    """
    destinations = TABLE.get((state, trigger))
    if destinations is None:
        raise refusal(state, trigger, job_id=job_id)
    return destinations


def refusal(
    state: str, trigger: str, *, job_id: str | None = None, reason: str | None = None
) -> InvalidTransitionError:
    """Return the error for a transition that is not allowed, worded the same wherever it is
    raised."""
    who = f"job {job_id}" if job_id else "a job"
    why = reason or f"is {state.upper()}"
    return InvalidTransitionError(
        f"cannot {trigger} {who}: it {why}", state=state, trigger=trigger, job_id=job_id
    )


def diagram() -> str:
    """Return the lifecycle as a Mermaid state diagram, made from the declaration."""
    lines = ["stateDiagram-v2"]
    edges: dict[tuple[str, str], list[str]] = {}
    for item in TRANSITIONS:
        for source in item["source"]:
            if item["dest"] == REMOVED or item["trigger"] == "import":
                continue  # many arrows that say one thing; the note says it
            dest = source if item["dest"] == "=" else item["dest"]
            edges.setdefault((source, dest), []).append(item["trigger"])
    for (source, dest), triggers in edges.items():
        start = "[*]" if source == NEW else source.upper()
        lines.append(f"    {start} --> {dest.upper()}: {', '.join(triggers)}")
    lines.append("    note left of PENDING: an import may begin in any state")
    lines.append("    note right of RUNNING: every other state can also be removed")
    return "\n".join(lines) + "\n"
