"""A publisher of one's own is one file over the public HTTP exchange: the example, run."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from support.anchors import ROOT

import jobledger.publishers
from jobledger import JobStatus, Scheduler
from jobledger.ledger.clock import ManualClock
from jobledger.publishers.fake_platform import FakePlatform

EXAMPLE = ROOT / "examples/my_service.py"
TOKEN = "a-token-of-the-service"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the example."""
    monkeypatch.syspath_prepend(EXAMPLE.parent)
    monkeypatch.setenv("NO_PROXY", "*")
    return import_module("my_service")


def test_the_document_shows_the_example() -> None:
    """And names only what `jobledger.publishers` exports."""
    text = (ROOT / "docs/publishers.md").read_text("utf-8")
    program = EXAMPLE.read_text("utf-8").partition("\n\n")[2]
    assert f"```python\n{program}```" in text
    [names] = re.findall(r"^from jobledger.publishers import (.*)$", program, re.MULTILINE)
    assert set(names.split(", ")) <= set(jobledger.publishers.__all__)


@pytest.mark.parametrize(
    "fault", [None, "500_before", "500_after", "drop_before", "drop_after", "half", "rate_limited"]
)
def test_the_example_posts_once_whatever_the_service_does(
    service: Any, directory: Path, clock: ManualClock, fault: Any
) -> None:
    """What is not known is asked about, and what is not out is posted."""
    with FakePlatform() as platform, Scheduler(directory, clock=clock) as scheduler:
        if fault is not None:
            platform.fail("webhook", fault)
        publisher = service.MyService(platform.webhook_url, TOKEN)
        job_id = scheduler.add_job("shop", "Xin chào", clock.now())
        for _ in range(3):
            scheduler.run_due(publisher)
            clock.advance(timedelta(hours=1))
        job = scheduler.get_job(job_id)
        assert (job.status, job.thread_id) == (JobStatus.COMPLETED, "post-1"), job.error
        assert platform.counts() == {("shop", "Xin chào"): 1}


def test_a_service_that_is_not_there_has_not_posted(
    service: Any, directory: Path, clock: ManualClock
) -> None:
    """It is tried again, and the token is in nothing that is written."""
    with FakePlatform() as platform:
        gone = platform.webhook_url
    with Scheduler(directory, clock=clock) as scheduler:
        job_id = scheduler.add_job("shop", "Xin chào", clock.now())
        scheduler.run_due(service.MyService(gone, TOKEN))
        job = scheduler.get_job(job_id)
    assert (job.status, job.in_doubt) == (JobStatus.SCHEDULED, False)
    assert job.retry_count == 1
    written = [path for path in directory.iterdir() if path.is_file()]
    assert not [path.name for path in written if TOKEN.encode() in path.read_bytes()]
