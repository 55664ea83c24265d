"""What endpoints of the world answer, over real HTTP, and what becomes of the job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from support.bench import Bench
from support.crashes import TOKEN
from support.endpoint import Endpoint

from jobledger import JobNoted, JobStatus, PostResult
from jobledger.publishers import Response, ThreadsPublisher, WebhookPublisher

DONE: list[tuple[str, int, bytes, str | None]] = [
    ("n8n", 200, b'{"message":"Workflow was started"}', None),
    ("make", 200, b"Accepted", None),
    ("zapier", 200, b'{"attempt":"1","id":"0199","request_id":"1","status":"success"}', "0199"),
    ("discord", 204, b"", None),
    ("discord, waited for", 200, b'{"id":"11","type":0,"content":"x"}', "11"),
    ("slack", 200, b"ok", None),
    ("slack api", 200, b'{"ok":true,"ts":"1.2","error":null,"warning":"w"}', None),
    ("telegram", 200, b'{"ok":true,"result":{"message_id":7}}', None),
    ("graphql", 200, b'{"data":{"createPost":{"id":"5"}}}', None),
    ("no errors", 200, b'{"success":true,"errors":[],"error":"","id":5}', "5"),
    ("dingtalk", 200, b'{"errcode":0,"errmsg":"ok"}', None),
    ("feishu", 200, b'{"code":0,"msg":"success","data":{}}', None),
    ("no failures", 200, b'{"sent":1,"failed":0,"hasErrors":false}', None),
    ("own code", 200, b'{"code":200,"message":"done"}', None),
    ("created", 201, b'{"id":"a","status":"queued"}', "a"),
    ("half of a list", 200, b'[{"id":1}]', None),
    ("html", 200, b"<p>Thank you</p>", None),
    ("nothing", 200, b"null", None),
]
REFUSED: list[tuple[str, bytes, str]] = [
    ("slack", b'{"ok":false,"error":"channel_not_found"}', "channel_not_found"),
    ("a plain no", b'{"success":false,"message":"no such list"}', "no such list"),
    ("a no in words", b'{"Success":"false"}', "false"),
    ("a no as number", b'{"ok":0}', "0"),
    ("graphql", b'{"errors":[{"message":"not allowed"}]}', "not allowed"),
    ("graphql with null", b'{"errors":[{"message":"not allowed"}],"data":null}', "not allowed"),
    ("graphql, nothing in it", b'{"errors":[{"message":"no"}],"data":{"post":null}}', "no"),
    ("a state", b'{"status":"error","message":"quota"}', "quota"),
    ("a status in it", b'{"statusCode":403,"message":"forbidden"}', "forbidden"),
    ("an error in it", b'{"error":{"code":7,"message":"bad token"}}', "bad token"),
    ("dingtalk", b'{"errcode":310000,"errmsg":"keywords not in content"}', "keywords"),
    ("a result", b'{"result":"fail"}', "fail"),
    ("not published", b'{"published":false}', "published"),
    ("a list of it", b'[{"success":false,"error":"x"}]', "x"),
    ("telegram", b'{"ok":false,"error_code":400,"description":"chat not found"}', "chat not"),
    ("a number of failures", b'{"sent":0,"failed":1}', "failed"),
    ("another flag", b'{"isError":true,"msg":"no room"}', "no room"),
    ("false", b"false", "false"),
]
UNCLEAR: list[tuple[str, int, bytes]] = [
    ("graphql in part", 200, b'{"errors":[{"message":"m"}],"data":{"post":{"id":"5"}}}'),
    ("yes and no", 200, b'{"ok":true,"error":"could not notify"}'),
    ("half done", 200, b'{"ok":false,"error":"internal_error"}'),
    ("timed out inside", 200, b'{"success":false,"message":"upstream timed out"}'),
    ("some of a list", 200, b'[{"success":true},{"success":false}]'),
    ("an error as text", 200, b"Error: script function not found: doPost"),
    ("php", 200, b"<br />\n<b>Fatal error</b>: Uncaught"),
    ("a page to log in", 200, b"<!DOCTYPE html><html><title>Sign in</title><form></form></html>"),
    ("sent elsewhere after acting", 302, b""),
    ("see other", 303, b""),
    ("a duplicate", 409, b'{"error":"duplicate"}'),
    ("it exists", 409, b'{"message":"already exists"}'),
]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint().serving() as endpoint:
        yield endpoint


def told(bench: Bench, endpoint: Endpoint, **settings: Any) -> Any:
    """Make one attempt at a job, by real HTTP."""
    return bench.post(bench.webhook(url=endpoint.url, transport=None, **settings))


@pytest.mark.parametrize(
    ("status", "body", "post_id"), [case[1:] for case in DONE], ids=[case[0] for case in DONE]
)
def test_what_says_nothing_against_it_is_done(
    bench: Bench, endpoint: Endpoint, status: int, body: bytes, post_id: str | None
) -> None:
    """With the id, where there is one."""
    endpoint.status, endpoint.body = status, body
    job = told(bench, endpoint)
    assert (job.status, job.thread_id, job.error) == (JobStatus.COMPLETED, post_id, None)


@pytest.mark.parametrize(
    ("body", "says"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_says_no_is_no_success(
    bench: Bench, endpoint: Endpoint, body: bytes, says: str
) -> None:
    """By the endpoint's own word it is not done: FAILED, in its words, and not told again."""
    endpoint.body = body
    job = told(bench, endpoint)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert str(job.error).startswith("HTTP 200: ")
    assert says in str(job.error)
    assert len(endpoint.arrived) == 1


