"""The engine in PostgreSQL, beside its contract: what it refuses and notices, on a real server."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from support import postgres
from support.eventstore import NOON, new
from support.waiting import eventually

from jobledger import Ledger, LedgerCorruptError, StorageError, ValidationError
from jobledger.eventstore import Block, Cursor, EventLog, Tail, VersionConflictError
from jobledger.eventstore.engines import EngineOptions, open_engine
from jobledger.eventstore.engines.postgresql.engine import PostgresEngine
from jobledger.eventstore.engines.postgresql.reading import PostgresReading
from jobledger.eventstore.engines.postgresql.values import AppendCall
from jobledger.eventstore.record import RECORDS, Record
from jobledger.release import how_to_install

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def server() -> postgres.Server:
    return postgres.server()


@pytest.fixture
def url(server: postgres.Server) -> str:
    return postgres.new_url()


@pytest.fixture
def admin(server: postgres.Server) -> Iterator[postgres.Connected]:
    with closing(postgres.connect(server)) as connected:
        yield connected


def log_of(url: str) -> EventLog[Record]:
    return EventLog(open_engine(url, EngineOptions()), clock=lambda: NOON, form=RECORDS)


# -- the location ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "names no ledger"),
        ("?ledger=", "names no ledger"),
        ("?ledger=a%20b", "the name of a ledger is 1 to 64 of"),
        ("?ledger=a&schema=x;drop", "a schema is named by a-z"),
        ("?ledger=a&require=all", "there is only require=sync"),
        ("?ledger=a&lease=0.1", "a number of seconds from 1 to 600"),
        ("?ledger=a&lease=long", "a number of seconds from 1 to 600"),
    ],
)
def test_a_location_that_says_too_little_or_nonsense_is_refused(options: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        Ledger(f"postgresql://somebody:open-sesame@127.0.0.1:1/db{options}")
    assert caught.value.field == "ledger"
    assert "sesame" not in str(caught.value)


def test_an_option_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(StorageError, match="colour"):
        Ledger(postgres.new_url(colour="red"))


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(StorageError, match=r"127\.0\.0\.1:1/db\?ledger=a") as caught:
        Ledger("postgresql://somebody:open-sesame@127.0.0.1:1/db?ledger=a")
    assert "sesame" not in str(caught.value)
    assert "sesame" not in repr(caught.value.__cause__)


def test_without_its_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if "engines.postgresql" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ValidationError, match="needs psycopg") as caught:
        Ledger("postgresql://127.0.0.1/db?ledger=a")
    assert how_to_install("postgres") in str(caught.value.hint)


# -- what keeps what it acknowledges ---------------------------------------------------------------


def test_a_server_without_a_synchronous_standby_is_told_of(url: str) -> None:
    with closing(open_engine(url, EngineOptions())) as engine:
        assert getattr(engine, "remarks") == (  # noqa: B009 - it is a capability
            "it has no synchronous standby: a failover may lose acknowledged events",
        )


def test_it_can_be_required() -> None:
    with pytest.raises(StorageError, match="no synchronous standby") as caught:
        Ledger(postgres.new_url(require="sync"))
    assert "leave out require=sync" in str(caught.value.hint)


def test_a_session_that_does_not_wait_for_the_disk_is_refused() -> None:
    with pytest.raises(StorageError, match="synchronous_commit is off"):
        Ledger(postgres.new_url(options=quote("-c synchronous_commit=off")))


def test_a_session_that_stops_to_wait_for_the_disk_writes_nothing_more(
    url: str, admin: postgres.Connected
) -> None:
    """The database itself looks, at each append."""
    with closing(log_of(url)) as log:
        log.append([new("a", 1)])
        try:
            admin.execute("ALTER SYSTEM SET synchronous_commit = off")
            admin.execute("SELECT pg_reload_conf()")
            eventually(lambda: setting(log, "synchronous_commit") == "off")
            with pytest.raises(StorageError, match="synchronous_commit is off for this session"):
                log.append([new("b", 1)])
        finally:
            admin.execute("ALTER SYSTEM RESET synchronous_commit")
            admin.execute("SELECT pg_reload_conf()")
        eventually(lambda: setting(log, "synchronous_commit") == "on")
        log.append([new("c", 1)])
        assert [record.job_id for record in log.read()] == ["a", "c"]


def setting(log: EventLog[Record], name: str) -> str:
    """Return a setting as the connection that appends has it just now."""
    with log._engine._writing.use() as connected:  # type: ignore[attr-defined]  # of this engine
        [(value,)] = connected.execute("SELECT current_setting(%s)", (name,)).fetchall()
    return str(value)


def test_a_server_that_loses_what_it_has_in_a_crash_is_refused() -> None:
    one = postgres.Server(postgres.server().programs)
    try:
        one.start("fsync=off")
        with pytest.raises(StorageError, match="fsync is off"):
            Ledger(one.url("a"))
    finally:
        one.end()


# -- rights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobledger.records SET line = ''",
        "DELETE FROM jobledger.records",
        "TRUNCATE jobledger.records",
        "UPDATE jobledger.days SET header = ''",
        "DELETE FROM jobledger.ledgers",
        "TRUNCATE jobledger.ledgers CASCADE",
    ],
)
def test_the_database_refuses_to_change_what_is_written(
    url: str, admin: postgres.Connected, statement: str
) -> None:
    """Whoever asks, its owner too; where nothing would be changed as well."""
    with closing(log_of(url)) as log:
        log.append([new("a", 1)])
        with pytest.raises(postgres.Error, match="only ever appended to"):
            admin.execute(statement.encode())
        assert [record.job_id for record in log.read()] == ["a"]


def test_who_has_the_rights_of_an_application_adds_and_changes_nothing(
    server: postgres.Server, admin: postgres.Connected
) -> None:
    """The tables are an administrator's; nothing but what is written for that role is done."""
    from jobledger.eventstore.engines.postgresql import sql

    admin.execute("CREATE ROLE worker LOGIN")
    try:
        mine = server.url("rights", schema="rights").replace("postgres@", "worker@")
        with pytest.raises(StorageError, match="this role may not make them") as caught:
            Ledger(mine)
        assert caught.value.remedy == "make_tables"
        admin.execute(sql("rights", role="worker").encode())
        with Ledger(mine) as ledger:
            ledger.add_job("shop", "text", NOON.replace(year=2027), job_id="a")
        with Ledger(mine, read_only=True) as ledger:
            assert [job.job_id for job in ledger.list_jobs()] == ["a"]
        with closing(postgres.connect(server, user="worker")) as worker:
            for change in ("UPDATE rights.records SET seq = 2", "DELETE FROM rights.ledgers"):
                with pytest.raises(postgres.Error, match="permission denied"):
                    worker.execute(change.encode())
    finally:
        admin.execute("DROP SCHEMA IF EXISTS rights CASCADE")
        admin.execute("DROP ROLE worker")


