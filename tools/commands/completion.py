"""The `completion` command: what a shell needs to complete commands, options and jobs' ids."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ..grammar import command

_SHELLS = ("bash", "zsh", "fish")


@command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands, options and the ids of jobs.

    Put the line of your shell where it starts: ~/.bashrc, ~/.zshrc, or fish's config.fish. Ids are
    completed from the ledger that the line or the environment names.

    \b
    Example:
      eval "$(jobledger completion bash)"
      eval "$(jobledger completion zsh)"
      jobledger completion fish | source
    """
    root = context.find_root()
    maker = get_completion_class(shell)
    assert maker is not None
    click.echo(maker(root.command, {}, "jobledger", "_JOBLEDGER_COMPLETE").source())
