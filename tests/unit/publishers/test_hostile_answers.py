"""Answers of any size and any form: no more is read or unpacked than an answer can need."""

from __future__ import annotations

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import httpx
import pytest
from support.bench import Bench
from support.hostile_server import HostileServer, head

from jobledger import JobStatus
from jobledger.publishers import ThreadsPublisher, Timeouts, WebhookPublisher
from jobledger.publishers.body import MOST_BYTES, Unpacking
from jobledger.publishers.exchange import Connection, NoAnswer, Response

MIB = 1024 * 1024
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
IN_TWO_MINUTES = Timeouts(connect_s=60, read_s=60, whole_s=120)


@cache
def bomb(mebibytes: int = 400) -> bytes:
    """So much of blanks, as gzip: a thousandth of it."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    blanks = b" " * MIB
    return b"".join(packing.compress(blanks) for _ in range(mebibytes)) + packing.flush()


def chunked(status: str = "200 OK", *headers: str) -> bytes:
    return head(status, "Transfer-Encoding: chunked", *headers)


def of(body: bytes, status: str = "200 OK", *headers: str) -> Iterable[bytes]:
    return [head(status, f"Content-Length: {len(body)}", *headers), body]


def ask(server: HostileServer, times: Timeouts = IN_TWO_MINUTES) -> Response:
    """One exchange with it, over a real connection."""

    def direct() -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(trust_env=False)

    async def exchange() -> Response:
        async with Connection(times, direct) as connection:
            return await connection.exchange("GET", server.url, headers={})

    return asyncio.run(exchange())


def webhook(server: HostileServer, **settings: Any) -> WebhookPublisher:
    given = {"transport": lambda: httpx.AsyncHTTPTransport(trust_env=False)} | settings
    return WebhookPublisher(server.url, timeouts=IN_TWO_MINUTES, **given)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_a_small_answer_that_unpacks_to_a_huge_one_is_unpacked_up_to_the_bound(coding: str) -> None:
    """Nobody asked for it packed. The status is an answer; what is in it is not waited for."""
    with HostileServer(lambda: of(bomb(), "500 No", f"Content-Encoding: {coding}")) as server:
        tracemalloc.start()
        answer = ask(server)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (answer.status, answer.document, len(answer.text)) == (500, None, MOST_BYTES)
    assert most < 8 * MOST_BYTES
    assert b"accept-encoding: identity" in server.requests[0].lower()


def test_it_leaves_the_outcome_to_be_settled_as_any_5xx_does(bench: Bench) -> None:
    """By asking, or by `on_interrupted`."""
    with HostileServer(lambda: of(bomb(), "500 No", "Content-Encoding: gzip")) as server:
        job = bench.post(webhook(server))
    assert (job.status, job.may_be_out) == (JobStatus.SCHEDULED, True)
    assert str(job.error).startswith("OutcomeUnknown: HTTP 500")
    assert len(str(job.error)) < 1000


def test_a_body_without_an_end_is_read_up_to_the_bound() -> None:
    """Chunk after chunk: the client hangs up."""

    def endless() -> Iterator[bytes]:
        yield chunked()
        while True:
            yield CHUNK

    with HostileServer(endless) as server:
        answer = ask(server)
    assert (answer.status, answer.document, len(answer.text)) == (200, None, MOST_BYTES)
    assert server.hung_up == 1
    assert server.sent < MOST_BYTES + 16 * MIB


def test_packed_pieces_that_unpack_to_nothing_have_an_end_too() -> None:
    """Empty blocks of deflate, for ever."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    beginning = packing.compress(b"") + packing.flush(zlib.Z_SYNC_FLUSH)
    empty = packing.flush(zlib.Z_FULL_FLUSH) + b"\x00\x00\x00\xff\xff" * 10_000

    def endless() -> Iterator[bytes]:
        yield chunked("200 OK", "Content-Encoding: gzip")
        yield f"{len(beginning):x}\r\n".encode() + beginning + b"\r\n"
        while True:
            yield f"{len(empty):x}\r\n".encode() + empty + b"\r\n"

    with HostileServer(endless) as server:
        answer = ask(server)
    assert (answer.status, answer.document, answer.text) == (200, None, "")
    assert server.sent < MOST_BYTES + 16 * MIB


def test_success_with_a_body_that_is_too_long_is_success(bench: Bench) -> None:
    """It says that it has acted; told again, it would act twice."""
    body = json.dumps({"id": "17", "page": "x" * (MOST_BYTES + 1)}).encode()
    with HostileServer(lambda: of(body)) as server:
        job = bench.post(webhook(server))
    assert (job.status, job.thread_id) == (JobStatus.COMPLETED, None)


