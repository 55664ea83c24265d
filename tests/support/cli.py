"""The command line as a user runs it: a process of its own, or, where it adds nothing, in here."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import click

from jobledger.tools.cli import COMMANDS, cli, main


class Cli:
    """Runs `jobledger --dir DIR …` in `cwd`."""

    def __init__(self, directory: Path, cwd: Path) -> None:
        self.directory = directory
        self.cwd = cwd

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable, "-m", "jobledger", "--dir", str(self.directory), *arguments,
        ]  # fmt: skip

    def run(self, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run to the end; output as text, in UTF-8."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.cwd,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONUTF8": "1"},
            timeout=60,
            check=False,
        )

    def ok(self, *arguments: str, stdin: str | None = None) -> str:
        """Run what has to succeed; standard output."""
        done = self.run(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Run what has to succeed and print JSON."""
        return json.loads(self.ok(*arguments, "--json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start and go on."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )


class Done(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def run_inside(directory: Path, *arguments: str) -> int:
    """Run `jobledger --dir DIR …` in this process, with the streams as they are; its exit code."""
    return main(["--dir", str(directory), *arguments])


def run_here(directory: Path, *arguments: str) -> Done:
    """Run the same with standard output and error kept; they are no terminals."""
    return run_cli_here("--dir", str(directory), *arguments)


def run_cli_here(*arguments: str) -> Done:
    """Run `jobledger …` in this process, with standard output and error kept."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*arguments])
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return Done(code, *texts)


def every_command() -> Iterator[tuple[str, click.Command]]:
    """Yield every command by its words."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {word}", below) for word, below in command.commands.items())


def made(directory: Path, zone: str = "UTC") -> str:
    """Return what a command says that has made a ledger."""
    return f"jobledger: made a ledger in {directory}; its time zone is {zone}\n"