@pytest.mark.parametrize(
    ("status", "body"), [case[1:] for case in UNCLEAR], ids=[case[0] for case in UNCLEAR]
)
def test_what_says_neither_is_left_to_a_person(
    bench: Bench, endpoint: Endpoint, status: int, body: bytes
) -> None:
    """Even where what is unclear is sent again: it has answered, so it has done what it did."""
    endpoint.status, endpoint.body = status, body
    job = told(bench, endpoint)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert f"HTTP {status}" in str(job.error)
    assert len(endpoint.arrived) == 1


@pytest.mark.parametrize("says", ["ratelimited", "rate_limited", "Too many requests", "try again"])
def test_a_refusal_for_the_moment_is_tried_again(
    bench: Bench, endpoint: Endpoint, says: str
) -> None:
    """It is not done by the endpoint's own word, so a second time does no harm."""
    endpoint.body = json.dumps({"ok": False, "error": says}).encode()
    job = told(bench, endpoint)
    assert (job.status, job.may_be_out) == (JobStatus.SCHEDULED, False)


def test_what_says_neither_is_asked_about_where_that_can_be(
    bench: Bench, endpoint: Endpoint
) -> None:
    """And told again where a key protects."""
    endpoint.body = b'{"ok":true,"error":"could not notify"}'
    asked = bench.webhook(url=endpoint.url, transport=None, status_url=f"{endpoint.url}/{{key}}")
    job = bench.post(asked)
    assert job.in_doubt
    endpoint.body = b'{"id":"17"}'
    job = bench.once(asked, job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "17")
    endpoint.body = b'{"ok":true,"error":"could not notify"}'
    job = told(bench, endpoint, idempotent=True)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"ok":false,"error":"unknown key"}',
        b'{"status":"queued"}',
        b'{"found":false}',
        b"[]",
        b"x",
    ],
)
def test_a_200_to_the_question_is_read_too(bench: Bench, endpoint: Endpoint, body: bytes) -> None:
    """What does not say that it is out is asked for again; nothing is posted on a guess."""
    asked = bench.webhook(url=endpoint.url, transport=None, status_url=f"{endpoint.url}/{{key}}")
    endpoint.status = 500
    job = bench.post(asked)
    endpoint.status, endpoint.body = 200, body
    job = bench.once(asked, job.job_id)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert [each.method for each in endpoint.arrived] == ["POST", "GET", "GET", "GET"]


def test_what_is_accepted_for_later_is_not_told_again(bench: Bench, endpoint: Endpoint) -> None:
    """It is completed, and its history says that it was put off."""
    endpoint.status, endpoint.body = 202, b'{"status":"queued"}'
    job = told(bench, endpoint)
    assert job.status is JobStatus.COMPLETED
    [noted] = bench.events(job, "noted")
    assert isinstance(noted.data, JobNoted)
    assert noted.data.message == "accepted by the endpoint, which does it later (HTTP 202)"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("question", [False, True])
