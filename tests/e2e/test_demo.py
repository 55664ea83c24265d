"""The demo: its platform, its publisher, its verdict, and the whole story as a process."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from support.cli import Cli, run_here

from jobledger import JobStatus, Ledger, ManualClock, ScheduledJob, Scheduler
from jobledger.publishers.fake_platform import FakePlatform
from jobledger.release import how_to_install
from jobledger.tools import serving
from jobledger.tools.demo.posts import add_posts, demo_csv
from jobledger.tools.demo.publisher import make_publisher
from jobledger.tools.demo.verdict import Verdict, judge


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with FakePlatform(dedupe=False) as running:
        yield running


def test_a_post_in_flight_is_found_by_asking(
    platform: FakePlatform, directory: Path, clock: ManualClock
) -> None:
    """The scheduler is stopped while no answer comes; the next attempt posts nothing."""

    async def stopped_in_mid_post(scheduler: Scheduler) -> None:
        await scheduler.start(publisher)
        await asyncio.to_thread(platform.wait_for_silence)
        await scheduler.stop()

    publisher = make_publisher(platform.url)
    platform.fail("webhook", "silent_after")
    with Scheduler(directory, clock=clock, grace_s=0) as scheduler:
        job_id = scheduler.add_job("acc", "text", clock.now())
        asyncio.run(stopped_in_mid_post(scheduler))
        assert scheduler.get_job(job_id).in_doubt
        clock.advance(timedelta(minutes=2))
        assert scheduler.run_due(publisher) == 1
        assert scheduler.get_job(job_id).status is JobStatus.COMPLETED
        assert len(platform.posts()) == 1


def test_a_publisher_without_an_address_says_which_variable_is_missing(
    directory: Path, tmp_path: Path
) -> None:
    """In one line, as `jobledger run` prints it."""
    cli = Cli(directory, tmp_path)
    done = cli.run(
        "run", "--publisher", "jobledger.tools.demo.publisher:publisher", "--once", "--create"
    )
    assert done.returncode == 2
    assert "JOBLEDGER_DEMO_URL is not set" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_csv_is_what_the_demo_says(directory: Path) -> None:
    """At least twenty posts of several accounts; two rows are refused, with line and reason."""
    with Ledger(directory) as ledger:
        added, refused = add_posts(ledger, demo_csv())
        jobs = [ledger.get_job(job_id) for job_id in added]
        due = ledger.get_ready_jobs()
    assert len(added) == 22
    assert 18 <= len(due) < 22
    assert len({job.account_id for job in jobs}) == 5
    assert {job.priority for job in jobs} == {1, 2, 3, 4}
    assert any("\n" in job.content for job in jobs)
    assert [row.reason.split()[0] for row in refused] == ["content", "scheduled_time"]
    lines = demo_csv()
    assert all(row.account_id in lines[row.line - 1] for row in refused)


def verdict(*, held: Counter[str], completed: bool = True, verified: bool = True) -> Verdict:
    """Give the verdict on two jobs, `a` due and `b` later."""
    jobs = [
        ScheduledJob(
            job_id=name,
            account_id="x",
            content="x",
            scheduled_time=datetime(2026, 3, 2, tzinfo=UTC),
            status=JobStatus.COMPLETED if completed and name == "a" else JobStatus.SCHEDULED,
        )
        for name in "ab"
    ]
    return judge(
        jobs,
        ["a"],
        {"a": "key-a", "b": "key-b"},
        held,
        crashes=1,
        refused_as_expected=True,
        verified=verified,
    )


def test_the_verdict_counts_what_the_platform_holds() -> None:
    """Each way in which the proof can fail makes it fail."""
    good = verdict(held=Counter({"key-a": 1}))
    assert good.ok
    assert good.line() == "demo: 2 posts, 1 crash, 0 lost, 0 twice, log verified"
    twice = verdict(held=Counter({"key-a": 2}))
    assert (twice.ok, twice.twice) == (False, 1)
    for lost in (verdict(held=Counter()), verdict(held=Counter({"key-a": 1}), completed=False)):
        assert (lost.ok, lost.lost) == (False, 1)
    early = verdict(held=Counter({"key-a": 1, "key-b": 1}))
    assert (early.ok, early.strays) == (False, 1)
    damaged = verdict(held=Counter({"key-a": 1}), verified=False)
    assert not damaged.ok
    assert damaged.line().endswith("log NOT verified")


def test_the_whole_demo(directory: Path, tmp_path: Path) -> None:
    """As a user runs it: exit 0, the last line, the timeline, a sound ledger."""
    cli = Cli(directory, tmp_path)
    output = cli.ok("demo")
    assert output.rstrip().endswith("demo: 22 posts, 1 crash, 0 lost, 0 twice, log verified")
    assert f"jobledger --dir {directory} serve" in output
    assert "kill -9" in output
    assert "asks first whether it is out" in " ".join(output.split())
    assert cli.json("verify")["ok"]
    assert len(cli.json("list", "--status", "completed")) == 19
    advice = output[output.index("Look for yourself") :].splitlines()
    [lists] = [line for line in advice if line.endswith(" list")]
    typed = subprocess.run(
        ["sh", "-c", lists], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "22 jobs, times in " in typed.stdout
    again = cli.run("demo")
    assert again.returncode == 2
    assert "empty directory" in again.stderr


def test_the_demo_serves_its_pages_until_it_is_told_to_stop(directory: Path) -> None:
    """The address that it prints works, and the story is there; nothing opens without a screen."""
    without_screen = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "JOBLEDGER_TOKEN")
    }
    command = [sys.executable, "-m", "jobledger", "--dir", str(directory), "demo", "--serve"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=without_screen | {"PYTHONUTF8": "1"},
    ) as process:
        assert process.stdout is not None
        line = ""
        while not line.startswith("open http"):
            line = process.stdout.readline()
            assert line or process.poll() is None, process.communicate()
        found = re.fullmatch(r"open (http://\S+)/enter#(\S+) \(works once\)\n", line)
        assert found is not None, line
        origin, once = found[1], found[2]
        with httpx.Client(base_url=origin, timeout=60, follow_redirects=True) as browser:
            answer = browser.post("/enter", data={"token": once}, headers={"origin": origin})
            assert answer.status_code == 200
            assert "completed" in browser.get("/jobs").text
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate()
    assert process.returncode == 0, told


def test_a_demo_that_cannot_serve_says_so_before_it_begins(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_NEEDED", ("nothing_of_this_name",))
    done = run_here(directory, "demo", "--serve")
    assert (done.code, done.out) == (2, "")
    assert "nothing_of_this_name" in done.err
    assert how_to_install("web") in done.err
    assert not directory.exists()
