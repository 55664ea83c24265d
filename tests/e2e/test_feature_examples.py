"""Each file in `examples/` runs, and prints what it says it prints."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from support.anchors import ROOT
from support.required import missing
from support.shown import matches
from support.waiting import eventually

from jobledger import JobStatus, Ledger

EXAMPLES = ROOT / "examples"
SAYS = "It prints:\n"
WITH_OUTPUT = sorted(path.name for path in EXAMPLES.glob("*.py") if SAYS in path.read_text("utf-8"))


@pytest.mark.parametrize("name", WITH_OUTPUT)
def test_an_example_prints_what_it_says(name: str, tmp_path: Path) -> None:
    text = (EXAMPLES / name).read_text("utf-8")
    shown = textwrap.dedent((ast.get_docstring(ast.parse(text)) or "").partition(SAYS)[2])
    done = subprocess.run(
        [sys.executable, "-X", "utf8", str(EXAMPLES / name)],
        cwd=tmp_path, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert shown.strip()
    assert matches(shown, done.stdout), done.stdout


def test_each_example_is_in_the_index_and_run_by_somebody() -> None:
    """By this file, or by the test that the index names, which names the example."""
    index = (EXAMPLES / "README.md").read_text("utf-8")
    here = Path(__file__).read_text("utf-8")
    for path in EXAMPLES.iterdir():
        if path.suffix not in (".py", ".ipynb"):
            continue
        [row] = [line for line in index.splitlines() if path.name in line]
        named = re.findall(r"`(test_\w+\.py)`", row)
        tests = [*(ROOT / "tests").rglob(named[0])] if named else []
        texts = [each.read_text("utf-8") for each in tests] or [here]
        run = path.name in WITH_OUTPUT or any(path.stem in text for text in texts)
        assert run, path.name


def test_the_notebook_runs(tmp_path: Path) -> None:
    """From its first cell to its last, in a kernel of its own."""
    if any(find_spec(name) is None for name in ("nbclient", "nbformat", "ipykernel")):
        missing("notebook", "nbclient and ipykernel are not installed")
    program = (
        "import sys, nbformat, nbclient\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "nbclient.NotebookClient(notebook, timeout=300, kernel_name='python3').execute()\n"
        "print(nbformat.writes(notebook))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(EXAMPLES / "notebook.ipynb")],
        cwd=tmp_path, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    cells = [cell for cell in json.loads(done.stdout)["cells"] if cell["cell_type"] == "code"]
    printed = ["".join(map(_said, cell["outputs"])) for cell in cells]
    assert printed[0] == "{'scheduled': 5}"
    assert printed[1].endswith("{'completed': 4, 'failed': 1}")
    assert "not allowed here" in printed[2]
    assert "{'scheduled': 3, 'completed': 2}" in printed[2]


def _said(output: dict[str, Any]) -> str:
    return "".join(output["text"] if "text" in output else output["data"]["text/plain"])


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def application(tmp_path: Path, port: int) -> Iterator[Path]:
    """Start the application with two workers of uvicorn; its ledger."""
    if find_spec("fastapi") is None:
        missing("fastapi", "fastapi is not installed")
    ledger = tmp_path / "jobs"
    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--workers", "2"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [*command, "--app-dir", str(EXAMPLES), "--port", str(port)],
            cwd=tmp_path, env=os.environ | {"LEDGER": str(ledger)}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield ledger
            server.terminate()
            server.wait(60)
        finally:
            server.kill()
            server.wait()


def test_of_two_web_workers_one_posts_and_another_takes_over(application: Path, port: int) -> None:
    """Both answer requests; when the one that runs is killed, another goes on with the jobs."""
    httpx = pytest.importorskip("httpx", reason="httpx is not here, of the extra `publishers`")
    address = f"http://127.0.0.1:{port}"

    def ask(method: str, path: str, **more: Any) -> Any:
        try:
            return httpx.request(method, address + path, **more)
        except httpx.TransportError:  # it is starting, or this worker was killed in the midst of it
            return None

    def add(content: str) -> str:
        post = {"account_id": "my-shop", "content": content}
        answers: list[Any] = []

        def is_added() -> bool:
            answers.append(ask("POST", "/posts", json=post))
            return answers[-1] is not None and answers[-1].status_code == 201

        eventually(is_added, "an answer")
        return str(answers[-1].json()["job_id"])

    def posted_by(job_id: str) -> int:
        with Ledger(application) as ledger:
            eventually(lambda: ledger.get_job(job_id).status is JobStatus.COMPLETED, job_id)
            return int(str(ledger.get_job(job_id).thread_id).removeprefix("by-"))

    first = posted_by(add("the first"))
    workers: set[int] = set()

    def both_answer() -> bool:
        answer = ask("GET", "/worker")
        workers.update([answer.json()["pid"]] if answer is not None else [])
        return len(workers) == 2

    eventually(both_answer, "an answer of both workers")
    assert first in workers
    assert {posted_by(add(f"number {n}")) for n in range(5)} == {first}

    os.kill(first, signal.SIGKILL)
    job_id = add("after the kill")
    assert posted_by(job_id) != first
    shown: list[Any] = []

    def is_shown() -> bool:
        shown.append(ask("GET", f"/posts/{job_id}"))
        return shown[-1] is not None

    eventually(is_shown, "an answer")
    assert shown[-1].json()["status"] == "completed"
    assert "It was posted" in shown[-1].json()["why"]
    with Ledger(application, read_only=True) as ledger:
        assert ledger.verify().ok
