"""`jobledger serve`, as a process: what it prints, answers, streams, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from jobledger import Ledger

TOKEN = "a-token-of-more-than-16"


@contextmanager
def served(directory: Path, *options: str, **environment: str) -> Iterator[tuple[list[str], int]]:
    """Serve a ledger on a free port; give the lines that were printed, and the process's pid."""
    command = [sys.executable, "-m", "jobledger", "--dir", str(directory), "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline()]
        if "JOBLEDGER_TOKEN" not in environment:
            lines.append(process.stdout.readline())
        try:
            yield [line.strip() for line in lines], process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate()
            assert process.returncode == 0, told
            assert "Traceback" not in told


@pytest.fixture
def made(directory: Path) -> Path:
    with Ledger(directory) as ledger:
        ledger.add_job("shop", "hello", ledger.now() + timedelta(hours=1), job_id="one")
    return directory


def test_it_prints_an_address_and_a_token_that_work(made: Path) -> None:
    with served(made) as (lines, _):
        address = re.fullmatch(
            r"open (http://127\.0\.0\.1:\d+)/enter#(\S+) \(works once\)", lines[0]
        )
        assert address is not None, lines
        token = lines[1].rpartition(" ")[2]
        with httpx.Client(base_url=address[1], timeout=60) as client:
            origin = {"origin": address[1]}
            entered = client.post("/enter", data={"token": address[2]}, headers=origin)
            assert entered.status_code == 303
            assert "hello" in client.get("/").text
        bearer = {"authorization": f"Bearer {token}"}
        found = httpx.get(f"{address[1]}/api/v1/jobs", headers=bearer, timeout=60).json()
        assert [job["job_id"] for job in found["jobs"]] == ["one"]


def test_no_locale_makes_it_fail(made: Path) -> None:
    """One that knows ASCII alone."""
    with Ledger(made) as ledger:
        ledger.edit_job("one", content="Xin chào")
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with served(made, JOBLEDGER_TOKEN=TOKEN, **plain) as (lines, _):
        base = lines[0].split()[1].partition("/enter")[0]
        bearer = {"authorization": f"Bearer {TOKEN}", "accept-language": "vi"}
        page = httpx.get(f"{base}/", headers=bearer, timeout=60).text
    assert "Xin chào" in page
    assert "Hôm nay" in page


def test_events_are_streamed_as_another_process_makes_them(made: Path) -> None:
    with served(made, JOBLEDGER_TOKEN=TOKEN) as (lines, _):
        base = lines[0].split()[1].partition("/enter")[0]
        assert TOKEN not in "".join(lines)
        bearer = {"authorization": f"Bearer {TOKEN}"}
        url = f"{base}/events?after=0"
        with httpx.stream("GET", url, headers=bearer, timeout=60) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            data = (json.loads(line[6:]) for line in answer.iter_lines() if line[:6] == "data: ")
            assert next(data)["type"] == "added"
            with Ledger(made) as ledger:
                ledger.cancel_job("one", "not today")
            assert next(data)["type"] == "cancelled"
        again = bearer | {"last-event-id": "1"}
        with httpx.stream("GET", url, headers=again, timeout=60) as answer:
            first = next(line for line in answer.iter_lines() if line.startswith("id:"))
            assert first == "id: 2"


def test_it_ends_in_good_order_while_somebody_listens(made: Path) -> None:
    with served(made, JOBLEDGER_TOKEN=TOKEN) as (lines, pid):
        base = lines[0].split()[1].partition("/enter")[0]
        bearer = {"authorization": f"Bearer {TOKEN}"}
        with httpx.stream("GET", f"{base}/events", headers=bearer, timeout=60) as answer:
            lines_of = answer.iter_lines()
            assert next(lines_of).startswith("retry")
            os.kill(pid, signal.SIGTERM)
            with suppress(httpx.RemoteProtocolError):  # the connection is cut
                list(lines_of)


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (["--host", "0.0.0.0"], {}, "can be reached from other machines"),
        (["--users", "nothing-there"], {}, "cannot read nothing-there"),
        ([], {"JOBLEDGER_TOKEN": "short"}, "shorter than 16"),
    ],
)
def test_what_is_not_safe_is_refused_in_a_line(
    made: Path, options: list[str], environment: dict[str, str], said: str
) -> None:
    command = [sys.executable, "-m", "jobledger", "--dir", str(made), "serve", "--port", "0"]
    ended = subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert ended.stdout == ""


def test_a_port_in_use_is_said(made: Path) -> None:
    with served(made) as (lines, _):
        port = re.search(r":(\d+)/", lines[0])
        assert port is not None
        command = [
            sys.executable,
            "-m",
            "jobledger",
            "--dir",
            str(made),
            "serve",
            "--port",
            port[1],
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, "cannot listen" in ended.stderr) == (2, True)


def test_where_there_is_no_ledger_none_is_made(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "jobledger", "--dir", str(tmp_path / "no"), "serve"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "there is no ledger" in ended.stderr
    assert not (tmp_path / "no").exists()


@pytest.mark.thorough
def test_the_api_is_as_its_description_says(made: Path, tmp_path: Path) -> None:
    """`schemathesis` reads the description, and asks what nobody would think of.

    Left out is its check that what the description allows is accepted: whether there is such a
    moment, or such a cursor, depends on the ledger. The bounds that are told are tried elsewhere.
    """
    with served(made, JOBLEDGER_TOKEN=TOKEN) as (lines, _):
        origin = lines[0].split()[1].removesuffix("/enter").partition("/enter")[0]
        asked = subprocess.run(
            [
                str(Path(sys.executable).with_name("st")),
                "run",
                f"{origin}/api/v1/openapi.json",
                "--header",
                f"Authorization: Bearer {TOKEN}",
                "--exclude-checks=positive_data_acceptance",
                "--max-examples=8",
                "--generation-deterministic",
                "--no-color",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert "Tested: 30" in asked.stdout
