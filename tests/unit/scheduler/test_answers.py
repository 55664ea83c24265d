"""What an attempt's answer means: posted, not posted, or that nobody knows."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest
from support.ways import WAYS, Given, GivenAndAsked, Way

from jobledger import (
    Attempt,
    JobStatus,
    ManualClock,
    NotPosted,
    OutcomeUnknown,
    PostResult,
    ValidationError,
)

SETTLE = timedelta(seconds=60)


class Torn(BaseException):
    """What no `except Exception` catches, as some libraries and test runners raise it."""


@pytest.fixture
def here(directory: Path, clock: ManualClock) -> Iterator[Way]:
    way = Way("here", directory, clock)
    yield way
    way.scheduler.close()


@pytest.fixture
def at_most_once(tmp_path: Path, clock: ManualClock) -> Iterator[Way]:
    way = Way("here", tmp_path / "at-most-once", clock, on_interrupted="fail")
    yield way
    way.scheduler.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, directory: Path, clock: ManualClock) -> Iterator[Way]:
    """Give a scheduler that calls its publisher in one of the ways."""
    made = Way(request.param, directory, clock)
    yield made
    made.scheduler.close()


def raising(error: BaseException) -> Callable[[Attempt], Any]:
    def publish(attempt: Attempt) -> Any:
        raise error

    return publish


def forgotten(attempt: Attempt) -> Any:
    """Return a coroutine, which gives another one."""

    async def inner() -> PostResult:
        return PostResult(True)

    async def outer() -> Any:
        return inner()

    return outer()


# -- it returned something else --------------------------------------------------------------------

OTHER: list[tuple[Callable[[Attempt], Any], str]] = [
    (lambda attempt: None, "returned None, not a PostResult"),
    (lambda attempt: True, "returned True, not a PostResult"),
    (lambda attempt: "17890", "returned '17890' (str), not a PostResult"),
    (lambda attempt: "a text with blanks in it", "returned a str, not a PostResult"),
    (lambda attempt: 17890, "returned 17890 (int), not a PostResult"),
    (lambda attempt: {"id": "17890"}, "returned a dict, not a PostResult"),
    (lambda attempt: (True, "17890"), "returned a tuple, not a PostResult"),
    (lambda attempt: object(), "returned an object, not a PostResult"),
    (lambda attempt: PostResult, "returned a StructMeta, not a PostResult"),
    (lambda attempt: httpx.Response(200), "returned a Response, not a PostResult"),
    (forgotten, "returned a coroutine, not a PostResult"),
    (lambda attempt: (PostResult(True) for _ in "x"), "returned a generator, not a PostResult"),
    (lambda attempt: PostResult(500), "success must be a bool, True or False, not 500 (int)"),  # type: ignore[arg-type]
    (lambda attempt: PostResult("no"), "success must be a bool, True or False, not 'no' (str)"),  # type: ignore[arg-type]
    (lambda attempt: PostResult(True, object()), "thread_id must be text, not an object"),  # type: ignore[arg-type]
]
wrongly = pytest.mark.parametrize(("answer", "told"), OTHER, ids=[told for _, told in OTHER])


@wrongly
@pytest.mark.parametrize("mode", ["retry", "fail"])
def test_whatever_else_a_publisher_returns_is_never_retried_by_itself(
    directory: Path, clock: ManualClock, answer: Callable[[Attempt], Any], told: str, mode: Any
) -> None:
    """It has done whatever it did: a person looks, whatever the settings are; the error says what
    was returned and what to return."""
    way = Way("here", directory, clock, on_interrupted=mode)
    given = Given(answer)
    job = way.post(given)
    assert (job.status, job.outcome_unknown, job.retry_count) == (JobStatus.FAILED, True, 0)
    assert told in str(job.error)
    assert "return PostResult(True, thread_id=…)" in str(job.error)
    clock.advance(timedelta(days=1))
    assert way.scheduler.run_due(given) == 0
    assert len(given.attempts) == 1
    way.scheduler.close()


@wrongly
def test_one_that_can_be_asked_is_asked_what_it_did(
    here: Way, clock: ManualClock, answer: Callable[[Attempt], Any], told: str
) -> None:
    """After the settle delay, also where no retry is left."""
    given = GivenAndAsked(answer, lambda attempt: PostResult(True, "found"))
    job = here.post(given, max_retries=0)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert job.scheduled_time == clock.now() + SETTLE
    assert told in str(job.error)
    job = here.again(given)
    assert (job.status, job.thread_id, len(given.attempts)) == (JobStatus.COMPLETED, "found", 1)


def test_it_ends_so_however_it_is_called(way: Way) -> None:
    """And the next job goes out."""
    job = way.post(Given(lambda attempt: "posted!"))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert str(job.error).startswith("publisher returned 'posted!' (str), not a PostResult")


def test_asking_that_is_answered_with_something_else_has_failed(here: Way) -> None:
    """It is asked again: that tells nothing of the post."""
    given = GivenAndAsked(raising(OutcomeUnknown("?")), lambda attempt: "yes")
    here.post(given)
    job = here.again(given)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert str(job.error).startswith("asking failed: reconcile returned 'yes' (str), not a PostRes")


# -- PostResult ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("success", 1),
        ("success", None),
        ("success", "True"),
        ("thread_id", True),
        ("thread_id", 1.5),
        ("thread_id", b"17"),
        ("thread_id", {"id": 17}),
        ("error", 500),
        ("error", ["no"]),
        ("retryable", 0),
        ("retryable", None),
        ("outcome_unknown", "maybe"),
    ],
)
def test_a_result_of_other_fields_is_refused_by_their_name(field: str, wrong: Any) -> None:
    """When it is made, with what to return."""
    given: dict[str, Any] = {"success": True, field: wrong}
    with pytest.raises(ValidationError, match=f"{field} must be") as caught:
        PostResult(**given)
    assert caught.value.field == field
    assert "return PostResult(True, thread_id=…)" in str(caught.value.hint)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (type(again), str(again)) == (type(caught.value), str(caught.value))


def test_ids_that_are_numbers_and_errors_that_are_exceptions_are_kept_as_text() -> None:
    """Platforms give numbers, and `except … as error` gives exceptions."""

    class Id(str):
        def __str__(self) -> str:
            raise RuntimeError

    assert PostResult(True, 17_890).thread_id == "17890"  # type: ignore[arg-type]
    assert PostResult(False, error=ValueError("no")).error == "ValueError: no"  # type: ignore[arg-type]
    plain = PostResult(True, Id("17"), retryable=False)
    assert (type(plain.thread_id), plain.thread_id) == (str, "17")
    assert PostResult.unknown("?") == PostResult(False, error="?", outcome_unknown=True)


# -- it raised -------------------------------------------------------------------------------------

OPEN = [
    TimeoutError("timed out"),
    ConnectionResetError(104, "reset"),
    BrokenPipeError(32, "pipe"),
    EOFError(),
    httpx.ReadTimeout("late"),
    httpx.RemoteProtocolError("gone"),
    ExceptionGroup("two", [ValueError(), TimeoutError()]),
    OutcomeUnknown("cannot tell"),
    ExceptionGroup("one", [OutcomeUnknown("cannot tell")]),
]


def name_of(error: object) -> str:
    return type(error).__name__


@pytest.mark.parametrize("error", OPEN, ids=name_of)
def test_after_a_time_out_on_interrupted_decides(
    here: Way, at_most_once: Way, error: Exception
) -> None:
    """At least once: again. At most once: a person looks."""
    job = here.post(Given(raising(error)))
    assert (job.status, job.retry_count, job.may_be_out) == (JobStatus.SCHEDULED, 1, True)
    assert here.last().type == "interrupted"
    job = at_most_once.post(Given(raising(error)))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert str(job.error).startswith(type(error).__name__)


@pytest.mark.parametrize("error", OPEN, ids=name_of)
@pytest.mark.parametrize("mode", ["retry", "fail"])
def test_after_a_time_out_one_that_can_be_asked_is_asked(
    directory: Path, clock: ManualClock, error: Exception, mode: Any
) -> None:
    """Once it has had time to settle, and before anything is posted."""
    way = Way("here", directory, clock, on_interrupted=mode)
    given = GivenAndAsked(raising(error), lambda attempt: PostResult(True, "was-out"))
    job = way.post(given)
    assert (job.in_doubt, job.scheduled_time) == (True, clock.now() + SETTLE)
    job = way.again(given)
    assert (job.thread_id, len(given.attempts)) == ("was-out", 1)
    way.scheduler.close()


@pytest.mark.parametrize(
    "error",
    [ConnectionRefusedError(111, "refused"), httpx.ConnectTimeout("late"), ValueError("no")],
    ids=name_of,
)
def test_other_exceptions_are_failures_unless_it_is_at_most_once(
    here: Way, at_most_once: Way, error: Exception
) -> None:
    """Where nothing may go out twice an exception is not the word of the publisher."""
    job = here.post(Given(raising(error)), max_retries=1)
    assert (job.status, job.retry_count, job.may_be_out) == (JobStatus.SCHEDULED, 1, False)
    assert here.last().type == "retried"
    job = here.again(Given(raising(error)))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    job = at_most_once.post(Given(raising(error)))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)


def test_at_most_once_asks_where_it_can(at_most_once: Way) -> None:
    """That the publisher then says "not posted" is its own word: the job goes out."""
    luck: list[Any] = [raising(ValueError("a bug")), lambda attempt: PostResult(True, "second")]
    given = GivenAndAsked(lambda attempt: luck.pop(0)(attempt), lambda attempt: PostResult(False))
    job = at_most_once.post(given)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    job = at_most_once.again(given)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "second")


REFUSALS: list[tuple[Callable[[Attempt], Any], bool]] = [
    (lambda attempt: PostResult(False, error="busy"), True),
    (raising(NotPosted("busy")), True),
    (raising(ExceptionGroup("one", [NotPosted("busy")])), True),
    (lambda attempt: PostResult(False, error="banned", retryable=False), False),
    (raising(NotPosted("banned", retryable=False)), False),
    (raising(ExceptionGroup("two", [NotPosted("busy"), NotPosted("banned", False)])), False),
]


@pytest.mark.parametrize(("publish", "retryable"), REFUSALS)
def test_what_a_publisher_says_is_not_posted_is_not(
    here: Way, at_most_once: Way, publish: Callable[[Attempt], Any], retryable: bool
) -> None:
    """Returned or raised; tried again, or never, also at most once."""
    for way in (here, at_most_once):
        job = way.post(Given(publish))
        again = JobStatus.SCHEDULED if retryable else JobStatus.FAILED
        assert (job.status, job.outcome_unknown, job.may_be_out) == (again, False, False)
        assert way.last().type == ("retried" if retryable else "failed")


def test_a_refusal_that_came_of_a_time_out_is_one_all_the_same(here: Way) -> None:
    """The publisher has looked at it, and says so itself."""

    def publish(attempt: Attempt) -> Any:
        try:
            raise TimeoutError("while connecting")
        except TimeoutError as error:
            raise NotPosted("nobody there") from error

    job = here.post(Given(publish))
    assert (job.error, here.last().type) == ("NotPosted: nobody there", "retried")
    again = pickle.loads(pickle.dumps(NotPosted("no", retryable=False)))  # noqa: S301 - our own
    assert (str(again), again.retryable) == ("no", False)


def test_asking_that_raises_not_posted_has_failed(here: Way) -> None:
    """A client may raise it for a question that it could not put: nothing is posted on a guess."""
    given = GivenAndAsked(raising(OutcomeUnknown("?")), raising(NotPosted("no connection")))
    here.post(given)
    job = here.again(given)
    assert (job.in_doubt, job.error) == (True, "asking failed: NotPosted: no connection")
    assert len(given.attempts) == 1


# -- what no `except Exception` catches ------------------------------------------------------------

ANYTHING: list[Callable[[], BaseException]] = [
    Torn,
    lambda: SystemExit(3),
    GeneratorExit,
    asyncio.CancelledError,
    StopIteration,
    StopAsyncIteration,
    MemoryError,
    RecursionError,
    lambda: BaseExceptionGroup("torn", [Torn(), ValueError()]),
    lambda: BaseExceptionGroup("ended", [SystemExit(1)]),
    lambda: BaseExceptionGroup("stopped", [KeyboardInterrupt()]),
]


@pytest.mark.parametrize("make", ANYTHING, ids=lambda make: repr(make()))
def test_whatever_is_raised_is_the_end_of_the_attempt_alone(
    way: Way, make: Callable[[], BaseException]
) -> None:
    """The next job goes out; this one is tried again, and told how it ended."""
    job = way.post(Given(raising(make())))
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
    name = type(make()).__name__
    assert name in str(job.error)
    assert way.last().type in ("interrupted", "retried")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "here"], indirect=True)
def test_an_interrupt_that_a_publisher_raises_itself_is_its_answer(way: Way) -> None:
    """In a thread or a coroutine nobody else can have raised it."""
    job = way.post(Given(raising(KeyboardInterrupt())))
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
    assert way.last().type == "interrupted"


@pytest.mark.parametrize("make", ANYTHING, ids=lambda make: repr(make()))
def test_asking_that_raises_anything_has_failed(
    way: Way, make: Callable[[], BaseException]
) -> None:
    """It is asked again later."""
    given = GivenAndAsked(raising(OutcomeUnknown("?")), raising(make()))
    way.post(given)
    job = way.again(given)
    assert (job.status, job.in_doubt, job.retry_count) == (JobStatus.SCHEDULED, True, 2)
    assert str(job.error).startswith("asking failed: ")


@pytest.mark.parametrize(
    "error", [Torn(), SystemExit(), asyncio.CancelledError(), GeneratorExit()], ids=name_of
)
def test_what_was_torn_off_in_mid_run_may_be_out(
    at_most_once: Way, here: Way, error: BaseException
) -> None:
    """It is no answer of the publisher's: asked about, else `on_interrupted` decides."""
    job = at_most_once.post(Given(raising(error)))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    given = GivenAndAsked(raising(error), lambda attempt: PostResult(True, "was-out"))
    assert here.post(given).in_doubt
    assert here.again(given).thread_id == "was-out"


