"""No post goes out with something left out in silence: what becomes of a job, over real HTTP."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from support.bench import Bench
from support.crashes import Deaf
from support.endpoint import Endpoint

from jobledger import JobStatus
from jobledger.publishers import CheckingPublisher, ThreadsPublisher

PICTURE = "https://example.com/a.jpg"
SIX = " ".join(f"https://{letter}.example/x" for letter in "abcdef")
FIVE = SIX.rpartition(" ")[0]
LINKS = "https://a.example/x www.b.example, (https://c.example) http://d.example! "


def form(bench: Bench) -> dict[str, str] | None:
    """Return what Threads was asked to post, if it was."""
    created = [seen for seen in bench.platform.seen if seen.exchange == "create"]
    return dict(parse_qsl(created[0].body.decode())) if created else None


FAILED_BY_NAME: list[tuple[str, str, dict[str, Any], str]] = [
    ("a ghost post", "x", {"is_ghost_post": True}, "metadata.is_ghost_post"),
    ("a ghost post in words", "x", {"is_ghost_post": "true"}, "metadata.is_ghost_post"),
    (
        "a carousel", "x", {"media_type": "CAROUSEL", "children": [PICTURE, PICTURE]},
        "metadata.children",
    ),
    ("a poll", "A or B?", {"poll_attachment": {"option_a": "A"}}, "metadata.poll_attachment"),
    ("a spoiler", "x", {"is_spoiler_media": True, "image_url": PICTURE}, "is_spoiler_media"),
    ("a long text", "x", {"text_attachment": {"plaintext": "…"}}, "metadata.text_attachment"),
    ("a GIF", "x", {"gif_attachment": {"gif_id": "1"}}, "metadata.gif_attachment"),
    ("a place", "x", {"location_id": "123"}, "metadata.location_id"),
    ("countries", "x", {"allowlisted_country_codes": ["VN"]}, "allowlisted_country_codes"),
    ("a story beside it", "x", {"crossreshare_to_ig": True}, "metadata.crossreshare_to_ig"),
    ("approved replies", "x", {"enable_reply_approvals": True}, "enable_reply_approvals"),
    ("text published at once", "x", {"auto_publish_text": True}, "metadata.auto_publish_text"),
    ("pictures", "x", {"image_urls": [PICTURE]}, "image_urls would be left out: it is probably "
     "image_url"),
    ("another case", "x", {"Image_URL": PICTURE}, "it is probably image_url"),
    ("another tool's name", "x", {"media_url": PICTURE}, "it is probably image_url"),
    ("a file of a calendar", "x", {"Visual": PICTURE}, "it is probably image_url"),
    ("a first comment", "x", {"first_comment": "https://example.com"}, "metadata.first_comment"),
    ("parts", "x", {"thread": ["y", "z"]}, "metadata.thread"),
    ("hashtags", "x", {"hashtags": ["a"]}, "metadata.hashtags"),
    ("an empty picture", "x", {"image_url": ""}, "metadata.image_url is empty"),
    ("a blank picture", "x", {"image_url": "  "}, "metadata.image_url is empty"),
    ("no picture", "x", {"image_url": None}, "metadata.image_url is empty"),
    ("a reply to nothing", "x", {"reply_to_id": None}, "metadata.reply_to_id is empty"),
    ("an empty topic", "x", {"topic_tag": ""}, "metadata.topic_tag is empty"),
    ("an empty control", "x", {"reply_control": ""}, "metadata.reply_control is empty"),
    ("several pictures", "x", {"image_url": [PICTURE, PICTURE]}, "takes one value as text"),
    ("several in one", "x", {"image_url": f"{PICTURE},{PICTURE}"}, "has several addresses"),
    ("a yes for a picture", "x", {"image_url": "true"}, "must be an http(s) address"),
    ("a bool for a picture", "x", {"image_url": True}, "must be text"),
    ("a local file", "x", {"image_url": "C:\\pic.jpg"}, "is a file of this machine"),
    ("a page of Drive", "x", {"image_url": "https://drive.google.com/file/d/a/view"},
     "is a page of Google Drive"),
    ("a video as picture", "x", {"image_url": "https://example.com/a.mp4"}, "video_url is for"),
    ("a private host", "x", {"image_url": "http://192.168.1.2/a.jpg"}, "is not public"),
    ("a link to localhost", "x", {"link_attachment": "http://localhost/"}, "is not public"),
    ("a # in a topic", "x", {"topic_tag": "#hello"}, "metadata.topic_tag has a #"),
    ("a topic over two lines", "x", {"topic_tag": "a\nb"}, "has a line break"),
    ("an invisible topic", "x", {"topic_tag": "\u200b"}, "metadata.topic_tag"),
    ("a long topic", "x", {"topic_tag": "đ" * 51}, "metadata.topic_tag must be 1 to 50"),
    ("a control in capitals", "x", {"reply_control": "Everyone"}, "(write everyone)"),
    ("a rounded id", "x", {"reply_to_id": "1.789E+16"}, "a spreadsheet has rounded it"),
    ("a number with a point", "x", {"reply_to_id": 1.789e16}, "give its digits as text"),
    ("a bool for an id", "x", {"quote_post_id": True}, "metadata.quote_post_id"),
    ("no number of a post", "x", {"reply_to_id": 0}, "must be the id of a post, not 0"),
    ("a post's address", "x", {"reply_to_id": "https://www.threads.net/@a/post/b"}, "ask the API"),
    ("six links", SIX, {}, "content has 6 different links"),
    ("five links and another", FIVE, {"link_attachment": "https://g.example"}, "6 different links"),
    ("zero width", "\u200b\u200b", {}, "content shows nothing"),
    ("a blank letter", "\u2800\u3164\ufeff", {}, "content shows nothing"),
    ("300 emoji", "🎉" * 300, {}, "content is 1200 characters long"),
]  # fmt: skip

POSTED: list[tuple[str, str, dict[str, Any], dict[str, str]]] = [
    ("one's own keys", "x", {"link_aff": "https://s.example/x", "campaign": 7, "tags": ["a"]}, {}),
    ("one's own empty key", "x", {"link_aff": None}, {}),
    ("a style, and no file", "x", {"visual": "minimal", "creative": "v3", "file": 7}, {}),
    ("a flag that is false", "x", {"is_ghost_post": False, "is_carousel_item": "FALSE"}, {}),
    ("empty fields of a tool", "x", {"photos": [], "first_comment": None, "poll": {}}, {}),
    ("a picture", "x", {"image_url": PICTURE, "alt_text": "a"}, {"image_url": PICTURE}),
    ("a picture without a text", "\u200b", {"image_url": PICTURE}, {"image_url": PICTURE}),
    ("an id as number", "x", {"reply_to_id": 17890000000000001}, {
        "reply_to_id": "17890000000000001"}),
    ("a topic in single marks", "x", {"topic_tag": "chu\u0309 đe\u0302\u0300"}, {
        "topic_tag": "chủ đề"}),
    ("a topic of 50 such", "x", {"topic_tag": "e\u0302\u0300" * 50}, {"topic_tag": "ề" * 50}),
    ("five links", FIVE, {"link_attachment": "https://a.example/x"}, {}),
    ("a link twice", f"{LINKS}https://e.example https://e.example/ HTTPS://E.example.", {}, {}),
    ("a page as link", "x", {"link_attachment": "https://drive.google.com/file/d/a/view"}, {
        "link_attachment": "https://drive.google.com/file/d/a/view"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "metadata", "says"),
    [case[1:] for case in FAILED_BY_NAME],
    ids=[case[0] for case in FAILED_BY_NAME],
)
def test_what_would_be_left_out_is_failed_by_name(
    bench: Bench, content: str, metadata: dict[str, Any], says: str
) -> None:
    """At the first attempt, known not to be out, and nothing was sent."""
    job = bench.post(bench.threads(), content, metadata=metadata)
    assert (job.status, job.retry_count, job.outcome_unknown) == (JobStatus.FAILED, 0, False)
    assert says in str(job.error)
    assert bench.platform.seen == []


@pytest.mark.parametrize(
    ("content", "metadata", "sent"), [case[1:] for case in POSTED], ids=[case[0] for case in POSTED]
)
def test_what_has_nothing_left_out_is_posted(
    bench: Bench, content: str, metadata: dict[str, Any], sent: dict[str, str]
) -> None:
    """With all that Threads reads of it."""
    job = bench.post(bench.threads(), content, metadata=metadata)
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    given = form(bench)
    assert given is not None
    assert given["text"] == content
    assert sent.items() <= given.items()


@pytest.mark.parametrize(
    ("platform", "says"),
    [
        (
            "facebook",
            "run it with a publisher for 'facebook': a WebhookPublisher, or one of your own",
        ),
        ("bluesky", "a BlueskyPublisher does"),
        ("Threads", "add it with platform 'threads'"),
        (" threads ", "add it with platform 'threads'"),
        ("meta-threads", "this publisher posts to threads alone"),
    ],
)
def test_a_job_for_another_platform_is_failed_by_name(
    bench: Bench, platform: str, says: str
) -> None:
    """It says who would do it; another writing is not taken for the same in silence."""
    job = bench.post(bench.threads(), platform=platform)
    assert job.status is JobStatus.FAILED
    assert str(job.error).startswith(f"platform is {platform!r}, and this publisher posts to")
    assert says in str(job.error)
    assert bench.platform.seen == []


def test_who_means_the_same_platform_says_so(bench: Bench) -> None:
    """By another name for it, and for keys that only look like one of the platform's."""
    publisher = bench.threads(platforms=("threads", "Threads"), ignores={"location", "poll"})
    metadata = {"location": "Huế", "poll": "p-7"}
    assert (
        bench.post(publisher, platform="Threads", metadata=metadata).status is JobStatus.COMPLETED
    )
    job = bench.post(publisher, "other", metadata={"photos": [PICTURE]})
    assert job.status is JobStatus.FAILED


