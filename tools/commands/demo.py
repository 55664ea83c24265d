"""The `demo` command; the story itself is in `demo/`."""

from __future__ import annotations

from importlib.util import find_spec

from ...domain import ValidationError
from ...release import how_to_install
from ..grammar import command
from ..session import Session, pass_session


@command()
@pass_session
def demo(session: Session) -> None:
    """See the whole story in a minute, on a ledger of its own: posts, a crash, recovery, the proof.

    \b
    Example:
      jobledger demo
    """
    _require_http_client()
    from ..demo.story import run_demo
    from ..output import console

    typed = any(given.typed for given in session.given)  # not whatever JOBLEDGER is
    session.exit_code = run_demo(session.directory if typed else None, console())


def _require_http_client() -> None:
    """Check that there is a client of HTTP.

    Raises:
        ValidationError: it is not installed.
    """
    if find_spec("httpx") is None:
        raise ValidationError("the demo needs an HTTP client", hint=how_to_install("demo"))
