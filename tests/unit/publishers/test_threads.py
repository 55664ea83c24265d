"""ThreadsPublisher: the steps of a post, what is made of every answer, and recovery by the last."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.bench import Bench
from support.crashes import ACCOUNT, ALWAYS, TOKEN, Deaf
from support.proof import SETTINGS, played
from support.waiting import eventually_async

from jobledger import JobNoted, JobStarted, JobStatus, ScheduledJob
from jobledger.publishers import ThreadsPublisher, Timeouts
from jobledger.publishers.fake_platform import FakePlatform
from jobledger.publishers.threads_api import ThreadsApi
from jobledger.scheduler.account_holds import FIRST_WAIT


def test_a_post_goes_out_in_durable_steps(bench: Bench) -> None:
    """Container, its id recorded, ready, the intent recorded, published, and where it is."""
    job = bench.post(bench.threads(), "xin chào 😀", metadata={"topic_tag": "hello"})
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    assert bench.exchanges() == ["limit", "create", "status", "status", "publish", "permalink"]
    assert bench.platform.counts() == {(ACCOUNT, "xin chào 😀"): 1}
    assert [event.type for event in bench.scheduler.history(job.job_id)] == [
        "added", "started", "checkpointed", "checkpointed", "noted", "completed",
    ]  # fmt: skip
    [noted] = bench.events(job, "noted")
    assert isinstance(noted.data, JobNoted)
    assert noted.data.message == "Out: https://www.threads.net/t/post-1"


def test_the_token_is_in_a_header_alone(bench: Bench) -> None:
    """In no address and no body, from where it would get into logs."""
    bench.post(bench.threads())
    for seen in bench.platform.seen:
        assert seen.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN.encode() not in seen.body
        assert TOKEN not in seen.target


def test_an_account_may_have_an_id_of_its_own(bench: Bench) -> None:
    """Else it is `me`, whoever the token belongs to."""
    bench.post(bench.threads())
    bench.post(bench.threads(user_ids={ACCOUNT: "17841"}), "other")
    creates = [seen.target for seen in bench.platform.seen if seen.exchange == "create"]
    assert creates == ["/v1.0/me/threads", "/v1.0/17841/threads"]


def test_what_cannot_be_posted_fails_for_good_before_anything_is_sent(bench: Bench) -> None:
    """The text, or the metadata: with the reason, and no request. Without a token, too, none is
    made, and the post waits for one."""
    long = bench.post(bench.threads(), "😀" * 126)
    wrong = bench.post(bench.threads(), metadata={"topic_tag": "a.b"})
    nobody = bench.post(bench.threads(tokens={}))
    assert [job.status for job in (long, wrong)] == [JobStatus.FAILED] * 2
    assert nobody.status is JobStatus.SCHEDULED
    assert not any(job.outcome_unknown for job in (long, wrong, nobody))
    assert "504 characters" in str(long.error)
    assert "metadata.topic_tag" in str(wrong.error)
    assert "no token for account 'acc'" in str(nobody.error)
    assert bench.platform.seen == []


@pytest.mark.parametrize("exchange", ["create", "publish"])
def test_what_no_retry_can_mend_fails_at_once(bench: Bench, exchange: Any) -> None:
    """With what to do about it, and known not to be out."""
    bench.platform.fail(exchange, "restricted")
    job = bench.post(bench.threads())
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "may not post" in str(job.error)
    assert bench.platform.posts() == []


@pytest.mark.parametrize("exchange", ["create", "publish"])
def test_a_post_whose_token_has_expired_waits_for_another_one(bench: Bench, exchange: Any) -> None:
    """It is known not to be out, and goes on where it was: with the container that there is."""
    bench.platform.fail(exchange, "token_expired")
    job = bench.post(bench.threads())
    assert (job.status, job.retry_count, job.may_be_out) == (JobStatus.SCHEDULED, 0, False)
    assert "renew the token" in str(job.error)
    assert bench.platform.posts() == []
    bench.clock.advance(FIRST_WAIT)
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert len(bench.platform.posts()) == 1
    assert bench.exchanges().count("create") == (2 if exchange == "create" else 1)


def test_a_rate_limit_is_retried_and_says_what_is_known_of_it(bench: Bench) -> None:
    """When to come again, and how much of the quota is used."""
    bench.platform.fail("publish", "rate_limited")
    job = bench.post(bench.threads())
    assert job.status is JobStatus.SCHEDULED
    assert "rate limit" in str(job.error)
    assert "again in 120 s; 0 of 250 posts in 24 h are used" in str(job.error)
    job = bench.once(bench.threads(), job.job_id)
    assert job.status is JobStatus.COMPLETED
    assert bench.exchanges().count("create") == 1


def test_a_container_that_takes_its_time_is_kept_for_the_next_attempt(bench: Bench) -> None:
    """The wait is bounded, its pauses grow, and the next attempt goes on with the same one."""
    with FakePlatform(now=bench.clock.now, looks=7) as slow:
        publisher = bench.threads(base_url=slow.threads_url, ready_s=20)
        job = bench.post(publisher)
        assert job.status is JobStatus.SCHEDULED
        assert "still IN_PROGRESS after 20 s" in str(job.error)
        assert bench.paused_s == [1, 2, 4, 8, 5]
        job = bench.once(publisher, job.job_id)
        assert job.status is JobStatus.COMPLETED
        assert [seen.exchange for seen in slow.seen].count("create") == 1


def test_a_container_that_is_stuck_is_given_up_at_the_second_attempt(bench: Bench) -> None:
    """It was never asked to be published, so another one does no harm."""
    bench.platform.fail("create", "container_stuck")
    publisher = bench.threads(ready_s=5)
    job = bench.post(publisher)
    assert job.status is JobStatus.SCHEDULED
    job = bench.once(publisher, job.job_id)
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)
    assert bench.exchanges().count("create") == 2


@pytest.mark.parametrize("fate", ["container_error", "container_expired"])
def test_a_dead_container_is_replaced_at_the_next_attempt(bench: Bench, fate: Any) -> None:
    """Its end is told."""
    bench.platform.fail("create", fate)
    job = bench.post(bench.threads())
    assert job.status is JobStatus.SCHEDULED
    assert fate.removeprefix("container_").upper() in str(job.error)
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert bench.exchanges().count("create") == 2


def test_a_container_that_publishing_does_not_find_is_waited_for(bench: Bench) -> None:
    """It is there when asked for: the same one is published a moment later."""
    bench.platform.fail("publish", "missing", times=2)
    job = bench.post(bench.threads())
    assert job.status is JobStatus.COMPLETED
    assert bench.exchanges().count("create") == 1
    assert bench.exchanges().count("publish") == 3


def test_a_container_that_is_lost_is_replaced_once(bench: Bench) -> None:
    """Four refusals in a row, each of them an answer: another one is made. Then it is a failure."""
    bench.platform.fail("publish", "missing", times=4)
    job = bench.post(bench.threads())
    assert job.status is JobStatus.COMPLETED
    assert bench.exchanges().count("create") == 2
    bench.platform.fail("publish", "missing", times=ALWAYS)
    job = bench.post(bench.threads(), "other")
    assert (job.status, job.outcome_unknown) == (JobStatus.SCHEDULED, False)
    assert "does not find the container" in str(job.error)
    assert bench.exchanges().count("create") == 4


@pytest.mark.parametrize(
    "fault", ["500_after", "silent_after", "drop_after", "twice", "garbage", "half"]
)
def test_a_post_without_a_clear_answer_is_asked_for_at_once(bench: Bench, fault: Any) -> None:
    """It is out: the container says so, and the account's posts have its id."""
    bench.platform.fail("publish", fault)
    job = bench.post(bench.threads())
    assert (job.status, job.thread_id, job.attempt) == (JobStatus.COMPLETED, "post-1", 1)
    assert len(bench.platform.posts()) == 1


