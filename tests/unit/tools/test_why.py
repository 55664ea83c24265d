"""`why`: the answer to "why has it not been posted?" and "why twice?", state by state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from unittest import mock
from zoneinfo import ZoneInfo

import msgspec
import pytest
from support.cli import run_here
from support.domain import elsewhere
from support.publishers import Asking, Crash, crash, dying
from support.stories import HOUR, MINUTE, Story, cannot_tell, fails, posts, refuses

from jobledger import Attempt, JobPriority, JobStatus, ManualClock, PostResult
from jobledger.domain.job.events import JobCompleted
from jobledger.explanation import Surroundings, explain, words


@pytest.fixture
def story(directory: Path, clock: ManualClock) -> Iterator[Story]:
    """Open a ledger with its runner; `ask` looks at it with the same clock."""
    made = Story(directory, clock)
    yield made
    made.close()


def ask(story: Story, job_id: str = "job") -> str:
    """Return the answer in words, as the command gives it."""
    with mock.patch("jobledger.ledger.parts.SystemClock", return_value=story.clock):
        done = run_here(story.scheduler.directory, "why", job_id, "--json")
    assert (done.code, done.err) == (0, "")
    report = json.loads(done.out)
    assert report["answer"] == " ".join(report["standing"] + report["twice"])
    return str(report["answer"])


def told_in_history(story: Story) -> str:
    """Return what `history` says of the last event."""
    return words(story.scheduler.history("job")[-1])


def cannot_tell_of_it(attempt: object) -> PostResult:
    return PostResult.unknown("no answer")


def test_it_waits_for_its_time(story: Story) -> None:
    """When that is, and how long it takes till then."""
    story.job("job", story.clock.now() + 2 * HOUR)
    assert ask(story) == "It waits for its time, at 2026-03-02 14:00:00 (in 2.0 h)."


def test_it_is_a_draft(story: Story) -> None:
    """And it expires if nobody releases it."""
    story.job("job", story.clock.now() + HOUR, hold=True)
    assert ask(story) == (
        "It is a draft that was added on hold since 2026-03-02 12:00:00, and does not run until it"
        " is released (`jobledger release`)."
    )
    story.later(2 * HOUR)
    assert "Its time was at 2026-03-02 13:00:00 (1.0 h ago); it expires at 2026-03-03 13:00:00" in (
        ask(story)
    )


def test_it_is_held(story: Story) -> None:
    """Since when."""
    story.job("job", story.clock.now() + HOUR)
    story.later(MINUTE)
    story.scheduler.hold_job("job")
    assert ask(story).startswith("It is held since 2026-03-02 12:01:00, and does not run")


def test_it_is_next(story: Story) -> None:
    """A runner is there, nothing is before it."""
    story.job("job")
    answer = ask(story)
    assert answer.startswith("It is due since 2026-03-02 12:00:00 (0 ms). It is next: the runner")


def test_no_runner_works_on_the_ledger(story: Story) -> None:
    """The lock says so."""
    story.job("job")
    story.close()
    assert ask(story).endswith("No runner works on this ledger: start one with `jobledger run`.")


def test_others_go_first(story: Story) -> None:
    """How many, and the first of them, by priority or by time."""
    story.job("earlier", account="lan")
    story.later(MINUTE)
    story.job("job")
    assert "1 due job goes first, the next with an earlier time: earlier." in ask(story)
    story.job("urgent", account="lan", priority=JobPriority.URGENT)
    assert "2 due jobs go first, the next with higher priority: urgent." in ask(story)


def test_another_job_of_its_account_is_running(story: Story) -> None:
    """An account's jobs run one after another; another account's job only keeps the runner busy."""
    story.job("first")
    story.job("job", story.clock.now() + MINUTE)
    answers: list[str] = []

    def publish(account_id: str, content: str) -> PostResult:
        story.later(MINUTE)
        answers.append(ask(story))
        return PostResult(True)

    story.scheduler.run_due(publish, limit=1)
    assert "Job first of the same account is running" in answers[0]
    story.scheduler.run_due(posts)
    story.job("other", account="lan")
    story.job("job-2", story.clock.now() + MINUTE)

    def publish_other(account_id: str, content: str) -> PostResult:
        story.later(MINUTE)
        answers.append(ask(story, "job-2"))
        return PostResult(True)

    story.scheduler.run_due(publish_other, limit=1)
    assert "is busy with job other." in answers[1]


def test_it_will_be_tried_again(story: Story) -> None:
    """After which error, and when."""
    story.job("job")
    story.scheduler.run_due(fails)
    assert ask(story) == (
        "Attempt 1 failed at 2026-03-02 12:00:00 (0 ms ago) with 'HTTP 503 from the platform';"
        " retry 1 of 3 follows. The next attempt is due at 2026-03-02 12:02:00 (in 2.0 min)."
    )


def test_it_was_interrupted_and_may_be_posted_twice(story: Story) -> None:
    """A publisher that cannot be asked: posted again, although it may be out; then it was."""
    story.job("job")
    story.crash(crash)
    answer = ask(story)
    assert "Attempt 1 was interrupted at 2026-03-02 12:00:00 (0 ms ago)" in answer
    assert "its publisher cannot be asked, so it is posted again, although it may be out" in answer
    assert "twice" not in answer
    story.later(5 * MINUTE)
    story.scheduler.run_due(posts)
    answer = ask(story)
    assert answer.startswith("It was posted as id-job by attempt 2")
    assert (
        "It may be out twice: attempt 1 was interrupted at 2026-03-02 12:00:00 (5.0 min ago) when"
        " it may already have posted, and attempt 2 posted again without asking, because its"
        " publisher cannot be asked and the runner retries what is interrupted."
    ) in answer


def test_a_publisher_that_was_asked_does_not_post_twice(story: Story) -> None:
    """No suspicion where there is none."""
    story.job("job")
    publisher = Asking(crash, lambda attempt: PostResult(True, "t-1"))
    story.crash(publisher)
    assert "the publisher will be asked whether the post is out before anything else" in ask(story)
    story.later(5 * MINUTE)
    story.scheduler.run_due(publisher)
    assert ask(story) == (
        "It was posted as t-1: attempt 2 asked at 2026-03-02 12:05:00 (0 ms ago), it was out:"
        " attempt 1 had posted it."
    )


def test_one_that_was_asked_and_was_not_out_was_posted_by_the_attempt_that_asked(
    story: Story,
) -> None:
    """`why` and `history` tell it from the other."""
    story.job("job")
    publisher = Asking(cannot_tell_of_it, lambda attempt: PostResult(False))
    story.scheduler.run_due(publisher)
    publisher.on_publish = lambda attempt: PostResult(True, "t-2")
    story.later(5 * MINUTE)
    story.scheduler.run_due(publisher)
    answer = ask(story)
    assert answer.startswith(
        "It was posted as t-2 by attempt 2, at 2026-03-02 12:05:00 (0 ms ago). Asked before that,"
        " it was not out: attempt 1 had not posted it."
    )
    assert "twice" not in answer
    shown = told_in_history(story)
    assert "asked, attempt 1 had not posted, id t-2" in shown


def test_of_several_doubts_the_attempt_that_was_asked_about_is_named(story: Story) -> None:
    """The first was not out, the second was: attempt 3 found it; `history` says so too."""
    story.job("job")
    found = [PostResult(False), PostResult(True, "t-2")]
    publisher = Asking(cannot_tell_of_it, lambda attempt: found.pop(0))
    for _ in range(3):
        story.scheduler.run_due(publisher)
        story.later(5 * MINUTE)
    answer = ask(story)
    assert "attempt 3 asked at 2026-03-02 12:10:00" in answer
    assert "it was out: attempt 2 had posted it." in answer
    completed = story.scheduler.history("job")[-1].to_dict()["data"]
    assert completed == {"attempt": 3, "thread_id": "t-2", "found": True, "asked_about": 2}
    shown = told_in_history(story)
    assert "asked, it was out, posted by attempt 2, id t-2" in shown


def test_a_log_of_an_earlier_release_does_not_say_who_posted(story: Story) -> None:
    """There an attempt that asked may have found the post or made it: nothing is made up."""
    story.job("job")
    story.scheduler.run_due(Asking(cannot_tell_of_it))
    story.later(5 * MINUTE)
    events = story.scheduler.history("job")
    job = story.scheduler.get_job("job")
    done = msgspec.structs.replace(
        events[-1], type="completed", data=JobCompleted(attempt=2, thread_id="t-1")
    )
    job = msgspec.structs.replace(job, status=JobStatus.COMPLETED, thread_id="t-1")
    around = Surroundings(now=story.clock.now(), zone=ZoneInfo("UTC"))
    answer = explain(job, [*events, done], around).answer
    assert answer.startswith("It was posted as t-1 by attempt 2")
    assert "sked" not in answer


def test_what_is_to_be_known_of_a_post_besides_is_said(story: Story) -> None:
    """That its id cannot be read, here."""

    class Unreadable(PostResult, frozen=True):
        def __getattribute__(self, name: str) -> object:
            if name == "thread_id":
                raise RuntimeError
            return super().__getattribute__(name)

    story.job("job")
    story.scheduler.run_due(lambda account_id, content: Unreadable(True))
    assert "The id of the post cannot be read: the reading of it raises." in ask(story)
    shown = told_in_history(story)
    assert "cannot be read" in shown


def test_nobody_knows_whether_it_is_out(directory: Path, clock: ManualClock) -> None:
    """What to do about it; and when a person requeues it, that it may be out twice."""
    story = Story(directory, clock, on_interrupted="fail")
    story.job("job")
    story.scheduler.run_due(cannot_tell)
    answer = ask(story)
    assert answer.startswith("Nobody knows whether it is out. Attempt 1 was interrupted")
    assert (
        "(the publisher left open whether it had posted: 'OutcomeUnknown: read timeout after"
        " sending')"
    ) in answer
    assert "`jobledger resolve --posted` or `--not-posted`" in answer
    assert "certain that nothing was posted raises NotPosted" in answer
    story.scheduler.requeue_job("job", clock.now())
    story.scheduler.run_due(posts)
    answer = ask(story)
    assert "It may be out twice: attempt 1" in answer
    assert "because a person requeued it" in answer
    story.close()


def test_a_person_said_what_became_of_it(directory: Path, clock: ManualClock) -> None:
    """Posted, or not."""
    story = Story(directory, clock, on_interrupted="fail")
    for job_id, posted in (("yes", True), ("no", False)):
        story.job(job_id)
        story.scheduler.run_due(cannot_tell)
        story.scheduler.resolve_job(job_id, posted=posted)
    assert "A person said at 2026-03-02 12:00:00 (0 ms ago) that it was posted." in ask(
        story, "yes"
    )
    assert "that it was not posted." in ask(story, "no")
    story.close()


@pytest.mark.parametrize(
    ("max_retries", "publisher", "says"),
    [
        (0, fails, "It was added without retries."),
        (1, fails, "All of its 1 retries were used."),
        (3, refuses, "The publisher said that it is not to be tried again."),
    ],
)
def test_it_failed_for_good(story: Story, max_retries: int, publisher: object, says: str) -> None:
    """With which error, and why it is not tried again."""
    story.job("job", max_retries=max_retries)
    for _ in range(2):
        story.scheduler.run_due(publisher)  # type: ignore[arg-type]
        story.later(10 * MINUTE)
    answer = ask(story)
    assert answer.startswith("Attempt ")
    assert says in answer
    assert answer.endswith("It stays so until it is requeued (`jobledger requeue`).")


def test_it_was_posted_late(story: Story) -> None:
    """By how much, and what held it up."""
    story.job("job")
    story.scheduler.run_due(fails)
    story.later(3 * MINUTE)
    story.scheduler.run_due(posts)
    assert ask(story) == (
        "It was posted as id-job by attempt 2, at 2026-03-02 12:03:00 (0 ms ago). That is 3.0 min"
        " after its time (2026-03-02 12:00:00): 1 attempt before it did not succeed, the last with"
        " 'HTTP 503 from the platform'."
    )


def test_it_was_cancelled(story: Story) -> None:
    """With the reason; one that was running may be out all the same."""
    story.job("job")
    story.scheduler.cancel_job("job", "wrong picture")
    assert ask(story) == "It was cancelled at 2026-03-02 12:00:00 (0 ms ago): 'wrong picture'."
    story.job("running")

    def cancelled(account_id: str, content: str) -> PostResult:
        story.scheduler.cancel_job("running")
        return PostResult(True)

    story.scheduler.run_due(cancelled)
    assert ask(story, "running").endswith(
        "An attempt was running then, so the post may be out all the same."
    )


@pytest.mark.parametrize(
    ("prepare", "says"),
    [
        ("nothing", "No runner had started it; was one running?"),
        ("hold", "It was on hold since 2026-03-02 12:00:00."),
        ("fail", "Attempt 1 failed"),
    ],
)
def test_it_expired(story: Story, prepare: str, says: str) -> None:
    """How late it was, and what it was waiting for."""
    story.job("job")
    if prepare == "hold":
        story.scheduler.hold_job("job")
    elif prepare == "fail":
        story.scheduler.run_due(fails)
    story.later(25 * HOUR)
    assert "will be marked as expired" in ask(story) or prepare == "hold"
    story.scheduler.cleanup_expired_jobs()
    answer = ask(story)
    assert answer.startswith("It expired: its time was 2026-03-02 12:0")
    assert says in answer


def test_it_is_running(story: Story) -> None:
    """What it last said; whether it is stuck, or its runner dead."""
    story.job("job")

    class Noting:
        def publish(self, attempt: Attempt) -> PostResult:
            attempt.note("uploading")
            story.later(5 * MINUTE)
            answers.append(ask(story))
            story.later(30 * MINUTE)
            answers.append(ask(story))
            raise Crash

    answers: list[str] = []
    with dying():
        story.scheduler.run_due(Noting())
    early, late = answers
    assert early.startswith("Attempt 1 is being made, since 2026-03-02 12:00:00. It last said")
    assert "'uploading'" in early
    assert "it counts as stuck" in late
    assert "But no runner works on this ledger" in ask(story)


def test_it_was_removed(story: Story) -> None:
    """Its events are still there."""
    story.job("job")
    story.scheduler.remove_job("job")
    assert ask(story) == (
        "It was removed at 2026-03-02 12:00:00 (0 ms ago); its events stay in the log."
        " It had not been posted, as far as the log knows."
    )


def test_the_same_text_was_added_twice(story: Story) -> None:
    """The most usual way to two posts."""
    story.job("one", content="same")
    story.job("two", content="same")
    story.job("elsewhere", content="same", account="lan")
    assert ask(story, "one").endswith("Job two has the same text for the same account.")
    story.scheduler.run_due(posts)
    assert ask(story, "one").endswith(
        "The same text of the same account was also posted by job two, which was added on its own:"
        " two jobs, two posts."
    )
    assert "same text" not in ask(story, "elsewhere")


def test_several_of_the_same_text_are_named_as_several(story: Story) -> None:
    for name in ("one", "two", "three"):
        story.job(name, content="same")
    assert ask(story, "one").endswith("Jobs two, three have the same text for the same account.")
    said = story.scheduler.why("one").said("vi").answer
    assert said.endswith("Các bài đăng two, three có cùng nội dung trên cùng tài khoản.")
    story.scheduler.run_due(posts)
    assert ask(story, "one").endswith(
        "The same text of the same account was also posted by jobs two, three, which were added on"
        " their own: each is a post."
    )


def test_several_that_run_are_named_as_several(story: Story) -> None:
    for name in ("job", "one", "two"):
        story.job(name, account=name)
    running = [story.scheduler.get_job(name) for name in ("one", "two")]
    events = story.scheduler.history("job")
    around = Surroundings(
        now=story.clock.now(), zone=ZoneInfo("UTC"), runner=4, running=running, ahead=0
    )
    answer = explain(story.scheduler.get_job("job"), events, around).answer
    assert "The runner (process 4) is busy with jobs one, two." in answer


def test_as_text_it_is_one_paragraph(story: Story) -> None:
    """Folded to the width of the terminal; nothing raw in it."""
    story.job("job")
    story.scheduler.cancel_job("job", "a\x1b[2Jb")
    done = run_here(story.scheduler.directory, "why", "jo")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert done.out.startswith("It was cancelled")
    assert run_here(story.scheduler.directory, "why", "nothing").code == 2


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (JobStatus.COMPLETED, "It was already posted as 178 when it was imported."),
        (JobStatus.CANCELLED, "It was already cancelled when it was imported."),
        (JobStatus.EXPIRED, "It had already expired when it was imported."),
        (JobStatus.FAILED, "It had already failed when it was imported: 'no'. It stays so until"),
        (JobStatus.RUNNING, "It was running when it was imported, since 2026-03-02 12:00:00."),
    ],
)
def test_an_imported_job_came_with_its_state(story: Story, status: JobStatus, says: str) -> None:
    """What led to it is not in this log, and the answer does not make it up."""
    done = story.clock.now() if status is JobStatus.COMPLETED else None
    past = {"thread_id": "178"} if done else {"error": "no"}
    story.scheduler.import_jobs([elsewhere(status=status, completed_at=done, **past)])
    assert ask(story).startswith(says)


def test_a_doubt_that_was_imported_is_told_once_it_is_posted_again(story: Story) -> None:
    """By the person who requeued it."""
    unknown = elsewhere(status=JobStatus.FAILED, outcome_unknown=True, retry_count=2)
    story.scheduler.import_jobs([unknown])
    assert "Nobody knows whether it is out." in ask(story)
    story.scheduler.requeue_job("job", story.clock.now())
    story.scheduler.run_due(posts)
    assert (
        "It may be out twice: attempt 3 was imported at 2026-03-02 12:00:00 (0 ms ago) when it may"
        " already have posted, and attempt 4 posted again without asking, because a person"
        " requeued it."
    ) in ask(story)
