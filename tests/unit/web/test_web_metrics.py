"""The dashboard's server, watched: who may read metrics, and what a load balancer is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from support.site import BEARER, asked_of, signed_in

from jobledger import Ledger
from jobledger.ledger import METRICS
from jobledger.ledger import metrics as measuring

FOR_METRICS = {"authorization": "Bearer only-for-metrics-1"}


@pytest.fixture
def ledger(directory: Path) -> Iterator[Ledger]:
    with Ledger(directory) as ledger:
        ledger.add_job("shop", "text", ledger.now(), job_id="one")
        yield ledger


@pytest.fixture
def client(ledger: Ledger) -> TestClient:
    return asked_of(ledger, metrics_token="only-for-metrics-1")


def test_who_has_signed_in_or_a_token_reads_metrics(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer no"}).status_code == 401
    for headers in (BEARER, FOR_METRICS):
        answer = client.get("/metrics", headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        families = {one.name for one in text_string_to_metric_families(answer.text)}
        assert families == {one.name.removesuffix("_total") for one in METRICS}
    signed_in(client)
    assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "words", ["jobs", "", "api v1 jobs", "api v1 counts", "events", "metrics ", "verified"]
)
def test_the_token_for_metrics_opens_nothing_else(client: TestClient, words: str) -> None:
    answer = client.get("/" + words.replace(" ", "/"), headers=FOR_METRICS)
    assert answer.status_code == 401 or answer.headers["location"].startswith("/enter")
    assert client.post("/api/v1/jobs", headers=FOR_METRICS, json={}).status_code == 401
    assert client.post("/metrics", headers=FOR_METRICS).status_code in (403, 405)


def test_without_a_token_for_metrics_none_opens_them(ledger: Ledger) -> None:
    client = asked_of(ledger)
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 401
    assert client.get("/metrics", headers={"authorization": "Bearer None"}).status_code == 401


def test_whoever_asks_is_told_that_it_is_well(client: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert client.get(path, headers={"host": "evil.example"}).status_code == 421


def test_what_is_wrong_is_told_to_those_who_have_signed_in(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring.LedgerMetrics, "_free_bytes", lambda self: 2048)
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "not well\n")
    answer = client.get("/readyz", headers=BEARER)
    assert (answer.status_code, answer.text) == (503, "the disk is full: 2 KiB are free\n")


def test_what_the_server_has_verified_is_among_the_metrics(ledger: Ledger) -> None:
    client = asked_of(ledger)
    site = client.app.state.site  # type: ignore[attr-defined]  # it is ours
    assert site.verifying.start()
    site.verifying.wait(30)
    text = client.get("/metrics", headers=BEARER).text
    assert "\njobledger_verified_seq 1\n" in text
    assert "\njobledger_verify_ok 1\n" in text
