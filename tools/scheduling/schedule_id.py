"""The id of a schedule as an argument: a shell completes it from the ledger at hand."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from ...domain import SCHEDULE_KEY
from ..output import printable
from ..session import Session, quiet

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ...domain import Schedule


class ScheduleId(click.types.StringParamType):
    """A schedule's id; `schedule:ID`, as the log and `audit` have it, is the same."""

    name = "schedule"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return value.removeprefix(SCHEDULE_KEY)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete with the ids that begin with what is typed; never an error."""
        from click.shell_completion import CompletionItem

        from ...ledger import Ledger

        found: list[Schedule] = []
        with suppress(Exception), quiet():
            location = ctx.ensure_object(Session).location
            with Ledger(location, read_only=True) as ledger:
                found = ledger.schedules()
        return [
            CompletionItem(one.schedule_id, help=f"{one.status} {printable(one.account_id)[:40]}")
            for one in found
            if one.schedule_id.startswith(incomplete)
        ]


SCHEDULE = ScheduleId()
