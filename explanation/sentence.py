"""A sentence as a value: what is said, in English, and of which facts; the edge words it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

import msgspec

Step = Literal["release", "requeue", "resolve", "start_runner"]
"""What a person could do next about a job: the edge says how that is done there."""

STEPS: tuple[Step, ...] = get_args(Step)


class Sentence(msgspec.Struct, frozen=True):
    """A text with a hole for each of its facts, `{name}`, or `{name!r}` for what is quoted.

    The text is in English, and the key to it in any other language. Where it is something that a
    person could do next, `step` says what: who knows better how it is done says it otherwise.
    """

    template: str
    facts: Mapping[str, Fact]
    step: Step | None = None


Fact = str | int | float | datetime | timedelta | Sentence
"""What a hole is filled with. A time is aware; a text is what somebody wrote, or empty."""


def say(template: str, /, step: Step | None = None, **facts: Fact) -> Sentence:
    """Make a sentence. The template stands where it is called: a test looks for all there are."""
    return Sentence(template, facts, step)
