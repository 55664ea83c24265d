"""Publishers for tests: they remember what they were asked and answer as they were told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest

from jobledger import Attempt, PostResult, Scheduler
from jobledger.ledger import open_handles
from jobledger.scheduler import calls


class Recording:
    """A plain callback that keeps what it posted."""

    def __init__(self, answer: Callable[[], PostResult] = lambda: PostResult(True, "t-1")) -> None:
        self.posted: list[str] = []
        self.answer = answer

    def __call__(self, account_id: str, content: str) -> PostResult:
        self.posted.append(content)
        return self.answer()


class Crash(BaseException):
    """Stands for the process dying inside the publisher: nothing of it is recorded.

    To a scheduler it is what a publisher raises, like all else; only within `dying` is it more.
    """


def _scheduler_of(attempt: Attempt) -> Any:
    runner = attempt._record.__self__  # type: ignore[attr-defined]
    handles = [handle for handle in open_handles._writers if isinstance(handle, Scheduler)]
    return next(handle for handle in handles if handle._runners and handle._parts.runner is runner)


@contextmanager
def dying() -> Iterator[None]:
    """In here a process ends as soon as a plain publisher raises `Crash`; and it has to. Its handle
    is of no use afterwards."""
    called = calls._call_plain

    def call_or_die(method: Callable[[Attempt], Any], attempt: Attempt) -> Any:
        died: list[Crash] = []

        def mortal(attempt: Attempt) -> Any:
            try:
                return method(attempt)
            except Crash as crash:
                died.append(crash)
                _scheduler_of(attempt)._abandon()
                raise

        said = called(mortal, attempt)
        if died:
            raise died[0]
        return said

    with mock.patch.object(calls, "_call_plain", call_or_die), pytest.raises(Crash):
        yield


class Asking:
    """A publisher that can be asked; `on_publish` and `on_reconcile` are what it does."""

    def __init__(
        self,
        on_publish: Callable[[Attempt], PostResult] = lambda attempt: PostResult(True, "t-1"),
        on_reconcile: Callable[[Attempt], PostResult | None] = lambda attempt: None,
    ) -> None:
        self.calls: list[str] = []
        self.on_publish = on_publish
        self.on_reconcile = on_reconcile

    def publish(self, attempt: Attempt) -> PostResult:
        self.calls.append("publish")
        return self.on_publish(attempt)

    def reconcile(self, attempt: Attempt) -> PostResult | None:
        self.calls.append("reconcile")
        return self.on_reconcile(attempt)


def crash(*_: object) -> PostResult:
    """Die while publishing."""
    raise Crash
