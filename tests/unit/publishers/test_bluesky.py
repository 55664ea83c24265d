"""BlueskyPublisher: one write under a key of the job's, what is made of every answer, recovery."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from support.bench import Bench
from support.crashes import ACCOUNT, ALWAYS, HANDLE, TOKEN, Deaf
from support.proof import SETTINGS, played

from jobledger import JobNoted, JobStatus, ScheduledJob, ValidationError
from jobledger.publishers import BlueskyPublisher
from jobledger.publishers.bluesky_keys import record_keys
from jobledger.publishers.bluesky_sessions import Credentials
from jobledger.publishers.dag_cbor import cid_of
from jobledger.scheduler.account_holds import FIRST_WAIT

PLATFORM = "bluesky"


def post(bench: Bench, content: str = "text", **more: Any) -> ScheduledJob:
    """Add a job for Bluesky and make one attempt."""
    publisher = more.pop("publisher", None) or bench.bluesky()
    return bench.post(publisher, content, platform=PLATFORM, **more)


def records(bench: Bench) -> list[dict[str, Any]]:
    """Return the records that arrived to be put."""
    return [body["record"] for body in bench.sent("bluesky_write")]


def notes(bench: Bench, job: ScheduledJob) -> list[str]:
    found = [event.data for event in bench.events(job, "noted")]
    return [str(data.message) for data in found if isinstance(data, JobNoted)]


def test_a_post_is_one_write_under_a_key_that_comes_from_the_job(bench: Bench) -> None:
    """The intent is recorded before, with where it will be and what it will be."""
    job = post(bench, "xin chào 😀")
    assert job.status is JobStatus.COMPLETED, job.error
    assert bench.exchanges() == ["bluesky_login", "bluesky_write"]
    assert bench.platform.counts() == {(ACCOUNT, "xin chào 😀"): 1}
    [sent] = bench.sent("bluesky_write")
    key = bench.scheduler.idempotency_key(job.job_id)
    assert job.created_at is not None
    assert [sent["rkey"]] == record_keys(job.created_at, key, 1)
    assert sent["swapRecord"] is None
    assert job.thread_id == f"at://{sent['repo']}/app.bsky.feed.post/{sent['rkey']}"
    assert [event.type for event in bench.scheduler.history(job.job_id)] == [
        "added", "started", "checkpointed", "noted", "completed",
    ]  # fmt: skip
    step = job.checkpoints["bluesky_post"]
    assert step["parts"] == [{"uri": job.thread_id, "cid": cid_of(sent["record"])}]
    assert notes(bench, job) == [f"Out: https://bsky.app/profile/{HANDLE}/post/{sent['rkey']}"]


def test_nothing_secret_is_where_it_could_be_read(bench: Bench) -> None:
    """Neither the password nor what the login gave: in no event, no address, no other body."""
    bench.platform.fail("bluesky_write", "token_expired")
    job = post(bench)
    assert job.status is JobStatus.COMPLETED
    log = json.dumps([event.to_dict() for event in bench.scheduler.events()])
    assert TOKEN not in log
    assert "-token-" not in log
    for seen in bench.platform.seen:
        assert TOKEN not in seen.target
        assert seen.exchange == "bluesky_login" or TOKEN.encode() not in seen.body
    credentials = Credentials(ACCOUNT, HANDLE, TOKEN)
    assert TOKEN not in f"{credentials!r} {bench.bluesky()!r}"


def test_an_answer_that_has_what_is_secret_is_told_without_it(bench: Bench) -> None:
    """Should a server repeat a password, or what it gave for it, in what it says."""

    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("createSession"):
            if b"wrong" in request.content:
                said = {"error": "AuthenticationRequired", "message": f"no: wrong-{TOKEN}"}
                return httpx.Response(401, json=said)
            tokens = {"accessJwt": "access-secret", "refreshJwt": "refresh-secret"}
            return httpx.Response(200, json={"did": "did:plc:a", "handle": "a.b", **tokens})
        said = {"error": "InvalidRequest", "message": f"{request.headers['Authorization']}?"}
        return httpx.Response(400, json=said)

    def transport() -> httpx.MockTransport:
        return httpx.MockTransport(server)

    wrong = bench.bluesky(passwords={ACCOUNT: f"wrong-{TOKEN}"}, transport=transport)
    job = post(bench, publisher=wrong)
    assert "no: ***" in str(job.error)
    bench.clock.advance(FIRST_WAIT)
    job = bench.once(bench.bluesky(transport=transport), job.job_id)
    assert "Bearer ***?" in str(job.error)


def test_a_session_is_kept_for_the_next_post(bench: Bench) -> None:
    """A login is dear: there are 300 a day."""
    publisher = bench.bluesky()
    post(bench, "one", publisher=publisher)
    post(bench, "two", publisher=publisher)
    assert bench.exchanges() == ["bluesky_login", "bluesky_write", "bluesky_write"]


def test_a_session_that_has_run_out_is_renewed_and_the_write_repeated(bench: Bench) -> None:
    """It was refused, so nothing was done; one that cannot be renewed is begun anew."""
    publisher = bench.bluesky()
    bench.platform.fail("bluesky_write", "token_expired")
    assert post(bench, "one", publisher=publisher).status is JobStatus.COMPLETED
    assert bench.exchanges()[1:] == ["bluesky_write", "bluesky_refresh", "bluesky_write"]
    bench.platform.forget_sessions()
    assert post(bench, "two", publisher=publisher).status is JobStatus.COMPLETED
    assert bench.exchanges()[4:] == [
        "bluesky_write", "bluesky_refresh", "bluesky_login", "bluesky_write",
    ]  # fmt: skip


def test_another_password_begins_another_session(bench: Bench) -> None:
    """One that was renewed is used at once."""
    passwords = {ACCOUNT: TOKEN}
    publisher = bench.bluesky(passwords=lambda account: passwords[account])
    post(bench, "one", publisher=publisher)
    passwords[ACCOUNT] = "another-password"
    job = post(bench, "two", publisher=publisher)
    assert job.status is JobStatus.SCHEDULED
    assert "does not let account 'acc' in" in str(job.error)


@pytest.mark.parametrize("fault", ["restricted", "token_expired"])
def test_a_post_whose_account_is_not_let_in_waits_with_all_of_its_account(
    bench: Bench, fault: Any
) -> None:
    """No retry is used up, and nothing is out; later it goes on."""
    bench.platform.fail("bluesky_login", fault)
    job = post(bench)
    assert (job.status, job.retry_count, job.in_doubt) == (JobStatus.SCHEDULED, 0, False)
    assert "does not let account 'acc' in" in str(job.error)
    bench.clock.advance(FIRST_WAIT)
    assert bench.once(bench.bluesky(), job.job_id).status is JobStatus.COMPLETED


def test_so_does_one_whose_session_is_refused_twice_over(bench: Bench) -> None:
    """Renewed, and not taken all the same."""
    bench.platform.fail("bluesky_write", "token_expired", times=2)
    job = post(bench)
    assert (job.status, job.retry_count, job.in_doubt) == (JobStatus.SCHEDULED, 0, False)
    assert "does not take the session" in str(job.error)
    assert bench.platform.posts() == []


def test_so_does_one_without_a_password_or_a_handle(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent; the variable to set is named."""
    for name in ("BLUESKY_HANDLE", "BLUESKY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    nobody = post(bench, publisher=bench.bluesky(handles={}))
    assert "no handle for account 'acc'" in str(nobody.error)
    assert nobody.status is JobStatus.SCHEDULED
    bench.clock.advance(FIRST_WAIT)
    nothing = bench.once(bench.bluesky(passwords=None), nobody.job_id)
    assert "no password for account 'acc' (set BLUESKY_PASSWORD)" in str(nothing.error)
    assert bench.platform.seen == []


def test_the_environment_has_handles_and_passwords(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account's own before that of all; an account that is called by its handle needs none."""
    monkeypatch.setenv("BLUESKY_PASSWORD", TOKEN)
    monkeypatch.setenv("BLUESKY_HANDLE_ACC", "own.test")
    publisher = bench.bluesky(passwords=None, handles=None)
    assert post(bench, publisher=publisher).status is JobStatus.COMPLETED
    [login] = bench.sent("bluesky_login")
    assert login == {"identifier": "own.test", "password": TOKEN}
    assert post(bench, account="mai.example.org", publisher=publisher).thread_id
    assert bench.sent("bluesky_login")[1]["identifier"] == "mai.example.org"


def test_a_handle_that_is_none_is_refused_when_it_is_given() -> None:
    with pytest.raises(ValidationError, match="without the @"):
        BlueskyPublisher({}, handles={"acc": "@mai.example.org"})


def test_a_rate_limit_is_retried_and_says_when_it_ends(bench: Bench) -> None:
    """Of a write, and of a login."""
    bench.platform.fail("bluesky_write", "rate_limited")
    job = post(bench)
    assert (job.status, job.retry_count, job.in_doubt) == (JobStatus.SCHEDULED, 1, False)
    assert "rate limit: HTTP 429" in str(job.error)
    assert "again at 2026-03-02 12:05:00 UTC, the limit is 30" in str(job.error)
    assert bench.once(bench.bluesky(), job.job_id).status is JobStatus.COMPLETED
    bench.platform.fail("bluesky_login", "rate_limited")
    job = post(bench, "other")
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 1)
    assert "no login: rate limit" in str(job.error)


@pytest.mark.parametrize("fault", ["500_after", "silent_after", "drop_after", "half", "garbage"])
def test_a_write_whose_answer_is_lost_is_found_at_once(bench: Bench, fault: Any) -> None:
    """The record is there, and is what was meant: it is out, in the same attempt."""
    bench.platform.fail("bluesky_write", fault)
    job = post(bench)
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 1)
    assert bench.exchanges() == ["bluesky_login", "bluesky_write", "bluesky_record"]
    assert len(bench.platform.posts()) == 1


