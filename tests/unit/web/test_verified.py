"""The badge that says up to where the log is verified, its proof, and how that is found out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.site import asked_of, signed_in

from jobledger import Ledger, ManualClock, StorageError
from jobledger.integrity.sealing import seal_days
from jobledger.integrity.seals import SigningKey
from jobledger.web.verifying import Verifying

HOUR = timedelta(hours=1)
LONG_S = 60


@pytest.fixture
def ledger(directory: Path, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(directory, clock=clock) as ledger:
        ledger.add_job("shop", "a text", clock.now() + HOUR, job_id="one")
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    client = asked_of(ledger)
    client.headers.update({"origin": "http://127.0.0.1:8420", "accept-language": "en"})
    return client


def _verifying(client: TestClient) -> Verifying:
    verifying: Verifying = client.app.state.site.verifying  # type: ignore[attr-defined]
    return verifying


def _verify(client: TestClient, csrf: str) -> None:
    answer = client.post("/verified", data={"csrf": csrf})
    assert (answer.status_code, answer.headers.get("location")) == (303, "/verified")
    _verifying(client).wait(LONG_S)


def test_the_badge_says_up_to_which_event_and_what_came_since(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    csrf = signed_in(client)
    for path in ("/", "/verified"):
        assert "Not yet verified" in client.get(path).text
    _verify(client, csrf)
    assert "Verified up to event 1, at 12:00" in client.get("/").text
    ledger.hold_job("one")
    assert "one event since" in client.get("/").text
    ledger.release_job("one")
    assert "2 events since" in client.get("/").text
    _verify(client, csrf)
    page = client.get("/").text
    assert "Verified up to event 3" in page
    assert "since" not in page


def test_the_proof_has_what_was_read_and_the_position_to_keep(
    client: TestClient, ledger: Ledger, clock: ManualClock
) -> None:
    _verify(client, signed_in(client))
    page = client.get("/verified").text
    head = ledger.export_head()
    assert head.hash in page
    assert "Newest seal</dt><dd>none" in page
    (seal,) = seal_days(ledger.directory, SigningKey.generate(), at=clock.now(), today=True)
    assert f"of {seal.day}, up to event 1" in client.get("/verified").text


def test_what_is_wrong_is_said_with_its_place_and_what_to_do(
    client: TestClient, ledger: Ledger
) -> None:
    csrf = signed_in(client)
    ledger.hold_job("one")
    (path,) = ledger.directory.glob("events_*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"a text", b"A text"))
    _verify(client, csrf)
    assert "PROBLEM" in client.get("/").text
    page = client.get("/verified").text
    assert str(path) in page
    assert "line 2" in page
    assert "Keep a copy of the directory" in page


def test_a_problem_of_a_derived_file_says_what_to_do(client: TestClient, ledger: Ledger) -> None:
    csrf = signed_in(client)
    ledger.verify()  # which writes it
    (path,) = ledger.directory.glob("jobs_*.json")
    path.write_bytes(path.read_bytes().replace(b"a text", b"A text"))
    _verify(client, csrf)
    told = client.get("/verified").text
    assert path.name in told
    assert "`Ledger.rebuild()` mends it" in told


def test_why_it_could_not_be_verified_is_said(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Ledger, *args: Any, **more: Any) -> None:
        raise StorageError("the disk is gone")

    monkeypatch.setattr(Ledger, "verify", fails)
    _verify(client, signed_in(client))
    assert "It could not be verified: the disk is gone" in client.get("/verified").text
    assert "PROBLEM" in client.get("/").text


class Held:
    """Has `verify` wait in the midst of reading, until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.times, self.ended = 0, threading.Event()
        before = Ledger.verify

        def verify(ledger: Ledger, progress: Any = lambda done, total: None) -> Any:
            self.times += 1
            progress(43, 100)
            self.begun.set()
            try:
                assert self.may_go_on.wait(LONG_S)
                progress(50, 100)
                return before(ledger, progress)
            finally:
                self.ended.set()

        monkeypatch.setattr(Ledger, "verify", verify)


def test_it_is_verified_once_at_a_time_and_pages_say_how_far_it_is(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, form = Held(monkeypatch), {"csrf": signed_in(client)}
    client.post("/verified", data=form)
    assert held.begun.wait(LONG_S)
    client.post("/verified", data=form)
    assert "Being verified: 43 %" in client.get("/").text
    page = client.get("/verified").text
    assert 'data-again="' in page
    assert '<progress max="100" value="43" ' in page
    held.may_go_on.set()
    _verifying(client).wait(LONG_S)
    assert held.times == 1
    assert 'data-again="' not in client.get("/verified").text


def test_a_server_that_ends_does_not_wait_for_it_and_it_reads_no_further(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    with client:  # as a server begins and ends
        assert held.begun.wait(LONG_S)
        thread = _verifying(client)._thread
        assert thread is not None
        assert thread.daemon
    held.may_go_on.set()
    assert held.ended.wait(LONG_S)
    thread.join(LONG_S)
    assert _verifying(client).last is None
    assert not _verifying(client).start()


def test_a_server_begins_with_verifying_a_log_that_is_not_too_long(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most, is_verified in ((1, True), (0, False)):
        monkeypatch.setattr("jobledger.web.verifying.MOST_AT_START", most)
        client = asked_of(ledger)
        with client:
            _verifying(client).wait(LONG_S)
        assert (_verifying(client).last is not None) is is_verified


def test_only_an_operator_has_it_verified(ledger: Ledger) -> None:
    client = asked_of(ledger, read_only=True)
    client.headers.update({"origin": "http://127.0.0.1:8420", "accept-language": "en"})
    csrf = signed_in(client)
    assert client.post("/verified", data={"csrf": csrf}).status_code == 403
    assert "Verify it now" not in client.get("/verified").text
    assert not _verifying(client).is_running
