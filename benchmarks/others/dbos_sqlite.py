"""DBOS with its system database on SQLite, as it comes without a server."""

from __future__ import annotations

import logging
from pathlib import Path

from dbos import DBOS, SetEnqueueOptions

from . import ACCOUNT, LATER_TEXT, TEXT, LivingPeer, publish

_LATER_S = 30 * 86_400
_NEVER_ASKED_S = 3600.0


class DurableWorkflows(LivingPeer):
    packages = ("dbos", "SQLAlchemy")
    durability = "SQLite, rollback journal, synchronous=FULL (its defaults)"
    remark = (
        "an add is a workflow enqueued with a delay; goes on after a crash; no history of states"
    )
    life = "a workflow of one step started in a thread, its step and its end recorded; not queued"

    def __init__(self, place: Path) -> None:
        logging.getLogger("dbos").setLevel(logging.ERROR)
        DBOS(
            config={
                "name": "peer",
                "system_database_url": f"sqlite:///{place / 'dbos.db'}",
                "application_version": "1",
                "log_level": "ERROR",
                "enable_otlp": False,
            }
        )
        self._post = DBOS.workflow(name="post")(_post)
        DBOS.launch()
        self._queue = DBOS.register_queue("later", polling_interval_sec=_NEVER_ASKED_S)

    def add(self, count: int) -> None:
        for _ in range(count):
            with SetEnqueueOptions(delay_seconds=_LATER_S):
                self._queue.enqueue(self._post, ACCOUNT, TEXT, LATER_TEXT)

    def live(self, count: int) -> None:
        for _ in range(count):
            DBOS.start_workflow(self._post, ACCOUNT, TEXT, LATER_TEXT).get_result(
                polling_interval_sec=0.001
            )

    def close(self) -> None:
        DBOS.destroy(destroy_registry=True)


@DBOS.step(name="publish")
def _publish(account: str, text: str) -> str:
    return publish(account, text)


def _post(account: str, text: str, at: str) -> str:
    return _publish(account, text)
