"""Who did it: what the command line says of itself, and where it is shown."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.cli import Cli, run_here
from support.terminal import Terminal

from jobledger import Ledger, ManualClock, PostResult, Scheduler
from jobledger.domain.validation import check_by
from jobledger.tools.who import who


def named(name: object) -> Callable[[int], object]:
    return lambda uid: SimpleNamespace(pw_name=name)


def _fail(error: Exception) -> Callable[[int], object]:
    def raise_it(uid: int) -> object:
        raise error

    return raise_it


# -- what the command line says --------------------------------------------------------------------


def test_it_is_the_user_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system has it; the environment says what anybody has set."""
    for name in ("USER", "LOGNAME", "USERNAME", "LNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert who() == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"


@pytest.mark.parametrize(
    "asked",
    [
        _fail(KeyError("uid not found")),
        _fail(OSError("the directory is away")),
        _fail(RuntimeError()),
        named("Lan Nguyễn"),
        named("OFFICE\\lan"),
        named("\udcff"),
        named("x" * 61),
        named(""),
    ],
)
def test_where_there_is_no_name_that_a_record_can_have_it_is_the_number(
    monkeypatch: pytest.MonkeyPatch, asked: Callable[[int], object]
) -> None:
    """A change never fails for it, and no name is made up."""
    monkeypatch.setattr(pwd, "getpwuid", asked)
    assert who() == f"cli:uid-{os.getuid()}"
    assert check_by(who()) == who()


def test_a_change_succeeds_where_nobody_knows_the_user(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pwd, "getpwuid", _fail(KeyError("uid not found")))
    assert run_here(directory, "add", "a", "text").code == 0
    with Ledger(directory, read_only=True) as ledger:
        assert [event.by for event in ledger.events()] == [f"cli:uid-{os.getuid()}"]


def test_every_command_that_changes_something_says_who_typed_it(directory: Path) -> None:
    commands = [
        ["add", "a", "text", "tomorrow 9:00", "--job-id", "j"],
        ["hold", "j"],
        ["release", "j"],
        ["edit", "j", "--content", "other"],
        ["reschedule", "j", "tomorrow 10:00"],
        ["cancel", "j"],
        ["requeue", "j", "tomorrow 11:00"],
        ["remove", "j"],
    ]
    for number, words in enumerate(commands):
        done = run_here(directory, *words)
        assert done.code == 0, done.err
        with Ledger(directory, read_only=True) as ledger:
            assert [event.by for event in ledger.events(number)] == [who()], words


def test_an_import_says_who_typed_it(directory: Path, tmp_path: Path) -> None:
    source = tmp_path / "posts.csv"
    source.write_text("account_id,content,scheduled_time\na,one,2026-03-02T09:00:00Z\n")
    with Ledger(directory):
        pass
    done = run_here(directory, "import", str(source))
    assert done.code == 0, done.err
    with Ledger(directory, read_only=True) as ledger:
        assert [event.by for event in ledger.events()] == [who()]


def test_a_run_is_the_doing_of_its_process(directory: Path, tmp_path: Path) -> None:
    """Not of whoever started it: that is another number each time."""
    (tmp_path / "mine.py").write_text(
        "from jobledger import PostResult\n"
        "def publish(account_id, content):\n"
        "    return PostResult(True, 't')\n"
    )
    cli = Cli(directory, tmp_path)
    cli.ok("add", "a", "text")
    with cli.start("run", "--publisher", "mine:publish", "--once") as run:
        assert run.wait(60) == 0
    with Ledger(directory, read_only=True) as ledger:
        events = [(event.type, event.by) for event in ledger.events()]
    mine = f"runner:{run.pid}"
    assert events == [("added", who()), ("started", mine), ("completed", mine)]


# -- where it is shown -----------------------------------------------------------------------------


@pytest.fixture
def life(directory: Path, clock: ManualClock) -> Path:
    """Make a job that three people had to do with."""
    with Ledger(directory, clock=clock) as ledger:
        ledger.acting("web:lan").add_job("a", "text", clock.now(), job_id="j")
        ledger.edit_job("j", content="other")
        ledger.acting("api:bot").cancel_job("j", "wrong picture")
    return directory


def test_history_has_a_column_for_it_where_anybody_said_it(
    life: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where there is room for one; else it stands behind what happened."""
    assert "wrong picture, by api:bot" in run_here(life, "history", "j").out
    monkeypatch.setenv("COLUMNS", "100")
    with Ledger(life, clock=clock) as ledger:
        ledger.add_job("a", "nobody's", clock.now(), job_id="k")
    title, *rows = run_here(life, "history", "j").out.splitlines()
    assert title.split() == ["date", "time", "after", "event", "try", "by", "what"]
    by = title.index("by ")
    named = {kind: row[by:] for row in rows for kind in row[:by].split()[-1:]}
    assert named["added"].startswith("web:lan ")
    assert named["edited"].strip() == ""
    assert named["cancelled"].split() == ["api:bot", "wrong", "picture"]
    title = run_here(life, "history", "k").out.splitlines()[0]
    assert title.split() == ["date", "time", "after", "event", "try", "what"]


def test_history_has_it_on_a_narrow_terminal_too(life: Path) -> None:
    terminal = Terminal(life, "history", "j", NO_COLOR="1", columns=50)
    shown = terminal.rest()
    assert terminal.wait() == 0
    assert "wrong picture, by api:bot" in shown
    assert "by web:lan" in shown


def test_history_as_json_has_the_key_of_the_log(life: Path, tmp_path: Path) -> None:
    events = Cli(life, tmp_path).json("history", "j")
    assert [event.get("by") for event in events] == ["web:lan", None, "api:bot"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lan: lan.hold_job("j"), "It is held by web:lan since 2026-03-02 12:00:00,"),
        (lambda lan: lan.cancel_job("j"), "It was cancelled by web:lan at 2026-03-02 12:00:00"),
        (lambda lan: lan.remove_job("j"), "It was removed by web:lan at 2026-03-02 12:00:00"),
    ],
)
def test_why_says_who_it_was(
    directory: Path, clock: ManualClock, change: Callable[[Ledger], object], says: str
) -> None:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("a", "text", clock.now(), job_id="j")
        change(ledger.acting("web:lan"))
    assert says in " ".join(run_here(directory, "why", "j").out.split())


def test_why_says_who_requeued_or_resolved_it(directory: Path, clock: ManualClock) -> None:
    """And whose doing it is where a post may be out twice."""

    def cannot_tell(account_id: str, content: str) -> PostResult:
        return PostResult.unknown("no answer")

    def ask(job_id: str) -> str:
        return " ".join(run_here(directory, "why", job_id).out.split())

    with Scheduler(directory, clock=clock, on_interrupted="fail") as scheduler:
        for job_id in ("yes", "no", "again"):
            scheduler.add_job("a", job_id, clock.now(), job_id=job_id)
        assert scheduler.run_due(cannot_tell) == 3
        lan = scheduler.acting("web:lan")
        lan.resolve_job("yes", posted=True)
        lan.resolve_job("no", posted=False)
        lan.requeue_job("again", clock.now())
        assert "It was requeued by web:lan at" in ask("again")
        assert scheduler.run_due(cannot_tell) == 1
    assert "A person (web:lan) said at" in ask("yes")
    assert "A person (web:lan) said at" in ask("no")
    assert "posted again without asking, because web:lan requeued it." in ask("again")
