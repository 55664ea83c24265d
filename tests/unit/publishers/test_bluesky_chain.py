"""Posts of several parts on Bluesky: one write for all of them, with files, cards and quotes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.bench import Bench
from support.crashes import ACCOUNT, ALWAYS, NOON

from jobledger import (
    Attempt,
    JobPriority,
    JobStatus,
    Link,
    Media,
    MediaFile,
    OutcomeUnknown,
    Part,
    Poll,
    Post,
    PostResult,
    ScheduledJob,
)
from jobledger.domain import commands
from jobledger.publishers.bluesky_keys import record_keys
from jobledger.publishers.dag_cbor import cid_of

PICTURE, FILM = b"a picture" * 100, b"a film" * 100
CHAIN = Post([Part("one"), Part("two"), Part("three")])


def file(content: bytes, kind: Any = "jpeg", **more: Any) -> MediaFile:
    sha256 = hashlib.sha256(content).hexdigest()
    given = {"width": 40, "height": 30, "frames": 1} | more
    return MediaFile(sha256=sha256, size=len(content), kind=kind, **given)


def picture(alt: str = "a shop", content: bytes = PICTURE) -> Media:
    return Media("shop.jpg", alt, file(content))


def film() -> Media:
    return Media("shop.mp4", "a film", file(FILM, "mp4", seconds=5.0))


def attempt_of(post: Post, checkpoints: Mapping[str, Any] | None = None) -> Attempt:
    """Make an attempt of a job that says so, with whatever earlier ones have left."""
    job = ScheduledJob(
        job_id="job",
        account_id=ACCOUNT,
        content=post.parts[0].text,
        scheduled_time=NOON,
        priority=JobPriority.NORMAL,
        status=JobStatus.RUNNING,
        platform="bluesky",
        post=post,
        created_at=NOON,
        checkpoints=dict(checkpoints or {}),
    )

    def record(job_id: str, command: Any) -> ScheduledJob:
        if isinstance(command, commands.Checkpoint):
            job.checkpoints[command.name] = command.value
        return job

    return Attempt(job, "key", record)


def publish(bench: Bench, attempt: Attempt, **settings: Any) -> PostResult:
    publisher = bench.bluesky(**{"media": STORE.__getitem__} | settings)
    return asyncio.run(publisher.publish(attempt))


STORE = {each.sha256: data for data in (PICTURE, FILM) for each in [file(data)]}


def add(bench: Bench, post: Post, **more: Any) -> str:
    """Add a job, as a ledger that keeps files may have it."""
    content = post.parts[0].text
    return bench.add(content, platform="bluesky", post=post, **more)


def send(bench: Bench, post: Post, **more: Any) -> ScheduledJob:
    job_id = add(bench, post, **more)
    return bench.once(bench.bluesky(media=STORE.__getitem__), job_id)


def written(bench: Bench) -> list[dict[str, Any]]:
    """Return the records of the last write that arrived."""
    body = bench.sent("bluesky_write")[-1]
    return [each["value"] for each in body["writes"]] if "writes" in body else [body["record"]]


def test_a_chain_is_one_write_of_replies(bench: Bench) -> None:
    """Each part answers the one before, and all begin with the first; its id is the job's."""
    job = send(bench, CHAIN)
    assert job.status is JobStatus.COMPLETED, job.error
    assert bench.exchanges() == ["bluesky_login", "bluesky_write"]
    one, two, three = written(bench)
    keys = record_keys(job.created_at, bench.scheduler.idempotency_key(job.job_id), 3)
    first, second, _ = parts = job.checkpoints["bluesky_post"]["parts"]
    assert [part["uri"].rpartition("/")[2] for part in parts] == keys
    assert [part["cid"] for part in parts] == [cid_of(record) for record in (one, two, three)]
    assert "reply" not in one
    assert two["reply"] == {"root": first, "parent": first}
    assert three["reply"] == {"root": first, "parent": second}
    assert job.thread_id == first["uri"]
    times = [record["createdAt"] for record in (one, two, three)]
    assert times == sorted(set(times))
    posts = bench.platform.posts()
    assert [post.text for post in posts] == ["one", "two", "three"]


def test_a_chain_that_answers_a_post_begins_with_that(bench: Bench) -> None:
    """Its first part does, and where the whole thread begins is the same for all."""
    first = send(bench, Post([Part("a")]))
    answer = Post([Part("b"), Part("c")], reply_to=first.thread_id, language="vi")
    assert send(bench, answer).status is JobStatus.COMPLETED
    two, three = written(bench)
    assert two["reply"]["parent"]["uri"] == two["reply"]["root"]["uri"] == first.thread_id
    assert three["reply"]["root"] == two["reply"]["root"]
    assert three["reply"]["parent"]["cid"] == cid_of(two)
    assert two["langs"] == three["langs"] == ["vi"]


