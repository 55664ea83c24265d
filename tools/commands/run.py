"""The `run` command: the runner of a ledger, with a publisher from the user's own module."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

import click

from ..configuration import RunSection
from ..grammar import command, given_by_environment
from ..loading import projection_option
from ..output import print_json
from ..run_log import Form, log_options, log_to_stderr
from ..session import Session, json_option, pass_session
from ..streams import losing_what_others_print

if TYPE_CHECKING:
    from ...scheduler import Scheduler
    from ..notifying import Notifier


class RunOptions(TypedDict):
    """The options that say how jobs are run, as they are typed."""

    concurrency: int
    on_interrupted: Literal["retry", "fail"]
    retry_base_s: float
    max_running_minutes: float
    grace_s: float
    expire_after_hours: float
    ageing_minutes: float | None
    publish_timeout_s: float | None
    preflight_minutes: float
    min_gap_s: float
    quota: int | None
    quota_window_s: float


@command()
@click.option(
    "--publisher",
    required=True,
    metavar="NAME",
    help="The code that posts: MODULE:OBJECT, or threads, bluesky, mastodon, webhook.",
)
@click.option("--once", is_flag=True, help="Run what is due and end.")
@click.option("--create", is_flag=True, help="Make the ledger where there is none yet.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="With --once, exit 1 where an attempt failed or nobody knows whether it posted.",
)
@click.option("--limit", type=click.IntRange(min=0), help="With --once, at most so many jobs.")
@click.option("--concurrency", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "--on-interrupted",
    type=click.Choice(["retry", "fail"]),
    default="retry",
    show_default=True,
    help="An attempt of unknown outcome: post again (at least once), or never (at most once).",
)
@click.option(
    "--retry-base-s",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="The n-th failure waits this times 2 to the n.",
)
@click.option(
    "--max-running-minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="An attempt that runs longer is stuck.",
)
@click.option(
    "--grace-s",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How long a stop waits for the running job.",
)
@click.option(
    "--expire-after-hours",
    type=click.FloatRange(min=0, min_open=True),
    default=24.0,
    show_default=True,
    help="A job that is later than this is not posted any more.",
)
@click.option(
    "--ageing-minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="A due job gains a step of priority for each such time that it waits.",
)
@click.option(
    "--publish-timeout-s",
    type=click.FloatRange(min=0, min_open=True),
    help="How long the publisher may take for a job.",
)
@click.option(
    "--preflight-minutes",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How long ahead of a post it is asked whether what it needs can be had; 0: never.",
)
@click.option(
    "--min-gap-s",
    type=click.FloatRange(min=0),
    default=0.0,
    help="The least time between two posts of one account.",
)
@click.option(
    "--quota",
    type=click.IntRange(min=1),
    help="The most posts of one account in every window (Threads: 250 in 24 h).",
)
@click.option(
    "--quota-window-s",
    type=click.FloatRange(min=0, min_open=True),
    default=86_400.0,
    show_default=True,
    help="How long that window is.",
)
@click.option(
    "--notify",
    metavar="URL",
    envvar="JOBLEDGER_NOTIFY",
    help="POST a small JSON to this address for each job that fails.",
)
@log_options
@click.option(
    "--metrics",
    metavar="HOST:PORT",
    help="Tell metrics, and whether all is well, to whoever asks here.",
)
@click.option(
    "--metrics-public", is_flag=True, help="Other machines may ask for them, without a password."
)
@projection_option
@json_option
@pass_session
def run(
    session: Session,
    publisher: str,
    once: bool,
    create: bool,
    exit_code: bool,
    limit: int | None,
    notify: str | None,
    log: Form,
    log_level: str | None,
    metrics: str | None,
    metrics_public: bool,
    projections: list[Any],
    **options: Unpack[RunOptions],
) -> None:
    """Run the ledger's jobs until SIGTERM, SIGHUP or Ctrl-C; one runner a ledger.

    It ends when the running attempts have ended, or --grace-s have passed; a second signal ends it
    at once. With --once it says how many attempts ended how.

    \b
    Example:
      jobledger run --publisher my_posts:publish
      jobledger run --publisher my_posts:publish --once
      jobledger run --publisher my_posts:publish --quota 250 --min-gap-s 60
      jobledger run --publisher my_posts:publish --notify https://example.org/failed
      jobledger run --publisher my_posts:publish --metrics 127.0.0.1:9108
    """
    from ...scheduler import PublisherAdapter, Scheduler
    from ..metrics_server import listen_for_watchers
    from ..publishing import load_publisher
    from ..who import who

    is_new = create and not session.exists()
    if not create:
        session.must_exist()
    found = load_publisher(publisher, session.config.file)
    PublisherAdapter(found)
    notifier = None if notify is None else _notifier(notify, session)
    log_to_stderr(log, log_level or ("warning" if once else "info"))
    answering = listen_for_watchers(None if once else metrics, public=metrics_public)
    with Scheduler(
        session.location,
        timezone=session.zone_to_be(None) if is_new else None,
        on_failure=notifier,
        projections=projections,
        allow_network=session.allow_network,
        by=who(),
        **session.media.settings(session, cleans_up=True),
        **_settings(options),
    ) as scheduler:
        if is_new:
            session.say_made(scheduler)
        with losing_what_others_print():
            if not once:
                _say_tier(publisher, found, options["on_interrupted"])
                with answering(scheduler):
                    scheduler.run(found)
                return
            count, signal = _run_once(scheduler, found, limit, options["grace_s"])
        outcomes = scheduler.last_outcomes
        session.done = _told(count, outcomes, signal)
    if exit_code and any(outcomes[name] for name in _BAD):
        session.exit_code = 1
    if session.json:
        print_json({"ran": count, **outcomes, "stopped_by": signal})
    else:
        click.echo(session.done)


given_by_environment(run, RunSection.__struct_fields__)


def _say_tier(name: str, publisher: Any, on_interrupted: str) -> None:
    """Say how a publisher keeps from posting twice, and warn where it does not."""
    from ...instrumentation import logger
    from ...scheduler import PublisherAdapter

    own = "state" if PublisherAdapter(publisher).reconcilable else "none"
    tier = str(getattr(publisher, "tier", own))
    log = logger(publisher=name, tier=tier)
    if tier == "none" and on_interrupted == "retry":
        log.warning(
            "a post whose outcome is unclear is sent again, and may be out twice",
            hint="a publisher with a `reconcile` is asked (docs/publishers.md); --on-interrupted"
            " fail leaves it to a person",
        )
    else:
        log.info("the publisher keeps from posting twice")


def _settings(options: RunOptions) -> dict[str, Any]:
    """Return what a Scheduler is to be given for these options."""
    from ...domain import Pacing, RetryPolicy

    ageing, timeout = options["ageing_minutes"], options["publish_timeout_s"]
    ahead = options["preflight_minutes"]
    min_gap_s, quota = options["min_gap_s"], options["quota"]
    paced = bool(min_gap_s or quota)
    return {
        "retry": RetryPolicy(base_s=options["retry_base_s"]),
        "on_interrupted": options["on_interrupted"],
        "concurrency": options["concurrency"],
        "max_running_minutes": options["max_running_minutes"],
        "grace_s": options["grace_s"],
        "expire_after": timedelta(hours=options["expire_after_hours"]),
        "ageing": None if ageing is None else timedelta(minutes=ageing),
        "publish_timeout": None if timeout is None else timedelta(seconds=timeout),
        "preflight": timedelta(minutes=ahead) if ahead else None,
        "pacing": Pacing(min_gap_s, quota, options["quota_window_s"]) if paced else None,
    }


def _notifier(url: str, session: Session) -> Notifier:
    from ..notifying import Notifier

    return Notifier(url, session.place)


def _run_once(
    scheduler: Scheduler, publisher: Any, limit: int | None, grace_s: float
) -> tuple[int, str | None]:
    """Run what is due; return how many ran, and the signal that ended it early."""
    from signal import Signals

    from ...scheduler import StopSignals

    stop, stop_now = scheduler.stop_soon, scheduler.stop_now
    with StopSignals(stop, stop_now, grace_s, of_program=True) as signals:
        count = scheduler.run_due(publisher, limit)
    received = signals.received
    return count, None if received is None else Signals(received).name


_BAD = ("retried", "failed", "unknown", "interrupted")
"""The outcomes that `--exit-code` tells of."""
_WORDS = {
    "completed": "published",
    "retried": "failed, to be tried again",
    "failed": "failed for good",
    "unknown": "of unknown outcome",
    "interrupted": "interrupted, to be looked into",
    "refused": "whose result came too late",
}


def _told(count: int, outcomes: Mapping[str, int], signal: str | None) -> str:
    parts = [f"{outcomes[name]} {words}" for name, words in _WORDS.items() if outcomes[name]]
    ran = f"ran {count} job{'' if count == 1 else 's'}"
    stopped = "" if signal is None else f" (stopped by {signal})"
    return (f"{ran}: {'; '.join(parts)}" if parts else ran) + stopped
