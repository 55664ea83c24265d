"""A pooler before the server, which gives a connection out for one transaction at a time."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from support import postgres
from support.required import missing
from support.waiting import eventually

from jobledger import JobStatus, Ledger, PostResult, Scheduler

SETTINGS = """\
[databases]
postgres = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
auth_file = {directory}/users.txt
pool_mode = transaction
default_pool_size = 2
unix_socket_dir =
"""


@pytest.fixture
def pooled() -> Iterator[str]:
    """Return the location of a ledger, by way of PgBouncer."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        missing("pgbouncer", "pgbouncer is not here")
    server, port = postgres.server(), postgres.free_port()
    directory = Path(mkdtemp(prefix="pgbouncer-"))
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        SETTINGS.format(server=server.port, port=port, directory=directory), "utf-8"
    )
    (directory / "users.txt").write_text('"postgres" ""\n', "utf-8")
    directory.chmod(0o755)
    as_somebody: dict[str, Any] = (
        {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    )
    process = subprocess.Popen(
        [program, str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        **as_somebody,
    )  # fmt: skip
    try:
        eventually(lambda: postgres.answers(port), "the pooler")
        yield postgres.new_url().replace(f":{server.port}/", f":{port}/")
    finally:
        process.kill()
        process.wait(30)
        shutil.rmtree(directory)


def test_more_handles_than_connections_write_and_run_through_a_pooler(pooled: str) -> None:
    """Six handles and two runners share two connections; nothing is lost or posted twice."""
    now, posted = datetime.now(UTC), list[str]()

    def post(account_id: str, content: str) -> PostResult:
        posted.append(content)
        return PostResult(True)

    writers = [Ledger(pooled) for _ in range(6)]
    for n in range(30):
        writers[n % 6].add_job(f"account {n % 4}", f"text {n}", now)
    with Scheduler(pooled) as one, Scheduler(pooled) as two:
        while one.run_due(post, limit=2) + two.run_due(post, limit=3):
            pass
        assert len(one.runners()) == 2
    assert sorted(posted) == sorted(f"text {n}" for n in range(30))
    assert {writer.counts()[JobStatus.COMPLETED] for writer in writers} == {30}
    assert writers[0].verify().problems == []
    for writer in writers:
        writer.close()
