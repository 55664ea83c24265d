"""MastodonPublisher: the steps of a post, what is made of every answer, and finding what is out."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.bench import Bench
from support.crashes import ACCOUNT, ALWAYS, TOKEN, Deaf
from support.proof import SETTINGS, played

from jobledger import JobNoted, JobStatus, ScheduledJob, ValidationError
from jobledger.publishers import CheckingPublisher, MastodonPublisher
from jobledger.publishers.fake_platform.mastodon import as_html
from jobledger.publishers.mastodon_search import text_of

LATER = timedelta(hours=2)


def add(bench: Bench, content: str = "text", **more: Any) -> str:
    return bench.add(content, **({"platform": "mastodon"} | more))


def post(bench: Bench, content: str = "text", **more: Any) -> ScheduledJob:
    """Add a job and make one attempt."""
    return bench.once(bench.mastodon(), add(bench, content, **more))


def in_doubt(bench: Bench, content: str = "text", fault: Any = "500_after", **more: Any) -> str:
    """Add a job whose first attempt ends in doubt: nor can it be looked for just then."""
    bench.platform.fail("post_status", fault)
    bench.platform.fail("own_statuses", "500_before", skip=1)
    job = post(bench, content, **more)
    assert job.in_doubt
    return job.job_id


def by_hand(bench: Bench, text: str = "text") -> str:
    """Post by another program than this, and return the id of it."""
    bench.platform._mastodon.post(ACCOUNT, {"status": text}, "")
    return bench.platform._mastodon.statuses[-1].id


def keys(bench: Bench) -> list[str]:
    return [
        seen.headers["idempotency-key"]
        for seen in bench.platform.seen
        if seen.exchange == "post_status"
    ]


def test_a_post_goes_out_in_durable_steps(bench: Bench) -> None:
    """What is allowed, behind which status it will be, the intent recorded, sent, its id."""
    metadata = {
        "visibility": "unlisted", "spoiler_text": "về mèo", "sensitive": "true", "language": "vi",
    }  # fmt: skip
    job = post(bench, "xin chào 😀", metadata=metadata)
    [status] = bench.platform._mastodon.statuses
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, status.id)
    assert bench.exchanges() == ["instance", "own_account", "own_statuses", "post_status"]
    assert bench.sent("post_status") == [{"status": "xin chào 😀", **metadata, "sensitive": True}]
    assert [event.type for event in bench.scheduler.history(job.job_id)] == [
        "added", "started", "checkpointed", "checkpointed", "noted", "completed",
    ]  # fmt: skip
    [noted] = bench.events(job, "noted")
    assert isinstance(noted.data, JobNoted)
    assert noted.data.message == f"Out: https://mastodon.example/@acc/{status.id}"


def test_the_token_is_in_a_header_alone(bench: Bench) -> None:
    """In no address and no body, from where it would get into logs."""
    post(bench)
    assert len(bench.platform.seen) == 4
    for seen in bench.platform.seen:
        assert seen.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN.encode() not in seen.body
        assert TOKEN not in seen.target


@pytest.mark.thorough
def test_no_token_is_told_whatever_goes_wrong(
    bench: Bench, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Under every fault: not in the log of events, not in logging, not in a repr."""
    caplog.set_level(logging.DEBUG)
    [mastodon] = [each for each in SETTINGS if (each.kind, each.mode) == ("mastodon", "asked")]
    count = 0
    for lasting in (False, True):
        for _, outcome in played(mastodon, lasting=lasting, dying=False):
            count += 1
            assert TOKEN.encode() not in outcome.log
            assert TOKEN not in str(outcome.job.error)
    assert count > 60
    assert caplog.records
    told = "".join(capfd.readouterr())
    assert all(TOKEN not in record.getMessage() for record in caplog.records)
    assert TOKEN not in told
    assert TOKEN not in repr(bench.mastodon()) + repr(vars(bench.mastodon())["_tokens"])


def test_a_token_that_the_instance_repeats_is_taken_out(bench: Bench) -> None:
    """Its own error text may have it: it is gone before anybody sees it."""
    answer = httpx.Response(422, json={"error": f"no {TOKEN}"})
    transport = httpx.MockTransport(lambda request: answer)
    job = bench.once(bench.mastodon(transport=lambda: transport), add(bench))
    assert job.error == "not posted: HTTP 422: no ***; change the job, then requeue it"


