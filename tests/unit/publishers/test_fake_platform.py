"""The fake platform: it behaves like the real one, and counts what is out."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from jobledger.publishers.fake_platform import EXCHANGES, FAULTS, FakePlatform


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with FakePlatform() as running:
        yield running


@pytest.fixture
def client(platform: FakePlatform) -> Iterator[httpx.Client]:
    """Somebody with the token `acc`, who waits long enough."""
    headers = {"Authorization": "Bearer acc"}
    with httpx.Client(
        base_url=platform.url, headers=headers, timeout=20, trust_env=False
    ) as connected:
        yield connected


def create(client: httpx.Client, **form: str) -> str:
    answer = client.post("/v1.0/me/threads", data={"media_type": "TEXT", "text": "hi"} | form)
    container_id: str = answer.json()["id"]
    return container_id


def publish(client: httpx.Client, container_id: str) -> httpx.Response:
    return client.post("/v1.0/me/threads_publish", data={"creation_id": container_id})


def status(client: httpx.Client, container_id: str) -> str:
    answer = client.get(f"/v1.0/{container_id}?fields=status,error_message")
    told: str = answer.json()["status"]
    return told


def test_a_container_is_published_once(platform: FakePlatform, client: httpx.Client) -> None:
    """Not before it is ready, and never a second time."""
    container_id = create(client)
    assert publish(client, container_id).json()["error"]["error_subcode"] == 4279009
    assert [status(client, container_id) for _ in range(3)] == [
        "IN_PROGRESS", "FINISHED", "FINISHED",
    ]  # fmt: skip
    post_id = publish(client, container_id).json()["id"]
    assert publish(client, container_id).status_code == 400
    assert status(client, container_id) == "PUBLISHED"
    assert platform.counts() == {("acc", "hi"): 1}
    [row] = client.get("/v1.0/me/threads?fields=id,text,timestamp&since=0").json()["data"]
    assert (row["id"], row["text"]) == (post_id, "hi")
    limit = client.get("/v1.0/me/threads_publishing_limit?fields=quota_usage,config").json()
    assert limit["data"][0]["quota_usage"] == 1


def test_nobody_sees_or_publishes_what_is_anothers(client: httpx.Client) -> None:
    """Another token is another account."""
    other = {"Authorization": "Bearer other"}
    container_id = create(client)
    status(client, container_id)
    stolen = client.post(
        "/v1.0/me/threads_publish", data={"creation_id": container_id}, headers=other
    )
    assert stolen.status_code == 400
    publish(client, container_id)
    assert client.get("/v1.0/me/threads?since=0", headers=other).json()["data"] == []


def test_a_token_that_it_does_not_know_is_refused() -> None:
    """Where tokens are given; with the platform's code for it."""
    with FakePlatform(tokens={"good": "acc"}) as platform:
        answer = httpx.post(
            f"{platform.threads_url}/me/threads",
            headers={"Authorization": "Bearer bad"},
            trust_env=False,
        )
    assert answer.json()["error"]["code"] == 190


def test_a_reply_is_in_the_list_of_replies(client: httpx.Client) -> None:
    """And not among the posts."""
    container_id = create(client, reply_to_id="17890")
    status(client, container_id)
    publish(client, container_id)
    assert client.get("/v1.0/me/threads?since=0").json()["data"] == []
    assert len(client.get("/v1.0/me/replies?since=0").json()["data"]) == 1


def test_the_webhook_acts_once_on_a_key_or_each_time(client: httpx.Client) -> None:
    """As it was made; and it tells who asks for a key."""
    for dedupe, answers in ((True, [201, 409]), (False, [201, 201])):
        with FakePlatform(dedupe=dedupe) as platform:
            url, body = platform.webhook_url, {"account_id": "a", "content": "x"}
            asked = platform.status_url.replace("{key}", "k")
            assert client.get(asked).status_code == 404
            sent = [client.post(url, json=body, headers={"Idempotency-Key": "k"}) for _ in "12"]
            assert [answer.status_code for answer in sent] == answers
            assert client.get(asked).json() == {"id": "post-1"}


def test_a_fault_hits_as_often_as_it_was_asked_to(
    platform: FakePlatform, client: httpx.Client
) -> None:
    """After so many, so many times; then all is well."""
    platform.fail("create", "rate_limited", times=2, skip=1)
    codes = [
        client.post("/v1.0/me/threads", data={"media_type": "TEXT", "text": "x"}).status_code
        for _ in range(4)
    ]
    assert codes == [200, 429, 429, 200]
    with pytest.raises(ValueError, match="no fault 'sleepy'"):
        platform.fail("create", "sleepy")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "posts"),
    [("drop_before", 0), ("drop_after", 1), ("half", 1), ("500_before", 0), ("500_after", 1)],
)
def test_before_and_after_differ_in_what_was_done(
    platform: FakePlatform, client: httpx.Client, fault: str, posts: int
) -> None:
    """Whoever asked cannot tell; the platform can."""
    platform.fail("webhook", fault)  # type: ignore[arg-type]
    try:
        answer = client.post(
            "/webhook", json={"account_id": "a", "content": "x"}, headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 500
    except httpx.RemoteProtocolError:
        assert not fault.startswith("500")
    assert len(platform.posts()) == posts


def test_what_is_late_is_done_when_something_else_is_asked_for(
    platform: FakePlatform, client: httpx.Client
) -> None:
    """The worst moment: just before the next request acts."""
    platform.fail("webhook", "late")
    key = {"Idempotency-Key": "k"}
    body = {"account_id": "a", "content": "x"}
    with pytest.raises(httpx.ReadTimeout):
        client.post("/webhook", json=body, headers=key, timeout=httpx.Timeout(20, read=0.1))
    assert platform.wait_for_silence()
    assert platform.posts() == []
    assert client.post("/webhook", json=body, headers=key).status_code == 409
    assert len(platform.posts()) == 1


def test_its_faults_have_names() -> None:
    """For those who go through all of them."""
    assert len(set(EXCHANGES)) == len(EXCHANGES) == 21
    assert len(set(FAULTS)) == len(FAULTS) > 15
