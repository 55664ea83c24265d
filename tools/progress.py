"""Progress of long work, on standard error and only where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from ..instrumentation import OnlyTold, Progress
from .output import console

_EVERY_S = 0.1


@contextmanager
def progress_bar(
    doing: str, *, unit: Literal["bytes", "days", "events", "jobs", "steps"]
) -> Iterator[Progress]:
    """Show a bar with the rate and the time that remains; it is gone when the work is done."""
    if not sys.stderr.isatty():  # whatever FORCE_COLOR makes rich believe
        yield lambda done, total: None
        return
    from time import monotonic

    from rich import progress as rich

    err = console(stderr=True)
    rate: tuple[rich.ProgressColumn, ...]
    if unit == "bytes":
        rate = (rich.DownloadColumn(), rich.TransferSpeedColumn())
    else:
        rate = (
            rich.MofNCompleteColumn(),
            rich.TextColumn("{task.fields[rate]:,.0f} " + unit + "/s"),
        )
    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), *rate)
    with rich.Progress(
        *columns,
        rich.TimeRemainingColumn(),
        console=err,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,  # what is printed is for the streams that are there
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task(doing, total=None, rate=0.0)
        begun = shown = monotonic()

        def show(done: int, total: int) -> None:
            nonlocal shown
            now = monotonic()
            if now - shown >= _EVERY_S:
                shown = now
                speed = done / (now - begun)
                bar.update(task, completed=done, total=total, rate=speed, refresh=True)

        yield OnlyTold("progress", show)