@pytest.mark.parametrize("fault", ["500_before", "silent_before", "drop_before", "late"])
def test_what_is_not_out_yet_may_still_come_out(bench: Bench, fault: Any) -> None:
    """FINISHED just after asking proves nothing: in doubt, and asked again after the settle delay.

    The next attempt publishes the same container, so that a request that comes late is harmless.
    """
    bench.platform.fail("publish", fault)
    job = bench.post(bench.threads())
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert job.scheduled_time == bench.clock.now() + timedelta(seconds=60)
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    assert bench.exchanges().count("create") == 1
    assert len(bench.platform.posts()) == 1


def test_no_connection_is_no_doubt(bench: Bench) -> None:
    """Nothing left this machine: failed, retried, not out."""
    with FakePlatform() as gone:
        address = gone.threads_url
    job = bench.post(bench.threads(base_url=address))
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, False)
    assert "no connection" in str(job.error)


def test_no_connection_for_publishing_is_no_doubt_either(bench: Bench) -> None:
    """The intent that was recorded before is taken back."""

    class NoWay(httpx.AsyncBaseTransport):
        def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
            self._inner = inner

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("threads_publish"):
                raise httpx.ConnectError("refused")
            return await self._inner.handle_async_request(request)

        async def aclose(self) -> None:
            await self._inner.aclose()

    publisher = bench.threads()
    inner = publisher._transport
    assert inner is not None
    job = bench.post(bench.threads(transport=lambda: NoWay(inner())))
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, False)
    assert job.checkpoints["threads_publishing"]["unanswered"] == 0
    assert bench.once(publisher, job.job_id).status is JobStatus.COMPLETED