def test_nothing_goes_to_where_a_redirect_points(
    bench: Bench, endpoint: Endpoint, status: int, question: bool
) -> None:
    """Neither header, signature nor body, told or asked; the error says what to do."""
    with Endpoint().serving() as elsewhere:
        settings: dict[str, Any] = {
            "secret": "signing-secret", "headers": {"Authorization": f"Bearer {TOKEN}"},
        }  # fmt: skip
        if question:
            settings["status_url"] = f"{endpoint.url}/{{key}}"
            endpoint.status = 500
            publisher = bench.webhook(url=endpoint.url, transport=None, **settings)
            job_id = bench.post(publisher).job_id
        endpoint.status, endpoint.headers = status, {"Location": f"{elsewhere.url}/there"}
        job = bench.once(publisher, job_id) if question else told(bench, endpoint, **settings)
        assert elsewhere.arrived == []
        assert job.status is (JobStatus.SCHEDULED if question else JobStatus.FAILED)
        assert question or "give the address that answers" in str(job.error)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_token_does_not_go_to_where_a_redirect_points(
    bench: Bench, endpoint: Endpoint, status: int
) -> None:
    """Nor does what Threads is asked for."""
    with Endpoint().serving() as elsewhere:
        endpoint.status, endpoint.headers = status, {"Location": f"{elsewhere.url}/there"}
        bench.post(bench.threads(base_url=endpoint.url, transport=None))
        assert len(endpoint.arrived) >= 1
        assert elsewhere.arrived == []


@pytest.mark.parametrize(
    ("says", "status", "becomes"),
    [
        (True, 302, (JobStatus.COMPLETED, False)),
        (True, 409, (JobStatus.COMPLETED, False)),
        (False, 200, (JobStatus.FAILED, False)),
        (None, 200, (JobStatus.COMPLETED, False)),
        (None, 404, (JobStatus.FAILED, False)),
        ("yes", 200, (JobStatus.FAILED, True)),
        (PostResult(True, thread_id="own"), 200, (JobStatus.COMPLETED, False)),
        (PostResult(False, error="later"), 200, (JobStatus.SCHEDULED, False)),
        (True, 503, (JobStatus.SCHEDULED, False)),
    ],
)
def test_a_rule_of_ones_own_says_what_is_done(
    bench: Bench, endpoint: Endpoint, says: Any, status: int, becomes: tuple[JobStatus, bool]
) -> None:
    """Of whatever was answered; None leaves it to the usual, and nothing else is guessed at."""
    endpoint.status = status
    job = told(bench, endpoint, success=lambda answer: says)
    assert (job.status, job.outcome_unknown) == becomes


def test_a_rule_that_fails_leaves_the_outcome_to_a_person(bench: Bench, endpoint: Endpoint) -> None:
    """The endpoint did whatever it did."""

    def rule(answer: Response) -> bool:
        return bool(answer.fields["done"])

    job = told(bench, endpoint, success=rule)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert "the rule of success raised KeyError" in str(job.error)
    endpoint.body = b'{"done":true}'
    assert told(bench, endpoint, success=rule).status is JobStatus.COMPLETED


def test_a_rule_is_a_function(bench: Bench) -> None:
    """And platforms are names."""
    with pytest.raises(ValueError, match="success must be a function"):
        bench.webhook(success="ok")
    with pytest.raises(ValueError, match="platforms must be names"):
        bench.webhook(platforms="threads")


def test_a_webhook_takes_every_platform_unless_it_is_told(bench: Bench, endpoint: Endpoint) -> None:
    """Then another one is FAILED by name."""
    for platform in ("threads", "facebook", "x"):
        assert bench.post(
            bench.webhook(url=endpoint.url, transport=None), platform, platform=platform
        ).status is JobStatus.COMPLETED  # fmt: skip
    only = bench.webhook(url=endpoint.url, transport=None, platforms=["facebook"])
    assert bench.post(only, "one", platform="facebook").status is JobStatus.COMPLETED
    job = bench.post(only, "two", platform="threads")
    assert job.status is JobStatus.FAILED
    assert "this publisher posts to facebook alone (a ThreadsPublisher does)" in str(job.error)
    assert len(endpoint.arrived) == 4


@pytest.mark.parametrize(
    ("settings", "tier"),
    [
        ({}, "none"),
        ({"status_url": "https://e.org/{key}"}, "state"),
        ({"idempotent": True}, "key"),
    ],
)
def test_a_publisher_says_how_it_keeps_from_posting_twice(
    settings: dict[str, Any], tier: str
) -> None:
    """By what the endpoint can do, and where it is printed."""
    publisher = WebhookPublisher("https://e.org/posts", **settings)
    assert publisher.tier == tier
    assert repr(publisher) == f"WebhookPublisher(e.org, tier={tier})"
    assert ThreadsPublisher().tier == "state"
