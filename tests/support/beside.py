"""Verifying with a process that reads beside, however small a ledger is; and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from jobledger.integrity import reading
from jobledger.integrity.reading import LinesRead
from jobledger.integrity.reading_beside import Helper


class Beside:
    """The helpers that there were, and how many parts they have sent."""

    def __init__(self) -> None:
        self.helpers: list[Helper] = []
        self.parts = 0
        self.most: int | None = None
        """So many parts are sent, and then it is killed; None: all of them."""


@contextmanager
def beside(most: int | None = None) -> Iterator[Beside]:
    """Have every verification read beside, within the `with`; a helper dies after `most` parts."""
    seen, receive, make = Beside(), Helper._receive, Helper.__init__
    seen.most = most

    def made(helper: Helper, *arguments: object) -> None:
        make(helper, *arguments)  # type: ignore[arg-type] # whatever it takes
        seen.helpers.append(helper)

    def received(helper: Helper) -> LinesRead | None:
        if seen.parts == seen.most and helper._process is not None:
            helper._process.kill()
            assert helper._process.stdout is not None
            helper._process.stdout.read()
        part = receive(helper)
        seen.parts += part is not None
        return part

    with (
        patch.object(reading, "WORTH_A_PROCESS", 0),
        patch.object(reading, "_cores", lambda: 2),
        patch.object(Helper, "__init__", made),
        patch.object(Helper, "_receive", received),
    ):
        yield seen
