"""Posts of several parts on Mastodon: a chain of statuses, each a reply to the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.bench import Bench
from support.crashes import ACCOUNT
from support.media import png

from jobledger import JobStatus, Link, Media, Part, Poll, Post, ScheduledJob
from jobledger.domain import MediaFile
from jobledger.domain.media.reading import media_facts
from jobledger.publishers.mastodon_instance import InstanceLimits

THREE = Post(
    parts=(Part("one"), Part("two", poll=Poll(("yes", "no"), minutes=60)), Part("three")),
    language="vi",
    audience="followers",
)


def add(bench: Bench, post: Post, **more: Any) -> str:
    return bench.scheduler.add_job(
        ACCOUNT, post.parts[0].text, bench.clock.now(), platform="mastodon", post=post,
        **({"lenient": True} | more),
    )  # fmt: skip


def posted(bench: Bench, post: Post, **more: Any) -> ScheduledJob:
    return bench.once(bench.mastodon(), add(bench, post, **more))


def ids(bench: Bench) -> list[str]:
    return [status.id for status in bench.platform._mastodon.statuses]


def test_its_parts_go_out_as_a_chain(bench: Bench) -> None:
    """Each a reply to the one before, with what is said of the whole; the first one's id is its."""
    older = add(bench, Post(parts=(Part("older"),), language="vi"))
    parent = str(bench.once(bench.mastodon(), older).thread_id)
    bench.platform.seen.clear()
    post = Post(parts=THREE.parts, language="vi", audience="followers", reply_to=parent)
    job = posted(bench, post, metadata={"spoiler_text": "cw"})
    first, second, _third = ids(bench)[1:]
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, first)
    whole = {"spoiler_text": "cw", "visibility": "private", "language": "vi"}
    poll = {"options": ["yes", "no"], "expires_in": 3600, "multiple": False}
    assert bench.sent("post_status") == [
        {"status": "one", **whole, "in_reply_to_id": parent},
        {"status": "two", **whole, "poll": poll, "in_reply_to_id": first},
        {"status": "three", **whole, "in_reply_to_id": second},
    ]


@pytest.mark.parametrize("skip", [0, 1, 2])
@pytest.mark.parametrize("fault", ["500_before", "500_after", "forgotten", "silent_after", "late"])
def test_whichever_part_gets_no_answer_it_goes_on_behind_the_last(
    bench: Bench, fault: Any, skip: int
) -> None:
    """Nothing of it is out twice, and in this order."""
    bench.platform.fail("post_status", fault, skip=skip)
    bench.platform.fail("own_statuses", "500_before", times=2, skip=1)
    job_id = add(bench, THREE)
    for _ in range(5):
        job = bench.once(bench.mastodon(), job_id)
        if job.status is not JobStatus.SCHEDULED:
            break
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, ids(bench)[0])
    statuses = bench.platform._mastodon.statuses
    assert [status.text for status in statuses] == ["one", "two", "three"]
    assert [status.given.get("in_reply_to_id") for status in statuses] == [None, *ids(bench)[:2]]


def test_a_part_that_is_refused_says_what_is_out(bench: Bench) -> None:
    """And it goes on behind it, when the job was mended and requeued."""
    bench.platform.fail("post_status", "missing", skip=1)
    job = posted(bench, THREE)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    [first] = ids(bench)
    assert f"part 2 of 3: HTTP 404: Record not found; out are {first}" in str(job.error)
    bench.scheduler.requeue_job(job.job_id, bench.clock.now())
    assert bench.once(bench.mastodon(), job.job_id).status is JobStatus.COMPLETED
    assert sorted(bench.platform.counts().values()) == [1, 1, 1]


def test_two_parts_with_one_text_are_two_posts(bench: Bench) -> None:
    bench.platform.fail("post_status", "500_after", skip=1)
    job = posted(bench, Post(parts=(Part("same"), Part("same"))))
    assert job.status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "same"): 2}


