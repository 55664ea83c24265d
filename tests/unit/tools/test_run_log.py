"""The operational log of `run`: lines of JSON for programs, text for people."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.terminal import Terminal

from jobledger import Ledger
from jobledger.instrumentation.log import logger
from jobledger.tools.run_log import JsonLines, Pretty

PUBLISHER = """
from jobledger import PostResult
def publish(account_id, content):
    return PostResult(False, error="refused", retryable=False)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Have a ledger with a job that is due, and a publisher that refuses it."""
    (tmp_path / "my_posts.py").write_text(PUBLISHER, "utf-8")
    with Ledger(tmp_path / "jobs", timezone="UTC") as ledger:
        ledger.add_job("mai", "Xin chào!", datetime.now(UTC), job_id="one", max_retries=0)
    return tmp_path


def stderr_of_run(place: Path, *arguments: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "jobledger", "--dir", "jobs", "run",
         "--publisher", "my_posts:publish", "--once", *arguments],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(place), **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )  # fmt: skip
    return done.stderr.splitlines()


def test_where_stderr_is_no_terminal_each_line_is_json(place: Path) -> None:
    [line] = [json.loads(line) for line in stderr_of_run(place)]
    assert datetime.fromisoformat(line.pop("at")).tzinfo is not None
    assert line == {
        "level": "error",
        "logger": "jobledger",
        "event": "attempt ended",
        "job_id": "one",
        "account_id": "mai",
        "attempt": 1,
        "status": "failed",
        "error": "refused",
    }


@pytest.mark.parametrize("how", ["option", "environment", "file"])
def test_text_can_be_asked_for_and_the_level_as_well(place: Path, how: str) -> None:
    """By an option, by the environment, and in the configuration file."""
    if how == "option":
        lines = stderr_of_run(place, "--log", "text", "--log-level", "debug")
    elif how == "environment":
        lines = stderr_of_run(place, JOBLEDGER_LOG="text", JOBLEDGER_LOG_LEVEL="debug")
    else:
        config = place / "my.toml"
        config.write_text('[run]\nlog = "text"\nlog_level = "debug"\n', "utf-8")
        lines = stderr_of_run(place, JOBLEDGER_CONFIG=str(config))
    who = "job_id=one account_id=mai attempt=1"
    assert [line.split(" ", 2)[2] for line in lines if "attempt" in line] == [
        f'DEBUG event="attempt started" {who} platform=threads',
        f'ERROR event="attempt ended" {who} status=failed error=refused',
    ]


def test_on_a_terminal_it_is_text_for_people(place: Path) -> None:
    terminal = Terminal(
        place / "jobs", "run", "--publisher", "my_posts:publish", "--once",
        PYTHONPATH=str(place), NO_COLOR="1",
    )  # fmt: skip
    told = terminal.rest()
    assert terminal.wait() == 0
    assert "error   attempt ended  job_id=one account_id=mai attempt=1" in told


def record(event: str, **values: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"name": "jobledger", "levelname": "WARNING", "msg": "as text",
         "jobledger": {"event": event, **values}}
    )  # fmt: skip


def test_a_line_of_json_is_one_line_whatever_is_in_it() -> None:
    """And what a value is called does not hide what every line has."""
    made = JsonLines().format(record("said\n", level="x", error="a\nb\ud800\x1b[2J", n=1, ok=True))
    assert "\n" not in made
    line = json.loads(made)
    assert (line["level"], line["event"], line["n"], line["ok"]) == ("warning", "said\n", 1, True)
    assert line["error"] == "a\nb\\ud800\x1b[2J"


def test_what_others_log_is_a_line_as_well_and_a_traceback_is_in_it() -> None:
    try:
        raise OSError("no room")
    except OSError:
        other = logging.makeLogRecord(
            {"name": "asyncio", "levelname": "ERROR", "msg": "%s failed", "args": ("it",),
             "exc_info": sys.exc_info()}
        )  # fmt: skip
    line = json.loads(JsonLines().format(other))
    assert (line["logger"], line["event"]) == ("asyncio", "it failed")
    assert line["exception"].endswith("OSError: no room")
    shown = Pretty(in_colour=False).format(other)
    assert shown.splitlines()[0].endswith("error   it failed")
    assert shown.endswith("OSError: no room")


def test_colours_are_for_terminals_that_want_them() -> None:
    assert "\x1b[" in Pretty(in_colour=True).format(record("said", n=1))
    plain = Pretty(in_colour=False).format(record("said", error="two words\x1b[2J", n=1))
    assert plain.endswith('warning said  error="two words\\x1b[2J" n=1')


def test_a_record_has_its_values_for_formatters_of_the_users_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger(job_id="4711").warning("said", n=1)
    [told] = caplog.records
    assert told.__dict__["jobledger"] == {
        "event": "said", "job_id": "4711", "n": 1,
    }  # fmt: skip
