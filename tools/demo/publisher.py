"""The demo's publisher: the shipped webhook, which can ask the platform what is out.

The platform's address comes from JOBLEDGER_DEMO_URL.
"""

from __future__ import annotations

import os

import httpx

from ...domain import ValidationError
from ...publishers import WebhookPublisher

URL_VARIABLE = "JOBLEDGER_DEMO_URL"


def make_publisher(url: str | None) -> WebhookPublisher:
    """Make the publisher of the demo.

    Raises:
        ValidationError: there is no address.
    """
    if not url:
        raise ValidationError(f"{URL_VARIABLE} is not set", field=URL_VARIABLE)
    return WebhookPublisher(
        f"{url}/webhook",
        status_url=f"{url}/webhook/{{key}}",
        # Only the demo's own server is meant, whatever proxy the machine uses.
        transport=lambda: httpx.AsyncHTTPTransport(trust_env=False),
    )


def __getattr__(name: str) -> WebhookPublisher:
    """Make `publisher` when `jobledger run` asks for it: by then the address is known."""
    if name != "publisher":
        raise AttributeError(name)
    return make_publisher(os.environ.get(URL_VARIABLE))
