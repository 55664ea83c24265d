"""The crash kit: does my publisher post twice when its process dies? It is killed at every step.

It prints:

    40 crashes: 5 posts twice, 0 lost, 0 in doubt
    …
    it looks before it posts: twice 0, lost 0
"""

from jobledger import Attempt, PostResult
from jobledger.testing import Posts, crash_everywhere


class Naive:
    """Posts, and says so."""

    def __init__(self, posts: Posts) -> None:
        self.posts = posts

    def publish(self, attempt: Attempt) -> PostResult:
        post_id = self.posts.post(attempt.job.job_id, attempt.idempotency_key)
        return PostResult(True, thread_id=post_id)


class Careful(Naive):
    """Can be asked whether a post is out."""

    def reconcile(self, attempt: Attempt) -> PostResult:
        post_id = self.posts.of_key(attempt.idempotency_key)
        return PostResult(post_id is not None, thread_id=post_id)


print(crash_everywhere(Naive))
report = crash_everywhere(Careful)
print(f"it looks before it posts: twice {len(report.twice)}, lost {len(report.lost)}")
report.check()  # in a test: raises AssertionError where a post is out twice or lost
