"""The model of schedules notices what goes wrong: each mistake is made in the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from jobledger import Attempt, NewJob, NextSlot, PostResult
from jobledger.domain.schedule import ahead, content, lateness, planning
from jobledger.ledger import slot_taking
from jobledger.testing.processes import RestlessClock
from jobledger.testing.schedule_stage import ScheduleStage
from jobledger.testing.stage import Stage
from jobledger.testing.violation import Violation

DAY = timedelta(days=1)


class Posts:
    def publish(self, attempt: Attempt) -> PostResult:
        return PostResult(True)


@pytest.fixture
def stage() -> Stage:
    return Stage(RestlessClock(datetime(2026, 3, 2, 12, tzinfo=UTC)), timezone="Europe/Berlin")


def story(stage: Stage) -> None:
    """Live three weeks with a schedule: it is edited, sleeps, and is run."""
    schedules, writer = ScheduleStage(stage), stage.writers[0]
    said = {"rule": "0 9,18 * * *", "account_id": "shop", "content": ["a {n}", "b {n}"]}
    schedules.add(writer, "s", said)
    open_ones = ("active", "paused")
    schedules.tell(writer, "s", open_ones, lambda own, name: own.skip_occurrence(name))
    stage.clock.advance(3 * DAY)
    stage.run(Posts())
    schedules.tell(
        writer, "s", open_ones, lambda own, name: own.edit_schedule(name, rule="0 10,18 * * *")
    )
    schedules.tell(writer, "s", ("active",), lambda own, name: own.pause_schedule(name))
    stage.clock.advance(DAY)
    schedules.tell(writer, "s", ("paused",), lambda own, name: own.resume_schedule(name))
    schedules.plan(stage.writers[1])
    stage.clock.advance(17 * DAY)
    schedules.plan(stage.writers[1])
    stage.run(Posts())
    schedules.set_slots(writer, "shop", {"mon": ["09:00"], "thu": ["09:00"]})
    for number in range(2):
        schedules.take(writer, NewJob("shop", "hi", NextSlot(), job_id=f"slot-{number}"))
    stage.look()
    stage.finish(Posts())
    stage.end()


def test_a_sound_story_breaks_no_rule(stage: Stage) -> None:
    story(stage)
    assert stage.model.schedules.by_id["s"].status == "ended"


Patch = tuple[Any, str, Callable[..., Any]]


def without_the_third(*given: Any) -> Iterator[ahead.Ahead]:
    for number, one in enumerate(ahead.occurrences(*given)):
        if number != 2:
            yield one


def an_hour_later(*given: Any) -> Iterator[ahead.Ahead]:
    for one in ahead.occurrences(*given):
        yield one._replace(at=one.at + timedelta(hours=1))


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ((planning, "occurrences", without_the_third), "was never made"),
        ((planning, "occurrences", an_hour_later), "is at"),
        ((planning, "text_of", lambda said, seed, number, local: content.text_of(
            said, seed, number + 1, local)), "not of"),
        ((planning.Planner, "_next_number", lambda self: 1), "are all number 1"),
        ((planning, "kept_of_late", lambda said, late: late), "were missed"),
        ((lateness, "kept_of_late", lambda said, late: late), "late number 2"),
        ((lateness, "kept_of_late", lambda said, late: late[:1]), "is not the newest"),
        ((planning.Planner, "_adapt", lambda self, *given: None), "is pending"),
        ((slot_taking, "taken_minutes", lambda *given: set()), "is at"),
    ],
)  # fmt: skip
def test_a_mistake_is_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, patch: Patch, said: str
) -> None:
    monkeypatch.setattr(*patch)
    with pytest.raises(Violation, match=said):
        story(stage)
