"""What differs between two states of a ledger, by job and by field: printed for people."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from ...explanation import JobDifference
from ..output import console, field_text, printable


def print_differences(found: Iterable[JobDifference], zone: ZoneInfo) -> None:
    """Each job with its fields, before and after, for people."""
    from rich.table import Table
    from rich.text import Text

    marks = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    out = console()
    for item in found:
        mark, style = marks[item.change]
        out.print(Text(f"{mark} {printable(item.job_id)}", style=style), soft_wrap=True)
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="dim")
        table.add_column(overflow="fold")
        for name in item.fields:
            shown = Text()
            if item.before is not None:
                shown.append_text(field_text(item.before, name, zone))
            if item.change == "changed":
                shown.append(" → ", style="dim")
            if item.after is not None:
                shown.append_text(field_text(item.after, name, zone))
            table.add_row(f"    {name}", shown)
        out.print(table)
