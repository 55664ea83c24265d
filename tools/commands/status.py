"""The `status` command: the one look at a ledger: is it well, and what comes next?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ...domain import JobDeferred, JobStatus, ScheduledJob, StorageError, ValidationError
from ...eventstore.engines.files import FileSystem, storage_errors
from ...interchange import span_in_words
from ...ledger import Ledger, chains_of, kept_media, load_zone
from ...scheduler import OF_ACCOUNT
from ..grammar import command
from ..output import moment, print_error, print_json, printable, short_id
from ..render.tables import print_facts
from ..session import Session, json_option, pass_session

_TOKEN_SOON = timedelta(days=7)
"""A token that ends within this time needs somebody: it should have been renewed."""


class Due(msgspec.Struct, frozen=True):
    """A job that comes next, or has waited longest."""

    job_id: str
    account_id: str
    scheduled_time: datetime


class RunnerStatus(msgspec.Struct, frozen=True):
    """The process that runs the jobs (0: it does not say which), and since when."""

    pid: int
    since: datetime | None


class HeldAccount(msgspec.Struct, frozen=True):
    """An account for which nothing can be posted just now, by its token or its quota; and until
    when nobody tries."""

    account_id: str
    until: datetime
    reason: str


class SealStatus(msgspec.Struct, frozen=True):
    """What the newest seal says: that the log was verified then, up to this event."""

    day: str
    seq: int
    sealed_at: datetime


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints. `overdue` are SCHEDULED jobs whose time has come, and `oldest` the one
    that has waited longest; `next` comes after now; `held` is by what the log says; `tokens` has
    when the token of each account ends, as far as the files that the configuration names say it
    (null: they cannot be read); `lacking` are those of which something was found to be missing
    ahead of their time. `failed` counts those of unknown outcome too, which are `unknown`. `damage`
    is what was met while reading; `verify` reads everything. `moved_from`: the machine on which the
    newest day was begun, where that was not here. `sealed`: null without a seal that can be read
    and is of this ledger; whose it is, it does not say (`verify --public-key` does). `media_bytes`:
    what files of posts take; null where none are kept."""

    place: str
    moved_from: str | None
    zone: str
    now: datetime
    runner: RunnerStatus | None
    next: Due | None
    overdue: int
    oldest: Due | None
    held: list[HeldAccount]
    tokens: dict[str, datetime] | None
    lacking: int
    failed: int
    unknown: int
    counts: dict[str, int]
    events: int
    last_event_at: datetime | None
    disk_free_bytes: int | None
    media_bytes: int | None
    damage: str | None
    sealed: SealStatus | None


@command()
@json_option
@pass_session
def status(session: Session) -> None:
    """Show the ledger at one look: place, zone, runner, what is next, overdue, failed, unknown.

    Whether the whole log is sound, `verify` says: this reads what is new in it since somebody last
    read it, and names damage that it meets there. Where days are sealed (see `seal`), it says when
    the log was last verified for that, and how far.

    \b
    Example:
      jobledger status
      jobledger status --json
    """
    with session.reading() as ledger:
        found = look(ledger, _tokens(session))
    if session.json:
        print_json(found)
    else:
        print_facts(_facts(found, load_zone(found.zone)))


def _tokens(session: Session) -> dict[str, datetime] | None:
    """Return when tokens end, by account, as far as the configuration leads to who knows it."""
    if session.config.file is None or not session.config.file.publishers:
        return {}
    from ..publishing import token_expiries

    try:
        return dict(token_expiries(session.config.file))
    except ValidationError as error:
        print_error(f"when tokens end is not known: {error}")
        return None


def _held(ledger: Ledger, overdue: Iterable[ScheduledJob], now: datetime) -> Iterator[HeldAccount]:
    """Yield the accounts for which nothing can be posted, as their due jobs were told."""
    told: set[str] = set()
    for job in overdue:
        until = job.deferred_until
        if job.account_id in told or until is None or not job.is_held_back or until <= now:
            continue
        told.add(job.account_id)
        reasons = [
            event.data.reason
            for event in ledger.history(job.job_id)
            if isinstance(event.data, JobDeferred)
        ]
        if reasons and reasons[-1].startswith(OF_ACCOUNT):
            yield HeldAccount(job.account_id, until, reasons[-1])


def look(ledger: Ledger, tokens: dict[str, datetime] | None = None) -> Status:
    """Look at a ledger, and return its status now; `tokens`: when each account's ends."""
    fs = FileSystem()
    counts, now = ledger.counts(), ledger.now()
    scheduled = ledger.list_jobs(status=JobStatus.SCHEDULED)
    overdue = [job for job in scheduled if job.scheduled_time <= now]
    ends = (one.events(one.seq - 1) for one in chains_of(ledger) if one.seq)
    last = max((event.at for events in ends for event in events), default=None)
    own = _own_directory(ledger)
    free: int | None = None
    if own is not None:
        with storage_errors("read", own):
            free = fs.free_bytes(own)
    media = kept_media(ledger)
    return Status(
        place=ledger.location,
        moved_from=ledger.moved_from,
        zone=ledger.timezone,
        now=now,
        runner=_runner(ledger),
        next=_first(job for job in scheduled if job.scheduled_time > now),
        overdue=len(overdue),
        oldest=_first(overdue),
        held=list(_held(ledger, overdue, now)),
        tokens=tokens,
        lacking=sum(job.is_lacking for job in scheduled),
        failed=counts[JobStatus.FAILED],
        unknown=ledger.count_unknown(),
        counts={status.value: count for status, count in counts.items()},
        events=ledger.seq,
        last_event_at=last,
        disk_free_bytes=free,
        media_bytes=None if media is None else media.bytes,
        damage=None if ledger.damage is None else ledger.damage.message,
        sealed=_sealed(ledger),
    )


