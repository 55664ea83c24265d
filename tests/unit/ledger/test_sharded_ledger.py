"""A ledger of several chains in one location answers as one does, or says why it cannot."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from support import nats, postgres
from support.waiting import eventually

from jobledger import (
    JobNotFoundError,
    JobPriority,
    JobStatus,
    Ledger,
    ManualClock,
    NewJob,
    NextSlot,
    ScheduledJob,
    Scheduler,
    StorageError,
    ValidationError,
)
from jobledger.eventstore.engines.memory import MemoryEngine, MemoryLedger, forget_memory_ledgers
from jobledger.eventstore.engines.registry import register
from jobledger.eventstore.shards import ClaimsJobs, Shard, asked_shards, shard_of

SHARDS = 4


def in_memory() -> str:
    return f"memory:{uuid4()}?"


def in_postgres() -> str:
    return postgres.new_url() + "&"


def in_nats() -> str:
    return nats.new_url() + "&"


@pytest.fixture(params=[in_memory, in_postgres, in_nats], ids=["memory", "postgresql", "nats"])
def place(request: pytest.FixtureRequest) -> Iterator[str]:
    """Name a ledger that nobody has, up to what is said of shards."""
    make: Callable[[], str] = request.param
    yield make()
    forget_memory_ledgers()


@pytest.fixture
def ledger(place: str, clock: ManualClock) -> Iterator[Ledger]:
    with Ledger(f"{place}shards={SHARDS}", clock=clock) as opened:
        yield opened


def accounts_of(number: int, count: int) -> list[str]:
    """Return accounts that are all in one shard."""
    found = (f"a{n}" for n in range(10_000))
    return [name for name in found if shard_of(name, SHARDS) == number][:count]


def one_in_each() -> list[str]:
    return [accounts_of(number, 1)[0] for number in range(1, SHARDS + 1)]


# -- which shard -------------------------------------------------------------------------------


def test_an_account_is_in_a_shard_for_ever() -> None:
    """What is written down here stands in somebody's chains: it cannot be another tomorrow."""
    assert [shard_of(name, 4) for name in ("a", "shop", "café", "小店")] == [3, 2, 2, 2]
    assert [shard_of("shop", count) for count in (2, 3, 8, 64)] == [2, 2, 6, 62]


def test_accounts_are_spread_over_the_shards() -> None:
    found = [shard_of(f"account-{n}", SHARDS) for n in range(4000)]
    assert all(900 < found.count(number) < 1100 for number in range(1, SHARDS + 1))


@pytest.mark.parametrize("said", ["shards=1", "shards=0", "shards=x", "shards=", "shards=65"])
def test_a_number_of_shards_that_is_none_is_refused(said: str) -> None:
    with pytest.raises(ValidationError, match="a number from 2 to 64"):
        Ledger(f"memory:{uuid4()}?{said}")


def test_what_is_said_of_shards_is_not_told_to_the_engine() -> None:
    asked = asked_shards("postgresql://h/db?ledger=shop&shards=4&sslmode=require")
    assert (asked.rest, asked.shards) == ("postgresql://h/db?ledger=shop&sslmode=require", 4)
    assert asked_shards("memory:x?shard=2").one == Shard(2)
    assert asked_shards("memory:x?shard=2").rest == "memory:x"


@pytest.mark.parametrize("said", ["jobs?shards=2", "file:jobs?shards=2", "jobs?shard=1"])
def test_a_directory_has_no_shards(said: str) -> None:
    """And nobody gets one of such a name."""
    with pytest.raises(ValidationError, match=r"a directory, .* has one chain"):
        Ledger(said)


def test_an_engine_that_knows_nothing_of_shards_has_none() -> None:
    register("single", lambda location, options: MemoryEngine(MemoryLedger(location)))
    Ledger("single:x").close()
    with pytest.raises(ValidationError, match="has one chain"):
        Ledger("single:x?shards=2")


def test_a_class_of_ones_own_is_refused_there(place: str) -> None:
    class Mine(Ledger):
        pass

    with pytest.raises(ValidationError, match="has several chains, and this works on one"):
        Mine(f"{place}shards=2")


