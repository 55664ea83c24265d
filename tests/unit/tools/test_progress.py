"""The bar that says how far long work is: it has no part in the work."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from jobledger.tools import progress


@pytest.mark.parametrize("error", [OSError("the terminal is gone"), RecursionError()])
def test_a_bar_that_cannot_be_drawn_is_given_up_and_the_work_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    drawn: list[int] = []

    def update(self: Progress, task: int, *, completed: int, **_: object) -> None:
        drawn.append(completed)
        raise error

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(
        progress, "console", lambda stderr: Console(file=io.StringIO(), force_terminal=True)
    )
    monkeypatch.setattr(progress, "_EVERY_S", -1.0)
    monkeypatch.setattr(Progress, "update", update)
    with progress.progress_bar("working", unit="events") as show:
        for done in range(10):
            show(done, 10)
    assert drawn == [0]
    assert len([line for line in caplog.messages if "a callback failed" in line]) == 1
