"""Worker processes of DBOS, each an executor of one queue in the database."""

from __future__ import annotations

import logging
import sys
import time

import psycopg
from dbos import DBOS, SetWorkflowID

from workers import TEXT, go, work_of

WORK = work_of(sys.argv[1:])
_RAN: list[str] = []
_DONE = "SELECT count(*) FROM dbos.workflow_status WHERE queue_name = %s AND status = 'SUCCESS'"


@DBOS.step(name="publish")
def _publish(account: str, text: str) -> None:
    _RAN.append(account)


@DBOS.workflow(name="post")
def _post(account: str, text: str) -> None:
    _publish(account, text)


def main() -> None:
    """Enqueue, and run until nothing of anybody is left."""
    logging.getLogger("dbos").setLevel(logging.ERROR)

    DBOS(
        config={
            "name": "workers",
            "system_database_url": WORK.conninfo,
            "application_version": "1",
            "executor_id": f"{WORK.run}-{WORK.number}",
            "log_level": "ERROR",
            "enable_otlp": False,
        }
    )
    DBOS.launch()
    queue = DBOS.register_queue(
        WORK.run, worker_concurrency=WORK.concurrency, polling_interval_sec=0.005
    )

    def live() -> int:
        for n in range(WORK.jobs):
            with SetWorkflowID(f"{WORK.run}-{WORK.number}-{n}"):
                queue.enqueue(_post, WORK.account(n), TEXT)
        with psycopg.connect(WORK.conninfo, autocommit=True) as connection:
            while connection.execute(_DONE, (WORK.run,)).fetchone()[0] < WORK.in_all:  # type: ignore[index]
                time.sleep(0.005)
        return len(_RAN)

    go(live)
    DBOS.destroy(destroy_registry=True)


if __name__ == "__main__":
    main()
