"""Ledgers for somebody to look at: with a bit of everything, and with texts that would do harm."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.media import painted

from jobledger import (
    JobPriority,
    Ledger,
    Link,
    ManualClock,
    Media,
    Part,
    Poll,
    Post,
    PostResult,
    Scheduler,
    SystemClock,
)

ZONE = "Asia/Ho_Chi_Minh"
HOUR = timedelta(hours=1)
HOSTILE = "<b>x</b>\"'><script>no()</script><img src=x onerror=no()>{{7*7}}"
"""Were it ever taken for HTML there would be a `b`, and something for the policy to refuse."""
_TEXTS = (
    ("cafe.saigon", "Xin chào buổi sáng! ☕ Hôm nay quán mở cửa từ 7 giờ."),
    ("shop", "Bộ sưu tập mới 🌿 đã lên kệ – ghé cửa hàng hoặc xem trên web nhé"),
    ("studio", "Behind the scenes of our new shoot, with everybody who made it happen"),
    ("shop", "Flash sale 🔥 50% off, only today until midnight. Come by early!"),
    ("cafe.saigon", "Món mới: cà phê muối 🧂 Bạn đã thử chưa?"),
    ("studio", "We are looking for an editor who loves short films. Write to us!"),
    ("cafe.saigon", "Cuối tuần này có nhạc sống 🎷 từ 19 giờ, vào cửa tự do"),
)


def seed(directory: Path) -> None:
    """Make a ledger whose jobs are in every state, from two days ago to next week.

    `unknown`, `failed`, `done`, `draft`, `cancelled`, `planned` and `chain` are ids of some.
    """
    hour = SystemClock().now().replace(minute=0, second=0, microsecond=0)
    clock = ManualClock(hour - timedelta(hours=30))
    ends = iter(
        (
            PostResult.unknown("no answer in 30 s"),
            PostResult(False, error="the account is rate limited", retryable=False),
        )
    )

    def publish(account: str, content: str) -> PostResult:
        clock.advance(timedelta(seconds=2))
        if "Flash sale" in content or "an editor" in content:
            return next(ends)
        return PostResult(True, "17890455")

    with Scheduler(
        directory, clock=clock, timezone=ZONE, durability="none", on_interrupted="fail",
        by="app:blog",
    ) as scheduler:  # fmt: skip
        named = {3: "unknown", 5: "failed", 0: "done"}
        for number, (account, text) in enumerate(_TEXTS):
            due = clock.now() + timedelta(minutes=90 * number)
            scheduler.add_job(account, text, due, job_id=named.get(number))
        clock.advance(timedelta(hours=10))
        scheduler.run_due(publish)
        clock.advance(timedelta(hours=19))
        for number in range(24):
            account, text = _TEXTS[number % len(_TEXTS)]
            due = clock.now() + timedelta(hours=2 + 6 * number)
            scheduler.add_job(account, text, due, hold=number % 4 == 3, priority=JobPriority.NORMAL)
        soon = clock.now() + timedelta(hours=3)
        scheduler.add_job("shop", "A draft for somebody to see", soon, hold=True, job_id="draft")
        scheduler.add_job("studio", "Nobody wants this any more", soon, job_id="cancelled")
        scheduler.cancel_job("cancelled", "the shoot was called off")
        long = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen" * 2
        scheduler.add_job("studio", f"{long}\n\nA line\nand one more", soon, job_id="planned")
        _schedules(scheduler)
        _chain(scheduler)


def _chain(ledger: Ledger) -> None:
    """Add the draft of a post with all there is in one: `chain`."""
    file = ledger.add_media(painted(640, 360))
    post = Post(
        [
            Part(
                "The harbour last night 🌇",
                [
                    Media("harbour.png", "Boats under an evening sky", file),
                    Media("https://example.com/boats.jpg", "The same boats by day"),
                ],
            ),
            Part("Come by boat?", poll=Poll(["Yes", "No", "If it is calm"], 600)),
            Part("All times are on our page.", link=Link("https://example.com/times", "Times")),
        ],
        "harbours",
    )
    soon = ledger.now() + timedelta(hours=5)
    ledger.add_job("shop", "", soon, post=post, hold=True, job_id="chain")


def _schedules(ledger: Ledger) -> None:
    """Add schedules in each state, of an account of their own, and slots of another."""
    ledger.set_slots("shop", {"tue": ["4:00", "21:30"], "sat": ["4:00"]})
    texts = ["A good Sunday! {date:%d.%m.}", "Post number {n}"]
    ledger.add_schedule("morning", "45 5 * * sun", account_id="salon", content=texts)
    ledger.skip_occurrence("morning")
    ledger.add_schedule("paused", "0 6 1 * *", account_id="salon", content="Monthly", paused=True)
    ledger.add_schedule("ended", "0 6 1 1 *", account_id="salon", content="Yearly")
    ledger.end_schedule("ended", "the salon moved")


def seed_hostile(directory: Path) -> None:
    """Make a ledger with `HOSTILE` in whatever takes a text: the job `bad`, and more around it."""
    clock = ManualClock(SystemClock().now() - timedelta(hours=2))
    results = iter(
        (
            PostResult(False, error=HOSTILE, retryable=False),
            PostResult(True, HOSTILE),
            PostResult.unknown(HOSTILE),
        )
    )

    def publish(account: str, content: str) -> PostResult:
        return next(results)

    with Scheduler(
        directory,
        clock=clock,
        timezone=ZONE,
        durability="none",
        on_interrupted="fail",
        by="app:bad",
    ) as scheduler:
        for name in ("bad", "posted", "unknown"):
            scheduler.add_job(
                HOSTILE, HOSTILE, clock.now(), platform=HOSTILE, metadata={HOSTILE: [HOSTILE]},
                max_retries=0, job_id=name,
            )  # fmt: skip
            scheduler.run_due(publish)
        for name in ("ahead", "off"):
            scheduler.add_job(HOSTILE, HOSTILE, clock.now() + 9 * HOUR, job_id=name)
        scheduler.cancel_job("off", HOSTILE)