@pytest.mark.parametrize("fault", ["500_after", "silent_after", "drop_after", "half", "twice"])
def test_a_chain_whose_answer_is_lost_is_found_and_is_there_once(bench: Bench, fault: Any) -> None:
    """Also where the write arrives twice, and the second answer is a 500."""
    bench.platform.fail("bluesky_write", fault)
    job = send(bench, CHAIN)
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 1), job.error
    assert bench.platform.counts() == {(ACCOUNT, text): 1 for text in ("one", "two", "three")}


@pytest.mark.parametrize("fault", ["500_before", "silent_before", "drop_before", "late"])
def test_one_that_did_not_arrive_is_written_whole(bench: Bench, fault: Any) -> None:
    """There is never a part of a chain."""
    bench.platform.fail("bluesky_write", fault)
    job = send(bench, CHAIN)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert bench.platform.posts() == []
    job = bench.once(bench.bluesky(), job.job_id)
    assert job.status is JobStatus.COMPLETED, job.error
    assert bench.platform.counts() == {(ACCOUNT, text): 1 for text in ("one", "two", "three")}


def test_a_chain_that_was_shortened_in_doubt_is_not_mixed_with_what_it_was(bench: Bench) -> None:
    """The longer one arrives after all: the first key tells that it is out."""
    bench.platform.fail("bluesky_write", "late")
    job = send(bench, CHAIN)
    bench.scheduler.edit_job(job.job_id, post=Post([Part("one"), Part("other")]))
    job = bench.once(bench.bluesky(), job.job_id)
    assert job.status is JobStatus.COMPLETED, job.error
    assert bench.platform.counts() == {(ACCOUNT, text): 1 for text in ("one", "two", "three")}


def test_pictures_are_brought_first_and_each_once(bench: Bench) -> None:
    """With what they show to those who do not see them, and their form."""
    post = Post([Part("one", media=[picture(), picture("again")]), Part("two")])
    assert publish(bench, attempt_of(post)).success
    assert bench.exchanges() == ["bluesky_login", "bluesky_blob", "bluesky_write"]
    [brought] = [seen for seen in bench.platform.seen if seen.exchange == "bluesky_blob"]
    assert brought.body == PICTURE
    assert brought.headers["content-type"] == "image/jpeg"
    embed = written(bench)[0]["embed"]
    assert embed["$type"] == "app.bsky.embed.images"
    assert [image["alt"] for image in embed["images"]] == ["a shop", "again"]
    assert {image["image"]["size"] for image in embed["images"]} == {len(PICTURE)}
    assert embed["images"][0]["aspectRatio"] == {"width": 40, "height": 30}


def test_a_film_beside_a_quote(bench: Bench) -> None:
    """Both are in one embed; a text need not be there."""
    first = send(bench, Post([Part("a")]))
    post = Post([Part("", media=[film()], quote=first.thread_id)])
    assert publish(bench, attempt_of(post)).success
    embed = written(bench)[0]["embed"]
    assert embed["$type"] == "app.bsky.embed.recordWithMedia"
    assert embed["record"]["record"]["uri"] == first.thread_id
    assert embed["media"]["$type"] == "app.bsky.embed.video"
    assert embed["media"]["alt"] == "a film"
    assert embed["media"]["video"]["mimeType"] == "video/mp4"


def test_each_part_may_have_its_card(bench: Bench) -> None:
    """One without a title has its address for one."""
    parts = [Part("a", link=Link("https://a.org/x", "A", "b")), Part("c", link=Link("https://d.e"))]
    assert send(bench, Post(parts)).status is JobStatus.COMPLETED
    one, two = (record["embed"]["external"] for record in written(bench))
    assert one == {"uri": "https://a.org/x", "title": "A", "description": "b"}
    assert two == {"uri": "https://d.e", "title": "d.e", "description": ""}


def test_what_is_for_bluesky_alone_counts(bench: Bench) -> None:
    """The overrides of the platform are as metadata; those of others are theirs."""
    overrides: dict[str, dict[str, Any]] = {
        "bluesky": {"langs": ["vi", "en"]},
        "threads": {"reply_control": "everyone"},
    }
    assert send(bench, Post([Part("a")], overrides=overrides)).status is JobStatus.COMPLETED
    assert written(bench)[0]["langs"] == ["vi", "en"]
    wrong = send(bench, Post([Part("b")], overrides={"bluesky": {"labels": ["x"]}}))
    assert "metadata.labels would be left out" in str(wrong.error)


