"""SIGTERM, SIGINT and SIGHUP: real processes, which end in good order or are left in peace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.cli import Cli
from support.tiers import one_in
from support.waiting import eventually

from jobledger import JobStatus, Ledger

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
ALL = pytest.mark.parametrize("number", one_in(3, [TERM, INT, HUP]), ids=lambda number: number.name)

PRELUDE = textwrap.dedent("""
    import asyncio, os, signal, sys, threading, time
    from pathlib import Path
    from jobledger import JobLedgerError, PostResult, Scheduler

    here = Path(sys.argv[1])

    def say(word):
        with (here / "said").open("a") as file:
            file.write(word + "\\n")

    def wait_for_go(account_id, content):
        say("posting " + content)
        while not (here / "go").exists():
            time.sleep(0.01)
        return PostResult(True, "id-" + content)

    async def wait_for_go_async(account_id, content):
        say("posting " + content)
        while not (here / "go").exists():
            await asyncio.sleep(0.01)
        return PostResult(True, "id-" + content)

    async def block(account_id, content):
        return wait_for_go(account_id, content)  # which no async publisher may do

    def opened(**settings):
        scheduler = Scheduler(here / "jobs", **settings)
        if not scheduler.list_jobs():
            for n in range(3):
                scheduler.add_job("a", str(n), scheduler.now(), job_id=str(n))
        return scheduler
""")


class Program:
    """A program of somebody's, and what it leaves behind."""

    def __init__(self, here: Path, text: str, **how: Any) -> None:
        self.here = here
        script = PRELUDE + textwrap.dedent(text)
        command = [*how.pop("before", ()), sys.executable, "-c", script, str(here)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how
        )

    def said(self) -> list[str]:
        path = self.here / "said"
        return path.read_text().split("\n")[:-1] if path.exists() else []

    def until(self, word: str) -> None:
        eventually(lambda: word in self.said() or self.process.poll() is not None, word)
        assert word in self.said(), self.process.communicate()

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def go(self) -> None:
        (self.here / "go").touch()

    def end(self) -> int:
        """Its exit code, as Popen has it; standard error is shown where the test fails."""
        out, err = self.process.communicate(timeout=30)
        print(out, err)
        return self.process.returncode

    def states(self) -> list[str]:
        with Ledger(self.here / "jobs") as ledger:
            return [ledger.get_job(str(n)).status.value for n in range(3)]

    def ends(self) -> list[str]:
        """How attempts of the first job ended."""
        with Ledger(self.here / "jobs") as ledger:
            return [
                f"interrupted: {event.data.reason}" if event.type == "interrupted" else event.type  # type: ignore[union-attr]
                for event in ledger.history("0")
                if event.type not in ("added", "started")
            ]


