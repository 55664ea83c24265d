"""Serving the pages of a ledger from a command: in this process, until a signal ends it."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ..domain import JobLedgerError, ValidationError
from ..ledger import Ledger
from ..release import how_to_install
from .who import who

PORT = 8420
_NEEDED = ("jinja2", "starlette", "uvicorn")
_LEAST_TOKEN = 16


def has_pages() -> bool:
    """Say whether there is what the pages need."""
    return all(find_spec(name) is not None for name in _NEEDED)


def require_pages() -> None:
    """Check that there is what the pages need.

    Raises:
        JobLedgerError: it is not installed.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise JobLedgerError(
            f"the pages need what is not installed: {', '.join(missing)}",
            hint=how_to_install("web"),
        )


def serve_pages(
    ledger: Ledger,
    *,
    read_only: bool = False,
    users: Path | None = None,
    opened: Callable[[str], object] = lambda address: None,
    **settings: Any,
) -> None:
    """Print where the pages are, and answer until SIGTERM or Ctrl-C. In the main thread.

    `opened` is called with the address that works once, where there is one.

    Raises:
        ValidationError: it would not be safe so, or the users file or the token is wrong.
        StorageError: the port is in use.
    """
    from ..web import WebSettings, create_app, listen
    from ..web import serve as answer

    given, for_metrics = _token("JOBLEDGER_TOKEN"), _token("JOBLEDGER_METRICS_TOKEN")
    made = None if given or users is not None else secrets.token_urlsafe(24)
    chosen = WebSettings(
        users=users,
        token=given or made,
        metrics_token=for_metrics,
        operator=who().replace("cli:", "web:"),
        **settings,
    )
    chosen.check()
    listening = listen(chosen)
    chosen = chosen.on_port(listening.getsockname()[1])
    app = create_app(ledger, chosen, read_only=read_only)
    once = None if users else app.state.site.sessions.make_once()

    def ready() -> None:
        _say(chosen.origin, once, made)
        if once is not None:
            opened(f"{chosen.origin}/enter#{once}")

    answer(app, listening, ready)


def _token(name: str) -> str | None:
    """Return the token that the environment gives.

    Raises:
        ValidationError: it is so short that it could be guessed.
    """
    given = os.environ.get(name)
    if given is not None and len(given) < _LEAST_TOKEN:
        raise ValidationError(f"{name} is shorter than {_LEAST_TOKEN} characters", field=name)
    return given


def _say(origin: str, once: str | None, token: str | None) -> None:
    """Print where to go, at once: whoever started it in a pipe waits for that."""
    click.echo(f"open {origin}/enter" + ("" if once is None else f"#{once} (works once)"))
    if token is not None:
        click.echo(f"token, for programs and for other browsers: {token}")
    sys.stdout.flush()
