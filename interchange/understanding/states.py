"""Words for states: those of the lifecycle, those for drafts, and what a user says of any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...domain import JobStatus, ValidationError
from ..wishes import Wishes
from .names import sounds_like

LEAVE_OUT = "leave-out"
CHOICES = (*(status.value for status in JobStatus), LEAVE_OUT)
_DRAFTS = {"draft", "nháp", "bản nháp", "đang chờ"}
"""Words of people who are not done with a post: it waits until it is released."""


_NOT_TO_GO_OUT = _DRAFTS | {
    "pending", "idea", "in progress", "in review", "to review", "needs review", "to do", "todo",
    "not started", "not approved", "on hold", "rejected", "cancelled", "canceled", "no", "false",
    "posted", "published", "completed", "done", "chưa", "chưa duyệt", "không", "đã đăng", "hủy",
    "đã hủy",
}  # fmt: skip
"""Words that say of a post, in a column about that, that it is not to go out, or is out already."""


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


def says_not_to_go_out(values: Mapping[str, Any]) -> str | None:
    """Return which of these values, in a column that sounds like states and is not known as one,
    says that a post is not to go out."""
    for name, value in values.items():
        is_word = isinstance(value, str | bool) and str(value).strip().casefold() in _NOT_TO_GO_OUT
        if is_word and sounds_like("status", [name]) is not None:
            return name
    return None


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