def test_a_key_is_the_same_in_each_attempt_and_another_for_another_post(bench: Bench) -> None:
    """Also for another text of the same job: an instance would give the old one back."""
    job_id = add(bench)
    for _ in range(2):
        bench.platform.fail("post_status", "rate_limited")
        bench.once(bench.mastodon(), job_id)
    bench.scheduler.edit_job(job_id, content="edited")
    bench.once(bench.mastodon(), job_id)
    post(bench, "edited")
    first, second, edited, other = keys(bench)
    assert first == second
    assert len({first, edited, other}) == 3
    assert bench.platform.counts() == {(ACCOUNT, "edited"): 2}


# -- looking for what may be out -----------------------------------------------------------------


@pytest.mark.parametrize("fault", ["500_after", "forgotten", "silent_after", "drop_after", "half"])
@pytest.mark.parametrize("waited", [timedelta(0), LATER], ids=["at once", "an hour later"])
def test_what_is_out_is_found(bench: Bench, fault: Any, waited: timedelta) -> None:
    """With its key and without: the instance has forgotten it after an hour, or at once."""
    job_id = in_doubt(bench, "xin chào\n\n<b> & https://example.org/a?b=1&c=2 😀", fault)
    bench.clock.advance(waited)
    job = bench.once(bench.mastodon(), job_id)
    [status] = bench.platform._mastodon.statuses
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, status.id)
    assert len(keys(bench)) == 1


@pytest.mark.parametrize("fault", ["500_before", "silent_before", "drop_before"])
@pytest.mark.parametrize("waited", [timedelta(0), LATER], ids=["at once", "an hour later"])
def test_what_is_not_out_is_sent_again_with_its_key(
    bench: Bench, fault: Any, waited: timedelta
) -> None:
    """Another post of the account is not taken for it."""
    job_id = in_doubt(bench, fault=fault)
    by_hand(bench, "another")
    bench.clock.advance(waited)
    job = bench.once(bench.mastodon(), job_id)
    assert job.status is JobStatus.COMPLETED
    assert bench.platform.counts()[ACCOUNT, "text"] == 1
    first, second = keys(bench)
    assert first == second


def test_it_is_looked_for_at_once_where_that_can_be(bench: Bench) -> None:
    """So that an answer that got lost costs no retry."""
    bench.platform.fail("post_status", "drop_after")
    job = post(bench)
    assert (job.status, job.retry_count) == (JobStatus.COMPLETED, 0)


def test_what_acts_late_is_not_doubled_within_the_hour(bench: Bench) -> None:
    """It is not found, and acts in the worst moment: just before the request that repeats it."""
    job_id = in_doubt(bench, fault="late")
    job = bench.once(bench.mastodon(), job_id)
    assert job.status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "text"): 1}


def test_an_older_post_with_the_text_is_not_taken_for_it(bench: Bench) -> None:
    """It was there before the first request, by whatever clock."""
    older = by_hand(bench)
    job = bench.once(bench.mastodon(), in_doubt(bench, fault="500_before"))
    assert job.status is JobStatus.COMPLETED
    assert job.thread_id != older
    assert bench.platform.counts() == {(ACCOUNT, "text"): 2}


@pytest.mark.parametrize("fault", ["500_before", "500_after"])
def test_of_two_jobs_with_one_text_none_is_taken_for_the_other(bench: Bench, fault: Any) -> None:
    """The second goes out while the first is in doubt; the ledger knows whose post it is."""
    first = in_doubt(bench, fault=fault)
    second = post(bench)
    found = bench.once(bench.mastodon(), first)
    assert (second.status, found.status) == (JobStatus.COMPLETED, JobStatus.COMPLETED)
    ids = {status.id for status in bench.platform._mastodon.statuses}
    assert {found.thread_id, second.thread_id} == ids
    assert len(ids) == 2


