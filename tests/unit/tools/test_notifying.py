"""`run --notify`: somebody is told of each job that failed, over real HTTP; nobody waits."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.waiting import DEADLINE_S, eventually

from jobledger import (
    JobStatus,
    Ledger,
    ManualClock,
    PostResult,
    ScheduledJob,
    Scheduler,
    ValidationError,
    mark_secret,
)
from jobledger.instrumentation.secrets import without_secrets
from jobledger.tools.notifying import Notifier, NotToldError

SECRET = "tok-4711-notifying"
PUBLISHER = """
from jobledger import PostResult, mark_secret
mark_secret("tok-4711-notifying")
def post(account_id, content):
    if account_id == "good":
        return PostResult(True, "t-1")
    raise ValueError(f"cannot post {content!r} with tok-4711-notifying")
"""


class Listening:
    """An HTTP server on loopback that keeps what it was told; `answer` says what it does."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.status = 204
        self.location: str | None = None
        self.gate: threading.Event | None = None
        listening = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listening.got.append((self.path, dict(self.headers), json.loads(body)))
                if listening.gate is not None:
                    listening.gate.wait(DEADLINE_S)
                self.send_response(listening.status)
                if listening.location is not None:
                    self.send_header("Location", listening.location)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks/T0PSECRET"

    def close(self) -> None:
        if self.gate is not None:
            self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Listening()
    yield server
    server.close()


@pytest.fixture
def failed(clock: ManualClock) -> ScheduledJob:
    return ScheduledJob(
        job_id="1", account_id="a", content="text", scheduled_time=clock.now(),
        status=JobStatus.FAILED, error="no", attempt=3,
    )  # fmt: skip


def run(directory: Path, tmp_path: Path, *arguments: str, code: int = 0, **environment: str) -> str:
    """Return what `run` says on standard error, in a process of its own."""
    (tmp_path / "pub_notifying.py").write_text(PUBLISHER)
    done = subprocess.run(
        [sys.executable, "-m", "jobledger", "--dir", str(directory), "run", "--once",
         "--publisher", "pub_notifying:post", *arguments],
        capture_output=True, text=True, cwd=tmp_path, timeout=120,
        env=os.environ | {"PYTHONPATH": str(tmp_path)} | environment,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done.stderr


def add(directory: Path, *accounts: str) -> list[str]:
    with Ledger(directory) as ledger:
        return [
            ledger.add_job(account, f"the words of {account}", ledger.now(), max_retries=0)
            for account in accounts
        ]


@pytest.mark.parametrize("how", ["option", "environment"])
def test_each_failure_is_posted_and_no_word_of_the_post_nor_a_secret(
    directory: Path, tmp_path: Path, listening: Listening, how: str
) -> None:
    """Before the command ends; a post that went out is no news."""
    _, first, second = add(directory, "good", "bad", "worse")
    if how == "option":
        told = run(directory, tmp_path, "--notify", listening.url)
    else:
        told = run(directory, tmp_path, JOBLEDGER_NOTIFY=listening.url)
    error = "ValueError: cannot post '[the text of the post]' with ***"
    common = {
        "status": "failed", "error": error, "attempt": 1, "outcome_unknown": False,
        "ledger": str(directory),
    }  # fmt: skip
    assert [document for _, _, document in listening.got] == [
        {"job_id": first, "account_id": "bad"} | common,
        {"job_id": second, "account_id": "worse"} | common,
    ]
    path, headers, _ = listening.got[0]
    assert path == "/hooks/T0PSECRET"
    assert headers["Content-Type"] == "application/json"
    assert "T0PSECRET" not in told
    assert SECRET not in told


def test_where_nobody_listens_that_is_told_once_and_all_jobs_run(
    directory: Path, tmp_path: Path, listening: Listening
) -> None:
    """The address stays out of the log: it is what lets one write there."""
    add(directory, *(f"bad {n}" for n in range(5)))
    listening.close()
    told = run(directory, tmp_path, "--notify", listening.url)
    with Ledger(directory) as ledger:
        assert [job.status for job in ledger.list_jobs()] == [JobStatus.FAILED] * 5
    lines = [line for line in told.splitlines() if "on_failure failed" in line]
    assert len(lines) == 1
    assert "127.0.0.1 was not told" in lines[0]
    assert "Connection refused" in lines[0]
    assert "T0PSECRET" not in told


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 500, 503])
def test_an_answer_that_is_no_success_is_a_failure(
    listening: Listening, failed: ScheduledJob, status: int
) -> None:
    """One request: what was meant for one address is not posted to another."""
    listening.status, listening.location = status, "/elsewhere"
    with pytest.raises(NotToldError, match=rf"^127.0.0.1 was not told: HTTP {status}$"):
        Notifier(listening.url, "jobs")(failed)
    assert [path for path, _, _ in listening.got] == ["/hooks/T0PSECRET"]


def test_who_never_answers_is_given_up(listening: Listening, failed: ScheduledJob) -> None:
    listening.gate = threading.Event()
    with pytest.raises(NotToldError, match="timed out"):
        Notifier(listening.url, "jobs", within_s=0.05)(failed)


def test_who_never_answers_does_not_hold_up_the_jobs(
    directory: Path,
    clock: ManualClock,
    listening: Listening,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They run while it is waited for; when it answers it hears of the rest."""
    listening.gate = threading.Event()
    notifier = Notifier(listening.url, "jobs", within_s=DEADLINE_S)
    with Scheduler(directory, clock=clock, on_failure=notifier) as scheduler:
        ids = [scheduler.add_job("a", f"text {n}", clock.now()) for n in range(5)]
        no = PostResult(False, error="no", retryable=False)
        assert scheduler.run_due(lambda account_id, content: no) == 5
        eventually(lambda: listening.got)
        assert {job.status for job in scheduler.list_jobs()} == {JobStatus.FAILED}
        assert len(listening.got) == 1
        listening.gate.set()
    assert [document["job_id"] for _, _, document in listening.got] == ids
    assert [record for record in caplog.records if "on_failure" in record.getMessage()] == []
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 5


@pytest.mark.parametrize(
    "url",
    [
        "", "chat", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://", "http:///x",
        "http://127.0.0.1:port/", "http://[::1", "https://example.org/a b", "https://exämple.org/",
    ],
)  # fmt: skip
def test_what_is_no_address_to_post_to_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="takes the address") as caught:
        Notifier(url, "jobs")
    assert caught.value.field == "notify"


def test_a_password_in_the_address_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValidationError, match="no user and password") as caught:
        Notifier("https://me:hunter22@example.org/", "jobs")
    assert "hunter22" not in str(caught.value)


def test_a_wrong_address_is_refused_before_anything_runs(directory: Path, tmp_path: Path) -> None:
    [job_id] = add(directory, "good")
    error = run(directory, tmp_path, "--notify", "nowhere", code=2)
    assert "--notify takes the address of something that takes a POST (such as https://" in error
    with Ledger(directory) as ledger:
        assert ledger.get_job(job_id).attempt == 0


def test_an_error_that_names_a_secret_of_later_is_told_without_it(
    listening: Listening, failed: ScheduledJob
) -> None:
    """What became a secret after the job had failed."""
    mark_secret(SECRET)
    Notifier(listening.url, "jobs")(msgspec.structs.replace(failed, error=f"with {SECRET}"))
    assert listening.got[0][2]["error"] == "with ***"
    assert without_secrets(listening.url) == "***"
