"""A dashboard without a socket: what it answers, asked as a browser or as a program would."""

from __future__ import annotations

import re
from html import unescape
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


def form_of(page: str, action: str, kind: str = "") -> dict[str, str]:
    """Return what a browser would send of the form with this action, as it stands in a page."""
    begin = rf'<form[^>]*{kind}[^>]* method="post" action="{re.escape(action)}"'
    found = re.search(f"{begin}.*?</form>", page, re.S)
    assert found is not None, page
    form = found[0]
    sent = {}
    for field in re.findall(r"<input[^>]*>", form):
        kept = re.search(r'name="([^"]+)"', field)
        is_choice = 'type="radio"' in field or 'type="checkbox"' in field
        if kept and (not is_choice or " checked" in field):
            value = re.search(r'value="([^"]*)"', field)
            sent[kept[1]] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea name="([^"]+)"[^>]*>\n(.*?)</textarea>', form, re.S):
        sent[name] = unescape(text).replace("\n", "\r\n")
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        assert chosen is not None
        sent[name] = chosen[1]
    return sent
