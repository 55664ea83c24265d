"""Words for states: those of the lifecycle, those for drafts, and what a user says of any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...domain import JobStatus, ValidationError
from ..wishes import Wishes

LEAVE_OUT = "leave-out"
CHOICES = (*(status.value for status in JobStatus), LEAVE_OUT)
_DRAFTS = {"draft", "nháp", "bản nháp", "đang chờ"}
"""Words of people who are not done with a post: it waits until it is released."""


class ReadState(NamedTuple):
    """A state as it was read: None where the row is to be left out; `told` where a word that is no
    state was taken for one."""

    status: JobStatus | None
    told: bool


def read_state(word: object, wishes: Wishes, of_tool: Mapping[str, str] | None = None) -> ReadState:
    """Return the state that a word means.

    Raises:
        ValidationError: it is no state, and nobody has said what it means.
    """
    text = str(word).strip()
    key = text.casefold().removeprefix("jobstatus.")
    meant = {name.strip().casefold(): state for name, state in wishes.states.items()}.get(key)
    if meant == LEAVE_OUT:
        return ReadState(None, True)
    if meant is None and of_tool is not None:
        meant = of_tool.get(key)
    told = meant is not None
    if meant is None and key in _DRAFTS:
        meant, told = JobStatus.PENDING.value, True
    try:
        return ReadState(JobStatus(meant or key), told)
    except ValueError:
        raise ValidationError(
            f"status must be one of {', '.join(JobStatus)}, not {text!r:.60}",
            field="status",
            hint=_what_to_say(text, wishes),
        ) from None


def _what_to_say(text: str, wishes: Wishes) -> str:
    if not text or len(text) > 40:
        return ""
    said = wishes.hint("--state", f"{text}=scheduled")
    return f"say what it means: {said}, or pending, or {LEAVE_OUT}"


def check_state(name: str) -> str:
    """Return a state that a word may be said to mean.

    Raises:
        ValidationError: it is none.
    """
    if name not in CHOICES:
        raise ValidationError(
            f"{name!r:.40} is no state", field="state", hint=f"one of {', '.join(CHOICES)}"
        )
    return name
