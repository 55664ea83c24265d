"""Two workers that share the jobs of a ledger on a server, as they would on two machines.

    python two_workers.py 'postgresql://worker@db.example/posts?ledger=shop'

Each `Scheduler` is a runner of its own: here two processes, which are told to stop when all is out.
"""

import sys
from collections import Counter
from datetime import UTC, datetime
from multiprocessing import get_context

from jobledger import Attempt, Ledger, NewJob, PostResult, Scheduler

ACCOUNTS = 6
JOBS = 60


class Printer:
    """In place of a platform. It asks for its right before what it could not take back."""

    def publish(self, attempt: Attempt) -> PostResult:
        attempt.checkpoint("sending")
        return PostResult(True, thread_id=f"{attempt.idempotency_key:.8}")


def work(location: str) -> None:
    with Scheduler(location) as scheduler:
        scheduler.run(Printer())  # until SIGTERM


def main(location: str) -> None:
    now = datetime.now(UTC)
    processes = get_context("spawn")
    workers = [processes.Process(target=work, args=(location,)) for _ in range(2)]
    with Ledger(location) as ledger:
        for worker in workers:
            worker.start()
        before = ledger.seq
        added = set(
            ledger.add_jobs(
                NewJob(f"account {n % ACCOUNTS}", f"Post number {n}", now) for n in range(JOBS)
            )
        )
        left, by = set(added), Counter[str]()
        for event in ledger.watch(after=before):
            if event.type == "completed" and event.job_id in left:
                left.remove(event.job_id)
                by[str(ledger.get_job(event.job_id).runner)] += 1
            if not left:
                break
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
        for runner, count in by.items():
            print(f"{runner} has posted {count}")
        print("each post is out once, and the log is whole:", ledger.verify().ok)


if __name__ == "__main__":
    main(*sys.argv[1:])