def test_a_real_time_out_is_no_answer(bench: Bench) -> None:
    """Without a test's transport: the client gives up by its own clock, and the post is found."""
    bench.platform.fail("publish", "silent_after")
    patient = Timeouts(connect_s=20, read_s=0.2, whole_s=20)
    job = bench.post(bench.threads(transport=None, timeouts=patient))
    assert job.status in (JobStatus.COMPLETED, JobStatus.SCHEDULED)
    if job.status is JobStatus.SCHEDULED:  # a busy machine: some other exchange was too slow
        slow = Timeouts(connect_s=20, read_s=20, whole_s=20)
        job = bench.once(bench.threads(transport=None, timeouts=slow), job.job_id)
    assert job.status is JobStatus.COMPLETED
    assert len(bench.platform.posts()) == 1


def in_doubt(bench: Bench, content: str = "text") -> ScheduledJob:
    """Make a job whose post is out, and whose publisher heard nothing of it."""
    bench.platform.fail("publish", "silent_after")
    bench.platform.fail("status", "drop_before", skip=2)  # when it asks what became of it
    job = bench.post(bench.threads(), content)
    assert job.in_doubt
    return job


def test_asking_takes_patience_before_it_costs_a_retry(bench: Bench) -> None:
    """Two looks that fail, and a third that says it."""
    job = in_doubt(bench)
    bench.platform.fail("status", "500_before", times=2)
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")


@pytest.mark.parametrize("fault", ["500_before", "drop_before", "token_expired", "rate_limited"])
def test_a_platform_that_cannot_be_asked_is_asked_again_later(bench: Bench, fault: Any) -> None:
    """While retries are left; nothing is posted on a guess."""
    job = in_doubt(bench)
    bench.platform.fail("status", fault, times=ALWAYS)
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert "asking failed" in str(job.error)
    bench.platform.mend()
    bench.clock.advance(FIRST_WAIT)  # for which the account of a token that is not taken waits
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")


def test_a_container_that_is_gone_is_left_to_a_person_with_a_clue(bench: Bench) -> None:
    """Whether it went out cannot be told; what looks like its post is named."""
    job = in_doubt(bench)
    bench.platform.forget_containers()
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert "this may be its post: post-1" in str(job.error)


@pytest.mark.parametrize("fault", ["drop_before", "500_before", "missing"])
def test_a_refusal_proves_nothing_where_the_container_cannot_be_asked_for(
    bench: Bench, fault: Any
) -> None:
    """A proxy sent the request twice: the second was refused, and the first one is out."""
    bench.platform.fail("publish", "twice")
    bench.platform.fail("status", fault, skip=2)
    job = bench.post(bench.threads())
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert "publishing was refused" in str(job.error)
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    assert len(bench.platform.posts()) == 1


