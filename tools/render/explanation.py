"""Why a job is where it is, in words: "why has it not been posted?", "why was it posted twice?"."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...domain import Event, ScheduledJob
from .duplicates import duplicates
from .standing import standing
from .story import Story, Surroundings

__all__ = ["Explanation", "Surroundings", "explain"]


class Explanation(msgspec.Struct, frozen=True):
    """Sentences: where the job stands and why, and every way in which it may be out twice."""

    standing: list[str]
    twice: list[str]

    @property
    def answer(self) -> str:
        """Put all of it in one paragraph."""
        return " ".join([*self.standing, *self.twice])


def explain(job: ScheduledJob | None, events: Sequence[Event], around: Surroundings) -> Explanation:
    """Explain a job by all its events, oldest first; `job` is None when it was removed."""
    story = Story(job, events, around)
    return Explanation(list(standing(story)), list(duplicates(story)))
