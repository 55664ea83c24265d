"""The body of a webhook's request: presets, templates, and that nothing is left out of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.bench import Bench
from support.endpoint import Endpoint

from jobledger import JobStatus, Link, Part, Post
from jobledger.publishers import WebhookPublisher


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint().serving() as endpoint:
        yield endpoint


def sent(bench: Bench, endpoint: Endpoint, content: str = "text", **given: Any) -> Any:
    """Post a job, and return the body that arrived."""
    said = {name: given.pop(name, None) for name in ("metadata", "post")}
    publisher = bench.webhook(url=endpoint.url, transport=None, **given)
    job = bench.post(publisher, content, **said)
    assert job.status is JobStatus.COMPLETED, job.error
    return endpoint.arrived[-1].document


def test_slack_gets_a_text_that_it_does_not_read_as_marks(bench: Bench, endpoint: Endpoint) -> None:
    """What stands in angle brackets would be swallowed, or call everybody."""
    assert sent(bench, endpoint, "A & B <3 <!channel>", body="slack") == {
        "text": "A &amp; B &lt;3 &lt;!channel&gt;",
        "mrkdwn": False,
    }


def test_discord_gets_a_content_that_calls_nobody(bench: Bench, endpoint: Endpoint) -> None:
    """As it is written."""
    assert sent(bench, endpoint, "A & B @everyone", body="discord") == {
        "content": "A & B @everyone",
        "allowed_mentions": {"parse": []},
    }


@pytest.mark.parametrize("body", ["n8n", "make", None])
def test_a_flow_gets_the_whole_job(bench: Bench, endpoint: Endpoint, body: str | None) -> None:
    """Whatever is in its metadata."""
    document = sent(bench, endpoint, body=body, metadata={"photos": ["a"], "link_aff": None})
    assert document["metadata"] == {"photos": ["a"], "link_aff": None}
    assert set(document) == {
        "job_id", "account_id", "content", "platform", "scheduled_time", "metadata", "attempt",
    }  # fmt: skip


def test_a_template_says_what_goes_where(bench: Bench, endpoint: Endpoint) -> None:
    """A field alone keeps its kind; in a text it is text; doubled braces are braces."""
    template: dict[str, Any] = {
        "message": "{content}",
        "by": "{account_id} on {platform}, try {attempt}",
        "tags": "{metadata.tags}",
        "count": "{attempt}",
        "literal": "{{content}}",
        "fixed": [1, None, True, {}],
    }
    document = sent(bench, endpoint, body=template, metadata={"tags": ["a", 1]})
    assert document == {
        "message": "text",
        "by": "acc on threads, try 1",
        "tags": ["a", 1],
        "count": 1,
        "literal": "{content}",
        "fixed": [1, None, True, {}],
    }


def test_what_the_job_has_not_is_left_out_with_what_is_made_of_it(
    bench: Bench, endpoint: Endpoint
) -> None:
    """So that an endpoint does not get an empty picture."""
    template = {"content": "{content}", "embeds": [{"image": {"url": "{metadata.image_url}"}}]}
    assert sent(bench, endpoint, body=template) == {"content": "text"}
    picture = "https://example.com/a.jpg"
    assert sent(bench, endpoint, "other", body=template, metadata={"image_url": picture}) == {
        "content": "other",
        "embeds": [{"image": {"url": picture}}],
    }


@pytest.mark.parametrize("body", ["slack", "discord", {"text": "{content} {metadata.link}"}])
def test_what_a_template_has_no_place_for_is_failed_by_name(
    bench: Bench, endpoint: Endpoint, body: Any
) -> None:
    """All of it, before anything is sent; `check` says so before it is time."""
    publisher = bench.webhook(url=endpoint.url, transport=None, body=body)
    metadata = {"image_url": "https://example.com/a.jpg", "notify": False, "nothing": None}
    job = bench.post(publisher, metadata=metadata)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "metadata.image_url would be left out: the body of this webhook has no" in str(job.error)
    assert [each.field for each in publisher.check(job)] == [
        "metadata.image_url", "metadata.notify",
    ]  # fmt: skip
    assert endpoint.arrived == []


@pytest.mark.parametrize("ignores", [["campaign", "note"], ["*"]])
def test_what_is_not_for_the_endpoint_is_named(
    bench: Bench, endpoint: Endpoint, ignores: list[str]
) -> None:
    """Each, or all of it."""
    metadata = {"campaign": "tet", "note": "x"}
    document = sent(bench, endpoint, body={"text": "{content}"}, ignores=ignores, metadata=metadata)
    assert document == {"text": "text"}


def test_the_metadata_as_a_whole_is_a_place_for_all_of_it(bench: Bench, endpoint: Endpoint) -> None:
    """Also within something else."""
    body = {"text": "{content}", "more": {"of": "{metadata}"}}
    assert sent(bench, endpoint, body=body, metadata={"a": 1})["more"] == {"of": {"a": 1}}


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("teams", "must be one of slack, discord, n8n, make, or a mapping"),
        (["{content}"], "or a mapping"),
        ({"text": "hello"}, "has no {content}"),
        ({"text": "{content} {caption}"}, "has {caption}, and a job has job_id, account_id"),
        ({"text": "{content} {metadata.}"}, "has {metadata.}"),
        ({"text": "{content}", "x": {1, 2}.__iter__()}, "cannot be written as JSON"),
    ],
)
def test_a_template_that_is_none_is_refused_when_it_is_given(body: Any, says: str) -> None:
    """With what may be in it."""
    with pytest.raises(ValueError, match="body ") as refusal:
        WebhookPublisher("https://example.org/posts", body=body)
    assert says in str(refusal.value)


POST = Post([Part("text", link=Link("https://a.vn")), Part("more")], "cats")


def test_a_flow_gets_the_post_with_the_job(bench: Bench, endpoint: Endpoint) -> None:
    assert sent(bench, endpoint, post=POST)["post"] == POST.to_dict()


def test_a_template_has_a_place_for_the_post(bench: Bench, endpoint: Endpoint) -> None:
    """As an object; left out where a job has none."""
    template = {"text": "{content}", "post": "{post}"}
    assert sent(bench, endpoint, body=template, post=POST)["post"] == POST.to_dict()
    assert sent(bench, endpoint, body=template) == {"text": "text"}


def test_a_post_that_a_template_has_no_place_for_is_not_sent(
    bench: Bench, endpoint: Endpoint
) -> None:
    """By name, part by part."""
    publisher = bench.webhook(url=endpoint.url, transport=None, body="slack")
    job = bench.post(publisher, "", post=POST)
    assert job.status is JobStatus.FAILED
    for field in ("post.parts[0].link", "post.parts[1]", "post.topic"):
        assert f"{field} would be left out: the body of this webhook has no place" in str(job.error)
    assert not endpoint.arrived