# -- foreign objects -------------------------------------------------------------------------------


class Evil:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name: str) -> Any:
        raise Torn(name)

    def __str__(self) -> str:
        raise Torn

    __repr__ = __str__

    def __bool__(self) -> bool:
        raise Torn

    def __eq__(self, other: object) -> bool:
        raise Torn

    __hash__ = None  # type: ignore[assignment]


class EvilError(Exception):
    def __str__(self) -> str:
        raise SystemExit(1)

    __repr__ = __str__

    @property  # type: ignore[misc]  # whoever looks has to bear it
    def __class__(self) -> Any:
        raise Torn

    @property
    def reason(self) -> Any:
        raise Torn


class NotText(Exception):
    def __str__(self) -> Any:
        return 17


class Named(type):
    @property
    def __name__(cls) -> Any:  # type: ignore[override]
        raise Torn

    @property
    def __module__(cls) -> Any:  # type: ignore[override]
        raise Torn

    @property
    def __mro__(cls) -> Any:
        raise Torn


class NamedError(Exception, metaclass=Named):
    pass


class EvilId(str):
    def __str__(self) -> str:
        raise Torn

    def encode(self, *how: str) -> bytes:
        raise Torn

    def __len__(self) -> int:
        raise Torn


class EvilNumber(int):
    def __str__(self) -> str:
        raise Torn

    __repr__ = __str__


