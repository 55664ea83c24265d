"""The `demo` command; the story itself is in `demo/`."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from importlib.util import find_spec

import click

from ...domain import ValidationError
from ...ledger import Ledger
from ...release import how_to_install
from ..grammar import command
from ..serving import PORT, require_pages, serve_pages
from ..session import Session, pass_session
from ..who import who


@command()
@click.option("--serve", is_flag=True, help="Then serve its pages, and open them in a browser.")
@pass_session
def demo(session: Session, serve: bool) -> None:
    """See the whole story in a minute, on a ledger of its own: posts, a crash, recovery, the proof.

    \b
    Example:
      jobledger demo
      jobledger demo --serve
    """
    _require_http_client()
    if serve:
        require_pages()
    from ..demo.story import make_directory, run_demo
    from ..output import console

    typed = any(given.typed for given in session.given)  # not whatever JOBLEDGER is
    directory = make_directory(session.directory if typed else None)
    session.exit_code = run_demo(directory, console())
    if serve:
        click.echo("\nIts pages, until Ctrl-C:")
        with Ledger(directory, by=who()) as ledger:
            serve_pages(ledger, port=_free(PORT), opened=_open_in_browser)


def _free(port: int) -> int:
    """Return the port if nobody has it, else 0, which takes one that is free."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _open_in_browser(address: str) -> None:
    """Open a browser where there is a screen; one in the terminal would be in the way."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        import webbrowser

        with suppress(webbrowser.Error, OSError):
            webbrowser.open(address)


def _require_http_client() -> None:
    """Check that there is a client of HTTP.

    Raises:
        ValidationError: it is not installed.
    """
    if find_spec("httpx") is None:
        raise ValidationError("the demo needs an HTTP client", hint=how_to_install("demo"))