def test_two_jobs_in_doubt_with_one_text_settle_one_another(bench: Bench) -> None:
    """Both are out: the one that was sent second is found first, and then there is one left."""
    ids = [in_doubt(bench), in_doubt(bench)]
    bench.clock.advance(timedelta(minutes=1))
    bench.scheduler.run_due(bench.mastodon())
    first, second = (bench.scheduler.get_job(job_id) for job_id in ids)
    assert (first.in_doubt, second.status) == (True, JobStatus.COMPLETED)
    assert "any of these may be its post" in str(first.error)
    first = bench.once(bench.mastodon(), ids[0])
    assert first.status is JobStatus.COMPLETED
    assert [first.thread_id, second.thread_id] == [
        status.id for status in bench.platform._mastodon.statuses
    ]


def test_where_several_may_be_it_a_person_decides(bench: Bench) -> None:
    """Somebody posts the same by hand; nothing is sent again, and both are named."""
    job_id = in_doubt(bench)
    other = by_hand(bench)
    for _ in range(10):
        job = bench.once(bench.mastodon(), job_id)
        if job.status is not JobStatus.SCHEDULED:
            break
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert other in str(job.error)
    assert len(keys(bench)) == 1


def test_one_that_somebody_edited_may_be_it(bench: Bench) -> None:
    """What it was before, the instance does not say."""
    job_id = in_doubt(bench)
    [status] = bench.platform._mastodon.statuses
    status.text, status.edited_at = "text, mended", bench.clock.now()
    job = bench.once(bench.mastodon(), job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert f"this may be its post: {status.id}" in str(job.error)


def test_one_with_another_warning_or_another_parent_is_another(bench: Bench) -> None:
    parent = by_hand(bench, "parent")
    job_id = in_doubt(bench, fault="500_before", metadata={"spoiler_text": "a", "language": "vi"})
    for given in ({"spoiler_text": "b"}, {"spoiler_text": "a", "in_reply_to_id": parent}):
        bench.platform._mastodon.post(ACCOUNT, {"status": "text", **given}, "")
    bench.once(bench.mastodon(), job_id)
    assert len(keys(bench)) == 2
    assert bench.platform.counts()[ACCOUNT, "text"] == 3


def test_a_reply_whose_parent_was_deleted_may_be_it(bench: Bench) -> None:
    """An instance shows it as no reply then."""
    parent = by_hand(bench, "parent")
    job_id = in_doubt(bench, metadata={"in_reply_to_id": parent})
    bench.platform._mastodon.statuses[-1].given.pop("in_reply_to_id")
    job = bench.once(bench.mastodon(), job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert len(keys(bench)) == 1


@pytest.mark.parametrize("text", [
    "text", "a\nb\n\nc", "<b>&amp; &", "https://example.org/a/very/long/path/to/something?x=1 &",
])  # fmt: skip
def test_an_instance_without_sources_is_understood_by_its_html(bench: Bench, text: str) -> None:
    """Its paragraphs, links and letters are the text again."""
    bench.platform._mastodon.has_source = False
    job = bench.once(bench.mastodon(), in_doubt(bench, text))
    assert job.status is JobStatus.COMPLETED
    assert text_of(as_html(text)) == text


def test_where_its_html_is_not_the_text_a_person_decides(bench: Bench) -> None:
    """A mention is shown without its host."""
    bench.platform._mastodon.has_source = False
    job = bench.once(bench.mastodon(), in_doubt(bench, "hi @mai@example.org"))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)


def test_it_is_found_behind_many_others(bench: Bench) -> None:
    """Page by page; an account without any at first has but the newest, and so many are unclear."""
    by_hand(bench, "older")
    job_id = in_doubt(bench)
    for n in range(100):
        by_hand(bench, f"other {n}")
    bench.platform._mastodon.statuses.append(bench.platform._mastodon.statuses.pop(1))
    moved = bench.platform._mastodon.statuses[-1]
    moved.id = str(int(moved.id) + 1000)
    job = bench.once(bench.mastodon(), job_id)
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, moved.id)