class EvilResult(PostResult, frozen=True):
    """Posted; and its id cannot be read."""

    def __getattribute__(self, name: str) -> Any:
        if name == "thread_id":
            raise Torn
        return super().__getattribute__(name)


HOSTILE: list[tuple[Callable[[Attempt], Any], str]] = [
    (raising(EvilError()), "EvilError"),
    (raising(NotText()), "NotText"),
    (raising(NamedError()), "NamedError"),
    (raising(ValueError("x" * 100_000_000)), "ValueError: xxx"),
    (raising(type("N" * 1_000_000, (Exception,), {})()), "NNN"),
    (raising(ValueError("\ud800")), "ValueError: ?"),
    (raising(ExceptionGroup("group", [EvilError(), ValueError("y")])), "ExceptionGroup: group"),
    (lambda attempt: Evil(), "publisher returned an Evil"),
    (lambda attempt: PostResult(Evil()), "success must be a bool"),  # type: ignore[arg-type]
    (lambda attempt: PostResult(False, error=EvilId("why")), "why"),
    (lambda attempt: PostResult(False, error=EvilError()), "EvilError"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("answer", "told"), HOSTILE, ids=[told for _, told in HOSTILE])
def test_whatever_an_object_does_when_it_is_looked_at_the_attempt_ends_and_the_next_begins(
    way: Way, answer: Callable[[Attempt], Any], told: str
) -> None:
    """Methods and names that raise, lie, or are a hundred million characters long."""
    job = way.post(Given(answer))
    assert job.status in (JobStatus.SCHEDULED, JobStatus.FAILED)
    assert told in str(job.error)
    assert len(str(job.error)) <= 2000


@pytest.mark.parametrize(
    ("answer", "thread_id"),
    [
        (lambda attempt: PostResult(True, EvilId("17")), "17"),
        (lambda attempt: PostResult(True, EvilNumber(17)), "17"),  # type: ignore[arg-type]  # a number
        (lambda attempt: PostResult(True, "x" * 10_000_000), "x" * 499 + "…"),
        (lambda attempt: EvilResult(True, "17"), None),
    ],
)
def test_what_is_posted_is_posted_whatever_its_id_is(
    way: Way, answer: Callable[[Attempt], Any], thread_id: str | None
) -> None:
    """The id where it can be read; where it cannot, the log says so."""
    job = way.post(Given(answer))
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, thread_id)
    remark = way.last().to_dict()["data"].get("remark")
    unread = "the id of the post cannot be read: the reading of it raises"
    assert remark == (None if thread_id else unread)


@pytest.mark.parametrize("field", ["success", "outcome_unknown"])
def test_a_result_that_does_not_say_whether_it_is_posted_is_none(
    here: Way, field: Literal["success", "outcome_unknown"]
) -> None:
    """A subclass whose properties raise."""

    class Unreadable(PostResult, frozen=True):
        def __getattribute__(self, name: str) -> Any:
            if name == field:
                raise Torn
            return super().__getattribute__(name)

    job = here.post(Given(lambda attempt: Unreadable(True)))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert f"a PostResult with a {field} that is no bool" in str(job.error)
