"""The command line, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from support.cli import Cli, Done, run_cli_here, run_here
from support.waiting import eventually

from jobledger import JobStatus, Ledger

KEYS = [
    "job_id", "account_id", "content", "scheduled_time", "priority", "status", "platform",
    "max_retries", "retry_count", "created_at", "started_at", "completed_at", "error",
    "thread_id", "status_message", "metadata",
]  # fmt: skip

PUBLISHER = """
from jobledger import PostResult

def publish(account_id, content):
    return PostResult(True, thread_id="t-" + content)

async def publish_async(account_id, content):
    return PostResult(True, thread_id="a-" + content)

number = 7
"""


@pytest.fixture
def cli(directory: Path, tmp_path: Path) -> Cli:
    """Give the command line in a directory with a module of publishers."""
    (tmp_path / "posts.py").write_text(PUBLISHER)
    return Cli(directory, tmp_path)


def test_a_job_is_added_listed_shown_and_changed(cli: Cli) -> None:
    """Every command that changes a job, and the JSON of each."""
    job_id = cli.ok("add", "acc", "xin chào 😀", "+1h", "--priority", "high").strip()
    assert cli.json("list")[0]["job_id"] == job_id
    prefix = job_id[:8]
    assert cli.json("hold", prefix)["status"] == "pending"
    assert cli.json("release", prefix)["status"] == "scheduled"
    edited = cli.json("edit", prefix, "--content", "mới", "--metadata", '{"a": [1]}')
    assert (edited["content"], edited["metadata"]) == ("mới", {"a": [1]})
    moved = cli.json("reschedule", prefix, "2026-12-24T18:00+07:00")
    assert moved["scheduled_time"] == "2026-12-24T11:00:00+00:00"
    assert cli.json("cancel", prefix, "--reason", "no")["status_message"] == "Cancelled: no"
    assert cli.json("requeue", prefix, "+2h")["status"] == "scheduled"
    shown = cli.json("show", prefix)
    assert list(shown) == KEYS
    assert shown["priority"] == 3
    assert cli.ok("remove", prefix) == f"removed {job_id}\n"
    assert cli.json("list") == []


def test_tables_are_for_people(cli: Cli) -> None:
    """The list and the job as text; control characters in content never reach the terminal."""
    cli.ok("add", "acc", "-", stdin="line one\n\x1b[2Jline two\n")
    listed, shown = cli.ok("list"), cli.ok("show", cli.json("list")[0]["job_id"])
    assert "scheduled" in listed
    assert "1 job" in listed
    assert any(line.rstrip().endswith("line one") for line in shown.splitlines())
    assert "\x1b" not in listed + shown
    assert "\\x1b[2Jline two" in shown


def test_list_filters(cli: Cli) -> None:
    """By account and by status."""
    cli.ok("add", "a", "1", "--job-id", "one")
    cli.ok("add", "b", "2", "--job-id", "two", "--hold")
    assert [job["job_id"] for job in cli.json("list", "--account-id", "a")] == ["one"]
    assert [job["job_id"] for job in cli.json("list", "--status", "pending")] == ["two"]


def test_the_zone_of_a_new_ledger_can_be_given(cli: Cli) -> None:
    """Naive times are in it from then on."""
    cli.ok("add", "a", "x", "2026-12-24T18:00", "--timezone", "Asia/Ho_Chi_Minh")
    assert cli.json("list")[0]["scheduled_time"] == "2026-12-24T11:00:00+00:00"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "a", " "], "content must not be only white space"),
        (["add", "a", "x" * 501], "content must be at most 500 characters, not 501"),
        (["add", "a", "x", "soon"], "'soon' is not a time"),
        (["add", "a", "x", "+400d"], "scheduled_time must be within a year"),
        (["add", "a", "x", "--priority", "huge"], "'huge' is not one of"),
        (["add", "a", "x", "--metadata", "[1]"], "metadata is not a JSON object"),
        (["add", "a", "x", "--job-id", "a/b"], "job_id must be 1 to 64"),
        (["add", "a", "x", "--timezone", "Mars"], "timezone"),
        (["show", "nothing"], "no job 'nothing'"),
        (["show", "twin"], "2 jobs begin with 'twin'"),
        (["show", "twin-3"], "the nearest is 'twin-"),
        (["release", "twin-1"], "cannot release job twin-1: it is SCHEDULED"),
        (["edit", "twin-1"], "nothing to edit"),
        (["resolve", "twin-1", "--posted"], "cannot resolve"),
        (["run", "--publisher", "posts"], "not of the form module:object"),
        (["run", "--publisher", "nowhere:publish"], "cannot import nowhere"),
        (["run", "--publisher", "posts:nothing"], "posts has no nothing"),
        (["run", "--publisher", "posts:number"], "must be a function"),
        (["frobnicate"], "No such command"),
    ],
)
def test_wrong_use_is_one_clear_line_and_exit_2(cli: Cli, arguments: list[str], says: str) -> None:
    """No traceback; nothing is changed."""
    with Ledger(cli.directory) as ledger:
        for job_id in ("twin-1", "twin-2"):
            ledger.add_job("a", "x", ledger.now() + timedelta(hours=1), job_id=job_id)
    if arguments[0] == "run":  # whose publishers are looked for where it is started
        process = cli.run(*arguments)
        done = Done(process.returncode, process.stdout, process.stderr)
    else:
        done = run_here(cli.directory, *arguments)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err
    assert done.out == ""
    with Ledger(cli.directory, read_only=True) as ledger:
        assert ledger.seq == 2


def test_where_there_is_no_ledger_only_add_makes_one(cli: Cli) -> None:
    """A typing error in --dir does not leave an empty ledger behind."""
    for arguments in (["list"], ["hold", "x"], ["verify"], ["show", "x"]):
        done = cli.run(*arguments)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
    assert not cli.directory.exists()
    (cli.cwd / "file").write_text("")
    assert Cli(cli.cwd / "file", cli.cwd).run("add", "a", "x").returncode == 2


def test_run_once_runs_what_is_due(cli: Cli) -> None:
    """With a plain and an async function of a module in the current directory."""
    cli.ok("add", "a", "1", "--job-id", "one")
    cli.ok("add", "a", "2", "+1h", "--job-id", "two")
    assert cli.ok("run", "--publisher", "posts:publish", "--once") == "ran 1 job: 1 published\n"
    assert cli.ok("run", "--publisher", "posts:publish", "--once") == "ran 0 jobs\n"
    cli.ok("reschedule", "two", "now")
    assert cli.json("run", "--publisher", "posts:publish_async", "--once") == {
        "ran": 1, "completed": 1, "retried": 0, "failed": 0, "unknown": 0, "interrupted": 0,
        "refused": 0, "stopped_by": None,
    }  # fmt: skip
    assert [job["thread_id"] for job in cli.json("list")] == ["t-1", "a-2"]


@pytest.mark.parametrize(
    ("publisher", "retries", "told", "code"),
    [
        ("publish", 3, "1 published", 0),
        ("fail", 3, "1 failed, to be tried again", 1),
        ("fail", 0, "1 failed for good", 1),
        ("cannot_tell", 3, "1 interrupted, to be looked into", 1),
        ("cannot_tell", 0, "1 of unknown outcome", 1),
    ],
)
def test_run_once_says_how_many_of_each_and_may_exit_so(
    cli: Cli, publisher: str, retries: int, told: str, code: int
) -> None:
    """For cron, which mails what fails: only with --exit-code."""
    with (cli.cwd / "posts.py").open("a") as file:
        file.write(
            "def fail(account_id, content):\n    return PostResult(False, error='no')\n"
            "def cannot_tell(account_id, content):\n    return PostResult.unknown('?')\n"
        )
    with Ledger(cli.directory) as ledger:
        for job_id in ("one", "two"):
            ledger.add_job("a", "1", ledger.now(), max_retries=retries, job_id=job_id)
    run = ("run", "--publisher", f"posts:{publisher}", "--once", "--limit", "1")
    done = cli.run(*run)
    assert (done.returncode, done.stdout) == (0, f"ran 1 job: {told}\n")
    done = cli.run(*run, "--exit-code", "--json")
    assert done.returncode == code
    counts = json.loads(done.stdout)
    assert sum(counts[name] for name in ("completed", "retried", "failed", "unknown")) <= 1
    assert counts["ran"] == 1
    assert cli.run(*run, "--exit-code").returncode == 0  # nothing is due


def test_run_lets_due_jobs_age(cli: Cli) -> None:
    """The option is in minutes."""
    cli.ok("add", "a", "low", "2 hours ago", "--priority", "low", "--job-id", "low")
    cli.ok("add", "a", "urgent", "--priority", "urgent", "--job-id", "urgent")
    run = ("run", "--publisher", "posts:publish", "--once", "--limit", "1")
    assert cli.run(*run, "--ageing-minutes", "0").returncode == 2
    cli.ok(*run, "--ageing-minutes", "30")
    assert [job["job_id"] for job in cli.json("list", "--status", "completed")] == ["low"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_goes_on_until_it_is_told_to_stop(cli: Cli, number: signal.Signals) -> None:
    """It runs a job that another process adds; the signal ends it gracefully, with 0."""
    cli.ok("add", "a", "1", "--job-id", "one")
    runner = cli.start("run", "--publisher", "posts:publish")
    try:
        with Ledger(cli.directory) as ledger:
            eventually(lambda: ledger.get_job("one").status is JobStatus.COMPLETED)
            added = ledger.add_job("a", "2", ledger.get_job("one").scheduled_time)
            eventually(lambda: ledger.get_job(added).status is JobStatus.COMPLETED)
        second = cli.run("run", "--publisher", "posts:publish", "--once")
        assert (second.returncode, str(runner.pid) in second.stderr) == (2, True)
        runner.send_signal(number)
        _, errors = runner.communicate(timeout=30)
        assert runner.returncode == 0, errors
        assert "scheduler running" in errors
        assert "Traceback" not in errors
    finally:
        runner.kill()
        runner.communicate()


def test_verify_says_ok_or_what_is_wrong_where(cli: Cli) -> None:
    """Exit 0 and 1; --json has the documented keys; a damaged log still lists what is sound."""
    for n in range(5):
        cli.ok("add", "a", f"text {n}", "--job-id", f"j{n}")
    assert cli.ok("verify").startswith("ok: 5 events in 1 file")
    report = cli.json("verify")
    assert set(report) == {"ok", "events", "files", "head", "problems"}
    assert (report["ok"], report["events"], report["files"], report["head"]["seq"]) == (
        True, 5, 1, 5,
    )  # fmt: skip
    path = next(cli.directory.glob("events_*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b"text 2", b"text 9"))
    done = cli.run("verify", "--json")
    assert done.returncode == 1
    problem = json.loads(done.stdout)["problems"][0]
    assert set(problem) == {"kind", "path", "line", "offset", "message"}
    assert (problem["kind"], problem["path"], problem["line"]) == ("hash", str(path), 4)
    listed = cli.run("list", "--json")
    assert listed.returncode == 1
    assert [job["job_id"] for job in json.loads(listed.stdout)] == ["j0", "j1"]
    assert "line 4" in listed.stderr
    for arguments in (["add", "a", "x"], ["cancel", "j0"]):
        refused = cli.run(*arguments)
        assert refused.returncode == 1
        assert "line 4" in refused.stderr


def test_history_tells_a_jobs_life(cli: Cli) -> None:
    """As a timeline and as the log's own records; also of a removed job."""
    cli.ok("add", "a", "text", "--job-id", "mine")
    cli.ok("run", "--publisher", "posts:publish", "--once")
    told = cli.ok("history", "mi")
    for word in ("added", "started", "completed", "id t-text"):
        assert word in told
    cli.ok("remove", "mine")
    events = cli.json("history", "mine")
    assert [event["type"] for event in events] == ["added", "started", "completed", "removed"]
    lines = next(cli.directory.glob("events_*.jsonl")).read_text("utf-8").split("\n")[1:-1]
    assert events == [json.loads(line) for line in lines]
    assert cli.run("history", "other").returncode == 2


