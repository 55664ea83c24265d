"""Where a job comes from that a schedule has made, and what its schedule has done to it since."""

from __future__ import annotations

from typing import Literal

import msgspec

Cause = Literal[
    "edited", "paused", "resumed", "skipped", "ended", "zone_rules", "misfired", "overlap"
]
"""Why a schedule changes one of its jobs: it was edited, paused, resumed or ended; this occurrence
was skipped; the rules of its zone are others now; it was too late, or the one before still ran."""


class FromSchedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Which schedule made a job, and as which of its occurrences.

    `occurrence` is its local time as in the job's id, `number` counts the posts of the schedule
    from 1. `is_detached`: somebody has changed it by hand, so that its schedule leaves it as it is.
    `cause` is why the schedule has changed it last.
    """

    schedule_id: str
    occurrence: str
    number: int
    is_detached: bool = False
    cause: Cause | None = None

    def after(self, cause: Cause | None, *, is_hold: bool = False) -> FromSchedule:
        """Return the same after a change that its schedule has made, for this cause, or a person
        (None). What a person holds or releases is not for the schedule to release again."""
        if cause is None:
            kept = None if is_hold else self.cause
            return msgspec.structs.replace(self, is_detached=True, cause=kept)
        return msgspec.structs.replace(self, cause=cause)
