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

`jobledger [--ledger LOCATION] [--config FILE] [--json] COMMAND [ARGUMENTS]`

{about}

{options}

These options stand before the command; `--ledger`, `--dir`, `--config` and `--json` may stand
behind its name too. An option that takes one value is refused when it is given twice. What filters
(`--account`, `--status`, `--type`, `--platform`, `--job`) may be repeated: any of the values will
do.

## The ledger's location

A path, or `file:PATH`; `~` is your home, `~user` somebody's, also in the environment. `--dir` and
`JOBLEDGER_DIR` mean the same as `--ledger` and `JOBLEDGER`; the command line counts more than the
environment, which counts more than [the configuration file](configuration.md), and two that differ
are refused. Where no ledger is, `add`, `import` and `run --create`
make one; for every other command that is an error, which names the place and a ledger nearby.

## Words

JOB is the id of a job, or the beginning of one if only one job begins so; `jobledger completion`
has your shell complete it.

A time is in the ledger's time zone unless it has an offset:

| written | means |
|---|---|
| `now`, `+10m`, `+1h30m`, `-2h`, `2 days ago` | so far from now, as time passes |
| `9:00`, `9am`, `21:30:15` | the next such time: today if that is still ahead, else tomorrow |
| `today 9:00`, `tomorrow 9:00`, `yesterday 9:00` | that day, also if it is past |
| `friday 18:30`, `fri 6:30pm` | the next Friday on which that is still ahead |
| `2026-01-31T09:00`, `2026-01-31 9:00`, `2026-01-31T09:00+07:00` | ISO 8601 |
| `today`, `friday`, `2026-01-31` | the beginning of that day |

Where a command looks back (`audit`, `stats`, `replay`, `diff`, `report`), a time alone is today's,
a weekday is the last one up to today, and of `audit --until`, `replay --until` and `diff` a day
means its end. `add`, `reschedule` and `requeue` say on standard error how they understood it:
weekday, date, offset, zone, how far away. A time that clocks skip is read with the offset before
the gap (02:30 is 03:30), one that is there twice is the first, and both are said.

## Output

Tables and progress on a terminal, the same without colours and cuts in a file or a pipe, JSON with
`--json`; [its schemas](json-output.md) say what each command prints then. Text is in the encoding
of the terminal: what that lacks is shown as an escape such as `\\u1ea1`, dashes and bars as ASCII
has them. JSON is UTF-8 always. `-` as CONTENT reads standard input, which is UTF-8.

On a terminal, what `list`, `show`, `history`, `audit`, `replay`, `diff`, `stats`, `runners`,
`platforms`, `schedule list`, `schedule show`, `schedule preview`, `slots show` and `queue list`
print goes through a pager where it has more lines than the screen: `JOBLEDGER_PAGER`, else `PAGER`,
else `less -FRX`. There is none with `--no-pager`, `--json`, `--follow` or `--step`, where the
variable is empty or `cat`, and on a terminal that is `dumb`; one that cannot be started is done
without. To leave it early is no error.

If standard output is full or closed, that is one line on standard error and exit 2; what the
command has changed stays changed, and the line says so. A reader that goes away, as `head` does, is
no error: the exit code is that of the command.
"""

_END = """\
## Exit status

| code | means |
|---|---|
| 0 | done |
| 1 | a check found something: damage, a difference |
| 2 | wrong use, not found, or it could not be done; one line on standard error says what |
| 130 | stopped by Ctrl-C |

## Environment

| name | means |
|---|---|
| `JOBLEDGER`, `JOBLEDGER_DIR` | the ledger's location, where none is typed |
| `JOBLEDGER_ALLOW_NETWORK` | as `--allow-network` |
| `JOBLEDGER_MEDIA`, `JOBLEDGER_KEEP_MEDIA` | as `--media` (on a server) and `--keep-media` |
| `JOBLEDGER_NOTIFY` | as `run --notify` |
| `JOBLEDGER_RUN_CONCURRENCY`, … | as `run --concurrency`, …: what the file may say of `run` |
| `JOBLEDGER_LOG`, `JOBLEDGER_LOG_LEVEL` | as `run --log` and `run --log-level` |
| `NOTIFY_SOCKET`, `WATCHDOG_USEC` | where `run` says that it is ready, and turns (systemd) |
| `JOBLEDGER_TRACEBACK` | also print where an error comes from |
| `JOBLEDGER_PAGER`, `PAGER` | the pager of long output; empty: none |
| `NO_COLOR` | no colours, whatever the terminal can do |

## Files

`README.md`, "The files", and [log-format.md](log-format.md).
"""


def manual() -> str:
    """Write the page as it ought to be today."""
    context = click.Context(cli, info_name="jobledger", **cli.context_settings)
    parts = [_BEGIN.format(about=_text(cli), options=_options(cli, context)), "## Commands\n"]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        inside = click.Context(command, context, info_name=name)
        parts.append(_section(name, command, inside))
        if isinstance(command, click.Group):
            for word, below in command.commands.items():
                within = click.Context(below, inside, info_name=word)
                parts.append(_section(f"{name} {word}", below, within))
    return "\n".join([*parts, _END])


def _section(name: str, command: click.Command, context: click.Context) -> str:
    pieces = " ".join(command.collect_usage_pieces(context))
    parts = [f"### {name}", f"`jobledger {name} {pieces}`", _text(command)]
    parts += [_options(command, context)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text(command: click.Command) -> str:
    """Write the help as Markdown: what stands unwrapped in it is an example."""
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
        and (command is cli or not {"--help", "--ledger"} & {*parameter.opts})
        and (record := parameter.get_help_record(context)) is not None
    ]
    if not rows:
        return ""
    lines = [f"| `{_cell(names)}` | {_cell(_escaped(text))} |" for names, text in rows]
    return "\n".join(["| option | |", "|---|---|", *lines])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Escape what Markdown would take for its own, except in code."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"[<*_]", r"\\\g<0>", part) for part in parts[::2]]
    return "`".join(parts)


def main() -> None:
    PAGE.write_text(manual(), "utf-8")


if __name__ == "__main__":
    main()
