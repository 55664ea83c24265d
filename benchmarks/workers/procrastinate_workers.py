"""Worker processes of Procrastinate, each with a connector of its own."""

from __future__ import annotations

import asyncio
import logging
import sys

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from workers import TEXT, go, work_of

WORK = work_of(sys.argv[1:])
_RAN: list[str] = []
_ENDED = (
    "SELECT count(*) FROM procrastinate_jobs WHERE queue_name = %(run)s AND status = 'succeeded'"
)


async def _publish(account: str, text: str) -> None:
    _RAN.append(account)


async def _run(app: App) -> None:
    connector = PsycopgConnector(conninfo=WORK.conninfo, min_size=1, max_size=4)
    app = app.with_connector(connector)
    async with app.open_async():
        while True:
            await app.run_worker_async(
                queues=[WORK.run], concurrency=WORK.concurrency, wait=False, listen_notify=False,
                install_signal_handlers=False,
            )  # fmt: skip
            row = await connector.execute_query_one_async(_ENDED, run=WORK.run)
            if row["count"] >= WORK.in_all:
                return
            await asyncio.sleep(0.005)


def main() -> None:
    """Defer, and run until nothing of anybody is left."""
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    app = App(connector=SyncPsycopgConnector(conninfo=WORK.conninfo, min_size=1, max_size=1))
    task = app.task(name="publish", queue=WORK.run)(_publish)
    app.open()

    def live() -> int:
        for n in range(WORK.jobs):
            task.configure(lock=WORK.account(n)).defer(account=WORK.account(n), text=TEXT)
        asyncio.run(_run(app))
        return len(_RAN)

    go(live)
    app.close()


if __name__ == "__main__":
    main()
