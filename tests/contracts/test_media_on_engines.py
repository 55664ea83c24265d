"""Files of posts on every engine: kept, seen by all, posted, verified and removed alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support import nats, postgres
from support.media import png

from jobledger import (
    Attempt,
    Ledger,
    Media,
    Part,
    Post,
    PostResult,
    Scheduler,
    ValidationError,
)

LOCATIONS: dict[str, Callable[[], str]] = {
    "memory": lambda: f"memory:media{uuid4().hex}",
    "postgresql": postgres.new_url,
    "nats": nats.new_url,
}


@pytest.fixture(params=LOCATIONS)
def location(request: pytest.FixtureRequest) -> str:
    """Return a ledger's name; a server is skipped, with its reason, where it is not there."""
    return LOCATIONS[request.param]()


class Posting:
    """A publisher that reads what it posts, by the way that the attempt gives it."""

    takes_posts = True

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def publish(self, attempt: Attempt) -> PostResult:
        for media in attempt.job.parts[0].media:
            self.sent.append(attempt.media_path(media).read_bytes())
        return PostResult(True, "17")


def test_a_file_is_kept_seen_by_all_posted_and_removed(location: str, tmp_path: Path) -> None:
    picture, files, publisher = tmp_path / "a.png", tmp_path / "files", Posting()
    picture.write_bytes(png(40, 30))
    post = Post([Part("Look", [Media(str(picture), "A cat")])])
    with (
        Scheduler(location, media=files) as scheduler,
        Ledger(location, media=files) as other,
    ):
        job_id = other.add_job("shop", "", datetime.now(UTC), platform="mine", post=post)
        picture.unlink()
        [media] = scheduler.get_job(job_id).parts[0].media
        assert media.file is not None
        name = media.file.sha256
        assert scheduler.media_path(name) == other.media_path(name)
        assert scheduler.remove_media(timedelta(0)) == [], "it is needed"
        assert scheduler.run_due(publisher) == 1
        assert publisher.sent == [png(40, 30)]
        assert scheduler.verify().ok
        other.media_path(name).write_bytes(png(3, 2))
        assert [problem.kind for problem in other.verify().problems] == ["media"]
        other.media_path(name).write_bytes(png(40, 30))
        assert scheduler.remove_media(timedelta(days=1)) == []
        assert scheduler.remove_media(timedelta(0)) == [name]
        assert scheduler.verify().ok
    assert [path for path in files.glob("*/??/*") if path.is_file()] == []


def test_two_ledgers_share_a_directory_and_no_file(location: str, tmp_path: Path) -> None:
    """What one removes was its own."""
    with (
        Ledger(location, media=tmp_path) as one,
        Ledger(f"memory:media{uuid4().hex}", media=tmp_path) as two,
    ):
        file = one.add_media(png())
        assert two.add_media(png()) == file
        post = Post([Part("Look", [Media("a.png", "A cat", file)])])
        for ledger in (one, two):
            ledger.add_job("shop", "", datetime.now(UTC), platform="mine", post=post, job_id="a")
        one.cancel_job("a")
        assert one.remove_media(timedelta(0)) == [file.sha256]
        assert two.media_path(file.sha256).read_bytes() == png()
        assert two.verify().ok


def test_without_a_directory_each_file_is_refused(location: str) -> None:
    with Ledger(location) as ledger:
        assert not ledger.keeps_media
        with pytest.raises(ValidationError, match="keeps no"):
            ledger.add_media(png())
