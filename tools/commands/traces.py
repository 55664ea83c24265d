"""The `traces` command: past attempts as spans for a collector of OpenTelemetry."""

from __future__ import annotations

from datetime import UTC
from itertools import islice

import click
import msgspec

from ...interchange import parse_time
from ...ledger import chains_of, load_zone
from ..grammar import command
from ..past_spans import document, past_spans
from ..session import Session, pass_session

_AT_ONCE = 500
"""So many spans are one document."""


@command(short_help="Print past attempts as spans of OpenTelemetry.")
@click.option(
    "--since", metavar="TIME", required=True, help="Attempts that ended from this time on."
)
@pass_session
def traces(session: Session, since: str) -> None:
    """Print past attempts as spans of OpenTelemetry: OTLP in JSON, a document a line.

    A collector takes each line as the body of a POST to /v1/traces. They are folded from the log:
    one for each attempt, linked to the trace in which its job was added where the log has that. It
    is `reconcile` where the attempt only asked about an earlier one, else `publish`. Their ids are
    made from the job's, so that what is sent twice is the same. Without texts.

    \b
    Example:
      jobledger traces --since yesterday
    """
    with session.reading() as ledger:
        zone = load_zone(ledger.timezone)
        begin = parse_time(since).bound(ledger.now(), zone).astimezone(UTC)
        for chain in chains_of(ledger):
            spans = past_spans(chain.ledger_id, chain.events(), begin)
            while some := list(islice(spans, _AT_ONCE)):
                made = document(chain.ledger_id, some)
                click.echo(msgspec.json.encode(made).decode())
