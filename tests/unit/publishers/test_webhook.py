"""WebhookPublisher: what it sends, what it makes of every answer, what it does when in doubt."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import timedelta
from typing import Any
from unittest import mock

import httpx
import pytest
from support.bench import Bench
from support.crashes import ACCOUNT, ALWAYS, TOKEN

from jobledger import Attempt, JobStarted, JobStatus, StorageError
from jobledger.publishers import WebhookPublisher


def answering(*answers: httpx.Response) -> Any:
    """Make a transport that gives these answers in turn, the last for ever."""
    left = list(answers)

    async def answer(request: httpx.Request) -> httpx.Response:
        given = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)

    return lambda: httpx.MockTransport(answer)


def test_the_endpoint_is_told_of_the_job(bench: Bench) -> None:
    """As JSON; the key is the job's for life, the id is that of the answer."""
    job = bench.post(bench.webhook(), "xin chào", metadata={"k": [1]})
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    [body] = bench.sent("webhook")
    assert body == {
        "job_id": job.job_id,
        "account_id": ACCOUNT,
        "content": "xin chào",
        "platform": "threads",
        "scheduled_time": "2026-03-02T12:00:00+00:00",
        "metadata": {"k": [1]},
        "attempt": 1,
    }
    [seen] = bench.platform.seen
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["idempotency-key"] == bench.scheduler.idempotency_key(job.job_id)
    assert "x-jobledger-signature" not in seen.headers


def test_a_secret_signs_time_and_body(bench: Bench) -> None:
    """So the endpoint knows who tells it, and when; the secret itself stays here."""
    bench.post(bench.webhook(secret="s3cret", headers={"X-Team": "blue"}))
    [seen] = bench.platform.seen
    found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", seen.headers["x-jobledger-signature"])
    assert found is not None
    assert int(found[1]) == int(bench.clock.now().timestamp())
    signed = f"{found[1]}.".encode() + seen.body
    assert found[2] == hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert seen.headers["x-team"] == "blue"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 413, 422])
def test_a_refusal_that_stays_one_is_final(bench: Bench, status: int) -> None:
    """With the endpoint's own words."""
    answer = httpx.Response(status, json={"error": "not like that"})
    job = bench.post(bench.webhook(transport=answering(answer)))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert job.error == f"HTTP {status}: not like that"


@pytest.mark.parametrize("status", [408, 425, 429])
def test_a_refusal_for_now_is_retried(bench: Bench, status: int) -> None:
    """It did nothing; and says when to come again."""
    answer = httpx.Response(status, headers={"Retry-After": "30"})
    job = bench.post(bench.webhook(transport=answering(answer, httpx.Response(204))))
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, False)
    assert job.error == f"HTTP {status}; again in 30 s"


def test_what_is_done_already_is_done(bench: Bench) -> None:
    """409 that says so is success, with the id; any other 409 says nothing clear."""
    done = httpx.Response(409, json={"already_done": True, "id": 17})
    job = bench.post(bench.webhook(transport=answering(done)))
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "17")
    conflict = httpx.Response(409, json={"error": "being worked on"})
    asked = bench.webhook(transport=answering(conflict), status_url=bench.platform.status_url)
    assert bench.post(asked, "other").in_doubt


def no_transport() -> httpx.AsyncBaseTransport:
    raise OSError("no proxy today")


@pytest.mark.parametrize("kind", ["webhook", "threads"])
def test_without_a_client_nothing_was_sent(bench: Bench, kind: str) -> None:
    """Certificates that cannot be read, a proxy's transport that cannot be made: told so."""
    make = bench.webhook if kind == "webhook" else bench.threads
    job = bench.post(make(transport=no_transport))
    assert (job.status, job.may_be_out) == (JobStatus.SCHEDULED, False)
    assert job.error == "no client (OSError: no proxy today)"
    assert bench.events(job, "retried")


def test_a_connection_that_cannot_be_closed_takes_nothing_back(bench: Bench) -> None:
    """What has been answered is answered."""

    class Sticky(httpx.MockTransport):
        async def aclose(self) -> None:
            raise OSError("cannot be closed")

    answer = httpx.Response(200, json={"id": "17"})
    job = bench.post(bench.webhook(transport=lambda: Sticky(lambda request: answer)))
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "17")


def test_a_step_that_cannot_be_recorded_leaves_the_outcome_open(bench: Bench) -> None:
    """An endpoint that acts once on a key did not answer; the next attempt would not know."""
    publisher = bench.webhook(idempotent=True)
    bench.platform.fail("webhook", "silent_after")
    with mock.patch.object(Attempt, "checkpoint", side_effect=StorageError("no room")):
        job = bench.post(publisher)
    assert bench.events(job, "interrupted")
    assert (job.status, job.may_be_out) == (JobStatus.SCHEDULED, True)


def test_a_redirect_is_not_followed(bench: Bench) -> None:
    """A POST elsewhere is another request; the message says what to do."""
    moved = httpx.Response(308, headers={"Location": "https://example.org"})
    job = bench.post(bench.webhook(transport=answering(moved)))
    assert job.status is JobStatus.FAILED
    assert "give the address that answers" in str(job.error)