def test_where_not_all_can_be_looked_at_a_person_decides(bench: Bench) -> None:
    """The account had no status before; now it has more than an instance shows at once."""
    job_id = in_doubt(bench, fault="500_before")
    for n in range(41):
        by_hand(bench, f"other {n}")
    job = bench.once(bench.mastodon(), job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert "cannot all be looked at" in str(job.error)


def test_requeued_it_is_looked_for_too(bench: Bench) -> None:
    """A person takes it for not out, and it is: it is not posted a second time."""
    job_id = in_doubt(bench)
    bench.platform.fail("own_statuses", "500_before", times=ALWAYS)
    for _ in range(10):
        job = bench.once(bench.mastodon(), job_id)
        if job.status is not JobStatus.SCHEDULED:
            break
    assert job.outcome_unknown
    bench.platform.mend()
    bench.scheduler.requeue_job(job_id, bench.clock.now())
    assert bench.once(bench.mastodon(), job_id).status is JobStatus.COMPLETED
    assert len(keys(bench)) == 1


@pytest.mark.parametrize("waited", [timedelta(0), LATER], ids=["at once", "an hour later"])
def test_what_was_deleted_and_is_requeued_goes_out_anew(bench: Bench, waited: timedelta) -> None:
    """An instance that still has its key says that there is no such status: it gets another."""
    job_id = in_doubt(bench)
    bench.platform._mastodon.delete(bench.platform._mastodon.statuses[0].id)
    bench.scheduler.cancel_job(job_id)
    bench.clock.advance(waited)
    bench.scheduler.requeue_job(job_id, bench.clock.now())
    assert bench.once(bench.mastodon(), job_id).status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "text"): 1}
    assert len(set(keys(bench))) == (1 if waited else 2)


def test_a_job_that_is_edited_in_doubt_is_looked_for_with_its_old_text(bench: Bench) -> None:
    job_id = in_doubt(bench)
    bench.scheduler.edit_job(job_id, content="edited")
    assert bench.once(bench.mastodon(), job_id).status is JobStatus.COMPLETED
    other = in_doubt(bench, fault="500_before")
    bench.scheduler.edit_job(other, content="edited")
    assert bench.once(bench.mastodon(), other).status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "text"): 1, (ACCOUNT, "edited"): 1}


def test_one_that_is_not_asked_looks_by_itself(bench: Bench) -> None:
    """Before it sends anything again."""
    job_id = in_doubt(bench)
    assert bench.once(Deaf(bench.mastodon()), job_id).status is JobStatus.COMPLETED
    assert len(keys(bench)) == 1


# -- what an instance says -----------------------------------------------------------------------


def test_a_text_that_is_too_long_for_the_instance_is_failed_by_name(bench: Bench) -> None:
    """Before anything is sent; with its warning, and a link as the instance counts it."""
    bench.platform._mastodon.longest = 40
    link = f"https://example.org/{'a' * 100}"
    fits = post(bench, f"{link} {'b' * 10}", metadata={"spoiler_text": "123456"})
    assert fits.status is JobStatus.COMPLETED
    long = post(bench, f"{link} {'b' * 10}", metadata={"spoiler_text": "1234567"})
    assert (long.status, long.retry_count) == (JobStatus.FAILED, 0)
    assert "content is 41 characters long with its content warning" in str(long.error)
    assert "this instance takes 40" in str(long.error)
    assert len(keys(bench)) == 1


def test_an_instance_with_a_longer_limit_takes_what_was_added_leniently(bench: Bench) -> None:
    bench.platform._mastodon.longest = 5000
    assert post(bench, "ế" * 5000).status is JobStatus.COMPLETED
    assert post(bench, "ế" * 5001).status is JobStatus.FAILED


def test_limits_are_asked_for_once_an_hour(bench: Bench) -> None:
    publisher = bench.mastodon()
    for wait_minutes in (0, 59, 1, 30):
        bench.clock.advance(timedelta(minutes=wait_minutes))
        bench.once(publisher, add(bench, f"after {wait_minutes} of {bench.clock.now()}"))
    assert bench.exchanges().count("instance") == 2


@pytest.mark.parametrize(("api_version", "posted"), [(None, False), (6, False), (7, True)])
def test_a_quote_goes_to_an_instance_that_knows_them(
    bench: Bench, api_version: int | None, posted: bool
) -> None:
    """An older one would leave it out in silence; the oldest says its limits at another address."""
    bench.platform._mastodon.api_version = api_version
    quoted = by_hand(bench, "quoted")
    job = post(bench, metadata={"quoted_status_id": quoted})
    assert (job.status is JobStatus.COMPLETED) is posted
    assert posted or "metadata.quoted_status_id would be left out" in str(job.error)
    assert bench.sent("post_status") == (
        [{"status": "text", "quoted_status_id": quoted}] if posted else []
    )


