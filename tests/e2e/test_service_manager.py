"""A runner tells the service manager that it is ready, turns, and stops: over a real socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.waiting import eventually, time_passes

from jobledger.scheduler.service_manager import STATUS_EVERY_S, ServiceManager

PROGRAM = """
import sys, time
from datetime import timedelta
from pathlib import Path
from jobledger import PostResult, Scheduler

here, kind = Path(sys.argv[1]), sys.argv[2]

async def block(account_id, content):
    (here / "blocked").touch()
    while not (here / "go").exists():
        time.sleep(0.01)  # which no async publisher may do: its event loop hangs
    return PostResult(True)

with Scheduler(here / "jobs", timezone="UTC") as scheduler:
    scheduler.add_job("mai", "a text", scheduler.now() + timedelta(hours=1))
    if kind == "hangs":
        scheduler.add_job("mai", "another", scheduler.now())
    scheduler.run(block)
"""


class Manager:
    """A service manager's end of the socket."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(60)
        self.heard: list[str] = []

    def next(self) -> str:
        message = self._socket.recv(4096).decode()
        self.heard.append(message)
        return message

    def until(self, begin: str) -> str:
        while not (message := self.next()).startswith(begin):
            pass
        return message

    def drain(self) -> list[str]:
        """Return what has come, and is not read yet."""
        self._socket.settimeout(0)
        found = []
        try:
            while True:
                found.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return found
        finally:
            self._socket.settimeout(60)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    name = f"@jobledger-{uuid.uuid4()}" if request.param == "abstract" else f"{tmp_path}/notify"
    manager = Manager(name)
    yield manager
    manager.close()


Started = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Started]:
    started: list[subprocess.Popen[bytes]] = []

    def run(kind: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path), kind],
            env=os.environ | environment,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def test_ready_then_signs_of_life_then_stopping(manager: Manager, start: Started) -> None:
    """In that order; the line for people says what is to come."""
    process = start("waits", NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="200000")
    first = manager.next()
    assert first.startswith("READY=1\nSTATUS=0 running, 1 scheduled, the next at ")
    for _ in range(3):
        manager.until("WATCHDOG=1")
    process.send_signal(signal.SIGTERM)
    manager.until("STOPPING=1")
    assert process.wait(timeout=60) == 0
    assert manager.heard.count(first) == 1


def test_a_loop_that_hangs_gives_no_sign_of_life(
    manager: Manager, start: Started, tmp_path: Path
) -> None:
    """And gives one again when it goes on. What had been sent before it hung is not counted."""
    start("hangs", NOTIFY_SOCKET=manager.address, WATCHDOG_USEC="20000")
    eventually((tmp_path / "blocked").exists, "the publisher was called")
    manager.drain()
    time_passes(0.3)  # in which a loop that turns would have given some
    assert manager.drain() == []
    (tmp_path / "go").touch()
    manager.until("WATCHDOG=1")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "20000"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "20000"},
        {"NOTIFY_SOCKET": "vsock:2:1234"},
        {"NOTIFY_SOCKET": "@" + "x" * 300, "WATCHDOG_USEC": "x"},
    ],
)
def test_without_somebody_who_listens_it_runs_as_ever(
    environment: dict[str, str], start: Started, tmp_path: Path
) -> None:
    process = start("hangs", **environment)
    eventually((tmp_path / "blocked").exists, "the publisher was called")
    (tmp_path / "go").touch()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0


# -- what is said when, with a clock in hand -------------------------------------------------------


class Said(ServiceManager):
    """One whose messages are kept, and whose clock stands still."""

    now_s = 0.0

    def __init__(self, watchdog_s: float | None = None) -> None:
        self.messages: list[str] = []
        super().__init__("@nobody", watchdog_s, time=lambda: self.now_s)

    def _say(self, text: str) -> None:
        self.messages.append(text)
        self._said = text.partition("STATUS=")[2] or self._said


def test_a_sign_of_life_comes_at_half_of_the_time_it_is_waited_for() -> None:
    manager = Said(watchdog_s=10.0)
    manager.ready(1, lambda: "well")
    told = []
    for second in range(20):
        manager.now_s = float(second)
        manager.messages.clear()
        manager.turned(0)
        told += [second] * manager.messages.count("WATCHDOG=1")
    assert told == [0, 5, 10, 15]


def test_one_of_several_loops_that_hangs_stops_the_signs_of_life() -> None:
    manager = Said(watchdog_s=10.0)
    manager.ready(2, lambda: "well")
    manager.messages.clear()
    for second in range(20):
        manager.now_s = float(second)
        manager.turned(0)
    assert manager.messages == []
    manager.turned(1)
    assert manager.messages == ["WATCHDOG=1"]


def test_the_line_for_people_is_said_again_when_it_has_changed() -> None:
    """Also where nobody waits for signs of life; one that cannot be made changes nothing."""
    lines = iter(["first", "first", "second"])
    manager = Said()
    manager.ready(1, lambda: next(lines))
    for n in range(1, 5):
        manager.now_s = n * STATUS_EVERY_S
        manager.turned(0)
        manager.turned(0)
    assert manager.messages == ["READY=1\nSTATUS=first", "STATUS=second"]


def test_what_is_meant_for_another_process_is_not_taken() -> None:
    """A child that was started without a thought inherits the variables of its parent."""
    mine = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "1000000"}
    assert ServiceManager.of(mine)._every_s == 0.5
    assert ServiceManager.of(mine | {"WATCHDOG_PID": f"{os.getpid()}"})._every_s == 0.5
    assert ServiceManager.of(mine | {"WATCHDOG_PID": "1"})._every_s == float("inf")