def test_rebuild_mends_and_check_only_says(cli: Cli) -> None:
    """Exit 1 with what differs; then the files are as the log says."""
    cli.ok("add", "a", "text", "--job-id", "mine")
    (path,) = cli.directory.glob("jobs_*.json")
    sound = path.read_bytes()
    assert cli.json("rebuild", "--check")["changed"] == []
    path.write_text("{}")
    done = cli.run("rebuild", "--check")
    assert (done.returncode, path.name in done.stdout, path.read_text()) == (1, True, "{}")
    assert "1 rewritten" in cli.ok("rebuild")
    assert path.read_bytes() == sound


def test_the_directory_comes_from_the_environment_too(cli: Cli) -> None:
    """JOBLEDGER_DIR."""
    import subprocess
    import sys

    cli.ok("add", "a", "x", "--job-id", "mine")
    done = subprocess.run(
        [sys.executable, "-m", "jobledger.tools.cli", "--json", "list"],
        env=os.environ | {"JOBLEDGER_DIR": str(cli.directory)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout)[0]["job_id"] == "mine"


def test_help_names_every_command_with_an_example(cli: Cli) -> None:
    """Each command's --help shows one."""
    commands = [
        "add", "list", "show", "hold", "release", "edit", "reschedule", "cancel", "requeue",
        "resolve", "remove", "run", "history", "verify", "rebuild", "demo",
    ]  # fmt: skip
    overview = cli.ok("--help")
    for command in commands:
        assert f"  {command} " in overview
        shown = run_cli_here(command, "--help")
        assert (shown.code, f"jobledger {command}" in shown.out) == (0, True)
    assert cli.ok("--version").startswith("jobledger, version ")
