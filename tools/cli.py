"""jobledger: the command line.

Exit codes: 0 done; 1 a check found something (corruption, a difference); 2 wrong use or not found,
or something that went wrong, such as a full standard output; 130 stopped by Ctrl-C. Errors are one
line on standard error.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from keyword import iskeyword

import click

from ..domain import JobLedgerError, LedgerCorruptError
from ..release import __version__
from .grammar import Group
from .location import media_options, place_options
from .output import print_error
from .session import Session, json_option
from .streams import OutputError, ReaderGone, standard_streams

SECTIONS = {
    "Begin": {
        "demo": "See the whole story in a minute, on a ledger of its own.",
        "add": "Add a job and print its id.",
        "run": "Run the jobs with your publisher, until SIGTERM or Ctrl-C.",
        "import": "Import jobs from CSV, JSON lines or daily files.",
        "export": "Export jobs as CSV, JSON lines or daily files.",
    },
    "Jobs": {
        "list": "List jobs: highest priority first, then by time.",
        "show": "Show one job with all its fields.",
        "hold": "Hold a scheduled job: it waits as a draft.",
        "release": "Release a held job: it is scheduled again.",
        "edit": "Change the content, priority or metadata of a job.",
        "reschedule": "Give a job that has not run yet another time.",
        "cancel": "Cancel a job that is pending, scheduled or running.",
        "requeue": "Schedule a failed, expired or cancelled job again.",
        "resolve": "Say what became of a job whose outcome is unknown.",
        "remove": "Remove a job that is not running.",
    },
    "Schedules": {
        "schedule": "Have posts made again and again by a rule.",
        "slots": "Say at which times of the week an account posts.",
        "queue": "Show the coming slots and their jobs; change their order.",
    },
    "What is, and what was": {
        "status": "Show the ledger at one look: runner, next, overdue, failed.",
        "check": "Name what does not hold: late, failed, unknown, no runner.",
        "history": "Show one job's life: what, when, how long, why.",
        "why": "Say why a job is not out, or may be out twice.",
        "audit": "Show the events of the log, filtered, also as they come.",
        "replay": "Show the jobs as they were at a moment.",
        "diff": "Show what changed between two moments.",
        "traces": "Print past attempts as spans of OpenTelemetry.",
        "stats": "Show figures by state, account, platform and day.",
        "metrics": "Print the ledger's metrics, as Prometheus reads them.",
        "report": "Write one page about the ledger, for the browser.",
        "serve": "Serve the dashboard and the HTTP API.",
    },
    "The log": {
        "verify": "Check every record of every file.",
        "seal": "Sign finished days, so that nobody can rewrite them.",
        "backup": "Copy the ledger, while it is at work, and verify the copy.",
        "archive": "Pack days of the log that are over.",
        "rebuild": "Make every derived file anew from the log.",
        "repair": "Cut a damaged log back to its sound part.",
    },
    "Several machines": {
        "runners": "List who runs the jobs, and for how long each still may.",
        "mirror": "Keep a directory of day files that follows a ledger.",
        "copy": "Copy a ledger to another location, on any engine.",
        "postgres": "Prepare a PostgreSQL database that ledgers are to be in.",
    },
    "More": {
        "config": "Show what counts: options, environment, file.",
        "user": "Say who may sign in to the dashboard, and as what.",
        "platforms": "Show what the platforms allow, and count a text as they do.",
        "systemd": "Write units of systemd that run this ledger.",
        "completion": "Print what your shell needs to complete words.",
        "simulate": "Try the whole system on a simulated machine.",
    },
}
"""The commands as the help shows them, and what each does. Its file in `commands/` has its name.

That is imported when the command is asked for, so that a command, and the help, start as fast as
what they need allows.
"""
COMMANDS = [name for section in SECTIONS.values() for name in section]


class Commands(Group):
    """The group of the commands in `SECTIONS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return COMMANDS

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        file = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        found = vars(import_module(f".commands.{file}", __package__)).values()
        return next(one for one in found if isinstance(one, click.Command) and one.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                rows = [(name, short) for name, short in commands.items()]
                formatter.write_dl(rows, col_max=12)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--allow-network",
    is_flag=True,
    envvar="JOBLEDGER_ALLOW_NETWORK",
    help="Write to a ledger on a network file system; all its processes are on this machine.",
)
@click.option("--no-pager", is_flag=True, help="Page nothing, however long it is.")
@media_options
@click.version_option(__version__, prog_name="jobledger")
@json_option
@click.pass_context
def cli(context: click.Context, allow_network: bool, no_pager: bool) -> None:
    """Durable, auditable job scheduling without a server.

    A ledger is a directory: an append-only log of everything that happened to its jobs, and the
    daily files derived from it.
    """
    session = context.ensure_object(Session)
    session.allow_network, session.pages = allow_network, not no_pager


cli.params[:0] = place_options()


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    session = Session()
    with standard_streams():
        try:
            try:
                code = cli.main(
                    arguments, prog_name="jobledger", standalone_mode=False, obj=session
                )
            finally:
                sys.stdout.flush()
        except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001  # it is told
            return _end(error, session)
        return code if isinstance(code, int) and code else session.exit_code


def _end(error: BaseException, session: Session) -> int:
    """Say in a line what ended the command; returns the exit code."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if "_JOBLEDGER_COMPLETE" in os.environ:
        return 0  # a shell has asked, in the middle of somebody's line
    if os.environ.get("JOBLEDGER_TRACEBACK"):
        from traceback import print_exception

        print_exception(error)
    match error:
        case ReaderGone():
            return session.exit_code
        case KeyboardInterrupt() | click.Abort():
            print_error("stopped")
            return 130
        case click.ClickException():
            context = getattr(error, "ctx", None)
            hint = "" if context is None else f" (see `{context.command_path} --help`)"
            print_error(" ".join(error.format_message().split()) + hint)
        case JobLedgerError():
            from .remedies import worded

            print_error(worded(error) + _done(session))
        case OutputError():
            print_error(f"cannot write to standard output: {error}{_done(session)}")
        case _:
            said = f"{type(error).__name__}: {error}"
            print_error(f"{said} (unexpected; JOBLEDGER_TRACEBACK=1 shows where it comes from)")
    return 1 if isinstance(error, LedgerCorruptError) else 2


def _done(session: Session) -> str:
    """Say what was done before an error; it stays so."""
    return f"; what was done stays done: {session.done}" if session.done else ""


if __name__ == "__main__":
    sys.exit(main())
