"""The steps of a Threads post, each durable before the next, and what they say after a crash.

The checkpoints of a job, by name:

    threads_container   {"id", "at", "form"}: it was created, from the form with that digest
    threads_publishing  {"container", "at", "unanswered"}: it was about to be published, first then;
                        of so many requests the outcome was never heard

`unanswered` is raised before a request leaves and lowered when the platform has refused it. While
it is above 0 the container may be out, and no other is made for the job unless the platform says
that this one cannot go out any more (ERROR, EXPIRED).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from ..domain.errors import JobLedgerError
from ..scheduler.attempt import Attempt, OutcomeUnknown, PostResult
from .exchange import NoAnswer, NotSent
from .threads_api import ApiError, Container, ThreadsApi

CONTAINER, PUBLISHING = "threads_container", "threads_publishing"
DEAD = ("ERROR", "EXPIRED")
MISSING = "MISSING"
"""Not a state of the platform's: it does not know the container."""
_LOST_AFTER = 4
"""How often a container may be unknown to the platform before it is taken for lost."""
_LONGEST_PAUSE_S = 30.0
_ASKED = 3
Trouble = (NotSent, NoAnswer, ApiError)


class Pauses(msgspec.Struct, frozen=True):
    """How a container is waited for: 1, 2, 4 … 30, 30 seconds, `whole_s` in all."""

    sleep: Callable[[float], Awaitable[None]]
    whole_s: float

    def __iter__(self) -> Iterator[float]:
        pause_s, left_s = 1.0, self.whole_s
        while left_s > 0:
            yield min(pause_s, left_s)
            left_s -= pause_s
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


class Steps:
    """What the checkpoints of a job say."""

    def __init__(self, checkpoints: Mapping[str, Any]) -> None:
        container = checkpoints.get(CONTAINER)
        publishing = checkpoints.get(PUBLISHING)
        self.container_id: str | None = None
        self.form: str | None = None
        self.first_at: datetime | None = None
        self.unanswered = 0
        if isinstance(container, dict) and isinstance(container.get("id"), str):
            self.container_id, self.form = container["id"], container.get("form")
        if isinstance(publishing, dict) and publishing.get("container") == self.container_id:
            self.unanswered = int(publishing.get("unanswered", 1))
            with suppress(ValueError, TypeError):
                self.first_at = datetime.fromisoformat(publishing["at"])


class _Lost(Exception):
    """The platform does not know the container."""


