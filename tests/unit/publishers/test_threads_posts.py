"""Posts of several parts on Threads: carousels, polls, chains, and what of them may not be."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from msgspec.structs import replace
from support.bench import Bench
from support.crashes import ACCOUNT

from jobledger import JobStatus, Ledger, Link, Media, MediaFile, Part, Poll, Post
from jobledger.publishers import ThreadsPublisher
from jobledger.publishers.fake_platform import FakePlatform
from jobledger.publishers.threads_parts import forms_of, problems_of_job
from jobledger.testing import crash_everywhere

PICTURE = MediaFile(sha256="a" * 64, size=1000, kind="jpeg", width=1080, height=1350)
VIDEO = MediaFile(sha256="b" * 64, size=5000, kind="mp4", width=1080, height=1920, seconds=12.0)
ONE, TWO = "https://cdn.example.com/1.jpg", "https://cdn.example.com/2.mp4"
CHAIN = Post([Part("one"), Part("two", [Media(ONE), Media(TWO, "A cat")]), Part("three")], "cats")


TEMPLATE = "https://cdn.example.com/{sha256}.{ext}"


def created(bench: Bench) -> list[dict[str, str]]:
    """Return the forms of the containers that were made."""
    return [
        dict(parse_qsl(seen.body.decode()))
        for seen in bench.platform.seen
        if seen.exchange == "create"
    ]


def test_a_carousel_goes_out_once_all_of_it_is_ready(bench: Bench) -> None:
    """A container for each picture and video, with its description, and one for all."""
    job = bench.post(bench.threads(), "", post=Post([Part("both", [Media(ONE, "x"), Media(TWO)])]))
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    [out] = bench.platform.posts()
    assert (out.text, out.media) == ("both", (ONE, TWO))
    picture, video, whole = created(bench)
    assert picture == {
        "media_type": "IMAGE", "image_url": ONE, "alt_text": "x", "is_carousel_item": "true",
    }  # fmt: skip
    assert video == {"media_type": "VIDEO", "video_url": TWO, "is_carousel_item": "true"}
    assert whole == {
        "media_type": "CAROUSEL", "text": "both", "children": "container-1,container-2",
    }  # fmt: skip


def test_a_video_of_a_carousel_takes_its_time(bench: Bench) -> None:
    """It is looked at until it is ready, within the time that there is for all containers."""
    bench.platform.fail("create", "container_stuck", skip=1)
    job = bench.post(bench.threads(ready_s=60), "", post=Post([Part("", [Media(ONE), Media(TWO)])]))
    assert job.status is JobStatus.SCHEDULED
    assert "medium 2 of 2: the container is IN_PROGRESS" in str(job.error)
    assert sum(bench.paused_s) == 60 + 1
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert len(bench.platform.posts()) == 1


def test_one_medium_that_fails_is_named(bench: Bench) -> None:
    bench.platform.fail("create", "container_error", skip=1)
    job = bench.post(bench.threads(), "", post=Post([Part("", [Media(ONE), Media(TWO)])]))
    assert "medium 2 of 2: the container is ERROR" in str(job.error)
    assert bench.platform.posts() == []


def test_what_a_part_has_is_sent_as_threads_has_it(bench: Bench) -> None:
    """A file by the address under which it can be fetched; a poll, a link, a quote, a topic."""
    files = [Media("cat.jpg", "A cat", PICTURE)], [Media("cat.mp4", "", VIDEO)]
    post = Post(
        [
            Part("file", files[0], quote="18"),
            Part("film", files[1]),
            Part("poll", poll=Poll(["yes", "no"])),
            Part("link", link=Link("https://example.com/x")),
        ],
        topic="cats",
        reply_to="17",
        overrides={"threads": {"reply_control": "everyone"}, "x": {"whatever": 1}},
    )
    job = bench.scheduler.get_job(bench.add("", post=Post([Part("x"), Part("y")])))
    forms = [dict(each.form) for each in forms_of(replace(job, post=post), (), TEMPLATE)]
    assert forms == [
        {
            "media_type": "IMAGE", "text": "file", "alt_text": "A cat", "quote_post_id": "18",
            "image_url": f"https://cdn.example.com/{'a' * 64}.jpg", "topic_tag": "cats",
            "reply_to_id": "17", "reply_control": "everyone",
        },
        {
            "media_type": "VIDEO", "text": "film",
            "video_url": f"https://cdn.example.com/{'b' * 64}.mp4",
        },
        {
            "media_type": "TEXT", "text": "poll",
            "poll_attachment": '{"option_a":"yes","option_b":"no"}',
        },
        {"media_type": "TEXT", "text": "link", "link_attachment": "https://example.com/x"},
    ]  # fmt: skip


def test_a_file_is_fetched_from_where_the_publisher_says(bench: Bench) -> None:
    with pytest.raises(ValueError, match=r"media_url has no \{sha256\}"):
        bench.threads(media_url="https://cdn.example.com/")
    job = bench.scheduler.get_job(bench.add("", post=Post([Part("x"), Part("y")])))
    job = replace(job, post=Post([Part("", [Media("cat.jpg", "", PICTURE)])]), content="")
    assert bench.threads(media_url=TEMPLATE).check(job) == []
    [problem] = bench.threads().check(job)
    assert problem.field == "post.parts[0].media[0].source"


def test_a_poll_goes_out_with_its_options(bench: Bench) -> None:
    bench.post(bench.threads(), "", post=Post([Part("?", poll=Poll(["a", "b", "c"]))]))
    [out] = bench.platform.posts()
    assert json.loads(out.poll) == {"option_a": "a", "option_b": "b", "option_c": "c"}


@pytest.mark.parametrize(
    ("post", "said", "field", "why"),
    [
        (Post([Part("a"), Part("b" * 501)]), {}, "post.parts[1].text", "501 characters long"),
        (Post([Part("a", [Media("a.jpg")])]), {}, "post.parts[0].media[0].source", "no ledger"),
        (
            Post([Part("a", [Media("a.jpg", "", PICTURE)])]),
            {},
            "post.parts[0].media[0].source",
            "fetches from an address",
        ),
        (
            Post([Part("a", [Media("http://localhost/a.jpg")])]),
            {},
            "post.parts[0].media[0].source",
            "not public",
        ),
        (
            Post([Part("a", [Media(ONE), Media("http://10.0.0.1/a.jpg")])]),
            {},
            "post.parts[0].media[1].source",
            "not public",
        ),
        (
            Post([Part("a", [Media(ONE), Media(TWO, "x" * 1001)])]),
            {},
            "post.parts[0].media[1].alt",
            "at most 1000",
        ),
        (
            Post([Part("a", [Media(ONE)], Link("https://a.vn"))]),
            {},
            "post.parts[0].link",
            "without",
        ),
        (
            Post([Part("a", [Media(ONE), Media(TWO)], Link("https://a.vn"))]),
            {},
            "post.parts[0].link",
            "without media",
        ),
        (
            Post([Part("a", link=Link("https://a.vn", "Title"))]),
            {},
            "post.parts[0].link",
            "makes the title of a link itself",
        ),
        (Post([Part("a", poll=Poll(["a", "b"], 60))]), {}, "post.parts[0].poll.minutes", "1440"),
        (
            Post([Part("a", poll=Poll(["a", "b"], multiple=True))]),
            {},
            "post.parts[0].poll.multiple",
            "one option",
        ),
        (Post([Part("a", poll=Poll([*"abcde"]))]), {}, "post.parts[0].poll.options", "2 to 4"),
        (
            Post([Part("a", [Media(ONE)], poll=Poll(["a", "b"]))]),
            {},
            "post.parts[0].poll",
            "text alone",
        ),
        (Post([Part("a", quote="a/b")]), {}, "post.parts[0].quote", "must be the id of a post"),
        (Post([Part("a")], "#cats"), {}, "post.topic", "has a #"),
        (Post([Part("a")], reply_to="1.5"), {}, "post.reply_to", "must be the id of a post"),
        (Post([Part("a")], language="vi"), {}, "post.language", "no languages"),
        (Post([Part("a")], audience="followers"), {}, "post.audience", "public"),
        (Post([Part("a")], "x"), {"topic_tag": "y"}, "metadata.topic_tag", "says what the post"),
        (
            Post([Part("a", [Media(ONE), Media(TWO)])]),
            {"image_url": ONE},
            "metadata.image_url",
            "says what the post",
        ),
        (Post([Part("a")], "x"), {"Image_URLs": ONE}, "metadata.Image_URLs", "would be left out"),
        (
            Post([Part("a")], "x", overrides={"threads": {"replyControl": "everyone"}}),
            {},
            "metadata.replyControl",
            "would be left out",
        ),
    ],
)
def test_what_would_be_left_out_is_named_before_anything_is_sent(
    bench: Bench, post: Post, said: dict[str, Any], field: str, why: str
) -> None:
    job = bench.scheduler.get_job(bench.add("", post=Post([Part("x"), Part("y")]), metadata=said))
    job = replace(job, post=post, content=post.parts[0].text)
    found = problems_of_job(job, (), None)
    assert [each for each in found if each.field == field and why in str(each)], found
    with pytest.raises(ValueError, match=r"post|metadata"):
        forms_of(job, (), None)


def test_what_is_wrong_is_failed_with_its_name(bench: Bench) -> None:
    job = bench.post(bench.threads(), "", post=Post([Part("a"), Part("b")], language="vi"))
    assert job.status is JobStatus.FAILED
    assert "post.language would be left out" in str(job.error)
    assert bench.platform.seen == []


# -- chains ----------------------------------------------------------------------------------------


def chain(platform: FakePlatform) -> list[tuple[str, str]]:
    """Return what is out: each text, and the text that it answers."""
    texts = {out.id: out.text for out in platform.posts()}
    return [(out.text, texts.get(out.reply_to, out.reply_to)) for out in platform.posts()]


WHOLE = [("one", ""), ("two", "one"), ("three", "two")]


def test_a_chain_goes_out_part_by_part(bench: Bench) -> None:
    """Each a reply to the one before, and each recorded when it is out; its id is the first's."""
    job = bench.post(bench.threads(), "", post=CHAIN)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    assert chain(bench.platform) == WHOLE
    assert bench.platform.posts()[1].media == (ONE, TWO)
    assert [job.checkpoints[f"threads_part_{n}"] for n in (1, 2, 3)] == [
        "post-1",
        "post-2",
        "post-3",
    ]
    assert "topic_tag" not in created(bench)[-1]