def test_what_the_instance_refuses_is_failed_in_its_words(bench: Bench) -> None:
    """Its limit has changed since it was asked."""
    publisher = bench.mastodon()
    bench.once(publisher, add(bench, "first"))
    bench.platform._mastodon.longest = 10
    job = bench.once(publisher, add(bench, "longer than that"))
    assert (job.status, job.retry_count, job.outcome_unknown) == (JobStatus.FAILED, 0, False)
    assert "HTTP 422: Validation failed: Text character limit of 10 exceeded" in str(job.error)


def test_a_reply_to_nothing_is_failed(bench: Bench) -> None:
    job = post(bench, metadata={"in_reply_to_id": "404"})
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "does not appear to exist" in str(job.error)


def test_a_rate_limit_is_waited_for(bench: Bench) -> None:
    """With the time that the instance tells."""
    bench.platform.fail("post_status", "rate_limited")
    job = post(bench)
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
    assert "again from 2026-03-02T12:15:00+00:00 on" in str(job.error)
    assert bench.once(bench.mastodon(), job.job_id).status is JobStatus.COMPLETED


@pytest.mark.parametrize("fault", ["token_expired", "restricted"])
@pytest.mark.parametrize("exchange", ["instance", "own_account", "own_statuses", "post_status"])
def test_a_token_that_is_not_valid_is_of_the_account(
    bench: Bench, exchange: Any, fault: Any
) -> None:
    """No retry is used up, and its posts wait."""
    bench.platform.fail(exchange, fault)
    job = post(bench)
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 0)
    assert "see to the account and its token there" in str(job.error)
    other = add(bench, "other")
    assert bench.scheduler.run_due(bench.mastodon()) == 0
    assert bench.scheduler.get_job(other).attempt == 0


def test_a_token_that_is_not_valid_keeps_the_doubt(bench: Bench) -> None:
    """Asked about when it was seen to: it is out, and once."""
    job_id = in_doubt(bench)
    bench.platform.fail("own_account", "token_expired")
    job = bench.once(bench.mastodon(), job_id)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    bench.clock.advance(LATER)
    assert bench.once(bench.mastodon(), job_id).status is JobStatus.COMPLETED
    assert len(keys(bench)) == 1


# -- what a job may have -------------------------------------------------------------------------

FAILED_BY_NAME: list[tuple[dict[str, Any], str]] = [
    ({"media_ids": ["1"]}, "Mastodon has it, and this publisher does not send it"),
    ({"image_url": "https://example.com/a.jpg"}, "it is probably media_ids"),
    ({"alt": "a cat"}, "it is probably description"),
    ({"poll": {"options": ["a"]}}, "metadata.poll would be left out"),
    ({"scheduled_at": "2026-03-02"}, "scheduled_time"),
    ({"quote_approval_policy": "nobody"}, "metadata.quote_approval_policy would be left out"),
    ({"content_type": "text/markdown"}, "metadata.content_type would be left out"),
    ({"local_only": True}, "metadata.local_only would be left out"),
    ({"status": "another text"}, "the text of a post is its content"),
    ({"Visibility": "public"}, "call it visibility"),
    ({"privacy": "public"}, "it is probably visibility"),
    ({"content_warning": "cw"}, "it is probably spoiler_text"),
    ({"nsfw": True}, "it is probably sensitive"),
    ({"lang": "vi"}, "it is probably language"),
    ({"reply_to_id": "1"}, "it is probably in_reply_to_id"),
    ({"quote_post_id": "1"}, "it is probably quoted_status_id"),
    ({"link": "https://example.org"}, "a link stands in the text"),
    ({"topic_tag": "a"}, "hashtags are part of the text"),
    ({"first_comment": "a"}, "posts no comment"),
    ({"thread": ["a"]}, "stand in the job's post"),
    ({"visibility": "Public"}, "write public"),
    ({"visibility": "followers"}, "write private"),
    ({"visibility": "secret"}, "must be one of public, unlisted, private, direct"),
    ({"visibility": ""}, "metadata.visibility is empty"),
    ({"sensitive": "maybe"}, "must be true or false"),
    ({"language": "Vietnamese"}, "must be the code of a language"),
    ({"in_reply_to_id": "1.789E+17"}, "a spreadsheet has rounded it"),
    ({"in_reply_to_id": "https://mastodon.example/@a/1"}, "must be the id of a post"),
]


