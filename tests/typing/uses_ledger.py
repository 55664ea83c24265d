"""A program that adds jobs, changes them and asks about them: what each answer is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, assert_never, assert_type
from zoneinfo import ZoneInfo

from jobledger import (
    PLATFORMS,
    At,
    Cron,
    Event,
    Every,
    Explanation,
    ExportedHead,
    ImportedJob,
    JobDifference,
    JobPriority,
    JobStatus,
    Ledger,
    LedgerCorruptError,
    LedgerView,
    Link,
    ManualClock,
    Media,
    MediaFile,
    NewJob,
    Occurrence,
    Part,
    PlatformRules,
    Poll,
    Post,
    Problem,
    RebuildReport,
    ScheduledJob,
    ValidationError,
    VerifyReport,
    differences,
    length_of,
    longest,
    post_problems,
    words,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def opened(directory: Path) -> Ledger:
    """With every setting that there is."""
    return Ledger(
        directory,
        timezone=ZoneInfo("Europe/Berlin"),
        durability="batch",
        clock=ManualClock(NOON),
        expire_after=timedelta(hours=2),
        read_only=False,
        unique=timedelta(days=30),
        projections=[],
        allow_network=False,
        use_snapshot=True,
        progress=lambda done, total: None,
        by="app:blog",
    )


def asks_what_is_unknown(ledger: Ledger) -> None:
    assert_type(ledger.count_unknown(), int)
    assert_type(ledger.list_jobs(outcome_unknown=True, limit=5), list[ScheduledJob])


def looks_ahead(ledger: Ledger) -> None:
    assert_type(ledger.preview("0 9 * * mon-fri"), list[Occurrence])
    rules = Cron("@daily"), At(("9:00", "12:30"), weekdays=("mon",)), Every(timedelta(hours=6))
    for rule in rules:
        for one in ledger.preview(rule, zone="Asia/Tokyo", count=3, gap="skip", fold="both"):
            assert_type(one.at, datetime)
            assert_type(one.local, datetime)
            assert_type(one.moved or one.doubled, bool)


def adds(ledger: Ledger, when: datetime) -> None:
    one = ledger.add_job("mai", "Xin chào", when, JobPriority.HIGH, max_retries=1, hold=True)
    assert_type(one, str)
    assert_type(NewJob.characters_left("Xin chào"), int)
    more = {"topic": "hello", "tags": ["a", "b"]}
    ledger.add_job("mai", "with more", when, metadata=more, publish_timeout=timedelta(minutes=1))
    many = ledger.add_jobs(NewJob("mai", f"text {n}", when, job_id=f"job-{n}") for n in range(3))
    assert_type(many, list[str])
    elsewhere = ScheduledJob(job_id="x", account_id="mai", content="old", scheduled_time=when)
    assert_type(ledger.import_jobs([ImportedJob(elsewhere, "old.csv", 7)]), list[str])


def changes(ledger: Ledger, job_id: str) -> None:
    """Each of which says nothing, or raises."""
    ledger.hold_job(job_id)
    ledger.release_job(job_id)
    ledger.edit_job(job_id, content="better", priority=JobPriority.LOW, metadata=None)
    ledger.reschedule_job(job_id, ledger.now() + timedelta(minutes=30))
    ledger.cancel_job(job_id, "no longer wanted")
    ledger.requeue_job(job_id, ledger.now())
    ledger.acting("web:lan").cancel_job(job_id)
    ledger.remove_job(job_id)
    assert_type(ledger.acting("web:lan"), Ledger)
    assert_type(ledger.cleanup_expired_jobs(), int)


def asks(ledger: Ledger) -> None:
    assert_type(ledger.list_jobs("mai", JobStatus.SCHEDULED), list[ScheduledJob])
    assert_type(ledger.list_jobs(status=JobStatus.FAILED), list[ScheduledJob])
    job = ledger.get_job("job-0")
    page = ledger.list_jobs(
        status=[JobStatus.PENDING, JobStatus.SCHEDULED],
        due_from=NOON,
        due_to=NOON,
        text="xin",
        order="time",
        limit=50,
    )
    assert_type(page, list[ScheduledJob])
    assert_type(ledger.list_jobs(after=job), list[ScheduledJob])
    assert_type(ledger.list_jobs(after=job.cursor), list[ScheduledJob])
    assert_type(ledger.accounts(), list[str])
    assert_type(ledger.get_ready_jobs(), list[ScheduledJob])
    assert_type(ledger.get_job("job-0"), ScheduledJob)
    assert_type(ledger.counts(), dict[JobStatus, int])
    assert_type(ledger.counts("mai"), dict[JobStatus, int])
    assert_type(ledger.known_ids(), list[str])
    assert_type(ledger.history("job-0"), list[Event])
    assert_type(ledger.events(), Iterator[Event])
    assert_type(ledger.events(3, job_id="job-0", types=["added"], since=NOON), Iterator[Event])
    assert_type(ledger.as_of(NOON), LedgerView)
    assert_type(ledger.as_of(seq=3), LedgerView)
    assert_type(ledger.as_of(3).get_job("job-0"), ScheduledJob)
    assert_type(ledger.as_of(3).at, datetime | None)
    assert_type(ledger.as_of(3).seq, int)
    why = ledger.why("job-0", view=ledger.as_of(3))
    assert_type(why, Explanation)
    assert_type(why.said("vi", ZoneInfo("Asia/Ho_Chi_Minh")).twice, list[str])
    assert_type(words(ledger.history("job-0")[0], "vi"), str)
    assert_type(differences(ledger.as_of(3).list_jobs(), ledger.list_jobs()), list[JobDifference])
    assert_type(ledger.location, str)
    assert_type(ledger.directory, Path)
    assert_type(ledger.ledger_id, str)
    assert_type(ledger.timezone, str)
    assert_type(ledger.seq, int)
    assert_type(ledger.shards, int)
    assert_type(ledger.shard_of("mai"), int)
    assert_type(ledger.expire_after, timedelta)
    assert_type(ledger.runner_pid(), int | None)
    for seen in ledger.runners():
        assert_type(seen.runner, str)
        assert_type(seen.expires_at, datetime | None)
    assert_type(ledger.get_jobs(["job-0"]), dict[str, ScheduledJob])
    assert_type(ledger.as_of(1).get_jobs(["job-0"]), dict[str, ScheduledJob])
    assert_type(ledger.runner_since(), datetime | None)
    if (seal := ledger.newest_seal()) is not None:
        assert_type((seal.seq, seal.day), tuple[int, str])
    assert_type(ledger.moved_from, str | None)
    assert_type(ledger.idempotency_key("job-0"), str)
    assert_type(ledger.damage, LedgerCorruptError | None)


def looks_at(job: ScheduledJob) -> None:
    """Every field of a job."""
    assert_type(job.job_id, str)
    assert_type(job.account_id, str)
    assert_type(job.content, str)
    assert_type(job.scheduled_time, datetime)
    assert_type(job.priority, JobPriority)
    assert_type(job.status, JobStatus)
    assert_type(job.platform, str)
    assert_type((job.max_retries, job.retry_count, job.attempt), tuple[int, int, int])
    assert_type(job.created_at, datetime | None)
    assert_type(job.started_at, datetime | None)
    assert_type(job.completed_at, datetime | None)
    assert_type(job.deferred_until, datetime | None)
    assert_type(job.error, str | None)
    assert_type(job.thread_id, str | None)
    assert_type(job.status_message, str | None)
    assert_type(job.publish_timeout_s, float | None)
    assert_type(job.metadata, dict[str, Any])
    assert_type(job.checkpoints, dict[str, Any])
    assert_type((job.in_doubt, job.outcome_unknown, job.may_be_out), tuple[bool, bool, bool])
    assert_type(job.is_ready(NOON), bool)
    assert_type(job.is_expired(NOON, timedelta(hours=1)), bool)
    assert_type(job.is_stuck(NOON, 5.0), bool)
    assert_type(job.can_retry(), bool)
    assert_type(job.to_dict(), dict[str, Any])
    assert_type(ScheduledJob.from_dict(job.to_dict()), ScheduledJob)


def words_for(status: JobStatus) -> str:
    """Say what each status means: a new one would have a type checker name this place."""
    match status:
        case JobStatus.PENDING | JobStatus.SCHEDULED | JobStatus.RUNNING:
            return "open"
        case JobStatus.COMPLETED:
            return "out"
        case JobStatus.FAILED | JobStatus.CANCELLED | JobStatus.EXPIRED:
            return "not out"
        case _:
            assert_never(status)


def checks(ledger: Ledger, copy: Path) -> None:
    report = ledger.verify()
    assert_type(report, VerifyReport)
    assert_type((report.ok, report.events, report.files), tuple[bool, int, int])
    assert_type(report.problems, list[Problem])
    assert_type([problem.line for problem in report.problems], list[int | None])
    assert_type(report.exported_head, ExportedHead | None)
    head = ledger.export_head()
    assert_type(head, ExportedHead)
    assert_type(head.at, datetime | None)
    assert_type(ExportedHead.from_dict(head.to_dict()), ExportedHead)
    assert_type(ledger.verify(since_heads=[head]), VerifyReport)
    assert_type(ledger.backup(copy).events, int)
    assert_type(ledger.copy_to(copy / "elsewhere").copied, int)
    with ledger.mirror(copy / "mirror") as mirror:
        assert_type(mirror.catch_up(), int)
        assert_type(mirror.seq, int)
    rebuilt = ledger.rebuild(check=True)
    assert_type(rebuilt, RebuildReport)
    assert_type(rebuilt.changed, list[str])
    for difference in rebuilt.differences:
        assert_type(difference.kind, Literal["missing", "differs", "behind", "foreign", "ahead"])
        assert_type((difference.file, difference.line), tuple[str, int | None])


def counts(text: str) -> None:
    assert_type(length_of(text, "bluesky"), int)
    assert_type(longest("bluesky"), int)
    assert_type(PLATFORMS["bluesky"], PlatformRules)
    assert_type(PLATFORMS["bluesky"].length_of(text), int)
    assert_type(PLATFORMS["bluesky"].alt_text, int | None)
    assert_type(NewJob.characters_left(text, "bluesky"), int)
    assert_type(post_problems(Post([Part(text)]), "bluesky"), list[ValidationError])


def files(ledger: Ledger) -> None:
    assert_type(ledger.add_media(b"\x89PNG"), MediaFile)
    assert_type(ledger.keeps_media, bool)


def checks_seals(ledger: Ledger, public_key: str | bytes) -> list[str]:
    return ledger.verify(public_keys=[public_key]).proven


def main(directory: Path) -> None:
    with opened(directory) as ledger:
        assert_type(ledger, Ledger)
        adds(ledger, NOON)
        changes(ledger, "job-1")
        asks(ledger)
        for job in ledger.list_jobs():
            looks_at(job)
            words_for(job.status)
        checks(ledger, directory.with_name("copy"))
    with Ledger("memory:", clock=ManualClock(NOON)) as ledger:
        assert_type(ledger.add_job("mai", "Xin chào", NOON), str)


def posts(ledger: Ledger) -> None:
    """Add a post of several parts, with what each may have."""
    picture = Media("cat.jpg", alt="A cat")
    first = Part("One", [picture], Link("https://example.com", "Title", "What it says"))
    second = Part(poll=Poll(["a", "b"], minutes=60, multiple=True), quote="17")
    post = Post(
        [first, second],
        topic="cats",
        reply_to="16",
        language="vi",
        audience="public",
        overrides={"threads": {"reply_control": "everyone"}},
    )
    job_id = ledger.add_job("shop", "", NOON, post=post)
    ledger.edit_job(job_id, post=None)
    job = ledger.get_job(job_id)
    assert_type(job.post, Post | None)
    for part in job.parts:
        assert_type(part, Part)
        for media in part.media:
            assert_type(media, Media)
            assert_type(media.file, MediaFile | None)
