"""`check` names what does not hold, with what to do; `metrics` prints what is measured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.cli import Done, run_cli_here, run_here

from jobledger import JobStatus, Ledger, ManualClock, PostResult, Scheduler
from jobledger.ledger import METRICS, measured
from jobledger.ledger import metrics as measuring
from jobledger.publishers.tokens import NoValidToken
from jobledger.tools.checking import CheckKind, Limits, check_figures
from jobledger.tools.cli import COMMANDS, cli
from jobledger.tools.commands.status import look
from jobledger.tools.remedies import to_hold

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ledger(directory: Path) -> Iterator[Scheduler]:
    """Make a ledger in which one job went out."""
    with Scheduler(directory) as ledger:
        post(ledger, lambda account_id: PostResult(True))
        yield ledger


def post(ledger: Scheduler, answer: Callable[[str], PostResult], *, late: float = 0) -> None:
    at = ledger.now() - late * MINUTE
    ledger.add_job("shop", f"text {ledger.seq}", at, max_retries=0)
    ledger.run_due(lambda account_id, content: answer(account_id))


def checked(directory: Path, *options: str) -> dict[str, Any]:
    done = run_here(directory, "check", "--json", *options)
    found: dict[str, Any] = json.loads(done.out)
    assert done.code == (0 if found["ok"] else 1), done.err
    assert found["ok"] == (not found["problems"])
    return found


def kinds(directory: Path, *options: str) -> list[str]:
    return [problem["kind"] for problem in checked(directory, *options)["problems"]]


def test_where_all_holds_it_says_so(ledger: Scheduler, directory: Path) -> None:
    assert run_here(directory, "check", "--verify") == Done(0, "all holds\n", "")
    assert checked(directory)["events"] == 3


def test_what_is_late_and_that_nobody_runs_it(ledger: Scheduler, directory: Path) -> None:
    ledger.add_job("shop", "late", ledger.now() - 10 * MINUTE)
    assert kinds(directory) == ["late"]
    assert kinds(directory, "--max-late", "1h") == []
    ledger.close()
    assert kinds(directory, "--max-late", "1h") == ["runner"]
    done = run_here(directory, "check")
    assert done.out.splitlines() == [
        "runner  nobody runs the jobs, and 1 job is due; start one with `jobledger run`",
        "late  1 job is due, the oldest for 10 minutes; `jobledger list --status scheduled` shows"
        " them, `jobledger why JOB` says why",
    ]


def test_what_nobody_has_run_for_days_is_still_late(ledger: Scheduler, directory: Path) -> None:
    """It is too late to be posted by now, and only a runner would find that: `status` counts it,
    and so does this."""
    ledger.add_job("shop", "late", ledger.now() + MINUTE)
    later = ManualClock(ledger.now() + timedelta(days=3))
    ledger.close()
    with Ledger(directory, clock=later, read_only=True) as opened:
        found = measured(opened)
        limits = Limits(late=5 * MINUTE, unknown=0, failures=0.2, token=MINUTE)
        assert [problem.kind for problem in check_figures(found, limits)] == ["runner", "late"]
        assert found.due == look(opened).overdue == 1


def test_unknown_outcomes_and_failures_have_their_limits(
    ledger: Scheduler, directory: Path
) -> None:
    post(ledger, lambda account_id: PostResult.unknown("who knows"))
    assert kinds(directory) == ["unknown", "failures"]
    assert kinds(directory, "--max-unknown", "1", "--max-failures", "50%") == []
    assert kinds(directory, "--max-unknown", "1", "--max-failures", "49.9") == ["failures"]


def test_an_account_without_a_token_is_named_while_posts_wait(
    ledger: Scheduler, directory: Path
) -> None:
    def no_token(account_id: str) -> PostResult:
        raise NoValidToken("it has expired", account_id)

    post(ledger, no_token)
    (problem,) = checked(directory, "--max-failures", "100%")["problems"]
    assert (problem["kind"], problem["account_id"]) == ("token", "shop")
    assert "it has expired" in problem["message"]
    assert "`jobledger requeue --account shop --error token`" in problem["remedy"]
    for job in ledger.list_jobs(status=JobStatus.SCHEDULED):
        ledger.cancel_job(job.job_id)
    assert kinds(directory, "--max-failures", "100%") == []


def test_tokens_that_end_soon_are_named(
    ledger: Scheduler, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ends_posts.py").write_text(
        "from datetime import UTC, datetime, timedelta\n"
        "class Posts:\n"
        "    def token_expiries(self):\n"
        "        now = datetime.now(UTC)\n"
        "        return {n: now + timedelta(days=d)"
        " for n, d in [('gone', -1), ('soon', 2), ('ok', 30)]}\n"
        "posts = Posts()\n"
        "other = print\n",
        "utf-8",
    )
    asked = ("--publisher", "ends_posts:posts")
    found = checked(directory, *asked)["problems"]
    assert [(one["kind"], one["account_id"]) for one in found] == [
        ("token", "gone"),
        ("token_ends", "soon"),
    ]
    assert kinds(directory, *asked, "--min-token", "1d") == ["token"]
    done = run_here(directory, "check", "--publisher", "ends_posts:other")
    assert (done.code, "does not say when its tokens end" in done.err) == (2, True)


def test_too_little_room_is_named(
    ledger: Scheduler, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring.LedgerMetrics, "_free_bytes", lambda self: 2048)
    assert kinds(directory) == ["disk"]


def test_damage_is_named_with_and_without_reading_everything(
    ledger: Scheduler, directory: Path
) -> None:
    ledger.close()
    log = next(directory.glob("events_*"))
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:2], lines[2].replace(b"attempt", b"attemqt"), *lines[3:]]))
    (directory / "snapshot_board").unlink(missing_ok=True)
    assert "damaged" in kinds(directory)
    assert kinds(directory, "--verify")[-1] == "verify"


@pytest.mark.parametrize(
    "options",
    [
        ["--max-failures", "half"],
        ["--max-failures", "101%"],
        ["--max-late", "soon"],
        ["--min-token", "x"],
        ["--max-unknown", "-1"],
    ],
)
def test_a_limit_that_is_none_is_refused(
    options: list[str], ledger: Scheduler, directory: Path
) -> None:
    done = run_here(directory, "check", *options)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("kind", get_args(CheckKind))
def test_what_to_do_is_said_in_commands_that_there_are(kind: CheckKind) -> None:
    said = to_hold(kind, "a shop's")
    for name, options in re.findall(r"`jobledger ([a-z-]+)([^`]*)`", said):
        assert name in COMMANDS
        command = cli.get_command(None, name)  # type: ignore[arg-type]  # has no use for it
        assert command is not None
        known = {option for one in command.params for option in one.opts + one.secondary_opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= known, said
    assert "'\"'\"'" in said or "account" not in said


def test_over_shards_all_chains_are_looked_at() -> None:
    location = "memory:checked?shards=3"
    with Ledger(location) as ledger:
        for number in range(6):
            ledger.add_job(f"account-{number}", "late", ledger.now() - MINUTE)
        done = run_cli_here("--ledger", location, "check", "--json")
        found = json.loads(done.out)
        assert (found["due"], found["events"], found["runner"]) == (6, 6, False)
        assert [problem["kind"] for problem in found["problems"]] == ["runner"]


def test_metrics_are_printed_as_they_are(ledger: Scheduler, directory: Path) -> None:
    done = run_here(directory, "metrics")
    assert done.code == 0
    families = [family.name for family in text_string_to_metric_families(done.out)]
    assert families == [one.name.removesuffix("_total") for one in METRICS]