Start = Callable[..., Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    programs: list[Program] = []

    def begin(text: str, **how: Any) -> Program:
        programs.append(Program(tmp_path, text, **how))
        return programs[-1]

    yield begin
    for program in programs:
        program.process.kill()
        program.process.communicate()


# -- run -------------------------------------------------------------------------------------------


@ALL
@pytest.mark.parametrize("publisher", ["wait_for_go", "wait_for_go_async"])
def test_run_ends_after_the_running_attempt(
    start: Start, number: signal.Signals, publisher: str
) -> None:
    """Its result is recorded, nothing more is begun, and `run` returns."""
    program = start(f"opened().run({publisher}); say('returned')")
    program.until("posting 0")
    program.send(number)
    program.go()
    assert program.end() == 0
    assert program.said() == ["posting 0", "returned"]
    assert program.states() == ["completed", "scheduled", "scheduled"]


@ALL
@pytest.mark.parametrize("publisher", ["wait_for_go", "wait_for_go_async", "block"])
def test_a_second_signal_ends_run_at_once(
    start: Start, number: signal.Signals, publisher: str
) -> None:
    """The attempt is recorded as interrupted; also where it blocks the event loop."""
    program = start(f"opened(grace_s=600).run({publisher}); say('returned')")
    program.until("posting 0")
    program.send(number)
    eventually(lambda: _is_caught(program, number))
    program.send(number)
    assert program.end() == 0
    assert program.said() == ["posting 0", "returned"]
    [end] = program.ends()
    assert end in ("interrupted: stopped", "interrupted: outcome_unknown")
    assert program.states()[1:] == ["scheduled", "scheduled"]


def _is_caught(program: Program, number: int) -> bool:
    """Whether a signal that was sent is not pending any more."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    pending = [
        line.split()[1] for line in status.split("\n") if line.startswith(("SigPnd", "ShdPnd"))
    ]
    return not any(int(mask, 16) >> (number - 1) & 1 for mask in pending)


@pytest.mark.parametrize("publisher", ["wait_for_go", "wait_for_go_async", "block"])
def test_run_ends_when_the_grace_time_is_over(start: Start, publisher: str) -> None:
    """One signal, and a publisher that goes on for ever."""
    program = start(f"opened(grace_s=0.2).run({publisher}); say('returned')")
    program.until("posting 0")
    program.send(TERM)
    assert program.end() == 0
    assert program.said() == ["posting 0", "returned"]
    assert "interrupted" in program.ends()[0]


def test_nohup_stays_nohup(start: Start) -> None:
    """An ignored SIGHUP is ignored; SIGTERM ends it."""
    program = start(
        "scheduler = opened(); scheduler.run(wait_for_go); say('returned')",
        preexec_fn=lambda: signal.signal(HUP, signal.SIG_IGN),
    )
    program.until("posting 0")
    program.send(HUP)
    program.go()
    program.until("posting 2")
    program.send(TERM)
    assert program.end() == 0
    assert program.states() == ["completed"] * 3


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs a PID namespace"
)
@ALL
@pytest.mark.parametrize("what", ["run", "run_due"])
def test_as_process_1_it_ends_too(start: Start, number: signal.Signals, what: str) -> None:
    """Where the kernel drops signals that nobody handles: in a container."""
    program = start(
        f"say(str(os.getpid())); opened().{what}(wait_for_go); say('returned')",
        before=["unshare", "--pid", "--fork", "--kill-child"],
    )
    program.until("posting 0")
    assert program.said()[0] == "1"
    children = Path(f"/proc/{program.process.pid}/task/{program.process.pid}/children")
    [inside] = children.read_text().split()
    os.kill(int(inside), number)
    program.go()
    program.end()
    assert program.said()[:2] == ["1", "posting 0"]
    assert program.states() == ["completed", "scheduled", "scheduled"]


def test_without_a_terminal_and_in_a_notebook_the_first_interrupt_ends_it(start: Start) -> None:
    """`run` in a cell: an event loop runs in the main thread, and the jobs in another. Afterwards
    nothing goes on behind the user's back."""
    program = start("""
        scheduler = opened()
        def heard(account_id, content):
            result = wait_for_go(account_id, content)
            while not scheduler._runs._request._asked:  # when the main thread has a turn
                time.sleep(0.01)
            return result
        async def cell():
            scheduler.run(heard)
            say("the cell ended")
        asyncio.new_event_loop().run_until_complete(cell())
        scheduler.add_job("b", "afterwards", scheduler.now())
        say(f"is_running {scheduler.is_running}")
        say(f"threads {[t.name for t in threading.enumerate() if 'own-loop' in t.name]}")
        scheduler.close()
    """)
    program.until("posting 0")
    program.send(INT)
    program.go()
    assert program.end() == 0
    assert program.said() == ["posting 0", "the cell ended", "is_running False", "threads []"]


def test_in_a_notebook_a_publisher_that_blocks_is_left_alone_at_the_second_interrupt(
    start: Start,
) -> None:
    program = start("""
        scheduler = opened(grace_s=600)
        async def cell():
            scheduler.run(block)
            say("the cell ended")
        asyncio.new_event_loop().run_until_complete(cell())
        say(f"is_running {scheduler.is_running}")
        scheduler.close()
        (here / "go").touch()
    """)
    program.until("posting 0")
    program.send(INT)
    eventually(lambda: _is_caught(program, INT))
    program.send(INT)
    assert program.end() == 0
    assert program.said() == ["posting 0", "the cell ended", "is_running False"]
    assert program.ends() == ["interrupted: stopped"]


# -- what the program had --------------------------------------------------------------------------


HANDLERS = """
    def own(number, frame):
        say("mine")
    given = {"default": signal.SIG_DFL, "ignored": signal.SIG_IGN, "own": own,
             "python": signal.default_int_handler}
"""


@pytest.mark.parametrize("kind", one_in(2, ["default", "ignored", "own", "python"]))
@pytest.mark.parametrize("what", ["run", "run_due", "a notebook", "an error"])
def test_the_programs_handlers_are_back_afterwards(start: Start, kind: str, what: str) -> None:
    """The very same objects, also where it ends with an error."""
    program = start(
        HANDLERS
        + f"""
    kind, what = {kind!r}, {what!r}
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in numbers:
        signal.signal(number, given[kind])
    scheduler = opened()
    def post(account_id, content):
        scheduler.stop_soon()
        return PostResult(True)
    async def cell():
        scheduler.run(post)
    def broken():
        raise SystemExit(7)
    try:
        if what == "run_due":
            scheduler.run_due(post)
        elif what == "a notebook":
            asyncio.new_event_loop().run_until_complete(cell())
        else:
            if what == "an error":
                scheduler._new_loop = broken
            scheduler.run(post)
    except SystemExit:
        say("error")
    say(str([signal.getsignal(number) is given[kind] for number in numbers]))
    scheduler.close()
    """
    )
    assert program.end() == 0
    assert program.said()[-1] == "[True, True, True]"
    assert ("error" in program.said()) == (what == "an error")


def test_what_was_not_made_in_python_is_left(start: Start) -> None:
    """It could not be put back: `getsignal` knows nothing of it."""
    program = start("""
        real = signal.getsignal
        installed = []
        signal.getsignal = lambda number: None
        set_ = signal.signal
        signal.signal = lambda number, handler: installed.append(number) or set_(number, handler)
        scheduler = opened()
        scheduler.stop_soon()
        scheduler.run(wait_for_go)
        scheduler.stop_soon()
        scheduler.run_due(wait_for_go)
        say(str(installed))
    """)
    assert program.end() == 0
    assert program.said() == ["[]"]


def test_a_handler_that_the_program_changes_meanwhile_is_left_as_it_wants(start: Start) -> None:
    program = start(
        HANDLERS
        + """
    scheduler = opened()
    def post(account_id, content):
        def change():
            signal.signal(signal.SIGTERM, own)
        scheduler.stop_soon()
        if threading.current_thread() is threading.main_thread():
            change()
        return PostResult(True)
    scheduler.run_due(post)
    say(str(signal.getsignal(signal.SIGTERM) is own))
    """
    )
    assert program.end() == 0
    assert program.said() == ["True"]


# -- run_due ---------------------------------------------------------------------------------------

RUNS_ON = "scheduler = opened({settings})\nwhile True:\n    scheduler.run_due({publisher})\n"


@pytest.mark.parametrize(("number", "code"), [(TERM, 128 + TERM), (HUP, 128 + HUP), (INT, -INT)])
@pytest.mark.parametrize("publisher", ["wait_for_go", "wait_for_go_async"])
def test_run_due_ends_after_the_running_attempt_and_the_program_with_it(
    start: Start, number: signal.Signals, code: int, publisher: str
) -> None:
    """In good order: what is to be done at the end is done."""
    program = start(
        "import atexit\natexit.register(say, 'bye')\n"
        + RUNS_ON.format(settings="", publisher=publisher)
    )
    program.until("posting 0")
    program.send(number)
    program.go()
    assert program.end() == code
    assert program.said() == ["posting 0", "bye"]
    assert program.states() == ["completed", "scheduled", "scheduled"]


@pytest.mark.parametrize("publisher", ["wait_for_go", "wait_for_go_async"])
@pytest.mark.parametrize("how", ["a second signal", "the grace time"])
def test_run_due_ends_at_once_at(start: Start, how: str, publisher: str) -> None:
    """A publisher in the main thread is interrupted, wherever it is."""
    grace_s = 600 if how == "a second signal" else 0.2
    program = start(RUNS_ON.format(settings=f"grace_s={grace_s}", publisher=publisher))
    program.until("posting 0")
    program.send(TERM)
    if how == "a second signal":
        eventually(lambda: _is_caught(program, TERM))
        program.send(TERM)
    assert program.end() == 128 + TERM
    assert program.ends() == ["interrupted: stopped"]
    assert program.states()[1:] == ["scheduled", "scheduled"]


@pytest.mark.parametrize("publisher", ["wait_for_go", "wait_for_go_async"])
def test_a_handler_of_the_programs_own_is_its_own_affair(start: Start, publisher: str) -> None:
    """It is called at once, and may end `run_due` by `stop_soon`."""
    program = start(
        f"""
        scheduler = opened()
        def handler(number, frame):
            say("mine")
            scheduler.stop_soon()
        signal.signal(signal.SIGTERM, handler)
        say(f"ran {{scheduler.run_due({publisher})}}")
        """
    )
    program.until("posting 0")
    program.send(TERM)
    program.until("mine")
    program.go()
    assert program.end() == 0
    assert program.said() == ["posting 0", "mine", "ran 1"]
    assert program.states() == ["completed", "scheduled", "scheduled"]


@pytest.mark.parametrize("close", [True, False])
@pytest.mark.parametrize("publisher", ["wait_for_go", "wait_for_go_async"])
def test_a_handler_that_ends_the_program_ends_it(start: Start, publisher: str, close: bool) -> None:
    """`sys.exit` in a handler is not taken for an answer of the publisher that it interrupts."""
    program = start(
        f"""
        scheduler = opened()
        def handler(number, frame):
            if {close}:
                scheduler.close()
            sys.exit(5)
        signal.signal(signal.SIGTERM, handler)
        scheduler.run_due({publisher})
        """
    )
    program.until("posting 0")
    program.send(TERM)
    assert program.end() == 5
    assert program.ends() == ["interrupted: stopped"]
    assert program.states()[1:] == ["scheduled", "scheduled"]


def test_in_another_thread_than_the_main_one_signals_are_the_programs(start: Start) -> None:
    program = start("""
        scheduler = opened()
        def stop(*_):
            scheduler.stop_soon()
            say("told")
        signal.signal(signal.SIGTERM, stop)
        thread = threading.Thread(target=scheduler.run_due, args=(wait_for_go,))
        thread.start()
        thread.join()
        say("joined")
    """)
    program.until("posting 0")
    program.send(TERM)
    program.until("told")
    program.go()
    assert program.end() == 0
    assert program.states() == ["completed", "scheduled", "scheduled"]


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    (tmp_path / "posts.py").write_text(
        "import os, time\n"
        "from jobledger import PostResult\n"
        "def publish(account_id, content):\n"
        "    open('posting', 'w').close()\n"
        "    while not os.path.exists('go'):\n"
        "        time.sleep(0.01)\n"
        "    return PostResult(True, content)\n"
    )
    made = Cli(tmp_path / "jobs", tmp_path)
    for n in range(3):
        made.ok("add", f"a{n}", f"text {n}", "now", "--job-id", str(n))
    return made


@ALL
@pytest.mark.parametrize("once", [True, False], ids=["--once", "run"])
def test_the_command_ends_gracefully(cli: Cli, number: signal.Signals, once: bool) -> None:
    """Exit code 0, nothing is left RUNNING; `--once` says what stopped it."""
    more = ["--once"] if once else []
    runner = cli.start("run", "--publisher", "posts:publish", *more)
    eventually((cli.cwd / "posting").exists)
    runner.send_signal(number)
    (cli.cwd / "go").touch()
    out, err = runner.communicate(timeout=30)
    assert runner.returncode == 0, err
    if once:
        assert out == f"ran 1 job: 1 published (stopped by {number.name})\n"
    states = [job["status"] for job in cli.json("list")]
    assert sorted(states) == ["completed", "scheduled", "scheduled"]
    assert JobStatus.RUNNING not in states


def test_the_command_ends_at_once_at_a_second_signal(cli: Cli) -> None:
    runner = cli.start(
        "run", "--publisher", "posts:publish", "--once", "--grace-s", "600", "--json"
    )
    eventually((cli.cwd / "posting").exists)
    runner.send_signal(TERM)
    pending = Path(f"/proc/{runner.pid}/status")
    eventually(lambda: "ShdPnd:\t0000000000000000" in pending.read_text())
    runner.send_signal(TERM)
    out, err = runner.communicate(timeout=30)
    assert runner.returncode == 0, err
    assert '"interrupted": 1' in out
    assert '"stopped_by": "SIGTERM"' in out
