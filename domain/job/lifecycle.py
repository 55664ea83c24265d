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

from typing import Final

from ..errors import InvalidTransitionError
from ..machine import Declaration, Table, build, declare, edges, flatten
from .state import JobStatus

NEW: Final = "–"
"""The pseudo state before `add`."""
REMOVED: Final = "removed"
"""The pseudo state after `remove`: gone from every projection, its events stay in the log."""

_PENDING, _SCHEDULED, _RUNNING = JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING
_COMPLETED, _FAILED = JobStatus.COMPLETED, JobStatus.FAILED
_CANCELLED, _EXPIRED = JobStatus.CANCELLED, JobStatus.EXPIRED

STATES: Final[tuple[str, ...]] = (NEW, *(status.value for status in JobStatus), REMOVED)


TRANSITIONS: Final[tuple[Declaration, ...]] = (
    declare("add", NEW, _SCHEDULED, "accepted by validation"),
    declare("add", NEW, _PENDING, "hold"),
    *(declare("import", NEW, status, "taken over as it was elsewhere") for status in JobStatus),
    declare("hold", _SCHEDULED, _PENDING),
    declare("release", _PENDING, _SCHEDULED),
    declare("edit", [_PENDING, _SCHEDULED], "="),
    declare("reschedule", [_PENDING, _SCHEDULED], "="),
    declare(
        "defer",
        _SCHEDULED,
        "=",
        "due, held back by the pacing of its account; or lacking something",
    ),
    declare("start", _SCHEDULED, _RUNNING, "due, taken by the runner"),
    declare("note", _RUNNING, "="),
    declare("checkpoint", _RUNNING, "="),
    declare("complete", _RUNNING, _COMPLETED, "published"),
    declare("retry", _RUNNING, _SCHEDULED, "failed, retries left"),
    declare("fail", _RUNNING, _FAILED, "failed, none left"),
    declare("interrupt", _RUNNING, _SCHEDULED, "to be tried or asked again"),
    declare("interrupt", _RUNNING, _FAILED, "not to be tried again"),
    declare("cancel", [_PENDING, _SCHEDULED, _RUNNING], _CANCELLED),
    declare("expire", [_PENDING, _SCHEDULED], _EXPIRED, "more than 24 h late"),
    # rule: no-requeue-of-completed
    declare("requeue", [_FAILED, _EXPIRED, _CANCELLED], _SCHEDULED, "by hand, with a new time"),
    declare("resolve", _FAILED, _COMPLETED, "outcome unknown: it was posted"),
    declare("resolve", _FAILED, _FAILED, "outcome unknown: it was not"),
    declare(
        "remove",
        [_PENDING, _SCHEDULED, _COMPLETED, _FAILED, _CANCELLED, _EXPIRED],
        REMOVED,
    ),
)


MACHINE: Final = build(STATES, NEW, TRANSITIONS)

TABLE: Final[Table] = flatten(MACHINE)
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
    shown = [
        # Many arrows that say one thing: the note says it.
        item
        for item in TRANSITIONS
        if item["dest"] != REMOVED and item["trigger"] != "import"
    ]
    for (source, dest), triggers in edges(shown).items():
        start = "[*]" if source == NEW else source.upper()
        lines.append(f"    {start} --> {dest.upper()}: {', '.join(triggers)}")
    lines.append("    note left of PENDING: an import may begin in any state")
    lines.append("    note right of RUNNING: every other state can also be removed")
    return "\n".join(lines) + "\n"