def test_an_answer_without_an_id_is_success_all_the_same(bench: Bench) -> None:
    """Nothing at all, no JSON, or an id that is none."""
    for number, content in enumerate([b"", b"OK", b'{"id": [1]}', b"[]"]):
        answer = httpx.Response(200, content=content)
        job = bench.post(bench.webhook(transport=answering(answer)), f"text {number}")
        assert (job.status, job.thread_id) == (JobStatus.COMPLETED, None)


UNCLEAR = ["500_before", "500_after", "silent_before", "silent_after", "drop_after", "half"]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_where_it_can_be_asked_it_is(bench: Bench, fault: Any) -> None:
    """In doubt, for as long as it takes to settle; then out once, whatever had become of it."""
    publisher = bench.webhook(status_url=bench.platform.status_url)
    bench.platform.fail("webhook", fault)
    job = bench.post(publisher)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert job.scheduled_time == bench.clock.now() + timedelta(seconds=60)
    job = bench.once(publisher, job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    was_out = fault not in ("500_before", "silent_before")
    assert bench.exchanges() == ["webhook", "webhook_status", *([] if was_out else ["webhook"])]


@pytest.mark.parametrize("status", [301, 401, 418, 429, 503])
def test_a_status_that_says_nothing_is_asked_for_again(bench: Bench, status: int) -> None:
    """Three times at once, then with backoff; nothing is posted on a guess."""
    publisher = bench.webhook(
        status_url=bench.platform.status_url,
        transport=answering(
            httpx.Response(500), *[httpx.Response(status)] * 3, httpx.Response(404)
        ),
    )
    job = bench.once(publisher, bench.post(publisher).job_id)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert f"asked for its status, it says HTTP {status}" in str(job.error)
    assert bench.paused_s == [1, 2]


@pytest.mark.parametrize("fault", UNCLEAR)
def test_an_endpoint_that_acts_once_on_a_key_is_told_again(bench: Bench, fault: Any) -> None:
    """A failure like any other: retried, and done already or done now."""
    publisher = bench.webhook(idempotent=True)
    bench.platform.fail("webhook", fault)
    job = bench.post(publisher)
    assert (job.status, job.in_doubt, job.may_be_out) == (JobStatus.SCHEDULED, False, False)
    job = bench.once(publisher, job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")


@pytest.mark.parametrize("last", ["500_before", "rate_limited", "token_expired"])
def test_an_idempotent_endpoint_that_never_answers_leaves_the_outcome_unknown(
    bench: Bench, last: Any
) -> None:
    """However the last attempt ends: one before it may have been acted on."""
    publisher = bench.webhook(idempotent=True)
    bench.platform.fail("webhook", "silent_after")
    job = bench.post(publisher, max_retries=1)
    bench.platform.fail("webhook", last, times=ALWAYS)
    job = bench.once(publisher, job.job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert len(bench.platform.posts()) == 1


def test_without_either_the_scheduler_decides(bench: Bench) -> None:
    """By its default it posts again: at least once, and here twice."""
    publisher = bench.webhook(headers={"Idempotency-Key": "is replaced"})
    bench.platform._dedupe = False
    bench.platform.fail("webhook", "silent_after")
    job = bench.once(publisher, bench.post(publisher).job_id)
    assert job.status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "text"): 2}


def test_only_what_can_be_asked_says_so(bench: Bench) -> None:
    """The scheduler looks for `reconcile`; its events say what it found."""
    for publisher, asked in (
        (bench.webhook(), False),
        (bench.webhook(idempotent=True), False),
        (bench.webhook(status_url=bench.platform.status_url), True),
    ):
        [started] = bench.events(bench.post(publisher), "started")
        assert isinstance(started.data, JobStarted)
        assert started.data.reconcilable is asked


def test_what_the_endpoint_repeats_of_its_headers_is_taken_out(bench: Bench) -> None:
    """And of the address's query: neither is told."""
    told = f"no such token: {TOKEN}, nor key query-key-1234567"
    publisher = bench.webhook(
        url=f"{bench.platform.webhook_url}?key=query-key-1234567",
        headers={"Authorization": f"Bearer {TOKEN}"},
        transport=answering(httpx.Response(401, json={"error": told})),
    )
    assert bench.post(publisher).error == "HTTP 401: no such token: ***, nor key ***"
    assert TOKEN not in repr(publisher)
    assert "query-key" not in repr(publisher)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"url": "example.org/hook"}, "url"),
        ({"url": "ftp://example.org"}, "url"),
        ({"url": "http://["}, "url"),
        ({"url": "https://example.org", "status_url": "https://example.org/x"}, "status_url"),
        ({"url": "https://example.org", "secret": ""}, "secret"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], field: str) -> None:
    """By their name."""
    with pytest.raises(ValueError, match=field):
        WebhookPublisher(**settings)
