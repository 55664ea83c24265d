"""BlueskyPublisher at a real server: whatever a post may have is there as it was said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from support.media import mp4, png
from support.pds_server import PASSWORD, Pds, server

from jobledger import JobStatus, Link, ManualClock, Media, Part, Post, ScheduledJob, Scheduler
from jobledger.publishers import BlueskyPublisher


class Account:
    """An account of the server, and a scheduler that posts to it."""

    def __init__(self, pds: Pds, scheduler: Scheduler) -> None:
        self.pds = pds
        self.handle = f"r{uuid4().hex[:12]}.test"
        self.did = pds.account(self.handle)
        self.scheduler = scheduler
        self.publisher = BlueskyPublisher({self.handle: PASSWORD}, base_url=pds.url)

    def post(self, post: Post, **more: Any) -> ScheduledJob:
        """Post it; the job."""
        given: dict[str, Any] = {"platform": "bluesky", "post": post} | more
        job_id = self.scheduler.add_job(self.handle, "", self.scheduler.now(), **given)
        self.scheduler.run_due(self.publisher)
        return self.scheduler.get_job(job_id)

    def records(self, job: ScheduledJob) -> list[dict[str, Any]]:
        """Return the records of a job, each being what was recorded before it was written."""
        found = {each["uri"]: each for each in self.pds.posts(self.did)}
        parts = job.checkpoints["bluesky_post"]["parts"]
        assert [found[part["uri"]]["cid"] for part in parts] == [part["cid"] for part in parts]
        return [found[part["uri"]]["value"] for part in parts]


@pytest.fixture
def account(directory: Path, clock: ManualClock) -> Iterator[Account]:
    with Scheduler(directory, clock=clock) as scheduler:
        yield Account(server(), scheduler)


def test_a_chain_with_all_that_a_post_may_have(account: Account, tmp_path: Path) -> None:
    """Pictures with their words, a card, a quote of an earlier post, what can be clicked."""
    shop, door = tmp_path / "shop.png", tmp_path / "door.png"
    shop.write_bytes(png(40, 30))
    door.write_bytes(png(20, 50))
    first = account.post(Post([Part("Hôm qua")]))
    pictures = [Media(str(shop), "the shop 🏪"), Media(str(door), "its door")]
    chain = Post(
        [
            Part(f"Chào @{account.handle} 👩‍👩‍👧 #mới https://example.org/bài", media=pictures),
            Part("and more", link=Link("https://example.org/a", "A", "of a")),
            Part("", quote=first.thread_id),
        ],
        language="vi",
        reply_to=f"https://bsky.app/profile/{account.handle}/post/{str(first.thread_id)[-13:]}",
    )
    job = account.post(chain)
    assert job.status is JobStatus.COMPLETED, job.error
    one, two, three = account.records(job)
    kinds = [facet["features"][0]["$type"].rpartition("#")[2] for facet in one["facets"]]
    assert kinds == ["mention", "tag", "link"]
    data = one["text"].encode()
    index = one["facets"][1]["index"]
    assert data[index["byteStart"] : index["byteEnd"]].decode() == "#mới"
    images = one["embed"]["images"]
    assert [image["alt"] for image in images] == ["the shop 🏪", "its door"]
    assert images[1]["aspectRatio"] == {"width": 20, "height": 50}
    assert one["reply"]["parent"]["uri"] == first.thread_id
    assert two["reply"]["root"]["uri"] == three["reply"]["root"]["uri"] == first.thread_id
    assert two["embed"]["external"]["title"] == "A"
    assert three["embed"]["record"]["uri"] == first.thread_id
    assert {record["langs"][0] for record in (one, two, three)} == {"vi"}


def test_a_film_is_taken(account: Account, tmp_path: Path) -> None:
    """As a file of the post; whether it can be played is Bluesky's to see."""
    film = tmp_path / "film.mp4"
    film.write_bytes(mp4())
    job = account.post(Post([Part("xem", media=[Media(str(film), "a film")])]), lenient=True)
    assert job.status is JobStatus.COMPLETED, job.error
    [record] = account.records(job)
    assert record["embed"]["video"]["mimeType"] == "video/mp4"


def test_a_hundred_parts_are_one_write(account: Account) -> None:
    """The most that a job may have."""
    job = account.post(Post([Part(f"part {n}") for n in range(100)]))
    assert job.status is JobStatus.COMPLETED, job.error
    assert [record["text"] for record in account.records(job)] == [f"part {n}" for n in range(100)]


def test_an_app_password_that_was_taken_back_puts_the_account_off(account: Account) -> None:
    """Its other posts wait with it, and nothing of theirs is failed."""
    account.publisher = BlueskyPublisher(
        {account.handle: "abcd-efgh-ijkl"}, base_url=account.pds.url
    )
    job = account.post(Post([Part("one")]))
    assert (job.status, job.retry_count) == (JobStatus.SCHEDULED, 0)
    assert "Invalid identifier or password" in str(job.error)