def test_a_part_waits_for_the_one_before_to_be_known(bench: Bench) -> None:
    """What has just gone out may be unknown there for a moment."""
    bench.platform.fail("create", "missing", skip=1, times=2)
    post = Post([Part("one"), Part("two")])
    assert bench.post(bench.threads(), "", post=post).status is JobStatus.COMPLETED
    assert chain(bench.platform) == WHOLE[:2]


def test_a_chain_that_fails_says_what_is_out_and_goes_on_when_it_is_requeued(bench: Bench) -> None:
    """Nothing that is out goes out again."""
    bench.platform.fail("create", "restricted", skip=1)
    job = bench.post(bench.threads(), "", post=CHAIN)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert str(job.error).startswith("part 2 of 3: no container")
    assert "out so far: 1; a requeue goes on behind them" in str(job.error)
    bench.scheduler.requeue_job(job.job_id, bench.clock.now())
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert chain(bench.platform) == WHOLE


def test_a_part_whose_id_is_not_known_is_looked_for_again(bench: Bench) -> None:
    """What comes after it could not say what it answers; it does not go out a second time."""
    bench.platform.fail("publish", "silent_after")
    bench.platform.fail("list", "garbage", times=float("inf"))
    job = bench.post(bench.threads(), "", post=CHAIN)
    while job.status is JobStatus.SCHEDULED:
        job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "part 1 of 3 is out, and its id, to reply to, is not known" in str(job.error)
    assert chain(bench.platform) == WHOLE[:1]
    bench.platform.mend()
    bench.scheduler.requeue_job(job.job_id, bench.clock.now())
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert chain(bench.platform) == WHOLE