def test_everything_is_named_at_once(bench: Bench) -> None:
    """One look at the error is enough to mend the job."""
    metadata = {"Image_URL": PICTURE, "topic_tag": "#a", "is_ghost_post": True}
    job = bench.post(bench.threads(), "🎉" * 126, platform="x", metadata=metadata)
    for name in ("platform", "content", "metadata.Image_URL", "topic_tag", "is_ghost_post"):
        assert name in str(job.error)


def test_a_job_is_checked_before_it_is_time(bench: Bench) -> None:
    """With the field of each problem, and nothing is sent; a job that is right has none."""
    publisher = bench.threads()
    wrong = bench.scheduler.get_job(bench.add(metadata={"imageUrl": PICTURE, "topic_tag": "a.b"}))
    right = bench.scheduler.get_job(bench.add(metadata={"image_url": PICTURE}))
    assert isinstance(publisher, CheckingPublisher)
    fields = [problem.field for problem in publisher.check(wrong)]
    assert fields == ["metadata.imageUrl", "metadata.topic_tag"]
    assert publisher.check(right) == []
    assert bench.platform.seen == []


def test_what_may_be_out_already_is_not_failed_for_what_it_lacks(bench: Bench) -> None:
    """Its earlier request was made by a publisher that did not look."""
    bench.platform.fail("publish", "silent_before")
    job = bench.post(bench.threads(ignores={"photos"}), metadata={"photos": [PICTURE]})
    assert job.in_doubt
    job = bench.once(Deaf(bench.threads()), job.job_id)
    assert job.may_be_out
    assert "an earlier request may be out; metadata.photos would be left out" in str(job.error)


@pytest.mark.parametrize("name", ["platforms", "ignores"])
@pytest.mark.parametrize("value", ["threads", [1], [""], 7])
def test_names_are_given_as_several(name: str, value: Any) -> None:
    """A text alone would be its letters."""
    settings: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"{name} must be names"):
        ThreadsPublisher(**settings)


def test_a_publisher_says_how_it_keeps_from_posting_twice(bench: Bench) -> None:
    """In a word, and where it is printed."""
    assert (bench.threads().tier, "tier=state" in repr(bench.threads())) == ("state", True)


def test_more_links_than_threads_takes_are_not_tried_again(bench: Bench) -> None:
    """It may count what is not counted here; its refusal has no code."""
    error = {"message": "THREADS_API__LINK_LIMIT_EXCEEDED", "type": "OAuthException"}
    with Endpoint(400, json.dumps({"error": error}).encode()).serving() as threads:
        job = bench.post(bench.threads(base_url=threads.url, transport=None), "a.example b.example")
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "THREADS_API__LINK_LIMIT_EXCEEDED; change the job" in str(job.error)
