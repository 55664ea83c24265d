"""Several chains of one name in NATS, on a real server: who makes them, and whose an id is."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from support import nats

from jobledger import Ledger, StorageError
from jobledger.eventstore import Shard
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.eventstore.engines.nats.connection import NatsAnswer, NatsConnection, UnansweredError
from jobledger.eventstore.engines.nats.shard import NatsShard

pytestmark = pytest.mark.usefixtures("server")
OF = 3


@pytest.fixture
def server() -> nats.Server:
    return nats.server()


@contextmanager
def chain(url: str, number: int) -> Iterator[NatsShard]:
    """Hold one chain of some."""
    with closing(open_engine(url, EngineOptions(shard=Shard(number, OF)))) as engine:
        assert isinstance(engine, NatsShard)
        yield engine


def test_of_those_who_make_it_at_one_moment_one_decides_what_it_is() -> None:
    """A ledger of one chain, of two or of three; the others are told what it has become."""
    for _ in range(5):
        url = nats.new_url()
        told: dict[str, str] = {}
        start = threading.Barrier(3)

        def make(said: str, url: str = url, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                Ledger(f"{url}&{said}").close()
            except StorageError as error:
                told[said] = error.message  # noqa: B023 - it is joined within the round
            else:
                told[said] = "made"  # noqa: B023 - as above

        threads = [threading.Thread(target=make, args=(said,))
                   for said in ("lease=15", "shards=2", "shards=3")]  # fmt: skip
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [made] = [said for said, what in told.items() if what == "made"]
        has = {"lease=15": "has no shards", "shards=2": "has 2 shards", "shards=3": "has 3 shards"}
        others = [what for what in told.values() if what != "made"]
        assert [has[made] in what for what in others] == [True, True], told
        Ledger(f"{url}&{made}").close()


def test_chains_that_were_not_made_yet_are_made_by_the_next_who_writes() -> None:
    """Whoever made the first was killed then."""
    url = nats.new_url()
    with chain(url, 1) as one:
        first = one.identity
    with pytest.raises(StorageError, match="there is no ledger"):
        open_engine(url, EngineOptions(shard=Shard(2, OF), read_only=True))
    with Ledger(f"{url}&shards={OF}") as ledger:
        ledger.add_job("a", "x", ledger.now())
    with chain(url, 1) as one:
        assert one.identity == first


def test_who_only_reads_makes_nothing() -> None:
    url = nats.new_url()
    for _ in range(2):
        with pytest.raises(StorageError, match="there is no ledger"):
            open_engine(url, EngineOptions(shard=Shard(1, OF), read_only=True))


def test_an_answer_that_was_lost_changes_nothing() -> None:
    """The same claim is made again, whoever had it."""
    url = nats.new_url()
    with chain(url, 1) as one, chain(url, 2) as other:
        real = NatsConnection.request_each
        lost: list[int] = []

        def loses_the_first(
            self: NatsConnection,
            requests: Sequence[tuple[str, bytes, dict[str, str]]],
            *,
            for_s: float,
        ) -> list[NatsAnswer]:
            answers = real(self, requests, for_s=for_s)
            if not lost:
                lost.append(len(answers))
                raise UnansweredError("lost")
            return answers

        with patch.object(NatsConnection, "request_each", loses_the_first):
            assert one.claim(["a", "b"]) == []
        assert lost == [2]
        lost.clear()
        with patch.object(NatsConnection, "request_each", loses_the_first):
            assert other.claim(["b", "c"]) == ["b"]
        assert one.claim(["c"]) == ["c"]


def test_many_ids_are_claimed_some_at_a_time() -> None:
    url = nats.new_url()
    keys = [f"job-{n}" for n in range(200)]
    real = NatsConnection.request_each
    with chain(url, 1) as one:
        with patch.object(NatsConnection, "request_each", autospec=True, side_effect=real) as asked:
            assert one.claim(keys) == []
        assert [len(call.args[1]) for call in asked.call_args_list] == [64, 64, 64, 8]
        with chain(url, 2) as other:
            assert other.claim([*keys, "mine"]) == sorted(keys)


def test_ids_that_cannot_be_claimed_are_told_and_nothing_is_added(server: nats.Server) -> None:
    """Somebody has removed the stream that has them."""
    url = nats.new_url()
    with Ledger(f"{url}&shards={OF}") as ledger:
        nats.ask(server, f"$JS.API.STREAM.DELETE.{nats.stream_of(url)}")
        with (
            patch("jobledger.eventstore.engines.nats.shard.READ_S", 0.3),
            pytest.raises(StorageError, match="cannot write to nats://"),
        ):
            ledger.add_job("a", "x", ledger.now(), job_id="mine")
        assert ledger.list_jobs() == []


def test_a_set_of_ids_that_could_be_taken_back_is_refused(server: nats.Server) -> None:
    """As for the lines of a ledger, its stream is only ever appended to."""
    url = nats.new_url()
    Ledger(f"{url}&shards={OF}").close()
    name = nats.stream_of(url)
    config = nats.ask(server, f"$JS.API.STREAM.INFO.{name}")["config"]
    nats.ask(server, f"$JS.API.STREAM.UPDATE.{name}", config | {"max_msgs": 5})
    with pytest.raises(StorageError, match="its stream has max_msgs=5"):
        Ledger(f"{url}&shards={OF}")


def test_each_chain_has_its_files_in_a_directory_of_its_own(tmp_path: Path) -> None:
    url = nats.new_url(files=str(tmp_path / "files"))
    with Ledger(f"{url}&shards={OF}") as ledger:
        ledger.add_job("a", "x", ledger.now())
    names = sorted(path.name for path in (tmp_path / "files").iterdir())
    assert names == ["shard-1", "shard-2", "shard-3"]
    assert len(list((tmp_path / "files").glob("shard-*/jobs_*.json"))) == 1
