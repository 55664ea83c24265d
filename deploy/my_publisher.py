"""In place of a publisher of your own: it says what it would have posted."""

from jobledger import Attempt, PostResult


class Printer:
    def publish(self, attempt: Attempt) -> PostResult:
        print(f"{attempt.job.account_id}: {attempt.job.content}", flush=True)
        return PostResult(True, thread_id=attempt.idempotency_key)


publisher = Printer()
