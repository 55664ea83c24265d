"""What is marked as secret is in no log line and in no file of the ledger."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from support.eventstore import contents

from jobledger import (
    Attempt,
    JobStatus,
    ManualClock,
    OutcomeUnknown,
    PostResult,
    Scheduler,
    ValidationError,
    hide_secrets,
    mark_secret,
)
from jobledger.instrumentation import secrets
from jobledger.instrumentation.log import logger

CANARY = "tok/en+4711 secret"


@pytest.fixture(autouse=True)
def marked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the canary a secret within each test, and only there."""
    monkeypatch.setattr(secrets, "_secrets", ())
    assert mark_secret(CANARY) == CANARY


def fails_with_it(attempt: Attempt) -> PostResult:
    attempt.note(f"asking with {CANARY}")
    raise RuntimeError(f"401 for Authorization: Bearer {CANARY}")


def answers_with_it(attempt: Attempt) -> PostResult:
    return PostResult(False, error=f"url /?token={CANARY} and tok%2Fen%2B4711+secret")


def cannot_tell(attempt: Attempt) -> PostResult:
    raise OutcomeUnknown(f"sent with {CANARY}")


class Asked:
    """Does not know, and fails when it is asked."""

    def publish(self, attempt: Attempt) -> PostResult:
        return PostResult.unknown(CANARY)

    def reconcile(self, attempt: Attempt) -> PostResult:
        raise OSError(CANARY)


class Publishing:
    """A function as a publisher that gets the attempt."""

    def __init__(self, function: Callable[[Attempt], PostResult]) -> None:
        self.publish = function


@pytest.mark.parametrize("function", [fails_with_it, answers_with_it, cannot_tell])
def test_no_error_of_a_publisher_tells_it(
    function: Callable[[Attempt], PostResult],
    directory: Path,
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither the events and files of the ledger nor the operational log."""
    caplog.set_level(logging.DEBUG, "jobledger")
    with Scheduler(directory, clock=clock) as scheduler:
        job_id = scheduler.add_job("a", "text", clock.now())
        scheduler.run_due(Publishing(function))
        job = scheduler.get_job(job_id)
        assert job is not None
        assert "***" in (job.error or "")
    assert "attempt ended" in caplog.text
    nothing_tells_it(directory, caplog.text)


def test_nor_does_asking(directory: Path, clock: ManualClock) -> None:
    """A publisher that is asked what became of its post is no other."""
    with Scheduler(directory, clock=clock, max_running_minutes=5) as scheduler:
        job_id = scheduler.add_job("a", "text", clock.now(), max_retries=1)
        for _ in range(3):
            scheduler.run_due(Asked())
            clock.advance(timedelta(hours=2))
        job = scheduler.get_job(job_id)
        assert job is not None
        assert job.error == "asking failed: OSError: ***"
    nothing_tells_it(directory, "")


def test_a_checkpoint_with_it_is_refused(directory: Path, clock: ManualClock) -> None:
    """To change it would mislead the publisher that reads it later."""
    refused = []

    def publish(attempt: Attempt) -> PostResult:
        for value in ({"sent": ["x", {"with": CANARY}]}, {CANARY: 1}):
            with pytest.raises(ValidationError, match="marked as secret") as caught:
                attempt.checkpoint("step", value)
            refused.append(caught.value.field)
        attempt.checkpoint("step", ["x", {"with": "another"}])
        return PostResult(True)

    with Scheduler(directory, clock=clock) as scheduler:
        job_id = scheduler.add_job("a", "text", clock.now())
        scheduler.run_due(Publishing(publish))
        job = scheduler.get_job(job_id)
        assert job is not None
        assert job.status is JobStatus.COMPLETED
        assert job.checkpoints == {"step": ["x", {"with": "another"}]}
    assert refused == ["value", "value"]
    nothing_tells_it(directory, "")


def nothing_tells_it(directory: Path, log: str) -> None:
    everything = b"".join(contents(directory).values()) + log.encode()
    assert everything
    for form in (CANARY, "tok%2Fen%2B4711%20secret", "tok%2Fen%2B4711+secret"):
        assert form.encode() not in everything


# -- logging -------------------------------------------------------------------------------------


@pytest.fixture
def lines() -> Iterator[list[dict[str, object]]]:
    """Collect what a program that has configured structlog gets."""
    got: list[dict[str, object]] = []

    def keep(_: object, method: str, event: structlog.typing.EventDict) -> str:
        got.append(dict(event))
        raise structlog.DropEvent

    structlog.configure(processors=[structlog.processors.add_log_level, keep])
    try:
        yield got
    finally:
        structlog.reset_defaults()


class Wrapped:
    """A foreign value that shows what it holds."""

    def __repr__(self) -> str:
        return f"Wrapped({CANARY})"


def test_a_pipeline_of_the_programs_own_does_not_get_it_either(
    lines: list[dict[str, object]],
) -> None:
    """In values however deep, in what is bound, and in what would be shown of other objects."""
    inner = {"headers": {"Authorization": f"Bearer {CANARY}"}, CANARY: [CANARY, 1, None, Path("x")]}
    logger(bound=CANARY).warning(f"say {CANARY}", inner=inner, wrapped=Wrapped(), count=3)
    assert lines == [
        {
            "event": "say ***",
            "level": "warning",
            "bound": "***",
            "inner": {
                "headers": {"Authorization": "Bearer ***"},
                "***": ["***", 1, None, Path("x")],
            },
            "wrapped": "Wrapped(***)",
            "count": 3,
        }
    ]


@pytest.mark.parametrize("form", ["true", "exception", "tuple"])
def test_a_traceback_that_tells_it_becomes_text(lines: list[dict[str, object]], form: str) -> None:
    """One that does not is left to the pipeline."""
    for message in (CANARY, "harmless"):
        try:
            raise OSError(message)
        except OSError as error:
            info = {"true": True, "exception": error, "tuple": (OSError, error, None)}[form]
            logger().warning("failed", exc_info=info)
    assert str(lines[0]["exception"]).endswith("OSError: ***")
    assert "exc_info" not in lines[0]
    assert "exception" not in lines[1]
    assert lines[1]["exc_info"] is not None


def test_the_processor_is_for_pipelines_of_ones_own() -> None:
    """It does what a processor does."""
    assert hide_secrets(None, "info", {"event": CANARY}) == {"event": "***"}
    assert hide_secrets(None, "info", {"event": "x", "exc_info": None})["exc_info"] is None


def test_a_value_that_cannot_be_shown_is_left_to_the_pipeline() -> None:
    """The processor is no reason for a line to be lost."""

    class Unshowable:
        def __repr__(self) -> str:
            raise RuntimeError("not for you")

    value = Unshowable()
    assert hide_secrets(None, "info", {"event": CANARY, "value": value}) == {
        "event": "***",
        "value": value,
    }


def test_a_secret_within_another_leaves_no_part_of_it() -> None:
    """The longest goes first."""
    mark_secret("secret")
    mark_secret("secret-and-more")
    assert secrets.without_secrets("a secret-and-more b secret c") == "a *** b *** c"


@pytest.mark.parametrize("value", ["", "short", None, 123456])
def test_what_would_be_taken_out_of_other_words_is_no_secret(value: object) -> None:
    """Nor what is no text."""
    with pytest.raises(ValidationError, match="at least 6"):
        mark_secret(value)  # type: ignore[arg-type]