@pytest.mark.parametrize("fault", ["500_before", "silent_before", "drop_before", "late"])
def test_one_that_is_not_there_yet_is_asked_about_later(bench: Bench, fault: Any) -> None:
    """And then written again, which finds what arrived meanwhile."""
    bench.platform.fail("bluesky_write", fault)
    job = post(bench)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    job = bench.once(bench.bluesky(), job.job_id)
    assert job.status is JobStatus.COMPLETED, job.error
    assert len(bench.platform.posts()) == 1
    sent = records(bench)
    assert all(record == sent[0] for record in sent)


def test_a_repetition_has_the_same_bytes_however_late_it_is(bench: Bench) -> None:
    """Also where a handle is somebody else's by then."""
    post(
        bench,
        "Chào",
        account="bob",
        publisher=bench.bluesky(passwords={"bob": TOKEN}, handles={"bob": "bob.test"}),
    )
    bench.platform.fail("bluesky_write", "silent_before")
    job = post(bench, "Chào @bob.test")
    bench.clock.advance(timedelta(hours=3))
    bench.platform.fail("bluesky_handle", "missing", times=ALWAYS)
    job = bench.once(bench.bluesky(), job.job_id)
    assert job.status is JobStatus.COMPLETED, job.error
    _, first, second = records(bench)
    assert first == second
    assert first["facets"][0]["features"][0]["$type"] == "app.bsky.richtext.facet#mention"