@pytest.mark.parametrize(("metadata", "says"), FAILED_BY_NAME)
def test_what_would_be_left_out_is_failed_by_name(
    bench: Bench, metadata: dict[str, Any], says: str
) -> None:
    """At the first attempt, known not to be out, and nothing was sent."""
    job = post(bench, metadata=metadata)
    assert (job.status, job.retry_count, job.outcome_unknown) == (JobStatus.FAILED, 0, False)
    assert says in str(job.error)
    assert bench.platform.seen == []


@pytest.mark.parametrize(("metadata", "sent"), [
    ({"link_aff": "https://s.example", "tags": ["a"], "source": "sheet"}, {}),
    ({"photos": [], "option_a": None, "local_only": False}, {}),
    ({"sensitive": False}, {"sensitive": False}),
    ({"visibility": "direct", "language": "zh-TW"}, {"visibility": "direct", "language": "zh-TW"}),
])  # fmt: skip
def test_what_has_nothing_left_out_is_posted(
    bench: Bench, metadata: dict[str, Any], sent: dict[str, Any]
) -> None:
    job = post(bench, metadata=metadata)
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert bench.sent("post_status") == [{"status": "text", **sent}]


def test_a_job_is_checked_before_it_is_time(bench: Bench) -> None:
    """With the field of each problem, and nothing is sent; another platform is named, too."""
    publisher = bench.mastodon()
    wrong = bench.scheduler.get_job(
        bench.add("\u200b", metadata={"cw": "a", "visibility": "x"})  # for Threads
    )
    right = bench.scheduler.get_job(add(bench, metadata={"visibility": "private"}))
    assert isinstance(publisher, CheckingPublisher)
    problems = publisher.check(wrong)
    assert [problem.field for problem in problems] == [
        "platform", "metadata.cw", "metadata.visibility", "content",
    ]  # fmt: skip
    assert problems[0].hint == "a ThreadsPublisher does"
    assert publisher.check(right) == []
    assert bench.platform.seen == []


@pytest.mark.parametrize("platform", ["threads", "Mastodon", "pixelfed"])
def test_a_job_for_another_platform_is_failed_by_name(bench: Bench, platform: str) -> None:
    job = post(bench, platform=platform)
    assert job.status is JobStatus.FAILED
    assert str(job.error).startswith(f"platform is {platform!r}, and this publisher posts to")
    assert bench.platform.seen == []


def test_who_has_a_mastodon_job_and_threads_is_told_who_posts_it(bench: Bench) -> None:
    job = bench.post(bench.threads(), platform="mastodon")
    assert "a MastodonPublisher does" in str(job.error)


# -- settings ------------------------------------------------------------------------------------


def test_accounts_may_have_instances_of_their_own(bench: Bench) -> None:
    """One without any is told so, and nothing is sent."""
    publisher = bench.mastodon(
        instance={ACCOUNT: f"{bench.platform.mastodon_url}/"},
        tokens={ACCOUNT: TOKEN, "other": TOKEN},
    )
    assert bench.once(publisher, add(bench)).status is JobStatus.COMPLETED
    job = bench.once(publisher, add(bench, account="other"))
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "there is no instance for account 'other'" in str(job.error)


def test_tokens_come_from_the_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the account's name, and else for all."""
    monkeypatch.setenv("MASTODON_TOKEN", "of-nobody")
    monkeypatch.setenv("MASTODON_TOKEN_ACC", TOKEN)
    assert bench.once(bench.mastodon(tokens=None), add(bench)).status is JobStatus.COMPLETED


@pytest.mark.parametrize("instance", [
    "mastodon.example", "ftp://mastodon.example", 7, {"a": "nowhere"}, "https://a@b.example",
    "https://b.example?access_token=x", "https://[",
])  # fmt: skip
def test_an_instance_is_an_address(instance: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        MastodonPublisher(instance)
    assert refusal.value.field == "instance"


def test_it_says_how_it_keeps_from_posting_twice(bench: Bench) -> None:
    publisher = bench.mastodon(instance="https://mastodon.example")
    assert repr(publisher) == "MastodonPublisher(https://mastodon.example, tier=search)"
    assert publisher.tier == "search"
