"""A Prometheus that others wrote reads what we tell: from a runner that is a process, by the rules
that we ship."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from support.anchors import ROOT
from support.cli import Cli
from support.prometheus import free_port, prometheus, promtool
from support.waiting import eventually

from jobledger import Ledger
from jobledger.ledger import METRICS

DEPLOY = ROOT / "deploy"
NAME = re.compile(r"\bjobledger_[a-z_]+\b")
SERIES = {
    f"{one.name}{part}"
    for one in METRICS
    for part in (("_bucket", "_sum", "_count") if one.type == "histogram" else ("",))
}


def test_each_metric_that_is_named_is_there() -> None:
    """In what is deployed; and each metric is on the dashboard."""
    named: dict[str, set[str]] = {}
    for file in ("alerts.yml", "prometheus.yml", "grafana.json"):
        text = (DEPLOY / file).read_text("utf-8")
        named[file] = set(NAME.findall(text))
        assert named[file] <= SERIES, file
    shown = {name.removesuffix("_bucket") for name in named["grafana.json"]}
    assert shown == {one.name for one in METRICS}


def test_the_document_has_each_metric_with_its_type_and_labels() -> None:
    document = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| `(jobledger_\w+)` \| (\w+) \|([^|]*)\|", document, re.M)
    assert [(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows] == [
        (one.name, one.type, one.labels) for one in METRICS
    ]
    alerts = set(re.findall(r"`(Jobledger\w+)`", document))
    assert alerts == set(re.findall(r"alert: (\w+)", (DEPLOY / "alerts.yml").read_text("utf-8")))


def test_the_dashboard_is_one() -> None:
    board = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(panel["targets"] for panel in board["panels"])


def test_promtool_takes_our_rules_and_our_configuration() -> None:
    assert "SUCCESS" in promtool("check", "rules", str(DEPLOY / "alerts.yml"))
    assert "SUCCESS" in promtool("check", "config", str(DEPLOY / "prometheus.yml"))


def test_promtool_takes_our_metrics(directory: Path, tmp_path: Path) -> None:
    with Ledger(directory) as ledger:
        ledger.add_job("shop", "text", ledger.now())
    text = Cli(directory, tmp_path).ok("metrics")
    assert promtool("check", "metrics", stdin=text) == ""


FIRES = """
rule_files: [{rules}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'jobledger_runner_up{{instance="one"}}', values: '1 1 0x10'}}
      - {{series: 'jobledger_due_jobs{{instance="one"}}', values: '3x12'}}
      - {{series: 'jobledger_oldest_due_age_seconds{{instance="one"}}', values: '0+120x12'}}
      - {{series: 'jobledger_poisoned{{instance="one"}}', values: '0x12'}}
    alert_rule_test:
      - {{eval_time: 3m, alertname: JobledgerRunnerAbsent, exp_alerts: []}}
      - eval_time: 5m
        alertname: JobledgerRunnerAbsent
        exp_alerts:
          - exp_labels: {{severity: page, instance: one}}
            exp_annotations:
              summary: Nobody runs the jobs of one
              description: "Posts are due, and nothing goes out: start `jobledger run`."
      - {{eval_time: 2m, alertname: JobledgerJobsLate, exp_alerts: []}}
      - eval_time: 4m
        alertname: JobledgerJobsLate
        exp_alerts:
          - exp_labels: {{severity: page, instance: one}}
            exp_annotations:
              summary: A post of one has been due for 8m 0s
              description: "`jobledger list --status scheduled`, and `jobledger why JOB`."
      - {{eval_time: 10m, alertname: JobledgerPoisoned, exp_alerts: []}}
  - interval: 10m
    input_series:
      - series: 'jobledger_failures_total{{instance="one",platform="threads",error="http_503"}}'
        values: '0+3x12'
      - series: 'jobledger_failures_total{{instance="one",platform="threads",error="stopped"}}'
        values: '0+6x12'
      - series: 'jobledger_failures_total{{instance="one",platform="mastodon",error="stopped"}}'
        values: '0+9x12'
      - series: 'jobledger_attempts_total{{instance="one",platform="threads",outcome="completed"}}'
        values: '0+9x12'
      - series: 'jobledger_attempts_total{{instance="one",platform="mastodon",outcome="failed"}}'
        values: '0+9x12'
    alert_rule_test:
      - eval_time: 100m
        alertname: JobledgerManyFailures
        exp_alerts:
          - exp_labels: {{severity: ticket, instance: one, platform: threads}}
            exp_annotations:
              summary: 33.33% of the attempts on threads fail
              description: "`jobledger stats --since '1 hour ago'` shows their errors."
