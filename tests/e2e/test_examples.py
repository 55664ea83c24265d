"""Every example in the commands' own help works as it is printed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from support.examples import JOB, Place, examples, is_endless, words_of
from support.terminal import Terminal
from support.tiers import one_in
from support.waiting import eventually

from jobledger import JobStatus, Ledger
from jobledger.tools.cli import COMMANDS

HAS_ITS_OWN_TEST = {"demo"}
NEEDS = {"zsh": "zsh", "fish": "fish", "source": "fish"}
"""Shells that an example is for: without them what it prints is made all the same."""


def environment(place: Place) -> dict[str, str]:
    named = {"LAN_PASSWORD": "a long password", "JOBLEDGER_PORT": "0"}
    return os.environ | {"PATH": f"{place.path}:{os.environ['PATH']}", "PYTHONUTF8": "1"} | named


def shell_for(line: str) -> tuple[str, str]:
    """Return the shell of a line, and the line; of a shell that is not here, its command alone."""
    wanted = next((shell for word, shell in NEEDS.items() if word in line.split()), None)
    wanted = "zsh" if "zsh" in line else wanted
    if wanted is None:
        return "bash", line
    if shutil.which(wanted):
        return wanted, line
    return "bash", "jobledger " + " ".join(words_of(line))


@pytest.mark.parametrize(
    "name", one_in(5, [name for name in COMMANDS if name not in HAS_ITS_OWN_TEST])
)
def test_the_examples_of_a_command_work_as_printed(name: str, tmp_path: Path) -> None:
    """One after the other, in a directory that has what they name."""
    place = Place(tmp_path, name)
    for line in examples(name):
        if is_endless(words_of(line)):
            continue
        shell, script = shell_for(line)
        done = subprocess.run(
            [shell, "-c", script],
            cwd=place.path, env=environment(place), capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), (line, done.stderr)


@pytest.mark.parametrize(
    "line",
    [
        line
        for name in ("run", "audit", "serve")
        for line in examples(name)
        if is_endless(words_of(line))
    ],
)
def test_what_goes_on_until_it_is_stopped_does_so(line: str, tmp_path: Path) -> None:
    """And ends with 0 at Ctrl-C."""
    place = Place(tmp_path, "serve" if "serve" in line.split() else "run")
    with Ledger(place.jobs) as ledger:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=place.path, env=environment(place), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            if "run" in line.split():
                ledger.reschedule_job(JOB, ledger.now())
                eventually(lambda: ledger.get_job(JOB).status is JobStatus.COMPLETED)
            else:
                assert process.stdout is not None
                assert process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, b"Traceback" in errors) == (0, False), errors


def test_what_asks_for_keys_does_so(tmp_path: Path) -> None:
    """On a terminal, as it needs one."""
    place = Place(tmp_path, "replay")
    lines = [line for line in examples("replay") if is_endless(words_of(line))]
    assert lines
    for line in lines:
        terminal = Terminal(place.jobs, *words_of(line))
        terminal.until("[q] quit")
        terminal.type("q")
        terminal.rest()
        assert terminal.wait() == 0
