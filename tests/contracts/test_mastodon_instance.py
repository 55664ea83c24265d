"""What a MastodonPublisher takes for granted of an instance: of the fake one, and of one by others.

Where the latter is known to differ from Mastodon a test says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
import pytest
from support.mastodon import TOKEN_OF_PEER, peer
from support.media import png

from jobledger import JobStatus, Ledger, ManualClock, RetryPolicy, Scheduler
from jobledger.publishers import Connection, MastodonPublisher, Timeouts
from jobledger.publishers.fake_platform import FakePlatform
from jobledger.publishers.mastodon_api import PAGE, MastodonApi, MastodonError
from jobledger.publishers.mastodon_search import text_of

T = TypeVar("T")
TEXTS = (
    "xin chào 😀",
    "a\nb\n\nsecond & <b>third</b>",
    "https://example.org/a/long/path?of=1&it=2 and https://example.org",
    "#tag and ế",
)


class Instance(NamedTuple):
    """An instance and a token of its one account; `is_peer`: nobody here wrote it."""

    url: str
    token: str
    is_peer: bool


@pytest.fixture(scope="module", params=["fake", "peer"])
def instance(request: pytest.FixtureRequest) -> Iterator[Instance]:
    if request.param == "peer":
        with peer() as url:
            yield Instance(url, TOKEN_OF_PEER, is_peer=True)
    else:
        with FakePlatform(tokens={"a-token": "acc"}) as platform:
            yield Instance(platform.mastodon_url, "a-token", is_peer=False)


def asked(
    instance: Instance,
    question: Callable[[MastodonApi], Coroutine[Any, Any, T]],
    token: str | None = None,
) -> T:
    """Ask an instance something."""

    async def ask() -> T:
        async with Connection(Timeouts()) as connection:
            return await question(MastodonApi(connection, instance.url, token or instance.token))

    return asyncio.run(ask())


def sent(instance: Instance, text: str, key: str, **more: Any) -> str:
    status_id, url = asked(instance, lambda api: api.post({"status": text, **more}, key))
    assert url is None or status_id in url
    return status_id


def refused(instance: Instance, body: dict[str, Any], token: str | None = None) -> MastodonError:
    with pytest.raises(MastodonError) as refusal:
        asked(instance, lambda api: api.post(body, ""), token)
    return refusal.value


def test_it_says_what_it_allows(instance: Instance) -> None:
    limits = asked(instance, lambda api: api.limits())
    assert (limits.longest, limits.per_link, limits.has_quotes) == (500, 23, True)


def test_it_acts_once_on_a_key(instance: Instance) -> None:
    """And gives the status of the first time back, whatever the text is now."""
    first = sent(instance, "once", "key-1")
    assert sent(instance, "once", "key-1") == first
    assert sent(instance, "another text", "key-1") == first
    assert sent(instance, "once", "key-2") != first


@pytest.mark.parametrize("text", TEXTS)
def test_its_source_and_its_html_are_the_text(instance: Instance, text: str) -> None:
    async def look(api: MastodonApi) -> None:
        account_id = await api.account_id()
        before = await api.newest(account_id)
        key = f"text-{TEXTS.index(text)}"
        status_id, _ = await api.post({"status": f" {text}\n", "spoiler_text": "a & b"}, key)
        [status] = await api.later(account_id, before)
        assert (status.id, status.warning, status.reply) == (status_id, "a & b", None)
        assert (status.media, status.is_edited) == (0, False)
        source = await api.source(status_id)
        assert source is not None
        assert (source[0].strip(), source[1]) == (text, "a & b")
        assert text_of(status.content).strip() == text

    asked(instance, look)


def test_its_list_goes_on_behind_a_status(instance: Instance) -> None:
    """Page by page, each with the newest first, and replies and what is not public among them."""

    async def look(api: MastodonApi) -> None:
        account_id = await api.account_id()
        before, _ = await api.post({"status": "before"}, "before")
        made = []
        for number in range(PAGE + 5):
            more = {"visibility": ("public", "unlisted", "private", "direct")[number % 4]}
            if number % 3 == 0:
                more["in_reply_to_id"] = before
            made.append((await api.post({"status": f"n{number}", **more}, f"n{number}"))[0])
        assert await api.newest(account_id) == made[-1]
        page = await api.later(account_id, before)
        assert [status.id for status in page] == made[:PAGE][::-1]
        assert [status.reply for status in page][::-1][:4] == [before, None, None, before]
        rest = await api.later(account_id, page[0].id)
        assert [status.id for status in rest] == made[PAGE:][::-1]
        assert await api.later(account_id, made[-1]) == []
        assert (await api.later(account_id, None))[0].id == made[-1]

    asked(instance, look)


def test_a_status_has_the_files_that_were_brought(instance: Instance) -> None:
    """Named by the ids that they got, in this order; one that is not there is refused."""

    async def look(api: MastodonApi) -> None:
        before, _ = await api.post({"status": "before the files"}, "before-the-files")
        ids = []
        for description in ("mèo 😀", ""):
            media_id, ready = await api.upload(png(40, 30), "image/png", "png", description)
            assert ready or await api.is_ready(media_id)
            ids.append(media_id)
        status_id, _ = await api.post({"status": "files", "media_ids": ids}, "files")
        [status] = await api.later(await api.account_id(), before)
        assert (status.id, status.media) == (status_id, 2)

    asked(instance, look)


def test_it_says_what_is_wrong(instance: Instance) -> None:
    assert refused(instance, {"status": "x"}, "no-token").kind == "token"
    for text in ("", "x" * 501):
        error = refused(instance, {"status": text})
        assert error.kind == "refused"
        assert error.message.startswith("HTTP 422: Validation failed: ")


def test_a_reply_to_nothing_is_refused(instance: Instance) -> None:
    """Mastodon says 404; the peer takes it for a post of its own."""
    if instance.is_peer:
        assert sent(instance, "x", "", in_reply_to_id="1")
    else:
        assert refused(instance, {"status": "x", "in_reply_to_id": "1"}).kind == "missing"


class Losses:
    """Makes transports in which the answers to the first `times` posts get lost, and `for_good`
    whatever comes behind them."""

    def __init__(self, times: int, *, for_good: bool = False) -> None:
        self.times = times
        self.for_good = for_good

    def __call__(self) -> httpx.AsyncBaseTransport:
        return _Lossy(self)


class _Lossy(httpx.AsyncBaseTransport):
    """The real transport, but for what gets lost."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._losses.for_good and self._losses.times == 0:
            raise httpx.ConnectError("cut off", request=request)
        response = await self._inner.handle_async_request(request)
        if request.method == "POST" and self._losses.times > 0:
            self._losses.times -= 1
            await response.aread()
            await response.aclose()
            raise httpx.ReadTimeout("lost", request=request)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_post_is_out_once_whose_answers_get_lost(
    instance: Instance, times: int, directory: Path, clock: ManualClock
) -> None:
    """Told with its id, and found by its text: with a warning, a reply, and another of that text
    from before."""
    text = f"lost {times} times\n\n{TEXTS[2]}"
    parent = sent(instance, "parent", f"parent-{times}")
    older = sent(instance, text, f"older-{times}", spoiler_text="cw", in_reply_to_id=parent)
    publisher = MastodonPublisher(
        instance.url, {"acc": instance.token}, transport=Losses(times), now=clock.now
    )
    metadata = {"spoiler_text": "cw", "in_reply_to_id": parent, "visibility": "unlisted"}
    with Scheduler(directory, clock=clock, retry=RetryPolicy(base_s=0.0)) as scheduler:
        job_id = scheduler.add_job("acc", text, clock.now(), platform="mastodon", metadata=metadata)
        scheduler.run_due(publisher)
        job = scheduler.get_job(job_id)
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert job.thread_id is not None

    async def count(api: MastodonApi) -> list[str]:
        return [status.id for status in await api.later(await api.account_id(), older)]

    assert asked(instance, count) == [job.thread_id]


def test_a_post_is_found_by_the_next_runner(
    instance: Instance, directory: Path, clock: ManualClock
) -> None:
    """The first was cut off when the instance had acted, and ended."""
    before = sent(instance, "before it", "before-it")
    with Ledger(directory, clock=clock) as ledger:
        job_id = ledger.add_job("acc", "xin chào", clock.now(), platform="mastodon")
    for losses in (Losses(1, for_good=True), Losses(0)):
        with Scheduler(directory, clock=clock, settle_s=0) as scheduler:
            publisher = MastodonPublisher(
                instance.url, {"acc": instance.token},
                transport=losses, now=clock.now,
            )  # fmt: skip
            scheduler.run_due(publisher)
            job = scheduler.get_job(job_id)
            clock.advance(max(job.scheduled_time - clock.now(), timedelta(0)))
    assert (job.status, job.attempt) == (JobStatus.COMPLETED, 2)

    async def count(api: MastodonApi) -> list[str]:
        return [status.id for status in await api.later(await api.account_id(), before)]

    assert asked(instance, count) == [job.thread_id]