def test_one_that_was_refused_says_when_it_really_went_out(bench: Bench) -> None:
    """No earlier request can be out, so its time is that of the attempt."""
    bench.platform.fail("bluesky_write", "rate_limited")
    job = post(bench)
    bench.once(bench.bluesky(), job.job_id)
    first, second = records(bench)
    assert first["createdAt"] < second["createdAt"]


def put(bench: Bench, job: ScheduledJob, text: str) -> str:
    """Let somebody else put a record under the job's key; its address."""
    uri = str(job.checkpoints["bluesky_post"]["parts"][0]["uri"])
    did, _, rkey = uri.removeprefix("at://").split("/")
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2026-01-01T00:00:00Z"}
    bench.platform._bluesky._keep(did, rkey, record)
    return uri


def test_what_is_under_the_key_is_never_overwritten(bench: Bench) -> None:
    """Known not to be the job's, which therefore fails, and says where to look."""
    bench.platform.fail("bluesky_write", "rate_limited")
    job = post(bench)
    uri = put(bench, job, "somebody's own")
    job = bench.once(bench.bluesky(), job.job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert f"{uri} is there with other content" in str(job.error)
    assert "nothing was overwritten" in str(job.error)
    assert [out.text for out in bench.platform.posts()] == ["somebody's own"]


@pytest.mark.parametrize("deaf", [False, True])
def test_where_it_may_be_the_jobs_a_person_looks_at_it(bench: Bench, deaf: bool) -> None:
    """It was out, and somebody has changed it since; or it never was: nobody can tell."""
    bench.platform.fail("bluesky_write", "silent_before")
    job = post(bench)
    put(bench, job, "changed by hand")
    publisher = Deaf(bench.bluesky()) if deaf else bench.bluesky()
    while job.status is JobStatus.SCHEDULED:
        job = bench.once(publisher, job.job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert "with other content" in str(job.error)
    assert [out.text for out in bench.platform.posts()] == ["changed by hand"]


def test_a_job_that_was_edited_in_doubt_is_what_it_was_where_that_is_out(bench: Bench) -> None:
    """Its earlier text went out: it is not posted again, nor written over."""
    bench.platform.fail("bluesky_write", "silent_after")
    bench.platform.fail("bluesky_record", "500_before", times=3)
    job = post(bench, "earlier")
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, True)
    bench.scheduler.edit_job(job.job_id, content="later")
    job = bench.once(bench.bluesky(), job.job_id)
    assert job.status is JobStatus.COMPLETED
    assert bench.platform.counts() == {(ACCOUNT, "earlier"): 1}


def test_and_what_it_is_now_where_it_is_not(bench: Bench) -> None:
    """Even should the earlier request arrive after all: it finds a record, and is refused."""
    bench.platform.fail("bluesky_write", "late")
    job = post(bench, "earlier")
    bench.scheduler.edit_job(job.job_id, content="later")
    bench.platform._late, late = [], bench.platform._late
    job = bench.once(bench.bluesky(), job.job_id)
    assert job.status is JobStatus.COMPLETED
    answers = [act().document.get("error") for act in late]
    assert answers == ["InvalidSwap"]
    assert bench.platform.counts() == {(ACCOUNT, "later"): 1}


def test_an_earlier_text_that_arrives_in_between_is_recognised(bench: Bench) -> None:
    """Asked for, it was not there; at the write it is, and it is the job's."""
    bench.platform.fail("bluesky_write", "late")
    job = post(bench, "earlier")
    bench.scheduler.edit_job(job.job_id, content="later")
    job = bench.once(bench.bluesky(), job.job_id)
    assert job.status is JobStatus.COMPLETED, job.error
    assert bench.platform.counts() == {(ACCOUNT, "earlier"): 1}


def test_what_no_retry_can_mend_fails_at_once(bench: Bench) -> None:
    """A record that the server does not take: with its words, and known not to be out."""
    bench.platform._bluesky._check = _refuse  # type: ignore[method-assign]
    job = post(bench)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "change the job" in str(job.error)


def _refuse(rkey: object, record: object) -> None:
    raise KeyError("a record that is none")


def test_a_mention_of_nobody_stays_text_and_that_is_told(bench: Bench) -> None:
    """And one that cannot be asked about just now, for a few times: no post is late for that."""
    job = post(bench, "Chào @nobody.test")
    assert job.status is JobStatus.COMPLETED
    assert notes(bench, job)[0] == "Stays text, being nobody's handle: @nobody.test"
    assert "facets" not in records(bench)[0]
    bench.platform.fail("bluesky_handle", "500_before", times=3)
    assert post(bench, "Chào @bob.test").status is JobStatus.COMPLETED
    assert bench.exchanges().count("bluesky_handle") == 4


def test_a_reply_refers_to_the_post_and_to_where_its_thread_begins(bench: Bench) -> None:
    """Given by its address in a browser, or as programs have it."""
    first = post(bench, "one")
    second = post(bench, "two", metadata={"reply_to": first.thread_id})
    page = f"https://bsky.app/profile/{HANDLE}/post/{str(second.thread_id).rpartition('/')[2]}"
    third = post(bench, "three", metadata={"reply_to": page})
    assert third.status is JobStatus.COMPLETED, third.error
    one, two, three = records(bench)
    assert two["reply"]["root"] == two["reply"]["parent"] == {
        "uri": first.thread_id, "cid": cid_of(one),
    }  # fmt: skip
    assert three["reply"]["root"]["uri"] == first.thread_id
    assert three["reply"]["parent"] == {"uri": second.thread_id, "cid": cid_of(two)}


@pytest.mark.parametrize("key", ["reply_to", "quote"])
def test_a_reply_to_what_is_not_there_fails(bench: Bench, key: str) -> None:
    """No retry brings it."""
    given = {key: "https://bsky.app/profile/nobody.test/post/3laaaaaaaaa22"}
    job = post(bench, metadata=given)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, False)
    assert "nobody has the handle nobody.test" in str(job.error)