def test_a_container_that_is_gone_is_not_replaced_while_it_may_be_out(bench: Bench) -> None:
    """Nor where nobody asks: publishing again looks for it, and makes no other."""
    job = in_doubt(bench)
    bench.platform.forget_containers()
    job = bench.once(Deaf(bench.threads()), job.job_id)
    assert job.status is not JobStatus.COMPLETED
    assert "does not know the container any more" in str(job.error)
    assert bench.exchanges().count("create") == 1


def test_of_several_posts_with_the_text_none_is_claimed(bench: Bench) -> None:
    """It is out, that is certain; which one it is, is not."""
    job = in_doubt(bench)
    assert bench.post(bench.threads()).thread_id == "post-2"
    job = bench.once(bench.threads(), job.job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, None)


def test_an_older_post_with_the_text_is_not_taken_for_it(bench: Bench) -> None:
    """What was out before publishing was first asked for is another one."""
    assert bench.post(bench.threads()).thread_id == "post-1"
    bench.clock.advance(timedelta(hours=1))
    bench.platform.fail("publish", "silent_after")
    assert bench.post(bench.threads()).thread_id == "post-2"


def test_a_list_that_shows_more_than_was_asked_for_misleads_nobody(bench: Bench) -> None:
    """An older post with the text, and one without a time, are not this one."""
    old = {"id": "old", "text": "text", "timestamp": "2026-03-02T11:59:59+0000"}
    documents: dict[str, list[tuple[int, Any]]] = {
        "/v1.0/me/threads": [
            (200, {"id": "c1"}),
            (200, {"data": [old, {"id": "x", "text": "text"}]}),
        ],
        "/v1.0/c1": [(200, {"status": "FINISHED"}), (200, {"status": "PUBLISHED"})],
        "/v1.0/me/threads_publish": [(500, {})],
    }

    async def answer(request: httpx.Request) -> httpx.Response:
        status, document = documents[request.url.path].pop(0)
        return httpx.Response(status, json=document)

    job = bench.post(bench.threads(transport=lambda: httpx.MockTransport(answer)))
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, None)


def test_what_may_be_out_is_not_given_up_for_being_stuck(bench: Bench) -> None:
    """However long its container says that it is in the making: no other one is made."""
    job = in_doubt(bench)
    bench.platform.take_longer(1000)
    job = bench.once(Deaf(bench.threads(ready_s=5)), job.job_id)
    assert job.status is not JobStatus.COMPLETED
    assert "still IN_PROGRESS" in str(job.error)
    assert bench.exchanges().count("create") == 1


def test_a_bug_after_sending_is_no_proof_that_nothing_was_sent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong from then on, it may be out."""

    async def broken(api: ThreadsApi, container_id: str) -> str:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr(ThreadsApi, "publish", broken)
        job = bench.post(bench.threads())
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED


def test_the_id_of_a_reply_is_looked_for_among_the_replies(bench: Bench) -> None:
    """The account's list of posts does not have them."""
    bench.platform.fail("publish", "silent_after")
    job = bench.post(bench.threads(), metadata={"reply_to_id": "17890"})
    assert job.thread_id == "post-1"


def test_a_post_is_out_even_if_nobody_can_say_where(bench: Bench) -> None:
    """Neither a list nor a link that fails makes a failure of it."""
    bench.platform.fail("publish", "500_after")
    bench.platform.fail("list", "500_before")
    first = bench.post(bench.threads())
    assert (first.status, first.thread_id) == (JobStatus.COMPLETED, None)
    bench.platform.fail("permalink", "drop_before")
    second = bench.post(bench.threads(), "other")
    assert (second.status, second.thread_id) == (JobStatus.COMPLETED, "post-2")


def test_an_edited_job_goes_out_with_its_new_text(bench: Bench) -> None:
    """The container of the old text, which was never asked to be published, is left alone."""
    bench.platform.fail("status", "rate_limited")
    job = bench.post(bench.threads(), "old")
    bench.scheduler.edit_job(job.job_id, content="new")
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "new"): 1}


def test_an_edited_job_in_doubt_is_asked_about_first(bench: Bench) -> None:
    """Out with its old text: done. Not out: the new one goes out."""
    job = in_doubt(bench, "old")
    bench.scheduler.edit_job(job.job_id, content="new")
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "old"): 1}
    bench.platform.fail("publish", "drop_before")
    job = bench.post(bench.threads(), "old again")
    bench.scheduler.edit_job(job.job_id, content="new again")
    assert bench.once(bench.threads(), job.job_id).status is JobStatus.COMPLETED
    assert bench.platform.counts()[ACCOUNT, "new again"] == 1
    assert bench.platform.counts()[ACCOUNT, "old again"] == 0


