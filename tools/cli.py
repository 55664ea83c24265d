"""jobledger: the command line.

Exit codes: 0 done; 1 a check found something (corruption, a difference); 2 wrong use or not found.
Errors are one line on standard error.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click

from ..domain.errors import JobLedgerError, LedgerCorruptError
from .output import print_error
from .session import Session, json_option

COMMANDS = {
    "demo": "demonstration:demo",
    "add": "jobs:add",
    "list": "jobs:list_",
    "show": "jobs:show",
    "hold": "jobs:hold",
    "release": "jobs:release",
    "edit": "jobs:edit",
    "reschedule": "jobs:reschedule",
    "cancel": "jobs:cancel",
    "requeue": "jobs:requeue",
    "resolve": "jobs:resolve",
    "remove": "jobs:remove",
    "import": "importing:import_",
    "export": "exporting:export",
    "run": "runner:run",
    "audit": "audit:audit",
    "history": "looking_back:history",
    "why": "looking_back:why",
    "replay": "past_states:replay",
    "diff": "past_states:diff",
    "stats": "stats:stats",
    "report": "reporting:report",
    "verify": "checks:verify_",
    "seal": "sealing:seal",
    "rebuild": "rebuilding:rebuild",
    "repair": "repairing:repair_",
    "simulate": "simulate:simulate_",
    "completion": "completion:completion",
}
"""The commands in the order of the help, each with its module and its name there.

A module is imported when its command is asked for, so that a command starts as fast as what it
needs allows.
"""


class Commands(click.Group):
    """The group of the commands in `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f".{module}", __package__), name)
        return command


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    envvar="JOBLEDGER_DIR",
    default=Path("jobs"),
    show_default=True,
    help="The ledger's directory (or JOBLEDGER_DIR).",
)
@click.option(
    "--allow-network",
    is_flag=True,
    envvar="JOBLEDGER_ALLOW_NETWORK",
    help="Write to a ledger on a network file system; all its processes are on this machine.",
)
@click.version_option(package_name="jobledger")
@json_option
@click.pass_context
def cli(context: click.Context, directory: Path, allow_network: bool) -> None:
    """Durable, auditable job scheduling without a server.

    A ledger is a directory: an append-only log of everything that happened to its jobs, and the
    daily files derived from it.
    """
    session = context.ensure_object(Session)
    session.directory = directory
    session.allow_network = allow_network


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    session = Session(Path("jobs"))
    try:
        code = cli.main(arguments, prog_name="jobledger", standalone_mode=False, obj=session)
        return code if isinstance(code, int) and code else session.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = "" if context is None else f" (see `{context.command_path} --help`)"
        print_error(error.format_message() + hint)
        return error.exit_code
    except LedgerCorruptError as error:
        print_error(str(error))
        return 1
    except JobLedgerError as error:
        print_error(str(error))
        return 2
    except (KeyboardInterrupt, click.Abort):
        print_error("stopped")
        return 130
    except BrokenPipeError:
        # The reader has gone, as `head` does: that is no fault of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
