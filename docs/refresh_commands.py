"""Write docs/commands.md, the manual of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click

from jobledger.tools.cli import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "commands.md"

_BEGIN = """\
# jobledger(1): the command line

This page is made from the commands' own help by `make manual`; do not edit it.

## Synopsis

`jobledger [--dir DIR] [--json] COMMAND [ARGUMENTS]`

{about}

{options}

These options stand before the command; `--json` may stand behind it too.

## Words

JOB is the id of a job, or the beginning of one if only one job begins so. A time may be written as
ISO 8601 (`2026-01-31T09:00`, in the ledger's time zone unless it has an offset), as a date, `now`,
`today`, `yesterday`, `+10m`, `-2h` or `2 days ago`.
"""

_END = """\
## Exit status

| code | means |
|---|---|
| 0 | done |
| 1 | a check found something: damage, a difference |
| 2 | wrong use, or not found; one line on standard error says what |
| 130 | stopped by Ctrl-C |

## Environment

| name | means |
|---|---|
| `JOBLEDGER_DIR` | the ledger's directory, where `--dir` is not given |
| `NO_COLOR` | no colours, whatever the terminal can do |

## Files

`README.md`, "The files", and [log-format.md](log-format.md).
"""


def manual() -> str:
    """The page as it ought to be today."""
    context = click.Context(cli, info_name="jobledger", **cli.context_settings)
    parts = [_BEGIN.format(about=_text(cli), options=_options(cli, context)), "## Commands\n"]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        parts.append(_section(name, command, click.Context(command, context)))
    return "\n".join([*parts, _END])


def _section(name: str, command: click.Command, context: click.Context) -> str:
    pieces = " ".join(command.collect_usage_pieces(context))
    parts = [f"### {name}", f"`jobledger {name} {pieces}`", _text(command)]
    parts += [_options(command, context)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text(command: click.Command) -> str:
    """The help as Markdown: what stands unwrapped in it is an example."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(_paragraph(paragraph) for paragraph in paragraphs)


def _paragraph(paragraph: str) -> str:
    if not paragraph.startswith("\b"):
        return _escaped(paragraph)
    title, *lines = paragraph.removeprefix("\b\n").splitlines()
    return "\n".join([f"{title}\n", "```sh", *(line.strip() for line in lines), "```"])


def _options(command: click.Command, context: click.Context) -> str:
    rows = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and (parameter.name != "help" or command is cli)
        and (record := parameter.get_help_record(context)) is not None
    ]
    if not rows:
        return ""
    lines = [f"| `{_cell(names)}` | {_cell(_escaped(text))} |" for names, text in rows]
    return "\n".join(["| option | |", "|---|---|", *lines])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str) -> str:
    """What Markdown would take for its own is escaped, except in code."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"[<*_]", r"\\\g<0>", part) for part in parts[::2]]
    return "`".join(parts)


def main() -> None:
    PAGE.write_text(manual(), "utf-8")


if __name__ == "__main__":
    main()