@pytest.mark.parametrize(
    ("post", "named"),
    [
        (Post([Part("a"), Part("x" * 301)]), "post.parts[1].text must be at most 300"),
        (Post([Part("a", poll=Poll(["b", "c"]))]), "post.parts[0].poll is set"),
        (Post([Part("a")], topic="b"), "post.topic is set"),
        (Post([Part("a")], audience="followers"), "post.audience must be public"),
        (Post([Part("a", quote="17")]), "post.parts[0].quote must be the address of a post"),
        (Post([Part("a")], reply_to="17"), "post.reply_to must be the address of a post"),
        (Post([Part("a", link=Link("http://10.0.0.1/"))]), "parts[0].link.url 'http://10.0.0.1/'"),
        (Post([Part("a", media=[picture()] * 5)]), "at most 4 images"),
        (Post([Part("a", media=[picture(), film()])]), "images and videos"),
        (Post([Part("a", media=[picture()], link=Link("https://a.b"))]), "exclude each other"),
        (Post([Part("a", media=[Media("https://a.b/c.jpg")])]), "is sent the file itself"),
        (Post([Part("a", media=[Media("c.mov", "", file(FILM, "mov"))])]), "MP4"),
        (
            Post([Part("a", media=[Media("c.gif", "", file(PICTURE, "gif", frames=9))])]),
            "would show it still",
        ),
    ],
)
def test_what_bluesky_does_not_take_is_named_before_anything_is_sent(
    bench: Bench, post: Post, named: str
) -> None:
    result = publish(bench, attempt_of(post))
    assert (result.success, result.retryable) == (False, False)
    assert named in str(result.error)
    assert bench.platform.seen == []


@pytest.mark.parametrize(
    ("post", "metadata"),
    [
        (Post([Part("a")], reply_to="at://a.b/app.bsky.feed.post/c"), {"reply_to": "x"}),
        (Post([Part("a", quote="at://a.b/app.bsky.feed.post/c")]), {"quote": "x"}),
        (Post([Part("a", link=Link("https://a.b"))]), {"link": "https://a.b"}),
    ],
)
def test_what_is_said_twice_is_refused(bench: Bench, post: Post, metadata: dict[str, Any]) -> None:
    """Which of them is meant, nobody can tell."""
    assert "both say it" in str(send(bench, post, metadata=metadata).error)


def test_a_file_that_cannot_be_had_or_is_another_fails(bench: Bench, tmp_path: Path) -> None:
    """Nothing is written; with a path it is read from there."""
    post = Post([Part("a", media=[picture()])])
    path = tmp_path / "kept"
    path.write_bytes(PICTURE)
    assert publish(bench, attempt_of(post), media=lambda sha256: path).success
    assert len(bench.platform.posts()) == 1
    path.write_bytes(b"another")
    other = Post([Part("b", media=[picture()])])
    changed = publish(bench, attempt_of(other), media=lambda sha256: path)
    path.unlink()
    gone = publish(bench, attempt_of(other), media=lambda sha256: path)
    nowhere = publish(bench, attempt_of(other), media=None)
    for result, said in ((changed, "is not what"), (gone, "be read"), (nowhere, "keeps no file")):
        assert (result.success, result.retryable) == (False, False)
        assert said in str(result.error)
    assert len(bench.platform.posts()) == 1


@pytest.mark.parametrize("fault", ["500_after", "silent_before", "rate_limited", "token_expired"])
def test_a_file_that_cannot_be_brought_just_now_is_brought_again(bench: Bench, fault: Any) -> None:
    """Nothing was written meanwhile; a session that has run out is renewed at once."""
    bench.platform.fail("bluesky_blob", fault)
    attempt = attempt_of(Post([Part("a", media=[picture()])]))
    result = publish(bench, attempt)
    if fault != "token_expired":
        assert (result.success, result.retryable) == (False, True)
        assert attempt.checkpoints == {}
        result = publish(bench, attempt)
    assert result.success, result.error
    assert len(bench.platform.posts()) == 1


def test_a_repetition_brings_its_files_again_and_is_the_same(bench: Bench) -> None:
    """A server forgets files that nothing refers to."""
    bench.platform.fail("bluesky_write", "silent_before")
    post = Post([Part("a", media=[picture()])])
    attempt = attempt_of(post)
    with pytest.raises(OutcomeUnknown, match="not there yet"):
        publish(bench, attempt)
    first = written(bench)
    bench.platform._bluesky._blobs.clear()
    bench.clock.advance(timedelta(hours=1))
    assert publish(bench, attempt_of(post, attempt.checkpoints)).success
    assert written(bench) == first


def test_a_login_that_fails_for_ever_leaves_nothing_behind(bench: Bench) -> None:
    """No part, and no file."""
    bench.platform.fail("bluesky_login", "500_before", times=ALWAYS)
    job = send(bench, CHAIN)
    while job.status is JobStatus.SCHEDULED:
        job = bench.once(bench.bluesky(), job.job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert set(bench.exchanges()) == {"bluesky_login"}