@pytest.mark.parametrize("fault", ["silent_after", "500_after", "late", "twice", "drop_after"])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_chain_is_out_once_whatever_answer_gets_lost(bench: Bench, fault: Any, part: int) -> None:
    bench.platform.fail("publish", fault, skip=part)
    job = bench.post(bench.threads(), "", post=CHAIN)
    while job.status is JobStatus.SCHEDULED:
        job = bench.once(bench.threads(), job.job_id)
    assert job.status is JobStatus.COMPLETED
    assert chain(bench.platform) == WHOLE


class Served:
    """A platform over HTTP for one run of a crash, with what is out of it."""

    running = ExitStack()

    def __init__(self) -> None:
        self.fake = self.running.enter_context(FakePlatform(tokens={"token": ACCOUNT}))

    def count(self, job_id: str) -> int:
        """Count the chains that are out: a part that is out twice makes two of it."""
        out = chain(self.fake)
        assert [each for each in out if each not in WHOLE] == []
        most = max(Counter(out).values(), default=0)
        return most if most > 1 or set(out) == set(WHOLE) else 0


class Waiting(httpx.AsyncBaseTransport):
    """Exchanges while everything else waits: the kit moves its clock when nothing is to be done,
    and would have an answer that is on its way be late."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer = client.request(
                request.method, request.url, headers=request.headers, content=content
            )
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture
def served() -> Iterator[None]:
    """Let the platforms of all runs go when the test is over."""
    with ExitStack() as Served.running:
        yield


@pytest.mark.thorough
@pytest.mark.usefixtures("served")
def test_a_chain_may_be_cut_anywhere() -> None:
    """Before and after each durable step, also with the power: every part is out, and once."""

    async def at_once(seconds: float) -> None:
        pass

    def publisher(platform: Any) -> ThreadsPublisher:
        return ThreadsPublisher(
            {ACCOUNT: "token"},
            base_url=platform.fake.threads_url,
            sleep=at_once,
            transport=Waiting,
        )

    def scenario(ledger: Ledger) -> None:
        ledger.add_job(ACCOUNT, "", ledger.now(), post=CHAIN)

    report = crash_everywhere(publisher, scenario, platform=Served)
    assert report.crashes >= 30
    assert not report.unknown
    report.check()
