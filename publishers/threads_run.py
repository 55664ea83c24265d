"""One attempt to post to Threads, from where the last durable step left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from ..scheduler import AccountWaits, Attempt, NoValidToken, OutcomeUnknown, PostResult
from .exchange import NoAnswer, NotSent
from .threads_api import ApiError, Container, Quota, ThreadsApi
from .threads_parts import PartForm
from .threads_steps import (
    ASKED,
    DEAD,
    LONGEST_PAUSE_S,
    MISSING,
    Pauses,
    Steps,
    Trouble,
    candidates,
    described,
    digest,
    found,
    note_permalink,
    sought,
)

_LOST_AFTER = 4
"""How often a container may be unknown to the platform before it is taken for lost."""


class _Lost(Exception):
    """The platform does not know the container."""


class Run:
    """One attempt to post."""

    def __init__(
        self,
        api: ThreadsApi,
        attempt: Attempt,
        part: PartForm,
        pauses: Pauses,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._attempt = attempt
        self._part = part
        self._sought = sought(attempt.job, part.index)
        self._digest = digest(part.form, part.children)
        self._pauses = pauses
        self._now = now
        self._steps = Steps(attempt.checkpoints, part.index)
        self._fresh = False
        """Whether the container was made by this very attempt."""

    async def publish(self) -> PostResult:
        """Post with the container that there is, or a new one; a lost or dead one is replaced once.

        Raises:
            OutcomeUnknown: it may be out.
        """
        steps = self._steps
        if steps.container_id is None or not (steps.form == self._digest or steps.unanswered):
            created = await self._create()
            if created is not None:
                return created
        fresh = self._fresh
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

    async def _create(self) -> PostResult | None:
        """Make a container and record it; what there is to say where that fails."""
        form, name = dict(self._part.form), self._steps.container_name
        if self._part.children:
            ids = await self._children()
            if isinstance(ids, PostResult):
                return ids
            form["children"] = ",".join(ids)
        try:
            container_id = await self._made(form)
        except Trouble as error:  # it may exist, and is never published
            return await self._refused("no container", error)
        at = self._now().isoformat()
        value = {"id": container_id, "at": at, "form": self._digest}
        self._attempt.checkpoint(name, value)
        self._steps = Steps({name: value}, self._part.index)
        self._fresh = True
        return None

    async def _made(self, form: Mapping[str, str]) -> str:
        """Make a container; a reply to what has just gone out may have to wait for that."""
        pauses = iter(self._pauses)
        for _ in range(_LOST_AFTER - 1 if self._part.index else 0):
            try:
                return await self._api.create(form)
            except ApiError as error:
                if error.kind not in ("missing", "wrong", "refused"):
                    raise
                # rule: wait-for-the-part-before
                await self._pauses.sleep(next(pauses, LONGEST_PAUSE_S))
        return await self._api.create(form)

    async def _children(self) -> list[str] | PostResult:
        """Make a container for each medium of a carousel, and wait until all are ready."""
        ids: list[str] = []
        many = len(self._part.children)
        for number, form in enumerate(self._part.children, 1):
            try:
                ids.append(await self._api.create(form))
            except Trouble as error:
                return await self._refused(f"no container for medium {number} of {many}", error)
        for number, container_id in enumerate(ids, 1):
            what = f"medium {number} of {many}"
            try:
                container = await self._child(container_id)
            except Trouble as error:
                return await self._refused(f"{what} cannot be asked for", error)
            if container.status != "FINISHED":
                return self._failed(f"{what}: {described(container)}")
        return ids

    async def _child(self, container_id: str) -> Container:
        """Wait for the container of a medium; it is never published by itself."""
        container = await self._api.container(container_id)
        for pause_s in self._pauses:
            if container.status != "IN_PROGRESS":
                break
            await self._pauses.sleep(pause_s)
            container = await self._api.container(container_id)
        return container

    async def _go_on(self) -> PostResult | None:
        """Wait for the container and publish it; None where it cannot go out any more."""
        container = await self._ready()
        if isinstance(container, PostResult):
            return container
        if container.status == "PUBLISHED":
            return await found(self._api, self._attempt, self._sought, self._steps)
        if container.status in DEAD:
            if self._steps.unanswered:
                self._intend(0)
            return None
        if container.status != "FINISHED":
            return self._still(container.status)
        if self._steps.form != self._digest:
            return await self._edited()
        pauses = iter(self._pauses)
        for _ in range(_LOST_AFTER):
            result = await self._send()
            if result is not None:
                return result
            await self._pauses.sleep(next(pauses, LONGEST_PAUSE_S))
        raise _Lost

    async def _edited(self) -> PostResult | None:
        """Post the new text of a job that was edited: its earlier one is not out."""
        return await self._create() or await self._go_on()

    async def _ready(self) -> Container | PostResult:
        """Wait for the container until it is no longer in the making, or its time is up.

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
                if failed < ASKED and not (isinstance(error, ApiError) and error.kind != "server"):
                    continue
                return await self._refused("the container cannot be asked for", error)
            status = container.status
            if status == "FINISHED" or status == "PUBLISHED" or status in DEAD:
                return container
        return Container(status)

    def _still(self, status: str) -> PostResult | None:
        """Give up a container that has had all its time before, too; None: it may have more."""
        if not self._fresh and not self._steps.unanswered:
            return None
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
            return await found(self._api, self._attempt, self._sought, self._steps)
        if container is not None and container.status in DEAD:
            self._intend(0)
            return PostResult(False, error=f"not published: {why}; {described(container)}")
        state = "its container cannot be asked for" if container is None else described(container)
        raise OutcomeUnknown(f"publishing was not confirmed: {why}; {state}")

    async def _turned_down(self, error: ApiError, before: int) -> PostResult | None:
        """See to a refusal: ask, since the same request may have been there already."""
        if error.kind == "token":  # nor would it answer that
            self._intend(before)
            return await self._refused("not published", error)
        container = await self._asked()
        if container is None:
            raise OutcomeUnknown(
                f"publishing was refused, and its container cannot be asked for: {error}"
            )
        if container.status == "PUBLISHED":
            return await found(self._api, self._attempt, self._sought, self._steps)
        if container.status == MISSING and await self._looks_out():
            raise OutcomeUnknown(f"publishing was refused, and it may be out: {error}")
        self._intend(before)
        if error.kind == "missing" and container.status == MISSING:
            raise _Lost
        if error.kind == "missing" and container.status == "FINISHED":
            return None
        return await self._refused("not published", error)

    async def _asked(self) -> Container | None:
        """Ask for the container as it is now; None where that cannot be learnt."""
        assert self._steps.container_id is not None
        try:
            return await self._api.container(self._steps.container_id)
        except ApiError as error:
            return Container(MISSING) if error.kind == "missing" else None
        except (NotSent, NoAnswer):
            return None

    async def _looks_out(self) -> bool:
        """Whether some post of the account may be this one; so too where it cannot be learnt."""
        with suppress(Exception):
            return bool(await candidates(self._api, self._sought, self._steps))
        return True

    def _intend(self, unanswered: int) -> None:
        """Record how many requests to publish this container have had no answer."""
        at = self._steps.first_at or self._now()
        value = {
            "container": self._steps.container_id,
            "at": at.isoformat(),
            "unanswered": unanswered,
        }
        self._attempt.checkpoint(self._steps.publishing_name, value)
        self._steps.unanswered, self._steps.first_at = unanswered, at

    async def _refused(self, what: str, error: Exception) -> PostResult:
        """Make a failure of the platform's answer, with what is known of when it may end.

        Raises:
            NoValidToken: it does not take the token; no other post of the account would do better.
            AccountWaits: the account's quota is used up.
        """
        message, retryable, quota = f"{what}: {error}", True, None
        if isinstance(error, ApiError):
            retryable = error.retryable
            if error.kind == "rate":
                after, quota = error.retry_after_s, await self._quota()
                told = "" if after is None else f"; again in {after:g} s"
                used = "" if quota is None else f"; {quota.words}"
                message = f"{what}: rate limit: {error.message}{told}{used}"
        result = self._failed(message, retryable=retryable)
        if isinstance(error, ApiError) and error.kind == "token":
            raise NoValidToken(message, self._attempt.job.account_id) from None
        if quota is not None and quota.is_used_up:
            raise AccountWaits(message, self._attempt.job.account_id) from None
        return result

    async def _quota(self) -> Quota | None:
        with suppress(Exception):  # it is only told
            return await self._api.quota(replies=self._sought.is_reply)
        return None

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