def test_a_ledger_that_is_not_there_is_not_made_by_reading(url: str) -> None:
    with pytest.raises(StorageError, match="there is no ledger"):
        Ledger(url, read_only=True)
    with pytest.raises(StorageError, match="there is no ledger"):
        Ledger(url, read_only=True)


def test_tables_of_a_newer_release_are_left_alone(
    server: postgres.Server, admin: postgres.Connected
) -> None:
    there = server.url("newer", schema="newer")
    try:
        Ledger(there).close()
        admin.execute("INSERT INTO newer.schema_version VALUES (99)")
        with pytest.raises(StorageError, match="are of version 99") as caught:
            Ledger(there)
        assert caught.value.hint == "upgrade jobledger"
    finally:
        admin.execute("DROP SCHEMA IF EXISTS newer CASCADE")


# -- what is lost ----------------------------------------------------------------------------------


def forget(admin: postgres.Connected, url: str, after: int) -> None:
    """Do what a failover does to a standby that was behind: the newest records are no more."""
    name = url.partition("ledger=")[2]
    admin.execute("ALTER TABLE jobledger.records DISABLE TRIGGER append_only")
    admin.execute(
        "DELETE FROM jobledger.records WHERE seq > %s AND ledger ="
        " (SELECT ledger FROM jobledger.ledgers WHERE name = %s)",
        (after, name),
    )
    admin.execute("ALTER TABLE jobledger.records ENABLE TRIGGER append_only")


@contextmanager
def left(log: EventLog[Record]) -> Iterator[EventLog[Record]]:
    """Let go of a handle without a word: closing it would say again what is lost."""
    try:
        yield log
    finally:
        log.abandon()


