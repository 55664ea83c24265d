"""Who may what with schedules and slots: the operator all of it, whoever else is shown them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.site import BEARER, ORIGIN, asked_of, signed_in

from jobledger import Ledger, ManualClock
from jobledger.web import change_user
from jobledger.web.roles import ROLES, SCHEDULE_ACTIONS

PASSWORD = "correct horse battery"
V1 = "/api/v1"
SLOTS = f"{V1}/slots?account_id=shop"
NEW = {"schedule_id": "new", "account_id": "shop", "content": "x", "rule": "0 9 * * *"}
BY_PROGRAMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "add": ("POST", f"{V1}/schedules", NEW),
    "edit": ("POST", f"{V1}/schedules/daily/edit", {"max_retries": 1}),
    "skip": ("POST", f"{V1}/schedules/daily/skip", {}),
    "run-now": ("POST", f"{V1}/schedules/daily/run-now", {}),
    "pause": ("POST", f"{V1}/schedules/daily/pause", {}),
    "resume": ("POST", f"{V1}/schedules/daily/resume", {}),
    "end": ("POST", f"{V1}/schedules/daily/end", {}),
    "slots": ("PUT", SLOTS, {"week": {"mon": ["9:00"]}}),
}
"""Every change, in an order in which each can be done."""


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_schedule("daily", "0 9 * * *", account_id="shop", content="Post {n}")
        yield ledger


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    for role in ROLES:
        change_user(path, f"{role}1", (role, PASSWORD))
    return path


def test_no_action_is_left_out() -> None:
    assert SCHEDULE_ACTIONS.keys() < BY_PROGRAMS.keys()


@pytest.mark.parametrize("role", ROLES)
def test_schedules_and_slots_are_changed_by_an_operator_alone(
    ledger: Ledger, users: Path, role: str
) -> None:
    client = asked_of(ledger, users=users)
    csrf = signed_in(client, name=f"{role}1", password=PASSWORD)
    headers = {"origin": ORIGIN, "x-csrf-token": csrf}
    for name, (method, path, body) in BY_PROGRAMS.items():
        seq = ledger.seq
        answer = client.request(method, path, json=body, headers=headers)
        may = role == "operator"
        assert (answer.status_code < 300) is may, (name, answer.text)
        assert may or answer.status_code == 403
        assert (ledger.seq > seq) is may
        if may:
            assert next(iter(ledger.events(seq))).by == "web:operator1"
    for path in (f"{V1}/schedules", f"{V1}/schedules/daily", SLOTS):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("name", BY_PROGRAMS)
def test_a_change_needs_a_token_and_a_page_of_ours(ledger: Ledger, name: str) -> None:
    method, path, body = BY_PROGRAMS[name]
    client, seq = asked_of(ledger), ledger.seq
    foreign = {"origin": "http://evil.example"}
    assert client.request(method, path, json=body).status_code == 401
    assert client.request(method, path, json=body, headers=BEARER | foreign).status_code == 403
    signed_in(client)
    assert client.request(method, path, json=body, headers={"origin": ORIGIN}).status_code == 403
    assert ledger.seq == seq


def test_a_ledger_that_is_only_shown_has_its_schedules_shown(
    directory: Path, ledger: Ledger, clock: ManualClock
) -> None:
    with Ledger(directory, clock=clock, read_only=True) as shown:
        client: TestClient = asked_of(shown, read_only=True)
        for method, path, body in BY_PROGRAMS.values():
            assert client.request(method, path, json=body, headers=BEARER).status_code == 403
        assert client.get(f"{V1}/schedules/daily", headers=BEARER).status_code == 200
        asked = {"rule": "@daily", "count": 1}
        found = client.post(f"{V1}/schedules/preview", json=asked, headers=BEARER).json()
        assert found["words"] == "at 00:00, every day"