def test_a_person_who_requeues_what_is_out_does_not_double_it(bench: Bench) -> None:
    """Publishing itself looks at the container first, also where nobody asks."""
    bench.platform.fail("publish", "silent_after")
    bench.platform.fail("status", "drop_before", skip=2)
    job_id = bench.add(max_retries=0)
    job = bench.once(Deaf(bench.threads()), job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    bench.scheduler.requeue_job(job_id, bench.clock.now())
    job = bench.once(Deaf(bench.threads()), job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1")
    assert len(bench.platform.posts()) == 1


def test_it_works_in_the_loop_of_a_scheduler(bench: Bench) -> None:
    """One publisher in several event loops, one after the other."""
    publisher = bench.threads()

    async def started() -> None:
        job_id = bench.add("in the loop")
        await bench.scheduler.start(publisher)
        await eventually_async(
            lambda: bench.scheduler.get_job(job_id).status is JobStatus.COMPLETED, "the post"
        )
        await bench.scheduler.stop()

    bench.post(publisher, "before")
    asyncio.run(started())
    bench.post(publisher, "after")
    assert sorted(post.text for post in bench.platform.posts()) == [
        "after",
        "before",
        "in the loop",
    ]


@pytest.mark.thorough
def test_no_token_is_told_whatever_goes_wrong(
    bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Under every fault: not in the log of events, not in logging, not in a repr."""
    caplog.set_level(logging.DEBUG)
    threads = SETTINGS[0]
    count = 0
    for lasting in (False, True):
        for _, outcome in played(threads, lasting=lasting, dying=False):
            count += 1
            assert TOKEN.encode() not in outcome.log
            assert TOKEN not in str(outcome.job.error)
    assert count > 60
    assert caplog.records
    told = "".join(capfd.readouterr())
    assert all(TOKEN not in record.getMessage() for record in caplog.records)
    assert TOKEN not in told
    assert TOKEN not in repr(bench.threads()) + repr(vars(bench.threads())["_tokens"])


def test_a_token_that_the_platform_repeats_is_taken_out(bench: Bench) -> None:
    """Its own error text may have it: it is gone before anybody sees it."""

    async def repeats(request: httpx.Request) -> httpx.Response:
        message = f"Malformed access token {TOKEN}"
        return httpx.Response(400, json={"error": {"code": 190, "message": message}})

    job = bench.post(bench.threads(transport=lambda: httpx.MockTransport(repeats)))
    assert job.status is JobStatus.SCHEDULED
    assert "Malformed access token ***" in str(job.error)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"id": ["no", "text"]}),
        httpx.Response(200, json=[1, 2]),
        httpx.Response(400, json={"error": {"code": {}, "error_subcode": []}}),
        httpx.Response(400, json={"error": "text"}),
        httpx.Response(302, headers={"Location": "https://example.org"}),
        httpx.Response(500, content=b"\xff\xfe"),
    ],
    ids=lambda answer: answer.text[:20],
)
def test_answers_of_any_shape_are_failures_that_say_what_came(
    bench: Bench, answer: httpx.Response
) -> None:
    """Creating a container, none of them means that something is out."""

    async def strange(request: httpx.Request) -> httpx.Response:
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    job = bench.post(bench.threads(transport=lambda: httpx.MockTransport(strange)))
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, False)
    assert str(job.error).startswith("no container: ")


def test_settings_are_checked() -> None:
    """By their name."""
    with pytest.raises(ValueError, match="ready_s"):
        ThreadsPublisher(ready_s=0)
    with pytest.raises(ValueError, match="read_s"):
        Timeouts(read_s=-1)


def test_the_scheduler_knows_that_it_can_be_asked(bench: Bench) -> None:
    """Its `started` events say so."""
    job = bench.post(bench.threads())
    [started] = bench.events(job, "started")
    assert isinstance(started.data, JobStarted)
    assert started.data.reconcilable