def test_whoever_knew_what_the_server_has_lost_says_so(url: str, admin: postgres.Connected) -> None:
    """It reads and writes nothing more, and says which record is missing."""
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        log.append([new("b", 1)])
        forget(admin, url, after=1)
        for call in (log.refresh, lambda: log.append([new("c", 1)])):
            with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged") as caught:
                call()
            assert caught.value.kind == "lost"


def test_it_is_noticed_by_an_append_that_does_not_look_before(
    url: str, admin: postgres.Connected
) -> None:
    """The database compares: what an append follows has to be there, with its very hash."""
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        log.append([new("b", 1)])
        engine = log._engine
        after = log._follower.log.cursor.copy()
        write, _, then, _ = log._writer._encode([new("c", 1)])
        forget(admin, url, after=1)
        with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged"):
            engine.append(write, after=after, then=then)


def test_it_is_noticed_where_others_have_gone_on_from_what_was_left(
    url: str, admin: postgres.Connected
) -> None:
    with left(log_of(url)) as log:
        log.append([new("a", 1)])
        log.append([new("b", 1)])
        forget(admin, url, after=1)
        with closing(log_of(url)) as other:
            other.append([new("x", 1)])
            with pytest.raises(LedgerCorruptError, match="record 2 was acknowledged"):
                log.refresh()
            other.append([new("y", 1)])
            with pytest.raises(LedgerCorruptError):
                log.refresh()


def test_a_database_that_has_another_ledger_in_its_place_is_noticed(
    server: postgres.Server, admin: postgres.Connected
) -> None:
    """As one that was restored from elsewhere under an open handle has."""
    there = server.url("swapped", schema="swapped")
    try:
        with left(log_of(there)) as log:
            log.append([new("a", 1)])
            admin.execute("ALTER TABLE swapped.ledgers DISABLE TRIGGER append_only")
            admin.execute("UPDATE swapped.ledgers SET ledger_id = 'another'")
            postgres.cut_others(admin)
            with pytest.raises(LedgerCorruptError, match="does not have the ledger any more"):
                log.refresh()
    finally:
        admin.execute("DROP SCHEMA IF EXISTS swapped CASCADE")


# -- reading ---------------------------------------------------------------------------------------


def test_what_is_larger_than_a_block_is_read_whole(url: str) -> None:
    """More records than are fetched at a time, and more bytes."""
    with closing(log_of(url)) as log:
        large = b'{"text":"%b"}' % (b"x" * 900_000)
        log.append([new(f"large-{n}", 1, large) for n in range(9)])
        log.append([new(f"small-{n}", 1) for n in range(4500)])
        again = log_of(url)
        with closing(again):
            assert sum(1 for _ in again.read()) == 0
            again.refresh()
            assert [record.hash for record in again.read()] == [r.hash for r in log.read()]
            assert again.seq == 4509


def test_a_reader_holds_no_transaction_open(url: str, admin: postgres.Connected) -> None:
    """Whoever stops in the midst of reading keeps nobody from tidying up."""
    with closing(log_of(url)) as log:
        log.append([new(f"small-{n}", 1) for n in range(2500)])
        reading = log.read()
        next(reading)
        [(open_ones,)] = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE xact_start IS NOT NULL"
            " AND application_name = 'jobledger'"
        ).fetchall()
        assert open_ones == 0
        assert sum(1 for _ in reading) == 2499


def test_a_day_that_has_lost_its_header_does_not_verify(
    url: str, admin: postgres.Connected
) -> None:
    name = url.partition("ledger=")[2]
    with closing(log_of(url)) as log:
        log.append([new("a", 1)])
    admin.execute("ALTER TABLE jobledger.days DISABLE TRIGGER append_only")
    admin.execute(
        "DELETE FROM jobledger.days WHERE ledger ="
        " (SELECT ledger FROM jobledger.ledgers WHERE name = %s)",
        (name,),
    )
    admin.execute("ALTER TABLE jobledger.days ENABLE TRIGGER append_only")
    with closing(log_of(url)) as log, pytest.raises(LedgerCorruptError):
        log.refresh()


# -- writing ---------------------------------------------------------------------------------------