def _own_directory(ledger: Ledger) -> Path | None:
    """Return the directory of a ledger; None on an engine that gives it none."""
    try:
        return ledger.directory
    except StorageError:
        return None


def _runner(ledger: Ledger) -> RunnerStatus | None:
    pid = ledger.runner_pid()
    return None if pid is None else RunnerStatus(pid, ledger.runner_since())


def _sealed(ledger: Ledger) -> SealStatus | None:
    """Sealing verifies the whole log first, so the newest seal says when that was."""
    seal = ledger.newest_seal()
    if seal is None:
        return None
    return SealStatus(seal.day, seal.seq, datetime.fromisoformat(seal.sealed_at))


def _first(jobs: Iterable[ScheduledJob]) -> Due | None:
    """Choose the one of the earliest time."""
    job = min(jobs, key=lambda job: (job.scheduled_time, job.order), default=None)
    return None if job is None else Due(job.job_id, job.account_id, job.scheduled_time)


def _facts(status: Status, zone: ZoneInfo) -> Iterator[tuple[str, str, str]]:
    """Each line: its name, what it says, and in which style, where it needs somebody."""

    def when(at: datetime) -> str:
        away = at - status.now
        far = span_in_words(abs(away))
        return f"{moment(at, zone)}, {'in ' + far if away > timedelta(0) else far + ' ago'}"

    def which(due: Due) -> str:
        return f"{short_id(due.job_id)} of {printable(due.account_id)}"

    yield "place", printable(status.place), ""
    if status.moved_from is not None:
        yield (
            "moved",
            f"from {printable(status.moved_from)}, or another directory of it: what goes on there"
            " posts the same jobs",
            "bold yellow",
        )
    yield "zone", status.zone, ""
    runner, due, oldest = status.runner, status.next, status.oldest
    if runner is not None:
        who = f"process {runner.pid}" if runner.pid else "there is one"
        since = "" if runner.since is None else f", since {when(runner.since)}"
        yield "runner", f"{who}{since}", "green"
    else:
        waits = status.counts["scheduled"]
        yield "runner", "none" + (": nothing goes out" if waits else ""), "yellow" if waits else ""
    yield "next", f"{when(due.scheduled_time)}: {which(due)}" if due else "nothing is planned", ""
    if oldest is not None:
        since = f"the oldest due {when(oldest.scheduled_time)}: {which(oldest)}"
        yield "overdue", f"{status.overdue}, {since}", "yellow"
    else:
        yield "overdue", "0", ""
    for held in status.held:
        account = printable(held.account_id)
        yield "held", f"{account}: {printable(held.reason)}; tried again {when(held.until)}", "red"
    for account_id, ends in sorted((status.tokens or {}).items()):
        is_over, is_soon = ends <= status.now, ends - status.now < _TOKEN_SOON
        said = f"{printable(account_id)}: {'ended' if is_over else 'ends'} {when(ends)}"
        yield "token", said, "red" if is_over else "yellow" if is_soon else ""
    if status.lacking:
        yield "lacking", f"{status.lacking}: something they need cannot be had, see `why`", "yellow"
    yield "failed", str(status.failed), "red" if status.failed else ""
    settle = ": the posts may be out; `resolve` or `requeue` them"
    yield (
        "unknown",
        f"{status.unknown}{settle if status.unknown else ''}",
        ("bold red" if status.unknown else ""),
    )
    states = ", ".join(f"{count} {state}" for state, count in status.counts.items() if count)
    yield "jobs", f"{sum(status.counts.values())}{states and ': ' + states}", ""
    last = "" if status.last_event_at is None else f", the last {when(status.last_event_at)}"
    yield "log", f"{status.events} event{'' if status.events == 1 else 's'}{last}", ""
    if status.sealed is not None:
        seal = status.sealed
        is_lacking = seal.seq > status.events
        found = ", which the log lacks: `verify` it" if is_lacking else ""
        yield (
            "sealed",
            f"up to event {seal.seq}{found}; verified for that {when(seal.sealed_at)}",
            "bold red" if is_lacking else "",
        )
    if status.damage is not None:
        yield "damage", printable(status.damage), "bold red"
    if status.disk_free_bytes is not None:
        yield "disk", f"{status.disk_free_bytes / 1e9:.1f} GB free", ""
    if status.media_bytes:
        yield "files", f"{status.media_bytes / 1e6:.1f} MB of posts", ""
