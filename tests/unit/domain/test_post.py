"""A post of several parts, with media, links and polls: as a value, and what is acceptable."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from msgspec.structs import replace
from support.domain import NOON, Life, new
from support.strategies import posts

from jobledger import (
    Link,
    Media,
    MediaFile,
    Part,
    Poll,
    Post,
    ScheduledJob,
    ValidationError,
)
from jobledger.domain import commands, decide
from jobledger.domain.codec import DECODERS, NEWEST, decode_data, encode_data
from jobledger.domain.post.checking import MAX_POST_BYTES, check_post
from jobledger.domain.post.fitting import problems

PICTURE = MediaFile(sha256="a" * 64, size=1000, kind="jpeg", width=1080, height=1350)
VIDEO = MediaFile(sha256="b" * 64, size=5000, kind="mp4", width=1080, height=1920, seconds=12.0)
IMAGE = Media("cat.jpg", "A cat", PICTURE)
CLIP = Media("cat.mp4", "", VIDEO)


def added(content: str = "", **said: Any) -> ScheduledJob:
    """Return a job as it is when it has just been added."""
    job = Life(content=content, **said).job
    assert job is not None
    return job


def wrong(value: Any) -> Any:
    """Return what is not of the type that is asked for."""
    return value


def test_lists_are_taken_as_they_are_written() -> None:
    """People write lists."""
    post = Post([Part("one", [IMAGE], Link("https://a.vn/x")), Part("two", poll=Poll(["a", "b"]))])
    assert isinstance(post.parts, tuple)
    assert post.parts[0].link == Link("https://a.vn/x")
    assert post.parts[1].poll is not None
    assert post.parts[1].poll.options == ("a", "b")
    assert post.media == (IMAGE,)


def test_a_post_of_one_text_is_a_text() -> None:
    job = added(post=Post([Part("Hello")]))
    assert (job.content, job.post) == ("Hello", None)


@pytest.mark.parametrize("content", ["", "Hello"])
@pytest.mark.parametrize("text", ["", "Hello"])
def test_the_content_is_the_text_of_the_first_part(content: str, text: str) -> None:
    """Either may be left to the other; media alone need no text."""
    job = added(content, post=Post([Part(text, [IMAGE])]))
    assert job.post is not None
    assert job.content == job.post.parts[0].text == (content or text)
    assert job.parts == job.post.parts


def test_two_different_texts_are_refused() -> None:
    with pytest.raises(ValidationError, match="another text than that of the post's first part"):
        added("Hello", post=Post([Part("Bye", [IMAGE])]))


@pytest.mark.parametrize(
    ("post", "field", "said"),
    [
        ("text", "post", "must be a Post"),
        (Post([]), "post.parts", "must be 1 to 100, not 0"),
        (Post(wrong("text")), "post.parts", "must be a list"),
        (Post(wrong(["text"])), "post.parts[0]", "must be a Part"),
        (Post([Part()]), "post.parts[0].text", "nothing that can be seen"),
        (Post([Part("a"), Part("\u200b")]), "post.parts[1].text", "nothing that can be seen"),
        (Post([Part("\ud800", [IMAGE])]), "post.parts[0].text", "not valid Unicode"),
        (Post([Part("a", wrong("cat.jpg"))]), "post.parts[0].media", "must be a list"),
        (Post([Part("a", wrong(["cat.jpg"]))]), "post.parts[0].media[0]", "must be a Media"),
        (Post([Part("a", [Media(" ")])]), "post.parts[0].media[0].source", "is empty"),
        (Post([Part("a", [Media("ftp://a/b.jpg")])]), "post.parts[0].media[0].source", "neither"),
        (Post([Part("a", [Media("https://a b")])]), "post.parts[0].media[0].source", "must be an"),
        (
            Post([Part("a", [Media("a.jpg", wrong(7))])]),
            "post.parts[0].media[0].alt",
            "must be text",
        ),
        (
            Post([Part("a", [Media("a.jpg", file=replace(PICTURE, sha256="A" * 64))])]),
            "post.parts[0].media[0].file.sha256",
            "64 hex digits",
        ),
        (
            Post([Part("a", [Media("a.jpg", file=replace(PICTURE, size="big"))])]),
            "post.parts[0].media[0].file",
            "not acceptable",
        ),
        (
            Post([Part("a", link=Link("a.vn"))]),
            "post.parts[0].link.url",
            "an http(s) address",
        ),
        (Post([Part("a", link=wrong(7))]), "post.parts[0].link", "must be a Link"),
        (Post([Part("a", poll=Poll(["x"]))]), "post.parts[0].poll.options", "must be 2 to 50"),
        (Post([Part("a", poll=Poll(["x", "x"]))]), "post.parts[0].poll.options", "twice"),
        (Post([Part("a", poll=Poll(["x", ""]))]), "post.parts[0].poll.options[1]", "is empty"),
        (Post([Part("a", poll=Poll(["x", "y"], 0))]), "post.parts[0].poll.minutes", "from 1 to"),
        (
            Post([Part("a", poll=Poll(["x", "y"], multiple=wrong("no")))]),
            "post.parts[0].poll.multiple",
            "a bool",
        ),
        (Post([Part("a", quote="")]), "post.parts[0].quote", "is empty"),
        (Post([Part("a")], topic=" "), "post.topic", "is empty"),
        (Post([Part("a")], language="Vietnamese!"), "post.language", "such as vi"),
        (Post([Part("a")], audience="friends"), "post.audience", "must be one of public"),
        (
            Post([Part("a")], overrides=wrong({"x": 1})),
            "post.overrides",
            "must have a dict for 'x'",
        ),
        (Post([Part("a" * 90_000) for _ in range(3)]), "post", f"at most {MAX_POST_BYTES} bytes"),
    ],
    ids=str,
)
def test_what_is_not_acceptable_is_refused_by_its_field(post: Any, field: str, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        check_post(post, "")
    assert refusal.value.field == field
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("platform", "post", "field", "said"),
    [
        ("threads", Post([Part("a"), Part("b" * 501)]), "post.parts[1].text", "at most 500"),
        ("bluesky", Post([Part("a" * 301, [IMAGE])]), "post.parts[0].text", "at most 300"),
        ("telegram", Post([Part("a" * 1025, [IMAGE])]), "post.parts[0].text", "beside media"),
        ("bluesky", Post([Part("a", [IMAGE] * 5)]), "post.parts[0].media", "at most 4 images"),
        ("threads", Post([Part("a", [IMAGE] * 21)]), "post.parts[0].media", "at most 20 media"),
        ("bluesky", Post([Part("a", [CLIP, CLIP])]), "post.parts[0].media", "at most 1 videos"),
        ("bluesky", Post([Part("a", [IMAGE, CLIP])]), "post.parts[0].media", "together"),
        (
            "bluesky",
            Post([Part("a", [Media("https://a.vn/b.jpg")])]),
            "post.parts[0].media[0].source",
            "is sent the file itself",
        ),
        (
            "threads",
            Post([Part("a", [Media("a.gif", file=replace(PICTURE, kind="gif"))])]),
            "post.parts[0].media[0]",
            "is GIF, and Threads takes JPEG, PNG",
        ),
        (
            "threads",
            Post([Part("a", [Media("a.jpg", file=replace(PICTURE, size=8_000_001))])]),
            "post.parts[0].media[0]",
            "has 8 MB, and Threads takes 8 MB",
        ),
        (
            "threads",
            Post([Part("a", [Media("a.mp4", file=replace(VIDEO, seconds=301.0))])]),
            "post.parts[0].media[0]",
            "at most 300 seconds",
        ),
        (
            "instagram",
            Post([Part("a", [Media("a.jpg", file=replace(PICTURE, width=100, height=1000))])]),
            "post.parts[0].media[0]",
            "at least 0.8 width by height",
        ),
        ("threads", Post([Part("a", [Media("a", "x" * 1001)])]), "post.parts[0].media[0].alt", ""),
        ("bluesky", Post([Part("a", poll=Poll(["a", "b"]))]), "post.parts[0].poll", "has no polls"),
        (
            "threads",
            Post([Part("a", poll=Poll(["a", "b", "c", "d", "e"]))]),
            "post.parts[0].poll.options",
            "4",
        ),
        (
            "threads",
            Post([Part("a", poll=Poll(["x" * 26, "y"]))]),
            "post.parts[0].poll.options[0]",
            "at most 25 characters",
        ),
        (
            "mastodon",
            Post([Part("a", poll=Poll(["a", "b"], 4))]),
            "post.parts[0].poll.minutes",
            "5",
        ),
        (
            "threads",
            Post([Part("a", [IMAGE], poll=Poll(["a", "b"]))]),
            "post.parts[0].media",
            "exclude",
        ),
        (
            "bluesky",
            Post([Part("a", [IMAGE], link=Link("https://a.vn"))]),
            "post.parts[0].media",
            "link card exclude each other",
        ),
        ("bluesky", Post([Part("a")], topic="cats"), "post.topic", "has no topics"),
        ("threads", Post([Part("a")], topic="c" * 51), "post.topic", "at most 50"),
        ("threads", Post([Part("a")], language="vi"), "post.language", "no languages"),
        ("threads", Post([Part("a")], audience="followers"), "post.audience", "must be public"),
        ("instagram", Post([Part("a", quote="1")]), "post.parts[0].media", "without media"),
        ("of my own", Post([Part("a" * 501, [IMAGE])]), "post.parts[0].text", "at most 500"),
    ],
)
def test_what_a_platform_does_not_take_is_named(
    platform: str, post: Post, field: str, said: str
) -> None:
    """By its field, and it is what keeps the job from being added, unless that is lenient."""
    found = [*problems(check_post(post, ""), platform)]
    assert [each for each in found if each.field == field and said in str(each)]
    with pytest.raises(ValidationError) as refusal:
        added(post=post, platform=platform)
    assert refusal.value.field in [each.field for each in found]
    assert added(post=post, platform=platform, lenient=True).post == check_post(post, "")


@pytest.mark.parametrize(
    ("platform", "post"),
    [
        (
            "threads",
            Post(
                [Part("a", [IMAGE, CLIP] * 10), Part("b", poll=Poll(["a", "b", "c", "d"]))], "cats"
            ),
        ),
        ("bluesky", Post([Part("", [IMAGE] * 4)], language="vi")),
        ("bluesky", Post([Part("x", link=Link("https://a.vn"), quote="at://did:plc:x/y/z")])),
        ("mastodon", Post([Part("x", [IMAGE] * 4)], audience="mentioned", language="pt-BR")),
        ("of my own", Post([Part("x" * 500, [CLIP] * 50)], "topic")),
    ],
)
def test_what_a_platform_takes_is_added(platform: str, post: Post) -> None:
    assert added(post=post, platform=platform).post == check_post(post, "")


def edited_as(before: Post | None, **said: Any) -> ScheduledJob:
    """Return a job after an edit of it."""
    life = Life(content="" if before else "Hello", post=before)
    life.do(commands.Edit(**said))
    assert life.job is not None
    return life.job


POST = Post([Part("Hello", [IMAGE]), Part("more")], topic="cats")


def test_an_edit_of_the_text_is_one_of_the_first_part() -> None:
    job = edited_as(POST, content="Bye")
    assert (job.content, job.post) == ("Bye", POST.with_text("Bye"))


def test_an_edit_of_the_post_is_one_of_the_text() -> None:
    job = edited_as(None, post=POST.with_text("Bye"))
    assert (job.content, job.post) == ("Bye", POST.with_text("Bye"))


def test_a_post_that_is_taken_away_leaves_its_text() -> None:
    job = edited_as(POST, post=None)
    assert (job.content, job.post) == ("Hello", None)
    with pytest.raises(ValidationError, match="empty"):
        edited_as(Post([Part("", [IMAGE])]), post=None)


def test_an_edit_to_what_is_there_already_is_none() -> None:
    """Also where the platform would not take it any more: it was accepted once."""
    job = added(post=POST)
    assert decide(job, commands.Edit(content="Hello"), NOON) == []
    assert decide(job, commands.Edit(post=POST), NOON) == []
    long = added("x" * 501, post=Post([Part("", [IMAGE])]), lenient=True)
    assert decide(long, commands.Edit(content="x" * 501), NOON) == []
    with pytest.raises(ValidationError, match="at most 500"):
        decide(long, commands.Edit(content="x" * 502), NOON)


def test_a_job_is_written_and_read_with_its_post() -> None:
    """Sixteen keys as ever, and the post where there is one."""
    job = added(post=POST)
    assert list(job.to_dict())[-1] == "post"
    assert "post" not in added("Hello").to_dict()
    written = msgspec.json.decode(msgspec.json.encode(job.to_dict()))
    assert written == job.to_dict()
    assert ScheduledJob.from_dict(written).post == job.post


def test_a_key_that_no_post_has_is_refused() -> None:
    """It would be left out: a slip in the name of what is to be posted."""
    document = added(post=POST).to_dict()
    document["post"]["parts"][0]["medai"] = []
    with pytest.raises(ValidationError, match="medai"):
        ScheduledJob.from_dict(document)


def test_everything_beyond_the_first_text_has_a_name() -> None:
    whole = Post(
        [Part("a", [IMAGE], Link("https://a.vn"), Poll(["a", "b"]), "1"), Part("b")],
        "topic", "reply", "vi", "public", {"threads": {"x": 1}},
    )  # fmt: skip
    assert whole.beyond_its_text == [
        "post.parts[0].media", "post.parts[0].link", "post.parts[0].poll", "post.parts[0].quote",
        "post.parts[1]", "post.topic", "post.reply_to", "post.language", "post.audience",
        "post.overrides",
    ]  # fmt: skip


# -- the log ---------------------------------------------------------------------------------------


def test_only_what_an_earlier_release_would_leave_out_is_written_as_newer() -> None:
    """So that it reads all else, and says of this that it does not know it."""
    [plain] = decide(None, commands.Add(job_id="j", job=new()), NOON)
    [rich] = decide(None, commands.Add(job_id="j", job=new(content="", post=POST)), NOON)
    assert b"post" not in encode_data(plain)
    assert b"post" in encode_data(rich)
    assert {kind for kind, newest in NEWEST.items() if newest > 1} == {"added", "edited"}
    assert decode_data("added", 1, encode_data(plain)) == plain
    assert decode_data("added", 2, encode_data(rich)) == rich


@given(posts)
def test_a_post_is_read_as_it_was_written(post: Post) -> None:
    """Through the log and through the daily files, whatever is in it."""
    job = added(post=post, platform="of my own", lenient=True)
    assert (job.post or Post(job.parts)) == post
    [event] = decide(
        None, commands.Add(job_id="j", job=new(content="", post=post, lenient=True)), NOON
    )
    assert DECODERS["added"](encode_data(event)) == event
    assert ScheduledJob.from_dict(job.to_dict()).post == job.post
