"""What Threads is to fetch is looked for ahead of time: at real addresses, of a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.endpoint import Endpoint
from support.hostile_server import HostileServer
from support.waiting import eventually_async

from jobledger import ManualClock, Media, Part, Post, Scheduler
from jobledger.domain import MediaFile, ScheduledJob
from jobledger.publishers import ThreadsPublisher
from jobledger.publishers.fake_platform import FakePlatform

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PICTURE = "https://cdn.example.com/a.jpg"


class Rerouted(httpx.AsyncHTTPTransport):
    """Goes to servers on this machine, whatever host is asked for."""

    def __init__(self, url: str, **others: str) -> None:
        super().__init__()
        self._urls = {"": url, **others}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = request.url.host.partition(".")[0]
        server = httpx.URL(self._urls.get(name, self._urls[""]))
        request.url = request.url.copy_with(scheme="http", host=server.host, port=server.port)
        return await super().handle_async_request(request)


class Sleeps:
    def __init__(self) -> None:
        self.slept: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)


def job_of(metadata: dict[str, Any] | None = None, post: Post | None = None) -> ScheduledJob:
    content = "x" if post is None else post.parts[0].text
    return ScheduledJob(
        job_id="j", account_id="shop", content=content, scheduled_time=NOON, post=post,
        metadata={"image_url": PICTURE} if metadata is None and post is None else metadata or {},
    )  # fmt: skip


def asked(url: str, job: ScheduledJob, **settings: Any) -> str | None:
    sleep = settings.pop("sleep", Sleeps())
    publisher = ThreadsPublisher(
        {"shop": "a-secret-token"}, transport=lambda: Rerouted(url), sleep=sleep, **settings
    )
    return asyncio.run(publisher.preflight(job))


@contextmanager
def serving(status: int = 206, body: bytes = b"x" * 1024, **headers: str) -> Iterator[Endpoint]:
    given = {"Content-Type": "image/jpeg", **{n.replace("_", "-"): v for n, v in headers.items()}}
    with Endpoint(status, body, given).serving() as endpoint:
        yield endpoint


@pytest.mark.parametrize("status", [200, 206])
def test_a_picture_that_is_there_is_all_that_is_needed(status: int) -> None:
    """Its beginning is asked for, and nobody is told a token."""
    with serving(status) as server:
        assert asked(server.url, job_of()) is None
        [request] = server.arrived
    assert request.path == "/a.jpg"
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["range"] == "bytes=0-1023"
    assert "a-secret-token" not in str(headers)
    assert "authorization" not in headers


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_what_cannot_be_had_is_named_without_what_may_be_a_key_to_it(status: int) -> None:
    with serving(status, b"") as server:
        said = asked(server.url, job_of({"image_url": f"{PICTURE}?signature=secret"}))
        assert len(server.arrived) == 1
    assert said == f"the image at '{PICTURE}' cannot be had: HTTP {status}"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_be_over_in_a_moment_is_asked_for_twice(status: int) -> None:
    sleep = Sleeps()
    with serving(status, b"") as server:
        said = asked(server.url, job_of(), sleep=sleep)
        assert len(server.arrived) == 2
    assert said == f"the image at '{PICTURE}' cannot be had: HTTP {status}"
    assert sleep.slept == [3.0]


def test_nobody_there_is_told() -> None:
    said = asked("http://127.0.0.1:9", job_of())
    assert said is not None
    assert said.startswith(f"the image at '{PICTURE}' cannot be had: no connection")


def test_a_page_and_an_empty_file_are_no_picture() -> None:
    with serving(200, b"<html>", Content_Type="text/html; charset=utf-8") as server:
        assert "it is a page (text/html), and no image" in str(asked(server.url, job_of()))
    with serving(200, b"") as server:
        assert "it is empty" in str(asked(server.url, job_of()))
    with serving(416, b"") as server:
        assert "HTTP 416: it is empty" in str(asked(server.url, job_of()))


def test_no_more_of_a_file_is_read_than_its_beginning() -> None:
    """Whatever a server sends: it has not even to honour the range."""

    def without_end() -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nConnection: close\r\n\r\n"
        for _ in range(10_000):
            yield b"x" * 65536

    with HostileServer(without_end) as server:
        assert asked(server.url, job_of()) is None
        assert server.sent < 100_000_000


def test_a_redirect_is_followed_to_public_places_alone() -> None:
    """Neither to this machine or its network, nor to anything that is no address, nor for ever."""
    with serving() as there:
        for location, said in (
            ("https://other.example.com/b.jpg", None),
            ("http://127.0.0.1/secret", "127.0.0.1, which is not public"),
            ("http://169.254.169.254/latest", "169.254.169.254, which is not public"),
            ("http://intranet/a.jpg", "intranet, which is not public"),
            ("file:///etc/passwd", "is a file of this machine"),
            ("/again.jpg", "it leads on and on"),
        ):
            with serving(302, b"", Location=location) as server:
                publisher = ThreadsPublisher(
                    {},
                    transport=lambda: Rerouted(server.url, other=there.url),
                )
                found = asyncio.run(publisher.preflight(job_of()))
            assert found is None if said is None else said in str(found), location
        assert [request.path for request in there.arrived] == ["/b.jpg"]


def test_a_name_that_means_this_machine_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """However public it looks; where a name means nothing here, a proxy may know it."""
    inside = [(2, 1, 6, "", ("127.0.0.1", 0))]

    async def resolve(self: object, host: str, *rest: object, **more: object) -> Any:
        return inside

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", resolve)
    publisher = ThreadsPublisher({}, sleep=Sleeps())
    said = asyncio.run(publisher.preflight(job_of()))
    assert "cdn.example.com is at 127.0.0.1, which is not public" in str(said)


def test_every_file_of_a_post_is_asked_for_once() -> None:
    """Of all its parts and carousels; those of the ledger at the address of `media_url`."""
    file = MediaFile(sha256="b" * 64, size=9, kind="mp4", width=720, height=1280, seconds=5.0)
    post = Post(
        [
            Part("one", media=[Media(PICTURE, "a"), Media("https://cdn.example.com/b.png", "b")]),
            Part("two", media=[Media("clip.mp4", "c", file)]),
            Part("three", media=[Media(PICTURE, "a")]),
        ]
    )
    with serving() as server:
        media_url = "https://cdn.example.com/{sha256}.{ext}"
        assert asked(server.url, job_of(post=post), media_url=media_url) is None
        paths = sorted(request.path for request in server.arrived)
    assert paths == ["/a.jpg", "/b.png", f"/{'b' * 64}.mp4"]


def test_what_would_be_refused_anyway_is_told_and_a_text_needs_nothing() -> None:
    with serving() as server:
        said = asked(server.url, job_of({"image_urls": PICTURE}))
        assert "metadata.image_urls would be left out" in str(said)
        assert asked(server.url, job_of({})) is None
        assert server.arrived == []


def test_a_missing_picture_is_in_the_log_ten_minutes_before_its_post(
    tmp_path: Path, clock: ManualClock
) -> None:
    """And the post is tried all the same: the platform may have it."""

    async def story(server: Endpoint, platform: FakePlatform) -> None:
        with Scheduler(tmp_path / "jobs", clock=clock) as scheduler:
            later = clock.now() + (NOON - NOON.replace(minute=0, hour=11)) / 6
            picture = {"image_url": PICTURE}
            job_id = scheduler.add_job("shop", "x", later, metadata=picture)
            publisher = ThreadsPublisher(
                {"shop": "a-secret-token"},
                base_url=platform.threads_url,
                transport=lambda: Rerouted(platform.url, cdn=server.url),
                sleep=Sleeps(),
                now=clock.now,
            )
            await scheduler.start(publisher)
            await eventually_async(lambda: scheduler.get_job(job_id).is_lacking)
            assert "cannot be had: HTTP 404" in str(scheduler.get_job(job_id).status_message)
            clock.advance(later - clock.now())
            await eventually_async(lambda: len(platform.posts()) == 1)
            await scheduler.stop()

    with serving(404, b"") as server, FakePlatform(now=clock.now) as platform:
        asyncio.run(story(server, platform))