# -- how many ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("read_only", [False, True])
def test_another_number_of_shards_is_refused_and_told(place: str, read_only: bool) -> None:
    for said in ("shards=3", "shards=8"):
        with pytest.raises(StorageError, match=r"has 4 shards .*say shards=4"):
            Ledger(place + said, read_only=read_only)
    with pytest.raises(StorageError, match=r"has 4 shards .*say shards=4"):
        Ledger(place[:-1], read_only=read_only)


def test_shards_of_a_ledger_that_has_none_are_refused(place: str) -> None:
    Ledger(place[:-1]).close()
    with pytest.raises(StorageError, match="has no shards"):
        Ledger(f"{place}shards=2")
    with pytest.raises(StorageError, match="has no shards"):
        Ledger(f"{place}shard=1", read_only=True)


def test_nothing_is_made_by_who_only_reads(place: str) -> None:
    with pytest.raises(StorageError, match="there is no ledger"):
        Ledger(f"{place}shards=2", read_only=True)
    Ledger(f"{place}shards=3").close()


def test_those_who_make_it_at_the_same_moment_agree(place: str) -> None:
    """Of two numbers one is it, and the other is told."""
    refused: list[StorageError] = []

    def make(said: str) -> None:
        try:
            Ledger(place + said).close()
        except StorageError as error:
            refused.append(error)

    threads = [threading.Thread(target=make, args=(f"shards={n}",)) for n in (2, 3, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
    assert len({error.message.rpartition(" has ")[2] for error in refused}) == 1


def test_all_shards_have_one_time_zone(place: str) -> None:
    with Ledger(f"{place}shards=2", timezone="Asia/Ho_Chi_Minh") as made:
        assert made.timezone == "Asia/Ho_Chi_Minh"
    with Ledger(f"{place}shards=2") as again:
        assert {each.timezone for each in shards_of(again)} == {"Asia/Ho_Chi_Minh"}
    with pytest.raises(ValidationError, match="zone"):
        Ledger(f"{place}shards=2", timezone="UTC")


def shards_of(ledger: Ledger) -> tuple[Ledger, ...]:
    """Return the handles on its chains."""
    handles: tuple[Ledger, ...] = ledger._set.handles  # type: ignore[attr-defined]  # what it has inside
    return handles


# -- one of them -------------------------------------------------------------------------------


def test_one_shard_is_read_by_itself(ledger: Ledger, place: str, clock: ManualClock) -> None:
    account = accounts_of(2, 1)[0]
    job_id = ledger.add_job(account, "text", clock.now())
    with Ledger(f"{place}shard=2", read_only=True, clock=clock) as one:
        assert one.get_job(job_id).account_id == account
        assert [event.seq for event in one.events()] == [1]
        assert one.as_of(1).get_job(job_id).content == "text"
        assert one.verify().ok
        assert "shard=2" in one.location
    with Ledger(f"{place}shard=1", read_only=True) as other:
        assert other.seq == 0
    with pytest.raises(StorageError, match="none of the number 5"):
        Ledger(f"{place}shard=5", read_only=True)


@pytest.mark.usefixtures("ledger")
def test_one_shard_is_not_written_to_by_itself(place: str) -> None:
    """It would take jobs of accounts that are another's."""
    with pytest.raises(ValidationError, match="only read by itself"):
        Ledger(f"{place}shard=2")
    with pytest.raises(ValidationError, match="only read by itself"):
        Ledger(f"{place}shards={SHARDS}&shard=2")


# -- adding and changing -----------------------------------------------------------------------


def test_each_account_is_in_its_chain_and_is_asked_about_in_all(
    ledger: Ledger, clock: ManualClock
) -> None:
    names = one_in_each()
    ids = [ledger.add_job(name, f"of {name}", clock.now()) for name in names]
    assert ledger.accounts() == sorted(names)
    assert ledger.counts()[JobStatus.SCHEDULED] == SHARDS
    assert ledger.counts(names[0])[JobStatus.SCHEDULED] == 1
    assert {job.job_id for job in ledger.get_ready_jobs()} == set(ids)
    assert [ledger.get_job(job_id).account_id for job_id in ids] == names
    assert list(ledger.get_jobs([*reversed(ids), "none"])) == ids[::-1]
    assert [ledger.shard_of(name) for name in names] == [1, 2, 3, 4]
    assert [each.seq for each in shards_of(ledger)] == [1] * SHARDS
    assert (ledger.seq, ledger.shards) == (SHARDS, SHARDS)


def test_a_job_is_changed_where_it_is(ledger: Ledger, clock: ManualClock) -> None:
    later = clock.now() + timedelta(hours=1)
    for name in one_in_each():
        job_id = ledger.add_job(name, "text", clock.now())
        ledger.hold_job(job_id)
        ledger.edit_job(job_id, content="another", version=2)
        ledger.release_job(job_id)
        ledger.reschedule_job(job_id, later)
        ledger.acting("web:ana").cancel_job(job_id)
        ledger.requeue_job(job_id, later)
        job = ledger.get_job(job_id)
        assert (job.status, job.scheduled_time) == (JobStatus.SCHEDULED, later)
        assert [event.by for event in ledger.history(job_id)][5] == "web:ana"
        assert ledger.why(job_id).job_id == job_id
        ledger.remove_job(job_id)
        with pytest.raises(JobNotFoundError):
            ledger.get_job(job_id)
        assert len(ledger.history(job_id)) == 8
    with pytest.raises(JobNotFoundError, match="no job 'nobody'"):
        ledger.cancel_job("nobody")


def test_all_or_nothing_is_of_one_shard(ledger: Ledger, clock: ManualClock) -> None:
    one, other = accounts_of(3, 2)
    added = ledger.add_jobs([NewJob(name, "text", clock.now()) for name in (one, other)])
    assert [ledger.get_job(job_id).account_id for job_id in added] == [one, other]
    assert ledger.change_jobs("hold", added) == 2
    elsewhere = accounts_of(1, 1)[0]
    with pytest.raises(ValidationError, match="all or nothing is of one shard") as refused:
        ledger.add_jobs([NewJob(name, "text", clock.now()) for name in (one, elsewhere)])
    assert "shard_of" in str(refused.value)
    assert ledger.seq == 4
    third = ledger.add_job(elsewhere, "text", clock.now())
    with pytest.raises(ValidationError, match="all or nothing is of one shard"):
        ledger.change_jobs("cancel", [*added, third])
    assert ledger.counts()[JobStatus.CANCELLED] == 0
    assert ledger.add_jobs([]) == []


def test_what_is_not_acceptable_is_refused_as_ever(ledger: Ledger, clock: ManualClock) -> None:
    with pytest.raises(ValidationError, match="account_id"):
        ledger.add_job("", "text", clock.now())
    with pytest.raises(ValidationError, match="account_id"):
        ledger.add_job(None, "text", clock.now())  # type: ignore[arg-type]  # as a program may
    with pytest.raises(ValidationError, match=r"jobs\[0\] must be a NewJob"):
        ledger.add_jobs([None])  # type: ignore[list-item]  # as a program may


# -- ids ---------------------------------------------------------------------------------------


def test_an_id_is_of_one_job_in_all_shards_also_when_that_is_removed(
    ledger: Ledger, place: str, clock: ManualClock
) -> None:
    one, other, *_ = one_in_each()
    ledger.add_job(one, "text", clock.now(), job_id="mine")
    random = ledger.add_job(one, "text", clock.now())
    ledger.remove_job("mine")
    with Ledger(f"{place}shards={SHARDS}", clock=clock) as again:
        for job_id in ("mine", random):
            with pytest.raises(ValidationError, match="was used before"):
                again.add_job(other, "text", clock.now(), job_id=job_id)
    assert ledger.seq == 3


def test_of_two_who_add_an_id_at_the_same_moment_one_gets_it(
    ledger: Ledger, place: str, clock: ManualClock
) -> None:
    """Neither has seen the other's: what the chains know by themselves is not enough."""
    one, other, *_ = one_in_each()
    with Ledger(f"{place}shards={SHARDS}", clock=clock) as second:
        home = shards_of(ledger)[1]
        # As if the first look at the other chains had been before the other job was there.
        second.add_job(one, "text", clock.now(), job_id="mine")
        with pytest.raises(ValidationError, match="'mine' was used before"):
            home.add_job(other, "text", clock.now(), job_id="mine")
        with pytest.raises(ValidationError, match=r"jobs\[1\]: .*'mine' was used before"):
            home.add_jobs([NewJob(other, "text", clock.now(), job_id=i) for i in ("b", "mine")])
    assert ledger.known_ids() == ["mine"]


def test_an_id_that_was_claimed_in_vain_is_still_its_shards(
    ledger: Ledger, clock: ManualClock
) -> None:
    """Its writer died between claiming and writing: nobody else gets it, who comes again does."""
    one = one_in_each()[1]
    engine = shards_of(ledger)[1]._engine
    assert isinstance(engine, ClaimsJobs)
    assert engine.claim(["mine"]) == engine.claim(["mine"]) == []
    assert ledger.add_job(one, "text", clock.now(), job_id="mine") == "mine"


# -- lists -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["rank", "time", "latest"])
@pytest.mark.parametrize("how", ["job", "cursor", "id"])
def test_pages_have_every_job_once_in_one_order(
    ledger: Ledger, clock: ManualClock, order: str, how: str
) -> None:
    """Many of them are at one time and of one priority, in all chains."""
    names = [name for number in range(1, SHARDS + 1) for name in accounts_of(number, 2)]
    for n in range(32):
        at = clock.now() + timedelta(minutes=n % 2)
        priority = JobPriority.HIGH if n % 3 == 0 else JobPriority.NORMAL
        ledger.add_job(names[n % len(names)], f"text {n}", at, priority)
    whole = ledger.list_jobs(order=order)  # type: ignore[arg-type]  # a parameter of pytest
    assert len({job.job_id for job in whole}) == 32
    paged: list[ScheduledJob] = []
    after: str | ScheduledJob | None = None
    while page := ledger.list_jobs(order=order, after=after, limit=5):  # type: ignore[arg-type]  # as above
        paged += page
        last = page[-1]
        after = last if how == "job" else last.cursor if how == "cursor" else last.job_id
    assert paged == whole
    of_one = [job for job in whole if job.account_id == names[0]]
    assert ledger.list_jobs(names[0], order=order) == of_one  # type: ignore[arg-type]  # as above


# -- the past, and what comes ------------------------------------------------------------------


def test_events_are_in_order_of_time_and_say_their_shard(
    ledger: Ledger, clock: ManualClock
) -> None:
    added = []
    for name in [*one_in_each(), *one_in_each()]:
        added.append(ledger.add_job(name, "text", clock.now()))
        clock.advance(timedelta(seconds=1))
    events = list(ledger.events())
    assert [event.job_id for event in events] == added
    assert [(event.shard, event.seq) for event in events] == [
        (1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2), (3, 2), (4, 2),
    ]  # fmt: skip
    assert events[0].to_dict()["shard"] == 1
    assert [event.shard for event in ledger.history(added[2])] == [3]
    assert ledger.known_ids() == [added[n] for n in (0, 4, 1, 5, 2, 6, 3, 7)]


def test_events_of_a_chain_stay_in_its_order_where_its_clock_went_back(
    ledger: Ledger, clock: ManualClock
) -> None:
    one, other, *_ = one_in_each()
    ledger.add_job(one, "text", clock.now())
    clock.advance(-timedelta(minutes=5))
    ledger.add_job(one, "text", clock.now())
    ledger.add_job(other, "text", clock.now())
    events = list(ledger.events())
    assert [event.seq for event in events if event.shard == 1] == [1, 2]
    assert len(events) == 3


def test_a_moment_of_the_past_is_asked_for_by_time(ledger: Ledger, clock: ManualClock) -> None:
    names = one_in_each()
    ids = [ledger.add_job(name, "text", clock.now()) for name in names]
    moment = clock.now()
    clock.advance(timedelta(hours=1))
    for job_id in ids:
        ledger.cancel_job(job_id)
    view = ledger.as_of(moment)
    assert [view.get_job(job_id).status for job_id in ids] == [JobStatus.SCHEDULED] * SHARDS
    assert (view.seq, view.at, view.accounts()) == (SHARDS, moment, sorted(names))
    assert len(view.list_jobs(limit=3)) == 3
    assert ledger.why(ids[0], view=view).job_id == ids[0]
    assert ledger.counts()[JobStatus.CANCELLED] == SHARDS


def test_a_number_of_an_event_means_nothing_in_all_shards(ledger: Ledger) -> None:
    with pytest.raises(ValidationError, match="sequence numbers of its own"):
        ledger.as_of(0)
    with pytest.raises(ValidationError, match="sequence numbers of its own"):
        ledger.as_of(seq=3)
    with pytest.raises(ValidationError, match="sequence numbers of its own"):
        list(ledger.events(3))
    with pytest.raises(ValidationError, match="sequence numbers of its own"):
        ledger.watch(3)


def test_what_comes_is_watched_in_all_shards(
    ledger: Ledger, place: str, clock: ManualClock
) -> None:
    ledger.add_job("before", "text", clock.now())
    seen: list[tuple[int | None, int]] = []
    watching = ledger.watch(0)

    def watch() -> None:
        for event in watching:
            seen.append((event.shard, event.seq))

    thread = threading.Thread(target=watch)
    thread.start()
    first = shard_of("before", SHARDS)
    eventually(lambda: seen == [(first, 1)], "what is there")
    with Ledger(f"{place}shards={SHARDS}", clock=clock) as other:
        for name in one_in_each() * 2:
            other.add_job(name, "text", clock.now())
    eventually(lambda: len(seen) == 9, "what comes")
    for number in range(1, SHARDS + 1):
        of_one = [seq for shard, seq in seen if shard == number]
        assert of_one == sorted(of_one)
    assert len(set(seen)) == 9
    ledger.close()
    thread.join()


def test_what_comes_is_watched_in_an_event_loop(ledger: Ledger, clock: ManualClock) -> None:
    async def watch() -> list[tuple[int | None, int]]:
        watching = ledger.awatch()
        seen = []
        for name in one_in_each()[:2]:
            ledger.add_job(name, "text", clock.now())
            event = await anext(watching)
            seen.append((event.shard, event.seq))
        await watching.aclose()
        return seen

    assert asyncio.run(watch()) == [(1, 1), (2, 1)]


# -- schedules and slots -----------------------------------------------------------------------


def test_a_schedule_and_its_jobs_are_in_the_shard_of_its_account(
    ledger: Ledger, clock: ManualClock
) -> None:
    names = one_in_each()
    for name in names:
        made = ledger.add_schedule(f"of-{name}", "0 9 * * *", account_id=name, content="text")
        assert ledger.get_schedule(made).account_id == name
        assert len(ledger.jobs_of_schedule(made)) == 14
        assert len(ledger.upcoming(made, 3)) == 3
        assert ledger.why(f"schedule:{made}").job_id == f"schedule:{made}"
        assert {ledger.shard_of(job.account_id) for job in ledger.jobs_of_schedule(made)} == {
            ledger.shard_of(name)
        }
    assert [each.schedule_id for each in ledger.schedules()] == [f"of-{name}" for name in names]
    ledger.pause_schedule(f"of-{names[1]}")
    ledger.resume_schedule(f"of-{names[1]}")
    ledger.skip_occurrence(f"of-{names[1]}")
    ledger.edit_schedule(f"of-{names[1]}", content="another")
    assert ledger.run_schedule_now(f"of-{names[2]}") in ledger.known_ids()
    ledger.end_schedule(f"of-{names[1]}")
    clock.advance(timedelta(days=1))
    assert ledger.plan_schedules() == SHARDS - 1
    with pytest.raises(JobNotFoundError, match="no schedule 'none'"):
        ledger.pause_schedule("none")


def test_a_schedule_is_of_one_shard(ledger: Ledger, place: str, clock: ManualClock) -> None:
    one, other, *_ = one_in_each()
    ledger.add_schedule("daily", "0 9 * * *", account_id=one, content="text")
    with pytest.raises(ValidationError, match="'daily' was used before"):
        ledger.add_schedule("daily", "0 9 * * *", account_id=other, content="text")
    engine = shards_of(ledger)[1]._engine
    assert isinstance(engine, ClaimsJobs)
    assert engine.claim(["schedule:daily"]) == ["schedule:daily"]
    with pytest.raises(ValidationError, match="was used before"):
        ledger.add_job(other, "text", clock.now(), job_id=ledger.list_jobs(limit=1)[0].job_id)


def test_slots_are_of_their_account(ledger: Ledger, clock: ManualClock) -> None:
    names = one_in_each()
    for name in names:
        ledger.set_slots(name, {"mon": ["09:00"]})
    assert [slots.account_id for slots in ledger.all_slots()] == sorted(names)
    taken = [ledger.add_job(name, "text", NextSlot()) for name in names]
    assert len({ledger.get_job(job_id).scheduled_time for job_id in taken}) == 1
    for name in names:
        slots = ledger.slots(name)
        assert slots is not None
        assert ledger.free_slots(name, 1)[0] > ledger.get_job(taken[0]).scheduled_time


# -- the whole ---------------------------------------------------------------------------------


def test_all_shards_are_verified_and_rebuilt(ledger: Ledger, clock: ManualClock) -> None:
    for name in one_in_each():
        ledger.add_job(name, "text", clock.now())
    report = ledger.verify()
    assert (report.ok, report.events) == (True, SHARDS)
    assert list(report.head["shards"]) == ["1", "2", "3", "4"]
    assert ledger.rebuild(check=True).events == SHARDS
    assert ledger.runners() == []
    assert (ledger.runner_pid(), ledger.runner_since(), ledger.damage) == (None, None, None)


def test_what_is_of_one_chain_is_refused_and_says_how(ledger: Ledger) -> None:
    refused: list[Callable[[], object]] = [
        ledger.export_head,
        lambda: ledger.backup("there"),
        lambda: ledger.copy_to("there"),
        lambda: ledger.projection("mine"),
    ]
    for ask in refused:
        with pytest.raises(ValidationError, match=r"of one shard, and .* has 4 .*shard=1"):
            ask()
    with pytest.raises(StorageError, match="no directory of its own"):
        _ = ledger.directory


def test_a_mirror_has_a_directory_for_each_shard(
    ledger: Ledger, clock: ManualClock, tmp_path: Path
) -> None:
    ids = [ledger.add_job(name, "text", clock.now()) for name in one_in_each()]
    with ledger.mirror(tmp_path / "mirror") as mirror:
        assert (mirror.catch_up(), mirror.seq) == (SHARDS, SHARDS)
        ledger.cancel_job(ids[2])
        assert (mirror.catch_up(), mirror.seq) == (1, SHARDS + 1)
    for number, job_id in enumerate(ids, 1):
        with Ledger(tmp_path / "mirror" / f"shard-{number}", read_only=True) as mirrored:
            assert mirrored.get_job(job_id).job_id == job_id
            assert mirrored.verify().ok


def test_what_is_late_expires_in_all_shards(ledger: Ledger, clock: ManualClock) -> None:
    for name in one_in_each():
        ledger.add_job(name, "text", clock.now())
    clock.advance(timedelta(days=2))
    assert ledger.cleanup_expired_jobs() == SHARDS
    assert ledger.counts()[JobStatus.EXPIRED] == SHARDS


def test_a_closed_one_says_so(ledger: Ledger, clock: ManualClock) -> None:
    assert "4" in repr(ledger)
    assert ledger.location.endswith(f"shards={SHARDS}")
    ledger.acting("web:ana").close()
    assert "closed" in repr(ledger)
    with pytest.raises(StorageError, match="closed"):
        ledger.add_job("a", "text", clock.now())


def test_a_runner_of_ones_own_class_is_refused_there(place: str) -> None:
    class Mine(Scheduler):
        pass

    with pytest.raises(ValidationError, match="has several chains, and this works on one"):
        Mine(f"{place}shards={SHARDS}")