class Run:
    """One attempt to post."""

    def __init__(
        self,
        api: ThreadsApi,
        attempt: Attempt,
        form: Mapping[str, str],
        pauses: Pauses,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._attempt = attempt
        self._form = form
        self._digest = _digest(form)
        self._pauses = pauses
        self._now = now
        self._steps = Steps(attempt.checkpoints)

    async def publish(self) -> PostResult:
        """Post with the container that there is, or a new one; a lost or dead one is replaced once.

        Raises:
            OutcomeUnknown: it may be out.
        """
        fresh = await self._begin()
        if isinstance(fresh, PostResult):
            return fresh
        try:
            result = await self._go_on()
            if result is not None:
                return result
            if fresh:  # it died on its way: another one would, just now
                return PostResult(False, error=await self._why_dead())
        except _Lost:
            if self._steps.unanswered:
                raise OutcomeUnknown("Threads does not know the container any more") from None
        created = await self._create()
        if created is not None:
            return created
        try:
            return await self._go_on() or PostResult(False, error=await self._why_dead())
        except _Lost:
            return PostResult(False, error="Threads does not find the container that it made")

    async def _begin(self) -> bool | PostResult:
        """See to it that there is a container; whether it is a new one, or why there is none."""
        steps = self._steps
        if steps.container_id is not None and (steps.form == self._digest or steps.unanswered):
            return False
        created = await self._create()
        return True if created is None else created

    async def _create(self) -> PostResult | None:
        """Make a container and record it; what there is to say where that fails."""
        try:
            container_id = await self._api.create(self._form)
        except Trouble as error:  # it may exist, and is never published
            return await self._refused("no container", error)
        at = self._now().isoformat()
        value = {"id": container_id, "at": at, "form": self._digest}
        self._attempt.checkpoint(CONTAINER, value)
        self._steps = Steps({CONTAINER: value})
        return None

    async def _go_on(self) -> PostResult | None:
        """Wait for the container and publish it; None where it cannot go out any more."""
        container = await self._ready()
        if isinstance(container, PostResult):
            return container
        if container.status == "PUBLISHED":
            return await found(self._api, self._attempt, self._steps)
        if container.status in DEAD:
            if self._steps.unanswered:
                self._intend(0)
            return None
        if self._steps.form != self._digest:
            return await self._edited()
        pauses = iter(self._pauses)
        for _ in range(_LOST_AFTER):
            result = await self._send()
            if result is not None:
                return result
            await self._pauses.sleep(next(pauses, _LONGEST_PAUSE_S))
        raise _Lost

    async def _edited(self) -> PostResult | None:
        """The job was edited while its earlier text was in doubt. That is not out: post the new."""
        return await self._create() or await self._go_on()

    async def _ready(self) -> Container | PostResult:
        """The container once it is no longer in the making.

        Raises:
            OutcomeUnknown: it cannot be asked for, and may be out.
            _Lost: the platform does not know it.
        """
        lost = failed = 0
        status = "not asked"
        assert self._steps.container_id is not None
        for pause_s in (0.0, *self._pauses):
            if pause_s:
                await self._pauses.sleep(pause_s)
            try:
                container = await self._api.container(self._steps.container_id)
            except Trouble as error:
                if isinstance(error, ApiError) and error.kind == "missing":
                    lost, status = lost + 1, "not found"
                    if lost >= _LOST_AFTER:
                        raise _Lost from None
                    continue
                failed += 1
                if failed < _ASKED and not (isinstance(error, ApiError) and error.kind != "server"):
                    continue
                return await self._refused("the container cannot be asked for", error)
            status = container.status
            if status == "FINISHED" or status == "PUBLISHED" or status in DEAD:
                return container
        return self._failed(f"the container is still {status} after {self._pauses.whole_s:g} s")

    async def _send(self) -> PostResult | None:
        """Ask the platform to publish; None where it does not find the container, which it has.

        Raises:
            OutcomeUnknown: it may be out.
        """
        container_id = self._steps.container_id
        assert container_id is not None
        before = self._steps.unanswered
        self._intend(before + 1)
        try:
            post_id = await self._api.publish(container_id)
        except NotSent as error:
            self._intend(before)
            return self._failed(f"not published: {error}")
        except NoAnswer as error:
            return await self._unsettled(str(error))
        except ApiError as error:
            if error.kind == "server":
                return await self._unsettled(error.message)
            return await self._turned_down(error, before)
        except Exception as error:  # noqa: BLE001 - it was sent: whatever it is, it may be out
            return await self._unsettled(type(error).__name__)
        await note_permalink(self._api, self._attempt, post_id)
        return PostResult(True, thread_id=post_id)

    async def _unsettled(self, why: str) -> PostResult:
        """Nobody said whether it is out: ask. That it is not out *yet* says nothing."""
        container = await self._asked()
        if container is not None and container.status == "PUBLISHED":
            return await found(self._api, self._attempt, self._steps)
        if container is not None and container.status in DEAD:
            self._intend(0)
            return PostResult(False, error=f"not published: {why}; {described(container)}")
        state = "its container cannot be asked for" if container is None else described(container)
        raise OutcomeUnknown(f"publishing was not confirmed: {why}; {state}")

    async def _turned_down(self, error: ApiError, before: int) -> PostResult | None:
        """The platform refused. So it does too when the same request was there already: ask."""
        if error.kind == "token":  # nor would it answer that
            self._intend(before)
            return await self._refused("not published", error)
        container = await self._asked()
        if container is None:
            raise OutcomeUnknown(
                f"publishing was refused, and its container cannot be asked for: {error}"
            )
        if container.status == "PUBLISHED":
            return await found(self._api, self._attempt, self._steps)
        if container.status == MISSING and await self._looks_out():
            raise OutcomeUnknown(f"publishing was refused, and it may be out: {error}")
        self._intend(before)
        if error.kind == "missing" and container.status == MISSING:
            raise _Lost
        if error.kind == "missing" and container.status == "FINISHED":
            return None
        return await self._refused("not published", error)

    async def _asked(self) -> Container | None:
        """The container as it is now; None where that cannot be learnt."""
        assert self._steps.container_id is not None
        try:
            return await self._api.container(self._steps.container_id)
        except ApiError as error:
            return Container(MISSING) if error.kind == "missing" else None
        except (NotSent, NoAnswer):
            return None

    async def _looks_out(self) -> bool:
        """Whether some post of the account may be this one; so too where it cannot be learnt."""
        with suppress(*Trouble):
            return bool(await candidates(self._api, self._attempt, self._steps))
        return True

    def _intend(self, unanswered: int) -> None:
        """Record how many requests to publish this container have had no answer."""
        at = self._steps.first_at or self._now()
        value = {
            "container": self._steps.container_id,
            "at": at.isoformat(),
            "unanswered": unanswered,
        }
        self._attempt.checkpoint(PUBLISHING, value)
        self._steps.unanswered, self._steps.first_at = unanswered, at

    async def _refused(self, what: str, error: Exception) -> PostResult:
        """A failure as the platform's answer makes it, with what is known of when it may end."""
        message, retryable = f"{what}: {error}", True
        if isinstance(error, ApiError):
            retryable = error.retryable
            if error.kind == "rate":
                message = f"{what}: rate limit: {error.message}{await self._until(error)}"
        return self._failed(message, retryable=retryable)

    async def _until(self, error: ApiError) -> str:
        told = "" if error.retry_after_s is None else f"; again in {error.retry_after_s:g} s"
        with suppress(*Trouble):
            quota = await self._api.quota()
            return f"{told}; {quota}" if quota else told
        return told

    def _failed(self, message: str, *, retryable: bool = True) -> PostResult:
        """Not out, unless an earlier request may be.

        Raises:
            OutcomeUnknown: then.
        """
        if self._steps.unanswered:
            raise OutcomeUnknown(f"an earlier request may be out; {message}")
        return PostResult(False, error=message, retryable=retryable)

    async def _why_dead(self) -> str:
        container = await self._asked()
        return "the container failed" if container is None else described(container)


class Recovery:
    """What became of an attempt in doubt, by its last durable step."""

    def __init__(self, api: ThreadsApi, attempt: Attempt, pauses: Pauses) -> None:
        self._api = api
        self._attempt = attempt
        self._pauses = pauses
        self._steps = Steps(attempt.checkpoints)

    async def answer(self) -> PostResult | None:
        """
        Raises:
            NotSent, NoAnswer, ApiError: the platform could not be asked.
            OutcomeUnknown: it is still at work.
        """
        steps = self._steps
        if steps.container_id is None:
            return PostResult(False, error="no container was made")
        try:
            container = await self._container(steps.container_id)
        except Trouble as error:
            if not steps.unanswered:
                return PostResult(False, error="it was not asked to be published")
            if isinstance(error, ApiError) and error.kind == "missing":
                return await self._vanished()
            raise
        if container.status == "PUBLISHED":
            return await found(self._api, self._attempt, steps)
        if not steps.unanswered or container.status == "FINISHED" or container.status in DEAD:
            return PostResult(False, error=described(container))
        if container.status == "IN_PROGRESS":
            raise OutcomeUnknown(described(container))
        return PostResult.unknown(described(container))

    async def _container(self, container_id: str) -> Container:
        """Ask a few times before giving up: each time given up costs the job a retry."""
        pauses = [*self._pauses][: _ASKED - 1]
        for pause_s in pauses:
            try:
                container = await self._api.container(container_id)
                if container.status != "IN_PROGRESS" or not self._steps.unanswered:
                    return container
            except (NotSent, NoAnswer):
                pass
            except ApiError as error:
                if error.kind not in ("server", "rate", "missing"):
                    raise
            await self._pauses.sleep(pause_s)
        return await self._api.container(container_id)

    async def _vanished(self) -> PostResult:
        """The platform does not know the container: say what looks like its post, guess nothing."""
        with suppress(*Trouble):
            ids = await candidates(self._api, self._attempt, self._steps)
            told = f"this may be its post: {', '.join(ids)}" if ids else "no post has its text"
            return PostResult.unknown(f"Threads does not know the container any more; {told}")
        return PostResult.unknown("Threads does not know the container any more")


async def found(api: ThreadsApi, attempt: Attempt, steps: Steps) -> PostResult:
    """It is out, that is certain. Its id is told only where one post alone can be it."""
    ids: list[str] = []
    with suppress(*Trouble):
        ids = await candidates(api, attempt, steps)
    if len(ids) != 1:
        return PostResult(True)
    await note_permalink(api, attempt, ids[0])
    return PostResult(True, thread_id=ids[0])


async def candidates(api: ThreadsApi, attempt: Attempt, steps: Steps) -> list[str]:
    """The account's posts with exactly this text, not older than the first request to publish."""
    if steps.first_at is None:
        return []
    since = steps.first_at.replace(microsecond=0)  # the platform's times have no fractions
    replies = "reply_to_id" in attempt.job.metadata
    text = attempt.job.content.strip()
    return [
        post.id
        for post in await api.posts(since, replies=replies)
        if post.text.strip() == text and post.at is not None and post.at >= since
    ]


async def note_permalink(api: ThreadsApi, attempt: Attempt, post_id: str) -> None:
    """Tell where the post is. It is out: that this fails changes nothing."""
    with suppress(*Trouble, JobLedgerError):
        link = await api.permalink(post_id)
        if link:
            attempt.note(f"Out: {link}")


def described(container: Container) -> str:
    said = f": {container.error_message}" if container.error_message else ""
    return f"the container is {container.status}{said}"


def _digest(form: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(form.items()))).hexdigest()[:16]
