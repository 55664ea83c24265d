"""What an event of a schedule says, in a few words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from ..domain import (
    ScheduleAdded,
    ScheduleEdited,
    ScheduleEnded,
    ScheduleEvent,
    SchedulePaused,
    SchedulePlanned,
    ScheduleResumed,
    ScheduleSkipped,
    SlotsSet,
)
from .rules import rule_in_words
from .sentence import Fact, Sentence, say

END_REASONS = {
    "count": say("so many as were asked for are planned"),
    "until": say("nothing comes any more before its end"),
    "texts": say("each of its texts is planned"),
    "by_hand": say("by hand"),
}
"""Why a schedule is over, in words."""


def parts_of_schedule(data: ScheduleEvent) -> Iterator[Fact]:
    """Say what an event of a schedule, or of an account's slots, says besides its type."""
    match data:
        case ScheduleAdded() | ScheduleEdited():
            yield data.definition.account_id
            yield rule_in_words(data.definition.rule)
            yield say("in {zone}", zone=data.definition.zone)
            if isinstance(data, ScheduleAdded) and data.paused:
                yield say("paused")
        case SchedulePlanned():
            yield from _of_plan(data)
        case ScheduleSkipped():
            yield say("the occurrence {name}", name=data.occurrence)
        case ScheduleEnded():
            yield END_REASONS[data.reason]
            yield from filter(None, (data.note,))
        case SlotsSet():
            yield say("{count} a week", count=sum(map(len, data.week.values())))
            yield say("in {zone}", zone=data.zone)
        case SchedulePaused() | ScheduleResumed():
            return
        case _:
            assert_never(data)


def _of_plan(data: SchedulePlanned) -> Iterator[Sentence]:
    yield say("up to {moment}", moment=data.until)
    yield say("{count} posts so far", count=data.made)
    if data.missed:
        yield say("{count} were past already", count=data.missed)
    for left in data.left_out[:3]:
        why = _LEFT_OUT[left.reason]
        yield say("{name} is left out: {why}", name=left.occurrence, why=why)
    if len(data.left_out) > 3:
        yield say("{count} more are left out", count=len(data.left_out) - 3)


_LEFT_OUT = {
    "unique": say("the account has its text already"),
    "content": say("its text is not acceptable"),
}