def test_one_who_is_overtaken_is_let_in_before_anybody_else(url: str) -> None:
    """However many others there are: they wait while it looks again and appends."""
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        log.append([new("a", 1)])
        engine = log._engine
        real, calls = engine.append, []

        def overtaken(*arguments: object, **named: object) -> bool:
            calls.append(getattr(engine, "_is_queued"))  # noqa: B009 - of this engine alone
            if len(calls) == 1:
                other.append([new("b", 1)])
            return real(*arguments, **named)  # type: ignore[arg-type]  # passed on as it came

        engine.append = overtaken  # type: ignore[method-assign]  # to see whether it has its turn
        log.append([new("c", 1)])
        assert calls == [False, True]
        assert [record.job_id for record in log.read()] == ["a", "b", "c"]
        other.append([new("d", 1)])


def test_a_lone_append_is_one_question_to_the_server(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what it follows, so that nobody has to look before."""
    asked: list[str] = []
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        log.append([new("a", 1)])
        rows = PostgresReading._rows

        def seen(self: PostgresReading, statement: str, **values: object) -> list[object]:
            asked.append(statement)
            return rows(self, statement, **values)

        monkeypatch.setattr(PostgresReading, "_rows", seen)
        log.append([new("b", 1)])
        log.append([new("c", 1)])
        assert asked == []
        other.append([new("d", 1)])  # which has not looked since the beginning
        assert asked != []
        assert [record.job_id for record in other.read()] == ["a", "b", "c", "d"]


def test_a_turn_needs_no_connection_but_the_one_that_has_it(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler has few, and those who wait in line may have all the others. What its writer needs
    to know comes with the turn, where it was not far behind."""
    asked: list[object] = []
    rows = PostgresReading._rows

    def seen(self: PostgresReading, statement: str, **values: object) -> list[object]:
        asked.append(self._connection)
        return rows(self, statement, **values)

    monkeypatch.setattr(PostgresReading, "_rows", seen)
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        log.refresh()
        other.append([new("a", 1)])  # so that the other begins the day
        asked.clear()
        log.decide(lambda: [new("b", 1)])
        assert set(asked) <= {getattr(log._engine, "_writing")}  # noqa: B009 - of this engine alone
        asked.clear()
        other.decide(lambda: [new("c", 1)])
        log.decide(lambda: [new("d", 1)])
        assert asked == []
        assert [record.job_id for record in log.read()] == ["a", "b", "c", "d"]


def test_who_looks_while_another_thread_has_the_turn_misses_nothing(url: str) -> None:
    """What came with the turn is not the end any more once something was appended in it."""
    with closing(log_of(url)) as log, ThreadPoolExecutor(1) as elsewhere:
        log.append([new("a", 1)])
        engine = log._engine
        real, seen = engine.append, []

        def look_behind(*arguments: object, **named: object) -> bool:
            done = real(*arguments, **named)  # type: ignore[arg-type]  # passed on as it came
            assert getattr(engine, "_is_queued")  # noqa: B009 - of this engine alone
            seen.append(elsewhere.submit(log.acknowledged_seq).result())
            seen.append(log.acknowledged_seq())
            return done

        engine.append = look_behind  # type: ignore[method-assign]  # to look before the turn ends
        log.decide(lambda: [new("b", 1)])
        assert seen == [2, 2]


def test_what_is_refused_is_refused_on_what_there_is(url: str) -> None:
    """Not on what was known, which may be less."""
    with closing(log_of(url)) as log, closing(log_of(url)) as other:
        log.append([new("a", 1)])
        other.append([new("a", 2)])
        with pytest.raises(VersionConflictError, match="at version 2, not 3"):
            log.append([new("a", 4)])
        other.append([new("a", 3)])
        log.append([new("a", 4)])


@pytest.mark.parametrize("count", [1, 2, 8, 9, 300])
def test_a_few_lines_and_many_are_written_alike(
    url: str, admin: postgres.Connected, count: int
) -> None:
    """A few are handed over one by one, more as arrays."""
    accounts = ["shop", None, '{a,"b\\\\c}', "NULL"] * (count // 4 + 1)
    news = [
        new(f"job-{n}", data=msgspec.json.encode({"account_id": account} if account else {}))
        for n, account in enumerate(accounts[:count])
    ]
    with closing(log_of(url)) as log:
        log.append([new("first")])
        log.append(news)
        assert [record.job_id for record in log.read(1)] == [each.job_id for each in news]
        number = log._engine._number  # type: ignore[attr-defined]  # of this engine
    rows = admin.execute(
        "SELECT job, account FROM jobledger.records WHERE ledger = %s AND seq > 1 ORDER BY seq",
        [number],
    ).fetchall()
    assert rows == [(f"job-{n}", account) for n, account in enumerate(accounts[:count])]


def test_an_account_has_a_column_to_ask_for(url: str, admin: postgres.Connected) -> None:
    """Whatever may be in it: what a column cannot hold is in the line all the same."""
    with Ledger(url) as ledger:
        for account in ("shop", "ch\u1ee3 \U0001f389", "a\u0001b"):
            ledger.add_job(account, "text", NOON.replace(year=2027))
    rows = admin.execute(
        "SELECT account FROM jobledger.records WHERE ledger ="
        " (SELECT ledger FROM jobledger.ledgers WHERE name = %s) ORDER BY seq",
        (url.partition("ledger=")[2],),
    ).fetchall()
    assert [account for (account,) in rows] == ["shop", "ch\u1ee3 \U0001f389", "a\u0001b"]


# -- files beside it -------------------------------------------------------------------------------


def test_with_a_directory_it_has_daily_files_and_opens_from_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a ledger of files has them; who opens it again reads what came since."""
    monkeypatch.setattr(Ledger, "_SNAPSHOT_EVERY", 5)
    url = postgres.new_url(files=quote(str(tmp_path / "derived")))
    with Ledger(url) as ledger:
        for n in range(8):
            ledger.add_job("shop", f"text {n}", NOON.replace(year=2027), job_id=f"job-{n}")
    names = sorted(path.name for path in (tmp_path / "derived").iterdir())
    assert "jobs_2027-03-01.json" in names
    asked: list[int] = []
    lines = PostgresReading.lines

    def seen(self: PostgresReading, after: Cursor, until: Tail | None) -> Iterator[Block]:
        asked.append(after.seq)
        return lines(self, after, until)

    monkeypatch.setattr(PostgresReading, "lines", seen)
    with Ledger(url) as ledger:
        assert len(ledger.list_jobs()) == 8
        assert ledger.rebuild(check=True).differences == []
    assert asked[0] >= 5


def test_a_ledger_that_has_no_files_misses_none(url: str) -> None:
    with Ledger(url) as ledger:
        ledger.add_job("shop", "text", NOON.replace(year=2027))
        report = ledger.verify()
    assert (report.problems, report.notes) == ([], [])


def test_many_who_come_first_at_the_same_time_make_the_tables_once(
    admin: postgres.Connected,
) -> None:
    for round_ in range(5):
        schema = f"first_{round_}"
        url = postgres.new_url(schema=schema)
        start = threading.Barrier(6)

        def come(url: str = url, start: threading.Barrier = start) -> str:
            start.wait(60)
            with closing(open_engine(url, EngineOptions())) as engine:
                return engine.identity.ledger_id

        with ThreadPoolExecutor(6) as pool:
            came = [each.result(60) for each in [pool.submit(come) for _ in range(6)]]
        assert len(set(came)) == 1
        admin.execute(f"DROP SCHEMA {schema} CASCADE".encode())


def test_whoever_appends_is_overtaken_once_at_most_and_then_let_in(url: str) -> None:
    """Among four who append as fast as they can: an append that is made in vain is followed by one
    for which all others wait. So each has its share, whoever is the fastest."""
    answers: list[tuple[bool, str]] = []
    start = threading.Barrier(4)

    def keep_appending(who: int) -> int:
        with closing(log_of(url)) as log:
            engine = log._engine
            assert isinstance(engine, PostgresEngine)
            append = engine._append

            def noted(call: AppendCall) -> str:
                is_queued = engine._is_queued
                answers.append((is_queued, append(call)))
                return answers[-1][1]

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(engine, "_append", noted)
                start.wait(60)
                for n in range(40):
                    log.append([new(f"{who}-{n}", 1)])
        return who

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(keep_appending, range(4))) == [0, 1, 2, 3]
    assert (True, "behind") not in answers
    assert len([answer for _, answer in answers if answer == "written"]) == 4 * 40
    assert len(answers) <= 2 * 4 * 40