FAILED_BY_NAME = [
    (Post(parts=(Part("a"),), topic="news"), {}, "post.topic would be left out"),
    (Post(parts=(Part("a", link=Link("https://example.org")),)), {}, "put it into the text"),
    (Post(parts=(Part("a"),), reply_to="https://mastodon.example/@a/1"), {}, "post.reply_to must"),
    (Post(parts=(Part("a", quote="1.2E+17"),)), {}, "post.parts[0].quote must be the id"),
    (Post(parts=(Part("a"),), audience="public"), {"visibility": "direct"}, "exclude each other"),
    (
        Post(parts=(Part("a"),), overrides={"mastodon": {"poll": {}, "media_ids": ["1"]}}), {},
        "metadata.media_ids would be left out",
    ),
    (Post(parts=(Part("a"), Part("x" * 501))), {}, "post.parts[1].text is 501 characters long"),
    (
        Post(parts=(Part("a", poll=Poll(("a", "b"), minutes=4)),)), {},
        "post.parts[0].poll must be open for 5 to",
    ),
    (Post(parts=(Part("a", poll=Poll(tuple("abcde"))),)), {}, "has 5 options"),
    (Post(parts=(Part("a", poll=Poll(("a", "b" * 51))),)), {}, "an option of 51 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("post", "metadata", "says"), FAILED_BY_NAME)
def test_what_a_post_has_and_mastodon_has_not_is_failed_by_name(
    bench: Bench, post: Post, metadata: dict[str, Any], says: str
) -> None:
    """Before anything of it is sent."""
    job = posted(bench, post, metadata=metadata)
    assert (job.status, job.retry_count, job.outcome_unknown) == (JobStatus.FAILED, 0, False)
    assert says in str(job.error)
    assert ids(bench) == []


def test_what_is_said_for_mastodon_alone_is_taken(bench: Bench) -> None:
    """What is said for others is theirs; a link that stands in the text is no more than that."""
    part = Part("see https://example.org", link=Link("https://example.org", title="a"))
    overrides: dict[str, dict[str, Any]] = {
        "mastodon": {"spoiler_text": "cw"},
        "bluesky": {"labels": ["x"]},
    }
    job = posted(bench, Post(parts=(part,), overrides=overrides))
    assert job.status is JobStatus.COMPLETED
    assert bench.sent("post_status") == [
        {"status": "see https://example.org", "spoiler_text": "cw"}
    ]


# -- files ---------------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(png(40, 30))
    return path


def stored(media: Sequence[Media]) -> tuple[Media, ...]:
    """Return the media as a ledger has them that keeps the files."""
    found = []
    for each in media:
        content = Path(each.source).read_bytes()
        facts, sha256 = media_facts(content), hashlib.sha256(content).hexdigest()
        file = MediaFile(
            sha256=sha256, size=len(content), kind=facts.kind, width=facts.width,
            height=facts.height,
        )  # fmt: skip
        found.append(Media(each.source, each.alt, file))
    return tuple(found)


def of_files(*paths: Path) -> dict[str, Any]:
    """Return what a publisher is given that finds these files, by their hash."""
    by_hash = {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
    return {"media": by_hash.__getitem__}


def test_files_are_brought_and_waited_for(bench: Bench, picture: Path) -> None:
    """Each with its description, in order, with pauses; then the status has them."""
    bench.platform._mastodon.looks = 2
    media = stored([Media(str(picture), "mèo 😀"), Media(str(picture))])
    job_id = add(bench, Post(parts=(Part("", media=media), Part("second"))))
    job = bench.once(bench.mastodon(**of_files(picture)), job_id)
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    content = picture.read_bytes()
    assert list(bench.platform._mastodon.media.values()) == [(content, "mèo 😀"), (content, "")]
    assert bench.sent("post_status")[0] == {"status": "", "media_ids": ["media-1", "media-2"]}
    assert bench.paused_s == [1.0, 2.0, 1.0, 2.0]


def test_a_file_that_the_ledger_keeps_is_found_by_its_path(bench: Bench, picture: Path) -> None:
    """Also when the one that was given is gone."""
    content = picture.read_bytes()
    job_id = add(bench, Post(parts=(Part("a", media=(Media(str(picture), "mèo"),)),)))
    picture.unlink()
    publisher = bench.mastodon(media=bench.scheduler.media_path)
    assert bench.once(publisher, job_id).status is JobStatus.COMPLETED
    assert list(bench.platform._mastodon.media.values()) == [(content, "mèo")]


@pytest.mark.parametrize("exchange", ["media", "media_state"])
@pytest.mark.parametrize("fault", ["500_before", "drop_before", "garbage", "rate_limited"])
def test_a_file_that_cannot_be_brought_is_tried_again(
    bench: Bench, picture: Path, exchange: Any, fault: Any
) -> None:
    """Nothing is out, and nothing is in doubt."""
    bench.platform._mastodon.looks = 1
    bench.platform.fail(exchange, fault)
    job_id = add(bench, Post(parts=(Part("a", media=stored([Media(str(picture))])),)))
    job = bench.once(bench.mastodon(**of_files(picture)), job_id)
    assert (job.status, job.in_doubt, job.retry_count) == (JobStatus.SCHEDULED, False, 1)
    assert bench.once(bench.mastodon(**of_files(picture)), job_id).status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "a"): 1}


def test_a_file_that_is_never_ready_is_given_up(bench: Bench, picture: Path) -> None:
    bench.platform._mastodon.looks = 1000
    job_id = add(bench, Post(parts=(Part("a", media=stored([Media(str(picture))])),)))
    job = bench.once(bench.mastodon(**of_files(picture), ready_s=10), job_id)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, False)
    assert "is not ready after 10 s" in str(job.error)
    assert sum(bench.paused_s) == 10


