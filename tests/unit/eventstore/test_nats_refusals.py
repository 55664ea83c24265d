"""The engine in NATS: what its location says, and what it refuses, on real servers."""

from __future__ import annotations

import importlib
import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import nats
from support.eventstore import NOON, new

from jobledger import Ledger, LedgerCorruptError, StorageError, ValidationError
from jobledger.eventstore import EventLog
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.eventstore.record import RECORDS, Record
from jobledger.release import how_to_install

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def server() -> nats.Server:
    return nats.server()


@contextmanager
def started(**options: str) -> Iterator[nats.Server]:
    """Have a server of the test's own."""
    one = nats.Server(**options)
    try:
        one.start()
        yield one
    finally:
        one.end()


def log_of(url: str) -> EventLog[Record]:
    return EventLog(open_engine(url, EngineOptions()), clock=lambda: NOON, form=RECORDS)


def remarks_of(url: str) -> tuple[str, ...]:
    with closing(open_engine(url, EngineOptions())) as engine:
        remarks: tuple[str, ...] = getattr(engine, "remarks")  # noqa: B009 - it is a capability
        return remarks


# -- the location ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("127.0.0.1:1", "names no ledger"),
        ("127.0.0.1:1/", "names no ledger"),
        ("127.0.0.1:1/a.b", "is 1 to 64 of A-Z a-z 0-9 _ -, not 'a.b'"),
        ("127.0.0.1:1/a/b", "is 1 to 64 of"),
        ("/a", "has a host that is none: ''"),
        ("127.0.0.1:1,,b/a", "has a host that is none: ''"),
        ("127.0.0.1:99999/a", "has a host that is none"),
        ("127.0.0.1:1/a?colour=red", "colour= in the location"),
        ("127.0.0.1:1/a?sync=always", "there is only sync=trusted"),
        ("127.0.0.1:1/a?replicas=2", "there is only replicas=3 or replicas=5 or replicas=1"),
        ("127.0.0.1:1/a?lease=0.1", "a number of seconds from 1 to 600"),
        ("127.0.0.1:1/a?tls=no", "there is only tls=yes"),
        ("127.0.0.1:1/a?cert=x.pem", "only one of cert= and key="),
    ],
)
def test_a_location_that_says_too_little_or_nonsense_is_refused(rest: str, says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Ledger(f"nats://somebody:open-sesame@{rest}")
    assert says in str(caught.value)
    assert caught.value.field == "ledger"
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("who", ["somebody:open-sesame", "open-sesame"])
def test_a_server_that_is_not_there_is_named_without_what_is_secret(who: str) -> None:
    with pytest.raises(StorageError, match=r"cannot open nats://127\.0\.0\.1:1/a: ") as caught:
        Ledger(f"nats://{who}@127.0.0.1:1/a?sync=trusted")
    assert "sesame" not in str(caught.value)
    assert "sesame" not in repr(caught.value.__cause__)


def test_without_its_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    room = "jobledger.eventstore.engines"
    there = importlib.import_module(f"{room}.nats")
    monkeypatch.setattr(sys.modules[room], "nats", there, raising=False)  # put back afterwards
    for name in [name for name in sys.modules if "engines.nats" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "nats", None)
    with pytest.raises(ValidationError, match="needs nats-py") as caught:
        Ledger("nats://127.0.0.1/a")
    assert how_to_install("nats") in str(caught.value.hint)


# -- what keeps what it acknowledges ---------------------------------------------------------------


def test_servers_of_which_nobody_knows_whether_they_sync_are_refused() -> None:
    with pytest.raises(StorageError, match="is not known, and by themselves") as caught:
        Ledger(nats.new_url(sync=""))
    assert "sync_interval: always" in str(caught.value.hint)
    assert "monitor=8222" in str(caught.value.hint)


def test_what_is_trusted_is_told() -> None:
    assert remarks_of(nats.new_url()) == (
        "it is trusted that its servers sync always (sync=trusted): nobody has looked",
        "its stream has one replica: what that server loses is lost",
    )


def test_what_can_be_seen_need_not_be_trusted(server: nats.Server) -> None:
    """A port alone is that of each server."""
    for monitor in (str(server.monitor), f"http://127.0.0.1:{server.monitor}/"):
        assert remarks_of(nats.new_url(sync="", monitor=monitor)) == (
            "its stream has one replica: what that server loses is lost",
        )


def test_a_server_that_is_seen_not_to_sync_is_refused() -> None:
    """Also where it is said to be trusted: what is seen counts. Nor does one with small messages
    go without a word."""
    with started(sync="2m", payload="1MB") as one:
        with pytest.raises(StorageError, match="one acknowledges what is not on disk yet"):
            Ledger(one.url("a", monitor=str(one.monitor)))
        assert "max_payload of the servers is 1048576 bytes" in remarks_of(one.url("a"))[2]


def test_a_monitor_of_another_server_shows_nothing(server: nats.Server) -> None:
    with (
        started(name="elsewhere") as one,
        pytest.raises(StorageError, match="monitor= shows nothing of one"),
    ):
        Ledger(server.url("a", monitor=f"127.0.0.1:{one.monitor}"))
    with pytest.raises(StorageError, match=r"monitor=http://127\.0\.0\.1:1 cannot be looked at"):
        Ledger(server.url("a", monitor="127.0.0.1:1"))


def test_one_server_is_not_enough_unless_that_is_said() -> None:
    with pytest.raises(StorageError, match="no stream with 3 replicas can be made") as caught:
        Ledger(nats.new_url(replicas=""))
    assert "replicas=1" in str(caught.value.hint)
    url = nats.new_url()
    Ledger(url).close()
    with pytest.raises(StorageError, match="its stream has 1 of 3 replicas"):
        Ledger(url.replace("replicas=1&", ""))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"max_msgs": 1000}, "its stream has max_msgs=1000"),
        ({"deny_delete": False}, "its stream has deny_delete=false"),
        ({"discard": "old"}, 'its stream has discard="old"'),
        ({"storage": "memory"}, 'its stream has storage="memory"'),
        ({"allow_rollup_hdrs": True, "deny_purge": False}, "its stream has deny_purge=false"),
        ({"persist_mode": "async"}, 'its stream has persist_mode="async"'),
    ],
)
def test_a_stream_that_may_lose_what_it_has_is_refused(
    server: nats.Server, config: dict[str, object], says: str
) -> None:
    url = nats.new_url()
    Ledger(url).close()
    nats.go_back(server, url, 0, **config)
    with pytest.raises(StorageError) as caught:
        Ledger(url)
    assert says in str(caught.value)


