"""A crash between the post and its record: the next runner asks before it posts again.

It prints:

    the platform takes 'Xin chào!', and the power goes
    the runner asks: it is out
    COMPLETED as post-1, found by asking; posts on the platform: 1
"""

from datetime import UTC, datetime, timedelta

from jobledger import Attempt, ManualClock, PostResult, Scheduler


class Platform:
    """Remembers what was posted under which key, as one does that can be asked."""

    def __init__(self) -> None:
        self.posts: dict[str, str] = {}

    def publish(self, attempt: Attempt) -> PostResult:
        post_id = self.posts[attempt.idempotency_key] = f"post-{len(self.posts) + 1}"
        print(f"the platform takes {attempt.job.content!r}, and the power goes")
        raise KeyboardInterrupt(post_id)  # nothing of the answer arrives

    def reconcile(self, attempt: Attempt) -> PostResult:
        post_id = self.posts.get(attempt.idempotency_key)
        print(f"the runner asks: it is {'out' if post_id else 'not out'}")
        return PostResult(post_id is not None, thread_id=post_id)


platform = Platform()
clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
with Scheduler("jobs", clock=clock) as scheduler:
    scheduler.add_job("my-account", "Xin chào!", clock.now(), job_id="hello")
    try:
        scheduler.run_due(platform)
    except KeyboardInterrupt:
        clock.advance(timedelta(minutes=5))
    scheduler.run_due(platform)
    job = scheduler.get_job("hello")
    print(
        f"{job.status.name} as {job.thread_id}, found by asking;"
        f" posts on the platform: {len(platform.posts)}"
    )