def test_headers_without_an_end_are_no_answer() -> None:
    """One that is huge, or more and more of them."""

    def huge() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX-Long: "
        while True:
            yield b"x" * 65536

    def many() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            yield b"X-More: y\r\n" * 6000

    for answer in (huge, many):
        with HostileServer(answer) as server, pytest.raises(NoAnswer):
            ask(server)
        assert server.sent < 16 * MIB


def test_a_body_that_drips_is_no_answer_when_its_time_is_over() -> None:
    """Each piece in time, and never all of them."""

    def drips() -> Iterator[bytes]:
        yield head("200 OK", "Content-Length: 1000")
        while True:
            yield b"x"
            server.pause(0.02)

    with HostileServer(drips) as server, pytest.raises(NoAnswer, match="no answer in time"):
        ask(server, Timeouts(connect_s=60, read_s=60, whole_s=0.3))
    assert server.sent < 900


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"[" * 100_000, None),
        (b"9" * 5000, None),
        (b'{"id": 1e999}', None),
        (b"\xff\xfe", None),
        (b"", None),
        (b'{"id": "17"}', {"id": "17"}),
    ],
)
def test_a_body_that_no_json_reader_likes_is_none(
    bench: Bench, body: bytes, document: dict[str, str] | None
) -> None:
    """Nested by the ten thousand, numbers of thousands of digits: success without an id."""
    with HostileServer(lambda: of(body)) as server:
        if document is not None:
            assert ask(server).document == document
        job = bench.post(webhook(server))
    assert job.status is JobStatus.COMPLETED
    assert job.thread_id == (None if document is None else "17")


@pytest.mark.parametrize("told", ["9" * 400, "1e9", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", "５"])
def test_a_time_to_come_again_that_is_none_is_left_out(bench: Bench, told: str) -> None:
    """Only seconds, and not for centuries."""
    answer = [head("429 Slow", "Content-Length: 0", f"Retry-After: {told}")]
    with HostileServer(lambda: answer) as server:
        job = bench.post(webhook(server))
    assert (job.status, job.error) == (JobStatus.SCHEDULED, "HTTP 429")


def test_threads_asks_what_became_of_a_post_whose_answer_is_a_bomb(bench: Bench) -> None:
    """An answer that cannot be read is none, for a publisher that has to know the id."""
    with HostileServer(lambda: of(bomb(), "200 OK", "Content-Encoding: gzip")) as server:
        publisher = ThreadsPublisher(
            {"acc": "token"},
            base_url=server.url,
            sleep=bench.sleep,
            transport=lambda: httpx.AsyncHTTPTransport(trust_env=False),
        )
        job = bench.post(publisher)
    assert (job.status, job.may_be_out) == (JobStatus.SCHEDULED, False)
    assert str(job.error).startswith("no container: HTTP 200 with a body that is no answer")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "nonsense"])
def test_a_coding_that_was_not_asked_for_is_not_read(coding: str) -> None:
    """The status counts."""
    with HostileServer(lambda: of(b"whatever", "404 No", f"Content-Encoding: {coding}")) as server:
        answer = ask(server)
    assert (answer.status, answer.document, answer.text) == (404, None, "")


def test_what_is_packed_within_the_bound_is_unpacked() -> None:
    """By a server that packs whatever it is asked for."""
    packed = gzip.compress(b'{"id": "17"}')
    with HostileServer(lambda: of(packed, "200 OK", "Content-Encoding: gzip")) as server:
        assert ask(server).document == {"id": "17"}
    with HostileServer(lambda: of(packed[:-9], "200 OK", "Content-Encoding: gzip")) as server:
        assert ask(server).document is None
    with HostileServer(lambda: of(b"no gzip", "200 OK", "Content-Encoding: gzip")) as server:
        assert ask(server).document is None


def test_no_more_is_unpacked_than_the_bound_however_it_is_cut() -> None:
    """Counted: of one piece, and of very many."""
    packed = bomb(16)
    for size in (len(packed), 1000, 7):
        unpacking = Unpacking("gzip", most=1000)
        taken = 0
        for start in range(0, len(packed), size):
            taken += size
            if not unpacking.take(packed[start : start + size]):
                break
        body = unpacking.body()
        assert (len(body.content), body.whole) == (1000, False)
        assert taken <= max(size, 2000)


def test_what_a_transport_of_ones_own_has_read_already_is_taken_as_it_is() -> None:
    """Up to the bound as well."""

    async def exchange(content: bytes) -> Response:
        response = httpx.Response(200, content=content)
        transport = httpx.MockTransport(lambda request: response)
        async with Connection(IN_TWO_MINUTES, lambda: transport) as connection:
            return await connection.exchange("GET", "http://example.org", headers={})

    assert asyncio.run(exchange(b'{"a":1}')).document == {"a": 1}
    long = asyncio.run(exchange(b"1" * (MOST_BYTES + 1)))
    assert (long.document, len(long.text)) == (None, MOST_BYTES)