def test_a_stream_that_is_no_ledger_is_left_alone(server: nats.Server) -> None:
    url = nats.new_url()
    Ledger(url).close()
    nats.go_back(server, url, 0, metadata={})
    with pytest.raises(LedgerCorruptError, match="is no ledger"):
        Ledger(url)
    nats.go_back(server, url, 0, metadata={"jobledger.ledger": "a", "jobledger.format": "2"})
    with pytest.raises(StorageError, match="in a format that this release does not know"):
        Ledger(url)


def test_a_ledger_that_is_not_there_is_not_made_by_reading() -> None:
    url = nats.new_url()
    for _ in range(2):
        with pytest.raises(StorageError, match="there is no ledger"):
            Ledger(url, read_only=True)


def test_a_server_that_is_too_old_is_refused() -> None:
    """One that says so, and nothing else."""
    said = {"server_id": "X", "version": "2.11.9", "max_payload": 1048576, "headers": True}
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.sendall(f"INFO {json.dumps(said)}\r\n".encode())
                        connection.recv(4096)
                        connection.sendall(b"PONG\r\n")
                        while connection.recv(4096):
                            pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"nats://127.0.0.1:{listening.getsockname()[1]}/a?sync=trusted"
        with pytest.raises(StorageError, match=r"it is NATS 2\.11") as caught:
            Ledger(url)
        assert caught.value.hint == "needs 2.12"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_a_write_that_is_larger_than_a_message_may_be_is_refused_with_what_to_set() -> None:
    """Nothing is written, and the handle goes on."""
    with started(payload="1MB") as one, closing(log_of(one.url("a"))) as log:
        log.append([new("a", 1)])
        with pytest.raises(StorageError, match="the servers take 1048576") as caught:
            log.append([new(job, 1, b'{"text":"%b"}' % (b"x" * 400_000)) for job in "def"])
        assert "set max_payload" in str(caught.value.hint)
        log.append([new("c", 1)])
        assert [record.job_id for record in log.read()] == ["a", "c"]


# -- who may come in -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "who"),
    [
        ('authorization { user: "me", password: "open sesame" }', "me:open%20sesame"),
        ('authorization { token: "open-sesame" }', "open-sesame"),
    ],
)
def test_who_may_come_in_is_said_in_the_location_and_never_told(more: str, who: str) -> None:
    with started(more=more) as one:
        with Ledger(one.url("a", who=f"{who}@")) as ledger:
            ledger.add_job("shop", "text", NOON.replace(year=2027), job_id="a")
        for wrong in ("", f"{who}s@"):
            with pytest.raises(StorageError, match="cannot open nats://127") as caught:
                Ledger(one.url("a", who=wrong))
            assert "sesame" not in str(caught.value)
            assert "uthorization" in str(caught.value)


def test_a_file_of_credentials_that_is_not_there_is_named() -> None:
    with pytest.raises(StorageError, match=r"nothing\.creds"):
        Ledger(nats.new_url(creds="nothing.creds"))


def test_over_tls_the_server_is_believed_by_its_certificate(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    more = f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}'
    with started(more=more) as one:
        with Ledger(one.url("a", ca=str(certificate))) as ledger:
            assert ledger.seq == 0
        with pytest.raises(StorageError, match="cannot open"):
            Ledger(one.url("a", tls="yes"))
        with pytest.raises(StorageError, match="files for TLS cannot be used"):
            Ledger(one.url("a", ca=str(tmp_path / "nothing.pem")))


def _certificate(directory: Path) -> tuple[Path, Path]:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    import ipaddress

    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = directory / "cert.pem", directory / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files
