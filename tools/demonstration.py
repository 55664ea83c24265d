"""The `demo` command; the story itself is in `demo/`."""

from __future__ import annotations

from importlib.util import find_spec

import click

from ..domain.errors import ValidationError
from .session import Session, pass_session


@click.command()
@pass_session
def demo(session: Session) -> None:
    """See the whole story in a minute, on a ledger of its own: posts, a crash, recovery, the proof.

    \b
    Example:
      jobledger demo
    """
    _require_http_client()
    from .demo.story import run_demo
    from .output import console

    chosen = click.get_current_context().find_root().get_parameter_source("directory")
    given = chosen is not None and chosen.name == "COMMANDLINE"  # not whatever JOBLEDGER_DIR is
    session.exit_code = run_demo(session.directory if given else None, console())


def _require_http_client() -> None:
    """
    Raises:
        ValidationError: it is not installed.
    """
    if find_spec("httpx") is None:
        raise ValidationError("the demo needs an HTTP client", hint="pip install 'jobledger[demo]'")
