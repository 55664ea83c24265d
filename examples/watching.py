"""Being watched: counters that survive restarts, and what is wrong in a sentence each.

`jobledger metrics` prints all of it, `jobledger run --metrics 127.0.0.1:9108` answers Prometheus.

It prints:

    jobledger_attempts_total{platform="threads",outcome="completed"} 2
    jobledger_attempts_total{platform="threads",outcome="failed"} 1
    jobledger_failures_total{platform="threads",error="http_403"} 1
    wrong: the loop does not run
    after a restart: jobledger_attempts_total{platform="threads",outcome="completed"} 2
"""

from datetime import UTC, datetime

from jobledger import Ledger, ManualClock, PostResult, Scheduler


def post(account_id: str, content: str) -> PostResult:
    if content == "refused":
        return PostResult(False, error="HTTP 403: not for this account", retryable=False)
    return PostResult(True)


def counted(ledger: Ledger, name: str) -> list[str]:
    """Return what was counted under a name, and is not 0."""
    lines = ledger.metrics().splitlines()
    return [line for line in lines if line.startswith(name) and not line.endswith(" 0")]


clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
with Scheduler("jobs", clock=clock) as scheduler:
    for text in ("first", "second", "refused"):
        scheduler.add_job("my-account", text, clock.now())
    scheduler.run_due(post)
    print(*counted(scheduler, "jobledger_attempts_total"), sep="\n")
    print(*counted(scheduler, "jobledger_failures_total"), sep="\n")
    print("wrong:", "; ".join(scheduler.health()))  # `run_due` is no loop; with `run` it is empty

with Ledger("jobs", clock=clock) as ledger:
    print("after a restart:", counted(ledger, "jobledger_attempts_total")[0])