def test_a_card_and_a_quote_stand_beneath_the_text(bench: Bench) -> None:
    """Each alone, and both together."""
    first = post(bench, "one")
    card = {"link": "https://www.example.org/bài?a=1", "link_title": "Bài viết"}
    post(bench, "two", metadata=card | {"langs": "vi, en"})
    post(bench, "three", metadata={"quote": first.thread_id})
    post(bench, "four", metadata={"quote": first.thread_id, "link": {"url": "https://a.org/x/"}})
    one, two, three, four = records(bench)
    external = {"uri": card["link"], "title": "Bài viết", "description": ""}
    assert two["embed"] == {"$type": "app.bsky.embed.external", "external": external}
    assert two["langs"] == ["vi", "en"]
    ref = {"uri": first.thread_id, "cid": cid_of(one)}
    assert three["embed"] == {"$type": "app.bsky.embed.record", "record": ref}
    assert four["embed"]["$type"] == "app.bsky.embed.recordWithMedia"
    assert four["embed"]["media"]["external"]["title"] == "a.org/x"


def test_what_cannot_be_posted_fails_before_anything_is_sent(bench: Bench) -> None:
    """All that is wrong with it, by name; and a job of another platform."""
    wrong = post(
        bench, metadata={"image_url": "https://e.org/a.jpg", "langs": [], "linkTitle": "x"}
    )
    other = bench.post(bench.bluesky())
    long = post(bench, "x" * 301)
    assert {job.status for job in (wrong, other, long)} == {JobStatus.FAILED}
    for name in ("metadata.image_url", "metadata.langs", "metadata.linkTitle"):
        assert name in str(wrong.error)
    assert "a ThreadsPublisher does" in str(other.error)
    assert "301 characters" in str(long.error)
    assert bench.platform.seen == []


