"""What can be asked for of schedules and slots, as the API's description has it."""

from __future__ import annotations

from typing import Any

from ... import ScheduleStatus
from ..roles import SCHEDULE_ACTIONS
from ..scheduling import (
    SCHEDULE_DOES,
    SCHEDULE_ID,
    AddScheduleArguments,
    PreviewArguments,
    SlotsArguments,
)
from .answers import MOST, USUAL
from .documents import (
    OneScheduleDocument,
    PreviewDocument,
    ScheduleHistory,
    SchedulePage,
    ScheduleWhy,
    SlotsDocument,
)
from .operations import at, key, operation, parameter

SCHEDULE_KINDS = (
    AddScheduleArguments,
    PreviewArguments,
    SlotsArguments,
    *(kind for kind, _ in SCHEDULE_DOES.values()),
)
"""The bodies of requests."""


def schedule_paths() -> dict[str, Any]:
    """Return the paths, and what each answers."""
    one = [parameter("schedule_id", "string", "The schedule's id.", "path", pattern=SCHEDULE_ID)]
    paths = _asking(one)
    paths["/schedules"]["post"] = operation(
        "addSchedule",
        "Add a schedule, with its first jobs",
        OneScheduleDocument,
        [key()],
        AddScheduleArguments,
        "201",
        needs_body=True,
    )
    paths["/schedules/preview"] = {
        "post": operation(
            "previewRule", "Say when a rule is due", PreviewDocument, [], PreviewArguments,
            needs_body=True,
        )
    }  # fmt: skip
    names = [("getSchedule", ""), ("getScheduleHistory", ""), ("getScheduleWhy", "")]
    for action in SCHEDULE_ACTIONS:
        name = f"{action.partition('-')[0]}Schedule"
        names.append((name, action))
        summary = f"{action.capitalize().replace('-', ' ')}: a schedule"
        paths[f"/schedules/{{schedule_id}}/{action}"] = {
            "post": operation(
                name, summary, OneScheduleDocument, [*one, key()], SCHEDULE_DOES[action][0]
            )
        }
    paths["/schedules"]["post"]["responses"]["201"]["links"] = {
        name: {
            "operationId": name,
            "parameters": {"schedule_id": "$response.body#/schedule_id"},
        }
        for name, _ in names
    }
    return paths


def _asking(one: list[dict[str, Any]]) -> dict[str, Any]:
    so_many = f"At most so many, up to {MOST}; {USUAL} if not given."
    limit = parameter("limit", "integer", so_many, minimum=1, maximum=MOST)
    told = f"So many of what is to come, up to {MOST}; 10 if not given."
    coming = parameter("limit", "integer", told, minimum=1, maximum=MOST)
    account = parameter(
        "account_id", "string", "The slots of this account.", minLength=1, is_required=True
    )
    filters = [
        parameter("state", "string", "In this state.", enum=[*ScheduleStatus, ""]),
        parameter("account_id", "string", "Of this account."),
        parameter("after", "string", "The cursor that the page before has as `next`."),
    ]
    return {
        "/schedules": {
            "get": operation(
                "listSchedules", "List schedules", SchedulePage, [*filters, limit, at()]
            )
        },
        "/schedules/{schedule_id}": {
            "get": operation(
                "getSchedule",
                "Show a schedule, and what is to come of it",
                OneScheduleDocument,
                [*one, coming, at()],
            )
        },
        "/schedules/{schedule_id}/history": {
            "get": operation(
                "getScheduleHistory", "Show what happened to it", ScheduleHistory, [*one, at()]
            )
        },
        "/schedules/{schedule_id}/why": {
            "get": operation(
                "getScheduleWhy",
                "Say when its next post is, or why there is none",
                ScheduleWhy,
                [*one, at()],
            )
        },
        "/slots": {
            "get": operation(
                "getSlots", "Show the slots of an account", SlotsDocument, [account, coming, at()]
            ),
            "put": operation(
                "setSlots",
                "Set the slots of an account",
                SlotsDocument,
                [account],
                SlotsArguments,
                needs_body=True,
            ),
        },
    }
