"""Commands on a ledger of several shards: merged, or shard by shard, or refused with what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.cli import Done, run_cli_here
from support.json_shapes import SCHEMAS, SHAPE_OF, command_of, documents, validator

from jobledger import ImportedJob, Ledger, StorageError
from jobledger.eventstore.engines.memory import forget_memory_ledgers
from jobledger.eventstore.shards import shard_of

ACCOUNTS = [next(f"a{n}" for n in range(99) if shard_of(f"a{n}", 3) == k) for k in (1, 2, 3)]
AT = datetime.now(UTC) + timedelta(hours=1)


@pytest.fixture
def name() -> Iterator[str]:
    """Name a ledger of three shards, with a job in each."""
    name = f"memory:{uuid4()}"
    with Ledger(f"{name}?shards=3", by="app:test") as ledger:
        for number, account in enumerate(ACCOUNTS, 1):
            ledger.add_job(account, f"text {number}", AT, job_id=f"job-{number}")
    yield name
    forget_memory_ledgers()


@pytest.fixture
def location(name: str) -> str:
    return f"{name}?shards=3"


def run(location: str, *arguments: str) -> Done:
    return run_cli_here("--ledger", location, *arguments)


def read(location: str, *arguments: str) -> Any:
    """Run what has to succeed and print JSON."""
    done = run(location, *arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_jobs_are_added_listed_and_changed(location: str) -> None:
    assert run(location, "add", "a0", "more", "tomorrow 9:00", "--job-id", "job-4").code == 0
    assert {job["job_id"] for job in read(location, "list")} == {f"job-{n}" for n in range(1, 5)}
    for number in range(1, 5):
        assert run(location, "hold", f"job-{number}").code == 0
        assert read(location, "show", f"job-{number}")["status"] == "pending"
    assert len(read(location, "history", "job-2")) == 2
    assert "held by" in run(location, "why", "job-3").out
    assert run(location, "history", "nobody").code == 2


def table(directory: Path) -> Path:
    """Write a table with posts of accounts in each shard, one after the other."""
    at = (AT + timedelta(hours=1)).isoformat()
    lines = [f"{account},post {n} of {account},{at}" for n in range(3) for account in ACCOUNTS]
    path = directory / "posts.csv"
    path.write_text("\n".join(["account_id,content,scheduled_time", *lines]), "utf-8")
    return path


def test_posts_of_several_shards_are_imported_shard_by_shard_when_that_is_said(
    location: str, tmp_path: Path
) -> None:
    """Else nothing is written, and it is told what to say: also by a look at what would come."""
    path = table(tmp_path)
    for more in ([], ["--dry-run"]):
        done = run(location, "import", str(path), *more)
        assert (done.code, "--by-shard" in done.err) == (2, True)
    assert len(read(location, "list")) == 3
    assert (
        "would import 9 jobs" in run(location, "import", str(path), "--by-shard", "--dry-run").out
    )
    ids = read(location, "import", str(path), "--by-shard")["ids"]
    with Ledger(location, read_only=True) as ledger:
        found = [ledger.get_job(job_id).content for job_id in ids]
    assert found == [f"post {n} of {account}" for n in range(3) for account in ACCOUNTS]
    assert read(location, "import", str(path), "--by-shard")["ids"] == []
    assert len(read(location, "list")) == 12


def test_an_import_that_is_broken_off_between_shards_is_finished_by_the_same_command(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, take, writes = table(tmp_path), Ledger.import_jobs, iter(range(9))

    def fail_at_the_second(ledger: Ledger, jobs: Iterable[ImportedJob]) -> list[str]:
        if next(writes) == 1:
            raise StorageError("the server has gone away", path=location)
        return take(ledger, jobs)

    with monkeypatch.context() as failing:
        failing.setattr(Ledger, "import_jobs", fail_at_the_second)
        done = run(location, "import", str(path), "--by-shard")
    assert done.code == 2
    assert "imported 3 of 9 jobs; the same command again imports the rest" in done.err
    assert len(read(location, "list")) == 6
    assert "imported 6 jobs" in run(location, "import", str(path), "--by-shard").out
    assert len(read(location, "list")) == 12


def test_posts_of_one_shard_are_one_write_whatever_is_said(location: str, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(f"account_id,content,scheduled_time\n{ACCOUNTS[0]},a post,{AT.isoformat()}\n")
    assert "imported 1 job" in run(location, "import", str(path)).out


def test_figures_are_of_all_shards(location: str) -> None:
    assert sum(read(location, "status")["counts"].values()) == 3
    assert read(location, "status")["last_event_at"]
    assert sum(read(location, "stats")["states"].values()) == 3
    assert read(location, "runners") == []


def test_the_state_of_a_moment_is_asked_for_by_time(location: str) -> None:
    assert len(read(location, "replay", "--until", "tomorrow")) == 3
    assert len(read(location, "replay")) == 3
    assert read(location, "replay", "--until", "yesterday") == []
    assert len(read(location, "diff", "yesterday")["jobs"]) == 3
    for asked in (["replay", "--seq", "1"], ["diff", "0", "1"]):
        done = run(location, *asked)
        assert (done.code, "sequence numbers of its own" in done.err) == (2, True)


def test_schedules_say_what_became_of_their_jobs(location: str) -> None:
    for number, account in enumerate(ACCOUNTS):
        name = f"daily-{number}"
        added = read(location, "schedule", "add", name, "0 9 * * *", "--account", account,
                     "--content", "text {n}")  # fmt: skip
        assert len(added["jobs"]["made"]) >= 14
        assert read(location, "schedule", "pause", name)["jobs"]["held"]
        assert read(location, "schedule", "resume", name)["jobs"]["released"]
        assert len(read(location, "schedule", "skip", name)["jobs"]["cancelled"]) == 1
        assert read(location, "schedule", "edit", name, "--content", "new")["jobs"]["changed"]
    assert len(read(location, "schedule", "list")) == 3
    assert run(location, "slots", "set", ACCOUNTS[1], "mon-fri", "9:00").code == 0
    assert run(location, "add", ACCOUNTS[1], "next", "--slot").code == 0
    assert run(location, "queue", ACCOUNTS[1]).code == 0


def test_all_shards_are_verified(location: str) -> None:
    report = read(location, "verify")
    assert (report["ok"], report["events"], list(report["head"]["shards"])) == (
        True, 3, ["1", "2", "3"],
    )  # fmt: skip
    assert "head of shard 3: 1 " in run(location, "verify").out
    assert run(location, "rebuild", "--check").code == 0
    assert run(location, "rebuild").code == 0


def test_a_mirror_has_a_directory_a_shard(location: str, tmp_path: Path) -> None:
    done = run_cli_here("mirror", location, str(tmp_path / "mirror"))
    assert (done.code, "3 events" in done.out) == (0, True), done.err
    for number in (1, 2, 3):
        assert run_cli_here("--dir", str(tmp_path / f"mirror/shard-{number}"), "verify").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["verify", "--export-head", "-"],
        ["serve", "--read-only"],
        ["backup", "there"],
        ["report", "--html", "page.html"],
        ["replay", "--step"],
    ],
)
def test_what_is_of_one_shard_says_so(location: str, arguments: list[str]) -> None:
    done = run(location, *arguments)
    assert (done.code, "shard=1" in done.err) == (2, True), done.err


def test_a_copy_is_of_one_shard(name: str, location: str, tmp_path: Path) -> None:
    done = run_cli_here("copy", location, str(tmp_path / "copy"))
    assert (done.code, "a copy is of one shard" in done.err) == (2, True)
    assert run_cli_here("copy", f"{name}?shard=2", str(tmp_path / "copy")).code == 0
    assert [job["job_id"] for job in read(str(tmp_path / "copy"), "list")] == ["job-2"]
    done = run_cli_here("copy", str(tmp_path / "copy"), f"memory:{uuid4()}?shards=2")
    assert (done.code, "several chains" in done.err) == (2, True)


def test_one_shard_is_looked_at_by_itself(name: str) -> None:
    one = f"{name}?shard=2"
    assert [job["job_id"] for job in read(one, "list")] == ["job-2"]
    assert len(read(one, "replay", "--seq", "1")) == 1
    assert "job-2" in run(one, "audit").out
    assert read(one, "verify")["ok"]
    done = run(one, "hold", "job-2")
    assert (done.code, "only read by itself" in done.err) == (2, True)


@pytest.mark.parametrize("said", ["", "?shards=2"])
@pytest.mark.parametrize("command", [["list"], ["verify"], ["hold", "job-1"]])
def test_another_number_of_shards_is_told(name: str, said: str, command: list[str]) -> None:
    """And not that there is no ledger."""
    done = run(name + said, *command)
    assert done.code == 2
    assert "has 3 shards" in done.err
    assert "shards=3" in done.err


@pytest.mark.parametrize(
    "line",
    [
        "list", "history job-1", "why job-1", "status", "check", "stats",
        "verify", "rebuild", "runners", "show job-2", "schedule list", "add a0 more +1h",
    ],
)  # fmt: skip
def test_what_is_printed_is_as_the_schema_says(location: str, line: str) -> None:
    """As on a ledger of one chain: docs/json has one for both."""
    done = run(location, *line.split(), "--json")
    holds = validator(SCHEMAS[SHAPE_OF[command_of(line)]])
    found = documents(line, done.out)
    assert found, done.err
    for each in found:
        holds(each)