@pytest.mark.parametrize("fault", ["500_before", "500_after", "forgotten", "late"])
def test_a_status_with_files_is_out_once(bench: Bench, picture: Path, fault: Any) -> None:
    """Its files are brought anew, which makes no other post of it; one without any is another."""
    bench.platform.fail("post_status", fault)
    bench.platform.fail("own_statuses", "500_before", skip=1)
    job_id = add(bench, Post(parts=(Part("a", media=stored([Media(str(picture))])),)))
    publisher = bench.mastodon(**of_files(picture))
    assert bench.once(publisher, job_id).in_doubt
    bench.platform._mastodon.post(ACCOUNT, {"status": "a"}, "")
    assert bench.once(publisher, job_id).status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "a"): 2}
    keys = {seen.headers.get("idempotency-key") for seen in bench.platform.seen}
    assert len(keys - {None}) == 1


def test_a_file_that_is_gone_or_another_is_failed_by_name(bench: Bench, picture: Path) -> None:
    """And so is one without a publisher that can have it."""
    post = Post(parts=(Part("a", media=stored([Media(str(picture))])),))
    nothing: dict[str, bytes] = {}
    given: list[Any] = [
        None, nothing.__getitem__, lambda sha256: b"another", lambda sha256: Path("/no/such/file"),
    ]  # fmt: skip
    jobs = [bench.once(bench.mastodon(media=media), add(bench, post)) for media in given]
    assert {job.status for job in jobs} == {JobStatus.FAILED}
    assert [said in str(job.error) for job, said in zip(jobs, (
        "was given no media=", "cannot be read: KeyError", "is not what it was when it was added",
        "cannot be read: FileNotFoundError",
    ), strict=True)] == [True] * 4  # fmt: skip
    assert ids(bench) == []


def test_what_the_instance_does_not_take_of_files_is_failed_by_name(picture: Path) -> None:
    """By its own limits: how many, how large, of what kind, how long described."""
    document = {"configuration": {
        "statuses": {"max_media_attachments": 3},
        "media_attachments": {
            "supported_mime_types": ["image/jpeg"], "image_size_limit": 1000,
            "description_limit": 3,
        },
    }}  # fmt: skip
    limits = InstanceLimits.of(document)
    [kept] = stored([Media(str(picture))])
    assert kept.file is not None
    large = Media("l", "", msgspec.structs.replace(kept.file, size=1001))
    jpeg = msgspec.structs.replace(kept.file, kind="jpeg")
    files = [large, kept, Media("d", "long", jpeg), Media("ok", "abc", jpeg)]
    said = [str(problem) for problem in limits.problems_with_media(files, "media")]
    assert said == [
        "media has 4 files, and this instance takes 3 in a status",
        "media[0] has 1001 bytes, and this instance takes 1000",
        "media[1] is image/png, and this instance takes image/jpeg",
        "media[2] has an alt of more than 3 characters",
    ]
