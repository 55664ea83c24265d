"""What happens in the life of a ledger that many runners share, told a line at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .steps import Step

_TOLD = ("attempt", "reason", "scheduled_time", "in_doubt", "outcome_unknown", "found", "called")
"""What of an event is told beside its kind and its job."""


class LifeStory:
    """The lines so far: a step, and below it what came of it, each with the time that it is."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.lines: list[str] = []
        self._now = now

    def begin(self, step: Step) -> None:
        """Begin to tell of a step."""
        self.lines.append(f"step {step.index}: {step.kind}")

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.lines.append(f"  {self._now():%H:%M:%S} {text}")

    def say_event(self, line: Mapping[str, Any], sender: str) -> None:
        """Tell of a record, the moment the server has it."""
        said = "".join(f", {name} {line['data'][name]}" for name in _TOLD if name in line["data"])
        self.say(f"{sender} writes event {line['seq']}: {line['type']} of {line['job']}{said}")

    def say_time(self, by: timedelta) -> None:
        """Tell that time has passed."""
        self.say(f"{by.total_seconds():g} s have passed")
