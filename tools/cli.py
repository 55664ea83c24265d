"""jobledger: the command line.

Exit codes: 0 done; 1 a check found something (corruption, a difference); 2 wrong use or not found.
Errors are one line on standard error.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from ..domain.errors import JobLedgerError, LedgerCorruptError
from . import checks, jobs, looking_back, runner
from .output import print_error
from .session import Session, json_option


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path),
    envvar="JOBLEDGER_DIR",
    default=Path("jobs"),
    show_default=True,
    help="The ledger's directory (or JOBLEDGER_DIR).",
)
@click.version_option(package_name="jobledger")
@json_option
@click.pass_context
def cli(context: click.Context, directory: Path) -> None:
    """Durable, auditable job scheduling without a server.

    A ledger is a directory: an append-only log of everything that happened to its jobs, and the
    daily files derived from it.
    """
    session = context.ensure_object(Session)
    session.directory = directory


@click.command()
@click.pass_obj
def demo(session: Session) -> None:
    """See the whole story in a minute, on a ledger of its own: posts, a crash, recovery, the proof.

    \b
    Example:
      jobledger demo
    """
    from .demo.story import run_demo
    from .output import console

    chosen = click.get_current_context().find_root().get_parameter_source("directory")
    given = chosen is not None and chosen.name == "COMMANDLINE"  # not whatever JOBLEDGER_DIR is
    session.exit_code = run_demo(session.directory if given else None, console())


for _command in (
    *jobs.COMMANDS, runner.run, checks.verify_, checks.rebuild, looking_back.history, demo,
):  # fmt: skip
    cli.add_command(_command)


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
