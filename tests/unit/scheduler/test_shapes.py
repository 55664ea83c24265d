"""What is given as a publisher is refused at once where it could not be called."""

from __future__ import annotations

import asyncio
import functools
import operator
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from jobledger import ManualClock, PostResult, Scheduler, ValidationError
from jobledger.scheduler.adapter import PublisherAdapter

DONE = PostResult(True)


def without_arguments() -> PostResult:
    return DONE


def one_argument(content: str) -> PostResult:
    return DONE


def three_arguments(client: object, account_id: str, content: str) -> PostResult:
    return DONE


def by_keyword(*, account_id: str, content: str) -> PostResult:
    return DONE


def one_more_by_keyword(account_id: str, content: str, *, client: object) -> PostResult:
    return DONE


async def async_one_argument(content: str) -> PostResult:
    return DONE


def with_a_yield(account_id: str, content: str) -> Any:
    yield DONE


async def async_with_a_yield(account_id: str, content: str) -> Any:
    yield DONE


def two(account_id: str, content: str) -> PostResult:
    return DONE


class Publishing:
    """A publisher with these methods."""

    def __init__(self, publish: Any, reconcile: Any = None) -> None:
        self.publish = publish
        self.reconcile = reconcile


class Methods:
    def publish(self, attempt: object) -> PostResult:
        return DONE

    def publish_without(self) -> PostResult:
        return DONE

    def publish_by_keyword(self, *, attempt: object) -> PostResult:
        return DONE

    async def publish_async(self, attempt: object, retries: int = 3) -> PostResult:
        return DONE


class Callable_:
    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, account_id: str, content: str) -> Any:
        return self._call(account_id, content)


class Called:
    def __call__(self, content: str) -> PostResult:
        return DONE


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a function: give it a client of its own."""

    @functools.wraps(function)
    def wrapper(account_id: str, content: str) -> Any:
        return function("client", account_id, content)

    return wrapper


METHODS = Methods()
REFUSED: list[tuple[Any, str]] = [
    (without_arguments, "(account_id, content), and takes ()"),
    (one_argument, "(account_id, content), and takes (content)"),
    (three_arguments, "takes (client, account_id, content)"),
    (by_keyword, "takes (*, account_id, content)"),
    (one_more_by_keyword, "takes (account_id, content, *, client)"),
    (async_one_argument, "takes (content)"),
    (functools.partial(two, "a"), "takes (content)"),
    (Called(), "takes (content)"),
    (lambda attempt: DONE, "takes (attempt)"),
    (with_a_yield, "has a `yield`"),
    (async_with_a_yield, "has a `yield`"),
    (Publishing(METHODS.publish_without), "publish is called with (attempt), and takes ()"),
    (Publishing(METHODS.publish_by_keyword), "publish is called with (attempt)"),
    (Publishing(two), "publish is called with (attempt), and takes (account_id, content)"),
    (Publishing(METHODS.publish, METHODS.publish_without), "reconcile is called with (attempt)"),
    (Publishing(METHODS.publish, with_a_yield), "reconcile has a `yield`"),
    (PostResult, "is the class PostResult"),
    (Methods, "is the class Methods"),
    (DONE, "must be a function or have a `publish`, not a PostResult"),
    ("posts:publish", "must be a function or have a `publish`, not 'posts:publish' (str)"),
    (None, "must be a function or have a `publish`, not None"),
]

ACCEPTED: list[Any] = [
    two,
    Callable_(two),
    lambda *both: DONE,
    lambda account_id, content, retries=3: DONE,
    lambda account_id, /, content: DONE,
    functools.partial(three_arguments, "client"),
    wrapped(three_arguments),
    functools.wraps(one_argument)(lambda *any_number, **named: DONE),
    operator.add,
    print,
    mock.Mock(),
    mock.MagicMock(),
    mock.AsyncMock(),
    mock.create_autospec(two),
    Publishing(METHODS.publish),
    Publishing(METHODS.publish_async, METHODS.publish),
    Publishing(functools.partial(two, "a")),
    Publishing(lambda *given, **named: DONE),
    Publishing(mock.Mock(), mock.Mock()),
    Publishing(METHODS.publish, None),
    METHODS,
]


@pytest.mark.parametrize(("given", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_called_so_is_refused_with_the_shape_that_is_expected(
    directory: Path, clock: ManualClock, given: Any, told: str
) -> None:
    """By whatever takes it; no job has been touched."""
    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now())
        for take in (scheduler.run_due, scheduler.run, lambda it: asyncio.run(scheduler.start(it))):
            with pytest.raises(ValidationError) as caught:
                take(given)
            assert told in caught.value.message
            assert caught.value.field == "post_callback"
            assert any(
                shape in str(caught.value.hint)
                for shape in (
                    "def post(account_id, content) -> PostResult",
                    "def publish(self, attempt) -> PostResult",
                    "def reconcile(self, attempt) -> PostResult | None",
                    "give an instance of it",
                )
            )
        assert not scheduler.is_running
        assert list(scheduler.events(types=["started"])) == []


@pytest.mark.parametrize(
    "given",
    ACCEPTED,
    ids=[f"{number}, a {type(given).__name__}" for number, given in enumerate(ACCEPTED)],
)
def test_what_can_be_called_so_and_what_nobody_knows_of_is_accepted(given: Any) -> None:
    """Defaults, `*args`, bound methods, partials, decorators, mocks, functions written in C."""
    port = PublisherAdapter(given)
    assert callable(port.publish)


def test_a_shape_that_raises_when_it_is_looked_at_is_unknown() -> None:
    """Nobody knows how it is to be called, so that is found out when it is."""

    class Strange:
        @property
        def __signature__(self) -> Any:
            raise SystemExit(1)

        def __call__(self, *given: object) -> PostResult:
            return DONE

    assert PublisherAdapter(Strange()).publish is not None


def test_whether_it_is_async_is_seen_through_partials_objects_and_methods() -> None:
    """A coroutine function needs no thread."""

    async def post(account_id: str, content: str) -> PostResult:
        return DONE

    class Object:
        async def __call__(self, account_id: str, content: str) -> PostResult:
            return DONE

    for given in (post, Object(), functools.partial(post), Publishing(METHODS.publish_async)):
        port = PublisherAdapter(given)
        assert port.is_async(port.publish), given
    port = PublisherAdapter(Publishing(METHODS.publish, METHODS.publish_async))
    assert port.reconcile is not None
    assert (port.is_async(port.publish), port.is_async(port.reconcile)) == (False, True)
    assert not PublisherAdapter(two).is_async(PublisherAdapter(two).publish)


def test_the_command_line_refuses_it_before_the_ledger_is_opened(
    directory: Path, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, as wrong use."""
    from support.cli import run_here

    with Scheduler(directory, clock=clock) as scheduler:
        scheduler.add_job("a", "x", clock.now() + timedelta(hours=1))
    (tmp_path / "of_one_argument.py").write_text("def post(content): ...\n", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    done = run_here(directory, "run", "--once", "--publisher", "of_one_argument:post")
    assert done.code == 2
    assert "is called with (account_id, content), and takes (content)" in done.err
