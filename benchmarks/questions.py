"""The questions: what each program asks, how its answer reads, what was wanted, a quick way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Figures = dict[str, Any]
_OF_THE_LOG = "bytes written, against the log's"
_OF_THE_LOOP = "share of the bare loop's rate"


class Question(NamedTuple):
    """A program `NAME.py`; one without `asks` has no row of its own, but tables or plots use it."""

    asks: str
    answer: Callable[[Figures], str]
    wanted: str
    quick: tuple[str, ...]
    """Arguments for a run of a second or two, whose figures mean nothing."""
    largest: tuple[str, ...] = ()
    """Arguments for the largest sizes that are asked for, where those are not the usual ones."""


def _replay(f: Figures) -> str:
    share = list(f["share of the bare rate"].values())[-1]
    return f"{share} of its rate, {f['events a second'][-1]:,} events/s"


def _opening(f: Figures) -> str:
    times = list(f["times faster from the snapshot"].values())[-1]
    rest = f["on a tenth of the history"]
    more = ", ".join(
        f"{1000 * seconds[-1]:.0f} ms with {rest['counts'][-1]:,} {what}"
        for what, seconds in rest["median seconds"].items()
    )
    least = 1000 * rest["median seconds of neither"]
    return f"{times} times faster (of a tenth of it: {least:.0f} ms, {more})"


def _peers_replay(f: Figures) -> str:
    times = list(f["times their rate"].values())
    return f"{times[0]} times; {times[1]} times" if times else "eventsourcing is not installed"


def _recurrence(f: Figures) -> str:
    wrong, took = f["wrong windows"], f["microseconds a next"]
    others = [name for name in wrong if name != "jobledger"]
    return "; ".join(
        f"{one['jobledger']}{what}"
        + (f" ({', '.join(f'{name} {one[name]}' for name in others)})" if others else "")
        for what, one in ((f" of {f['windows']:,} wrong", wrong), (" µs", took))
    )


def _late(f: Figures) -> str:
    late = f["milliseconds late"]
    own, other = late["its own job"], late["another process's job"]
    bare = late["a bare timer"]
    return (
        f"p50 {own['p50']} ms, p99 {own['p99']} ms (a bare timer: {bare['p50']}, {bare['p99']});"
        f" p50 {other['p50']} ms, p99 {other['p99']} ms"
    )


def _reads(f: Figures) -> str:
    took, times = f["median milliseconds"], f["times faster"]
    return "; ".join(
        f"{times[name]} times, {took[what]} ms"
        for name, what in (
            ("what comes", "events(after) of one"),
            ("a history", "history of a job"),
            ("a step", "a slider's step"),
        )
    )


def _streaming(f: Figures) -> str:
    peaks = [f["peak MB"][name] for name in ("audit --json", "verify", "rebuild")]
    return "; ".join(f"{small:.0f} and {large:.0f} MB" for small, large in peaks)


def _verify(f: Figures) -> str:
    if "why not" in f:
        return str(f["why not"])
    return "; ".join(
        f"{f[how]['times as fast on two cores']} times as fast,"
        f" {f[how]['median seconds']['2 cores']:.2f} s"
        for how in ("as it is", "archived")
    )


QUESTIONS: dict[str, Question] = {
    "adding": Question(
        "`add_job` one by one, durable, against a bare append and fdatasync of the same bytes",
        lambda f: (
            f"{f['share of the bare rate']} of its rate:"
            f" {f['median microseconds']['add_job']:.0f} µs, where the bare one takes"
            f" {f['median microseconds']['bare']:.0f}"
        ),
        "0.85",
        ("50", "2"),
    ),
    "cold": Question(
        "an add without a sync of its own: right after somebody's sync; right after another add",
        lambda f: "; ".join(
            f"{f['median microseconds'][name]:.0f} µs" for name in ("after a sync", "after an add")
        ),
        "",
        ("50",),
    ),
    "chain_cost": Question(
        "what the chain of hashes and HEAD cost of a durable append",
        lambda f: f"{f['cost of both']:.0%}",
        "",
        ("100",),
    ),
    "lifecycle": Question(
        "add, start and complete by `run_due`, against three bare durable appends a job",
        lambda f: (
            f"{f['times the bare rate']} of their rate:"
            f" {f['median microseconds a job']['run_due']:.0f} µs a job, where the bare ones take"
            f" {f['median microseconds a job']['bare']:.0f}"
        ),
        "1.1",
        ("20", "2"),
    ),
    "callers": Question(
        "64 threads adding, against one by one",
        lambda f: f"{f['times one by one']['64']} times",
        "6 times",
        ("256", "1"),
    ),
    "concurrency": Question(
        "64 empty async publishers at a time, against one",
        lambda f: f"{f['times one at a time']['64']} times",
        "12 times",
        ("64", "1"),
    ),
    "bulk": Question(
        "`add_jobs` of 10,000, against one by one; against encoding and hashing alone",
        lambda f: f"{f['times one by one']} times; {f['share of encoding and hashing']}",
        "30 times; 0.5",
        ("500", "1"),
    ),
    "replay": Question(
        "a full verified replay into the board, against hashing, decoding and keeping alone",
        _replay,
        "0.6",
        ("10000", "1"),
    ),
    "peers_replay": Question(
        "the same replay, against eventsourcing's `repository.get` of each job; against all its"
        " events folded in order by hand",
        _peers_replay,
        "12 times",
        ("300", "1"),
    ),
    "peers_recurrence": Question(
        "five days of a daily post around each change of clocks in 2026, at each half hour, in each"
        " zone with changes of its own: how many are wrong, and what a `next` takes",
        _recurrence,
        "0 wrong",
        ("2", "1"),
    ),
    "opening": Question(
        "opening 1,000,000 events of closed jobs from the snapshot, against reading all",
        _opening,
        "8 times",
        ("10000", "1"),
    ),
    "growth": Question(
        "", lambda f: "", "", ("10000", "10", "1"), largest=("3600000", "5000", "3")
    ),
    "next_due": Question(
        "the start of the next due job among 1,000,000, against 1,000",
        lambda f: f"{f['times the small board']} times as long",
        "at most 1.5",
        ("2000", "1"),
    ),
    "pages": Question(
        "a page of 50 of 100,000 jobs: the first; of a status; what waits; the next one; by text",
        lambda f: "; ".join(
            f"{f['median milliseconds'][name][-1]:.1f} ms"
            for name in ("first page", "by status", "what waits", "next page", "by text")
        ),
        "at most 50 ms each",
        ("10000", "1"),
    ),
    "dashboard": Question(
        "the slowest page of a dashboard of 100,000 jobs and 1,000,000 events, to the first byte;"
        " from an append to 100 open streams; what they cost when nothing happens",
        lambda f: (
            f"{f['slowest page'][0]}, {f['slowest page'][1]} ms;"
            f" p99 {f['streams']['milliseconds late']['p99']} ms;"
            f" {100 * f['streams']['idle share of a core']:.1f} % of a core"
        ),
        "at most 50 ms; 300 ms; 5 %",
        ("300", "1", "5"),
    ),
    "daily": Question(
        "a change of a job in a day of 10,000, against one in a small day; bytes written for its"
        " file, against the log's; how stale it is at most, with 50 changes a second",
        lambda f: (
            f"{f['times a small day']} times as long; {f[_OF_THE_LOG]} times;"
            f" {f['seconds stale']['most']} s"
        ),
        "at most 100 times the log",
        ("500", "60", "1"),
    ),
    "memory": Question(
        "memory of a job that is closed; that is open",
        lambda f: f"{f['bytes a closed job']} bytes; {f['bytes an open job']} bytes",
        "at most 400; 900",
        ("3000",),
    ),
    "streaming": Question(
        "the most memory of `audit --json`; of `verify`; of `rebuild`: at 100,000 events and at"
        " 1,000,000",
        _streaming,
        "",
        ("3000",),
    ),
    "verify": Question(
        "`verify` of 1,000,000 events on two cores, against one, whole processes; with the days"
        " archived",
        _verify,
        "",
        ("3000", "1"),
    ),
    "audit": Question(
        "`audit` of everything as JSON lines, against a bare loop that decodes, whole processes",
        lambda f: f"{f[_OF_THE_LOOP]['every event as JSON lines']} of its rate",
        "",
        ("3000", "1"),
    ),
    "latency": Question(
        "from a job's time to the call of its publisher; of one that another process adds",
        _late,
        "p50 2 ms, p99 12 ms; p99 150 ms",
        ("20",),
    ),
    "listing": Question(
        "`jobledger list` of 10,000 jobs, the whole process; importing alone",
        lambda f: f"{f['median seconds']['list']} s; {f['median seconds']['import']} s",
        "0.35 s; 0.15 s",
        ("500", "1"),
    ),
    "reads": Question(
        "in a day of 22,000 events: one new event, against reading all; a job's history, too; the"
        " next step of a slider over the past, against `as_of` from the first event on",
        _reads,
        "50 times; 50 times; 50 times",
        ("900", "1"),
    ),
    "peers": Question("", lambda f: "", "", ("20", "1")),
    "peers_lifecycle": Question("", lambda f: "", "", ("10", "1")),
    "peers_syncs": Question("", lambda f: "", "", ("10",)),
    "peers_slow": Question("", lambda f: "", "", ("10", "5", "1")),
}
