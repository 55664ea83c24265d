"""A dashboard without a socket: what it answers, asked as a browser or as a program would."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from jobledger import Ledger
from jobledger.web import WebSettings, create_app

TOKEN = "a-token-of-more-than-16"
ORIGIN = "http://127.0.0.1:8420"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def asked_of(ledger: Ledger, *, read_only: bool = False, **settings: Any) -> TestClient:
    """Return what asks the pages of a ledger, under their right name."""
    app = create_app(ledger, WebSettings(token=TOKEN, **settings), read_only=read_only)
    return TestClient(app, base_url=ORIGIN, follow_redirects=False)


def signed_in(client: TestClient, **form: str) -> str:
    """Enter as a browser does, by the token if nothing else is given; return the CSRF token."""
    answer = client.post("/enter", data=form or {"token": TOKEN}, headers={"origin": ORIGIN})
    assert answer.status_code == 303, answer.text
    return csrf_of(client.get("/").text)


def csrf_of(page: str) -> str:
    """Return the CSRF token in a page."""
    found = re.search(r'name="csrf" content="([^"]+)"', page)
    assert found is not None
    return found[1]
