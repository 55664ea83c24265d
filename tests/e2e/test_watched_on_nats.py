"""Who watches a ledger in NATS sees what one sees of any other: metrics, health, `check`."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support import nats
from support.cli import run_cli_here
from support.prometheus import free_port
from support.site import BEARER, asked_of
from support.waiting import DEADLINE_S, eventually

from jobledger import Ledger, Scheduler
from jobledger.ledger import METRICS

PUBLISHER = """
from jobledger import PostResult

def post(account_id, content):
    if "bad" in content:
        return PostResult(False, error="HTTP 503 busy", retryable=False)
    return PostResult(True)
"""
Values = dict[str, float]


def values(text: str) -> Values:
    """Return the value of each sample by its name and what its labels say."""
    return {
        " ".join([one.name, *one.labels.values()]).removeprefix("jobledger_"): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def ask(port: int, path: str) -> tuple[int, str]:
    """Ask a runner; nobody answers yet, or any more: 0."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)) as one:
            one.request("GET", path)
            answer = one.getresponse()
            return answer.status, answer.read().decode()
    except OSError:
        return 0, ""


def told(port: int) -> Values:
    status, text = ask(port, "/metrics")
    return values(text) if status == 200 else {}


def printed(url: str) -> Values:
    """Return what `metrics` prints."""
    done = run_cli_here("--ledger", url, "metrics")
    assert (done.code, done.err) == (0, "")
    return values(done.out)


def found(url: str, *options: str) -> list[str]:
    """Return the kinds of what `check` finds."""
    done = run_cli_here("--ledger", url, "check", "--json", *options)
    assert done.code in (0, 1), done.err
    return [problem["kind"] for problem in json.loads(done.out)["problems"]]


@contextmanager
def running(url: str, cwd: Path, port: int) -> Iterator[None]:
    """Run the jobs of a ledger, telling metrics."""
    (cwd / "posts_here.py").write_text(PUBLISHER, "utf-8")
    command = [sys.executable, "-m", "jobledger", "--ledger", url, "run"]
    command += ["--publisher", "posts_here:post", "--metrics", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: ask(port, "/readyz")[0] == 200)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=120)
            assert process.returncode == 0, said
            assert "Traceback" not in said


@pytest.fixture(params=["one chain", "two chains"])
def url(request: pytest.FixtureRequest) -> str:
    return nats.new_url(**({"shards": "2"} if request.param == "two chains" else {}))


def test_a_runner_and_every_other_process_tell_the_same(url: str, tmp_path: Path) -> None:
    """But for what each handle has written itself, and what time it is."""
    port = free_port()
    with Ledger(url) as ledger:
        for number, content in enumerate(["good", "good too", "bad"]):
            ledger.add_job(f"shop-{number}", content, ledger.now())
    with running(url, tmp_path, port):
        eventually(lambda: told(port).get("jobs failed") == 1)
        eventually(lambda: told(port).get("jobs completed") == 2)
        runner, other = told(port), printed(url)
        assert runner["append_seconds_count"] > 0
        assert other["append_seconds_count"] == 0
        assert runner["runner_up"] == 1
        assert runner["failures_total threads http_503"] == 1
        assert runner["attempts_total threads completed"] == 2
        of_handle = {name for name in runner if name.startswith("append_seconds_")}
        assert {name: runner[name] for name in runner.keys() - of_handle} == {
            name: other[name] for name in other.keys() - of_handle
        }
    assert printed(url)["runner_up"] == 0


def test_a_dashboard_tells_each_metric(url: str) -> None:
    with Ledger(url) as ledger:
        ledger.add_job("shop", "text", ledger.now())
        answer = asked_of(ledger).get("/metrics", headers=BEARER)
        assert answer.status_code == 200
        families = {one.name for one in text_string_to_metric_families(answer.text)}
        assert families == {one.name.removesuffix("_total") for one in METRICS}
        assert asked_of(ledger).get("/readyz").status_code == 200


def test_check_finds_what_is_late_and_who_is_not_there(url: str) -> None:
    with Scheduler(url) as scheduler:
        assert found(url, "--verify") == []
        scheduler.add_job("shop", "late", scheduler.now() - timedelta(minutes=10))
        assert found(url) == ["late"]
    assert found(url, "--verify") == ["runner", "late"]


def test_a_server_that_is_away_is_said_and_nothing_breaks(tmp_path: Path) -> None:
    """By the runner, by `metrics` and by `check`; and it is well again when the server is back."""
    server, port = nats.Server(), free_port()
    try:
        server.start()
        url = server.url("away")
        with Ledger(url) as ledger:
            ledger.add_job("shop", "good", ledger.now())
        with running(url, tmp_path, port):
            eventually(lambda: told(port).get("jobs completed") == 1)
            server.stop(signal.SIGKILL)
            assert ask(port, "/metrics")[0] == 503
            for command in ("metrics", "check"):
                done = run_cli_here("--ledger", url, command)
                assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
            server.start()
            eventually(lambda: told(port).get("runner_up") == 1)
            eventually(lambda: ask(port, "/readyz")[0] == 200)
    finally:
        server.end()
