"""The `serve` command: the dashboard and the HTTP API of a ledger."""

from __future__ import annotations

from pathlib import Path

import click

from ...domain import ValidationError
from ...ledger import Ledger
from ..grammar import command
from ..serving import PORT, require_pages, serve_pages
from ..session import Session, pass_session
from ..who import who


@command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    envvar="JOBLEDGER_PORT",
    show_envvar=True,
    help="0 takes one that is free.",
)
@click.option("--read-only", is_flag=True, help="Show the ledger; nothing can be changed.")
@click.option(
    "--users",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Who may sign in, and as what; `user` writes it.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A further name under which it may be asked for.",
)
@click.option("--behind-tls", is_flag=True, help="A proxy in front of it speaks TLS.")
@pass_session
def serve(
    session: Session,
    host: str,
    port: int,
    read_only: bool,
    users: Path | None,
    allowed_hosts: tuple[str, ...],
    behind_tls: bool,
) -> None:
    """Serve the dashboard and the HTTP API of the ledger, until SIGTERM or Ctrl-C.

    It prints an address that works once, for you to open. Programs, and you in another browser, use
    the token: JOBLEDGER_TOKEN, or one that is made and printed. With --users people sign in by name
    and password. An address that other machines can reach needs --users and --behind-tls. On
    /metrics are metrics for Prometheus; the token in JOBLEDGER_METRICS_TOKEN opens them alone.

    \b
    Example:
      jobledger serve
      jobledger serve --read-only --port 0
      jobledger serve --users people.txt --host 0.0.0.0 --behind-tls --allowed-host example.org
    """
    from ..publishing import token_expiries

    session.must_exist()
    require_pages()
    file = session.config.file
    with Ledger(
        session.location,
        read_only=read_only,
        allow_network=session.allow_network,
        by=who(),
        **session.media.settings(session),
    ) as ledger:
        if ledger.shards > 1:
            raise ValidationError(
                "the dashboard goes by the numbers of events, and each shard has its own",
                field="ledger",
                hint="serve one of them with --read-only, by shard=1 (or 2 …) in place of shards=",
            )
        if ledger.damage is not None:
            session.report_damage(ledger.damage)
        serve_pages(
            ledger,
            read_only=read_only,
            users=users,
            host=host,
            port=port,
            allowed_hosts=allowed_hosts,
            behind_tls=behind_tls,
            token_expiries=lambda: token_expiries(file),
        )