def test_it_can_be_asked_without_being_let_in(bench: Bench) -> None:
    """What is in doubt is settled even while the account's password is not valid any more."""
    bench.platform.fail("bluesky_write", "silent_after")
    bench.platform.fail("bluesky_record", "500_before", times=3)
    job = post(bench)
    assert job.in_doubt
    job = bench.once(bench.bluesky(passwords={ACCOUNT: "no-longer-valid"}), job.job_id)
    assert job.status is JobStatus.COMPLETED
    assert job.thread_id == bench.platform.posts()[0].id


def test_an_account_that_is_another_profile_now_does_not_post_what_may_be_out(
    bench: Bench,
) -> None:
    """It would be out twice: under either."""
    bench.platform.fail("bluesky_write", "silent_after")
    bench.platform.fail("bluesky_record", "500_before", times=3)
    job = post(bench)
    other = Deaf(bench.bluesky(handles={ACCOUNT: "other.test"}))
    while job.status is JobStatus.SCHEDULED:
        job = bench.once(other, job.job_id)
    assert (job.status, job.outcome_unknown) == (JobStatus.FAILED, True)
    assert "of another profile" in str(job.error)
    assert len(bench.platform.posts()) == 1


def test_no_fault_lets_a_secret_out(caplog: pytest.LogCaptureFixture) -> None:
    """Into the log of the ledger, or the operational one, whatever the platform does."""
    caplog.set_level(logging.DEBUG)
    [setting] = [each for each in SETTINGS if (each.kind, each.mode) == ("bluesky", "asked")]
    for _, outcome in played(setting, lasting=False, dying=False):
        assert TOKEN.encode() not in outcome.log
        assert b"-token-" not in outcome.log
    assert TOKEN not in caplog.text
    assert "-token-" not in caplog.text
