"""What publishers ask of a job before they send anything, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Sequence
from typing import Literal, Protocol, runtime_checkable

from ..domain import ScheduledJob, ValidationError
from ..scheduler import PostResult

Tier = Literal["key", "state", "search", "none"]
"""How a publisher keeps from posting twice: the platform acts once on a `key`; each step's `state`
can be asked for; posts can be listed and `search`ed; none of these."""

_KNOWN = {
    "bluesky": "BlueskyPublisher",
    "mastodon": "MastodonPublisher",
    "threads": "ThreadsPublisher",
}


@runtime_checkable
class CheckingPublisher(Protocol):
    """A publisher that tells what is wrong with a job before it is time to publish it."""

    def check(self, job: ScheduledJob) -> Sequence[ValidationError]:
        """Name everything that `publish` would refuse the job for; nothing is sent.

        Each problem has the `field`, such as `metadata.image_url`, and a `hint` where there is one.
        """


@runtime_checkable
class PreflightPublisher(Protocol):
    """A publisher that is asked, minutes before a job's time, whether what it needs can be had."""

    def preflight(self, job: ScheduledJob) -> str | Awaitable[str | None] | None:
        """Say what keeps the job from going out; None: nothing does."""


def names(field: str, given: Iterable[str]) -> frozenset[str]:
    """Read a setting that is names.

    Raises:
        ValidationError: it is none, or one text.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValidationError(f"{field} must be names, such as ('a', 'b')", field=field)
    found = list(given)
    if not all(isinstance(name, str) and name for name in found):
        raise ValidationError(f"{field} must be names, such as ('a', 'b')", field=field)
    return frozenset(found)


def of_another_platform(job: ScheduledJob, platforms: Collection[str]) -> list[ValidationError]:
    """Name a job that is for a platform which the publisher does not post to.

    Another writing of a name is another name: who means the same says so in `platforms`.
    """
    if job.platform in platforms:
        return []
    own = ", ".join(sorted(platforms))
    near = {name.strip().casefold(): name for name in platforms}.get(
        job.platform.strip().casefold()
    )
    known = _KNOWN.get(job.platform.strip().casefold())
    if near is not None:
        hint = f"add it with platform {near!r}, or name {job.platform!r} in platforms, too"
    elif known is not None:
        hint = f"a {known} does"
    else:
        hint = (
            f"run it with a publisher for {job.platform!r}: a WebhookPublisher, or one of your own"
        )
    return [
        ValidationError(
            f"platform is {job.platform!r}, and this publisher posts to {own} alone",
            field="platform",
            hint=hint,
        )
    ]


def refused(problems: Sequence[ValidationError]) -> PostResult:
    """Answer for a job of which nothing was sent: it is to be changed first."""
    return PostResult(False, error="; ".join(map(str, problems)), retryable=False)