"""


def test_alerts_fire_when_they_should_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "fires.yml"
    path.write_text(FIRES.format(rules=DEPLOY / "alerts.yml"), "utf-8")
    assert "SUCCESS" in promtool("test", "rules", str(path))


PUBLISHER = """
from datetime import UTC, datetime
from jobledger import PostResult

class Posts:
    def publish(self, attempt):
        if "bad" in attempt.job.content:
            return PostResult(False, error="HTTP 503 busy", retryable=False)
        return PostResult(True)

    def token_expiries(self):
        return {"shop": datetime(2100, 1, 1, tzinfo=UTC)}

posts = Posts()
"""


@contextmanager
def running(directory: Path, cwd: Path, port: int) -> Iterator[None]:
    """Run the jobs of a ledger, telling metrics."""
    (cwd / "posts_here.py").write_text(PUBLISHER, "utf-8")
    command = [sys.executable, "-m", "jobledger", "--dir", str(directory), "run"]
    command += ["--publisher", "posts_here:posts", "--metrics", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=120)
            assert process.returncode == 0, told
            assert "Traceback" not in told


def test_it_scrapes_a_runner_and_answers_questions(directory: Path, tmp_path: Path) -> None:
    """What went out and what did not, by platform; and again from the log when the runner was
    started anew."""
    port = free_port()
    rules = (DEPLOY / "alerts.yml").read_text("utf-8")
    (tmp_path / "alerts.yml").write_text(rules.replace("for: 5m", "for: 0s"), "utf-8")
    config = (DEPLOY / "prometheus.yml").read_text("utf-8").replace("15s", "500ms")
    with Ledger(directory) as ledger:
        for number, content in enumerate(["good", "good too", "bad"]):
            ledger.add_job("shop", content, ledger.now(), job_id=f"job-{number}")
    with prometheus(tmp_path, config.replace("127.0.0.1:9108", f"127.0.0.1:{port}")) as server:
        eventually(lambda: server.value('up{job="jobledger"}') == 0)
        eventually(lambda: "JobledgerAbsent" in server.firing())
        with running(directory, tmp_path, port):
            eventually(lambda: server.value('jobledger_jobs{state="completed"}') == 2)
            eventually(lambda: server.value('jobledger_failures_total{error="http_503"}') == 1)
            assert server.value("jobledger_runner_up") == 1
            ends = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
            assert server.value("jobledger_token_expires_timestamp_seconds") == ends
            assert server.value("sum(jobledger_attempts_total)") == 3
            assert server.value("jobledger_append_seconds_count > 0") is not None
            eventually(lambda: "JobledgerAbsent" not in server.firing())
        eventually(lambda: server.value("up") == 0)
        with running(directory, tmp_path, port):
            eventually(lambda: server.value("up") == 1)
            eventually(lambda: server.value("sum(jobledger_attempts_total)") == 3)


def test_the_health_check_of_the_image_is_content_while_a_runner_runs(
    directory: Path, tmp_path: Path
) -> None:
    """Without it, nobody answers."""
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    [asked] = re.findall(r"^HEALTHCHECK (?:.*\\\n)*.* CMD (.*)$", text, re.MULTILINE)
    program, flag, code = json.loads(asked)
    assert (program, flag) == ("python", "-c")
    port = free_port()
    code = code.replace("127.0.0.1:9108", f"127.0.0.1:{port}")

    def health() -> int:
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, timeout=60
        ).returncode

    assert str(port) in code
    assert health() == 1
    with Ledger(directory):
        pass
    with running(directory, tmp_path, port):
        eventually(lambda: health() == 0)


def test_a_port_that_is_taken_ends_it_before_anything_runs(directory: Path, tmp_path: Path) -> None:
    with Ledger(directory) as ledger:
        ledger.add_job("shop", "text", ledger.now(), job_id="one")
    (tmp_path / "posts_here.py").write_text(PUBLISHER, "utf-8")
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
    ) as other:
        try:
            cli = Cli(directory, tmp_path)
            told = ("run", "--publisher", "posts_here:posts", "--metrics", f"127.0.0.1:{port}")
            eventually(lambda: _answers(port))
            done = cli.run(*told)
        finally:
            other.terminate()
    assert (done.returncode, done.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    with Ledger(directory, read_only=True) as ledger:
        assert [event.type for event in ledger.events()] == ["added"]


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def test_what_others_can_reach_has_to_be_meant(directory: Path, tmp_path: Path) -> None:
    with Ledger(directory):
        pass
    (tmp_path / "posts_here.py").write_text(PUBLISHER, "utf-8")
    done = Cli(directory, tmp_path).run(
        "run", "--publisher", "posts_here:posts", "--metrics", "0.0.0.0:0"
    )
    assert done.returncode == 2
    assert "--metrics-public says that this is meant" in done.stderr
