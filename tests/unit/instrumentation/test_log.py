"""A log line that cannot be written changes nothing, is counted, and that is told."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import pytest
import structlog
from support.publishers import Recording
from support.waiting import eventually

from jobledger import JobStatus, Ledger, ManualClock, Scheduler, StorageError
from jobledger.instrumentation import writing as log_module
from jobledger.instrumentation.interruption import is_interruption
from jobledger.instrumentation.log import is_told, logger
from jobledger.projections.writer import ProjectionWriter


class Lines:
    """What a program that has configured structlog gets; `failing` says what its end of it does."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.failing: Callable[[], object] = lambda: None

    def __call__(self, _: object, method: str, event: structlog.typing.EventDict) -> str:
        self.failing()
        self.got.append(dict(event))
        raise structlog.DropEvent

    @property
    def events(self) -> list[object]:
        return [line["event"] for line in self.got]


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    structlog.configure(processors=[lines])
    try:
        yield lines
        lines.failing = lambda: None
        logger().info("so that the next test begins with no line lost")
    finally:
        structlog.reset_defaults()


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


def endless() -> None:
    endless()


class Unheard(BaseException):
    """What no `except Exception` catches."""


FAILURES: dict[str, Callable[[], object]] = {
    "a broken pipe": raising(BrokenPipeError(errno.EPIPE, "Broken pipe")),
    "a full disk": raising(OSError(errno.ENOSPC, "No space left on device")),
    "a closed file": raising(ValueError("I/O operation on closed file")),
    "an encoding": lambda: "\u1ea1".encode("ascii"),
    "recursion": endless,
    "memory": raising(MemoryError()),
    "a warning as an error": lambda: warnings.warn("told as an error", stacklevel=1),
    "no exception's": raising(Unheard()),
    "an exit": raising(SystemExit(3)),
    "a cancellation": raising(GeneratorExit()),
    "a group": raising(BaseExceptionGroup("several", [Unheard()])),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_whatever_a_pipeline_raises_ends_there(
    lines: Lines, failure: Callable[[], object], level: str
) -> None:
    """And the first line that gets through is followed by how many did not."""
    lines.failing = failure
    log = logger(job_id="1").bind(more=1)
    getattr(log, level)("lost")
    getattr(log, level)("lost, too")
    lines.failing = lambda: None
    getattr(log, level)("written")
    assert lines.got == [
        {"event": "written", "job_id": "1", "more": 1},
        {"event": "log lines could not be written", "count": 2},
    ]
    log.info("the next")
    assert lines.events[2:] == ["the next"]


def test_that_lines_were_lost_is_told_when_that_can_be_told(lines: Lines) -> None:
    """Where telling it fails it is told after the next line; that one is not counted."""
    lines.failing = raising(OSError())
    logger().info("lost")
    calls = iter([None, OSError(), None, None])

    def every_other() -> None:
        error = next(calls)
        if error is not None:
            raise error

    lines.failing = every_other
    logger().info("first")
    logger().info("second")
    assert lines.events == ["first", "second", "log lines could not be written"]
    assert lines.got[-1]["count"] == 1


def test_lines_lost_in_many_threads_are_all_counted(lines: Lines) -> None:
    lines.failing = raising(OSError())

    def lose() -> None:
        for _ in range(200):
            logger().info("lost")

    threads = [threading.Thread(target=lose) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines.failing = lambda: None
    logger().info("written")
    assert lines.got[-1] == {"event": "log lines could not be written", "count": 1600}


def test_ctrl_c_passes(lines: Lines) -> None:
    lines.failing = lambda: signal.raise_signal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        logger().info("interrupted")


class Handler:
    """Signal handlers of all the forms that there are."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def method(self, number: int, frame: object) -> None:
        raise self.error

    __call__ = method


def handlers(error: BaseException) -> dict[str, Any]:
    def function(number: int, frame: object) -> None:
        raise error

    def deeper(what: str, number: int, frame: object) -> None:
        function(number, frame)

    handler = Handler(error)
    return {
        "a function": function,
        "a method": handler.method,
        "an object": handler,
        "a partial": partial(deeper, "x"),
    }


@pytest.mark.parametrize("form", list(handlers(Unheard())))
@pytest.mark.parametrize("error", [TimeoutError("the alarm"), SystemExit(0), Unheard()])
def test_what_a_signal_handler_raises_passes(lines: Lines, form: str, error: BaseException) -> None:
    """An alarm of the program's own, say: to hold it back would change what happens."""
    before = signal.signal(signal.SIGALRM, handlers(error)[form])
    try:
        lines.failing = lambda: signal.raise_signal(signal.SIGALRM)
        with pytest.raises(type(error)):
            logger().info("interrupted")
    finally:
        signal.signal(signal.SIGALRM, before)


def test_what_a_handlers_thread_raises_is_no_interruption() -> None:
    """Signals are handled in the main thread only; a handler may be called by anybody, though."""
    handler = handlers(Unheard())["a function"]
    before = signal.signal(signal.SIGALRM, handler)
    found: list[bool] = []

    def ask() -> None:
        try:
            handler(0, None)
        except Unheard as error:
            found.append(is_interruption(error))

    try:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    finally:
        signal.signal(signal.SIGALRM, before)
    assert found == [False]


class Unshowable:
    def __repr__(self) -> str:
        raise RuntimeError("not for you")


class Unsayable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not for you")


@pytest.mark.parametrize("own", [True, False])
def test_a_value_that_cannot_be_shown_costs_itself_and_not_the_line(
    own: bool, request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    """In jobledger's own lines, and in a program's."""
    values = {"error": Unsayable(), "at": Unshowable(), "sound": 1}
    if own:
        logger(**values).warning("said")
        [line] = caplog.messages
        assert line == ('event=said error=Unsayable at="<Unshowable that cannot be shown>" sound=1')
    else:
        lines = request.getfixturevalue("lines")
        logger(**values).warning("said")
        assert lines.got == [
            {
                "event": "said",
                "error": "Unsayable",
                "at": "<Unshowable that cannot be shown>",
                "sound": 1,
            }
        ]


class Broken(logging.Handler):
    """A handler of the standard library's that does not catch its own failure."""

    def emit(self, record: logging.LogRecord) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("kind", ["handler", "filter"])
def test_the_standard_librarys_handlers_may_fail_as_well(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    standard = logging.getLogger("jobledger")
    handler, broken_filter = Broken(), lambda record: bool(1 / 0)
    if kind == "handler":
        standard.addHandler(handler)
    else:
        standard.addFilter(broken_filter)
    try:
        logger().warning("lost")
    finally:
        standard.removeHandler(handler)
        standard.removeFilter(broken_filter)
    caplog.clear()
    logger().warning("written")
    assert caplog.messages == [
        "event=written",
        'event="log lines could not be written" count=1',
    ]


def test_without_structlog_there_is_no_line_and_no_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its import may fail for want of descriptors: then lines are lost, and counted."""
    log_module._own.cache_clear()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "structlog", None)
        assert is_told(logging.DEBUG)
        logger().warning("lost")
    logger().warning("written")
    assert caplog.messages[-1] == 'event="log lines could not be written" count=1'


def test_the_child_of_a_fork_counts_anew(lines: Lines) -> None:
    """Whatever another thread of its parent's was doing."""
    lines.failing = raising(OSError())
    logger().info("lost by the parent")
    lines.failing = lambda: None
    with log_module._counting, log_module._telling:
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                lines.failing = raising(OSError())
                threading.Thread(target=logger().info, args=("lost by the child",)).run()
                lines.failing = lambda: None
                logger().info("written")
                status = 0 if lines.got[-1].get("count") == 1 else 2
            finally:
                os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


# -- nothing else hears of it ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["a broken pipe", "no exception's", "recursion"])
def test_a_runner_and_its_ledger_go_on_without_a_log(
    directory: Path, clock: ManualClock, lines: Lines, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening, adding, posting, retrying, a projection that fails, files that cannot be written."""
    monkeypatch.setattr("jobledger.ledger.background.LONGEST_BACKOFF_S", 0.01)
    lines.failing = FAILURES[kind]
    with Scheduler(directory, clock=clock, durability="batch") as scheduler:
        ids = [scheduler.add_job(f"a{n}", f"text {n}", clock.now()) for n in range(3)]
        post = Recording()
        assert scheduler.run_due(post) == 3
        blocked = directory / f"jobs_{clock.now():%Y-%m-%d}.json"
        eventually(blocked.exists)
        blocked.unlink()
        with patch.object(ProjectionWriter, "write", side_effect=StorageError("no room")):
            later = scheduler.add_job("a", "another", clock.now())
            eventually(lambda: scheduler._behind._trouble._failures > 1)
        assert scheduler.run_due(post) == 1
        assert {scheduler.get_job(i).status for i in [*ids, later]} == {JobStatus.COMPLETED}
        eventually(blocked.exists)
    assert post.posted == ["text 0", "text 1", "text 2", "another"]
    with Ledger(directory, clock=clock) as ledger:
        assert ledger.verify().ok


PIPE = """
import os, structlog, sys, threading
from jobledger import Ledger, PostResult, Scheduler
reading, writing = os.pipe()
structlog.configure(
    processors=[structlog.processors.JSONRenderer()],
    logger_factory=structlog.PrintLoggerFactory(file=os.fdopen(writing, "w", buffering=1)),
)
scheduler, posted = Scheduler(sys.argv[1]), []
def post(account_id, content):
    posted.append(content)
    if len(posted) == 3:
        scheduler.stop_soon()
    return PostResult(True)
def world():
    with os.fdopen(reading) as lines:
        lines.readline()  # the scheduler runs
    with Ledger(sys.argv[1]) as ledger:
        for n in range(3):
            ledger.add_job(f"a{n}", f"post {n}", ledger.now())
threading.Thread(target=world).start()
scheduler.run(post)
scheduler.close()
print(sorted(posted))
"""


def test_a_log_pipe_whose_reader_ends_stops_no_runner(directory: Path) -> None:
    """A real one: whoever read the lines of a daemon has crashed, say."""
    done = subprocess.run(
        [sys.executable, "-c", PIPE, str(directory)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "['post 0', 'post 1', 'post 2']\n", done.stderr
