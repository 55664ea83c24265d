"""A real server of the AT Protocol, and a runner: either is killed around the write that posts.

`python -m soak.bluesky` does the same at moments of its own choosing, by the hour.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Literal
from uuid import uuid4

import httpx
import pytest
from support.anchors import ROOT
from support.cli import Cli
from support.crashes import HANDLE, TOKEN
from support.pds_server import PASSWORD, Pds, installed, server

from jobledger import JobStatus, ManualClock, Part, Post, RetryPolicy, Scheduler
from jobledger.publishers import BlueskyPublisher

pytestmark = pytest.mark.thorough

When = Literal["before", "after"]
WRITES = ("com.atproto.repo.putRecord", "com.atproto.repo.applyWrites")


def mortal(directory: Path, url: str, point: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "support.mortal", str(directory), url, "bluesky", str(point)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("point", [6, 7, 8, 9, 10])
def test_a_runner_may_be_killed_around_the_write(point: int, tmp_path: Path) -> None:
    """Its intent recorded, about to write, having written, about to record it: out, and once."""
    pds = server()
    did = pds.account(HANDLE, TOKEN)
    before = [each["uri"] for each in pds.posts(did)]
    killed = mortal(tmp_path / "jobs", pds.url, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    heir = mortal(tmp_path / "jobs", pds.url, 0)
    assert heir.returncode == 0, heir.stderr
    [uri] = [each["uri"] for each in pds.posts(did) if each["uri"] not in before]
    [job] = Cli(tmp_path / "jobs", tmp_path).json("list")
    assert (job["status"], job["thread_id"]) == ("completed", uri)


class KillingTransport(httpx.AsyncBaseTransport):
    """Kills the server before a write leaves, or when its answer is here and nobody has read it;
    it is there again for whatever comes next."""

    def __init__(self, pds: Pds, when: When, done: list[str]) -> None:
        self._pds = pds
        self._when = when
        self._done = done
        self._inner = httpx.AsyncHTTPTransport(trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_the_one = not self._done and request.url.path.endswith(WRITES)
        if is_the_one:
            self._done.append(request.url.path)
        if is_the_one and self._when == "before":
            self._restart()
            raise httpx.ReadError("the server is gone", request=request)
        response = await self._inner.handle_async_request(request)
        if is_the_one:
            await response.aread()
            self._restart()
            raise httpx.ReadError("the server is gone", request=request)
        return response

    def _restart(self) -> None:
        self._pds.kill()
        self._pds.start_again()

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.parametrize("texts", [("one",), ("one", "two", "three")], ids=["a post", "a chain"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_server_may_be_killed_around_the_write(
    when: When, texts: tuple[str, ...], directory: Path, clock: ManualClock
) -> None:
    """What it had acknowledged to nobody is there or not, whole, and is there once in the end."""
    installed()
    pds = Pds()
    pds.start()
    try:
        handle, done = f"k{uuid4().hex[:12]}.test", list[str]()
        did = pds.account(handle)
        publisher = BlueskyPublisher(
            {handle: PASSWORD},
            base_url=pds.url,
            transport=lambda: KillingTransport(pds, when, done),
            now=clock.now,
        )
        with Scheduler(directory, clock=clock, retry=RetryPolicy(base_s=1.0)) as scheduler:
            post = Post([Part(text) for text in texts])
            job_id = scheduler.add_job(handle, "", clock.now(), platform="bluesky", post=post)
            while (job := scheduler.get_job(job_id)).status is JobStatus.SCHEDULED:
                clock.advance(max(job.scheduled_time - clock.now(), timedelta(0)))
                scheduler.run_due(publisher)
            assert job.status is JobStatus.COMPLETED, job.error
        assert len(done) == 1
        assert [each["value"]["text"] for each in pds.posts(did)] == list(texts)
    finally:
        pds.end()
