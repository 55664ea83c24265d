"""All parts of a post to Threads, one after the other, from where the last durable step left it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ..scheduler import Attempt, OutcomeUnknown, PostResult
from .threads_api import ThreadsApi
from .threads_limits import AccountLimits
from .threads_parts import PartForm
from .threads_run import Run
from .threads_steps import Pauses, Steps, part_name, parts_out, sought


class Chain:
    """One attempt to post every part that is not out yet, each as a reply to the one before."""

    def __init__(
        self,
        api: ThreadsApi,
        attempt: Attempt,
        parts: Sequence[PartForm],
        pauses: Pauses,
        limits: AccountLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._attempt = attempt
        self._parts = parts
        self._pauses = pauses
        self._limits = limits
        self._now = now
        self._out = parts_out(attempt.checkpoints) if len(parts) > 1 else []

    async def publish(self) -> PostResult:
        """Post what is not out yet; the id is that of the first part.

        Raises:
            OutcomeUnknown: a part may be out.
            AccountWaits: the account's quota has no room for the next part.
        """
        if len(self._parts) == 1:
            return await self._publish(self._parts[0])
        many = len(self._parts)
        for part in self._parts[len(self._out) :]:
            said = f"part {part.index + 1} of {many}"
            try:
                result = await self._publish(part.replying_to(self._out[-1]) if self._out else part)
            except OutcomeUnknown as error:
                raise OutcomeUnknown(f"{said}: {error}") from None
            if not result.success:
                told = f"{said}: {result.error}{self._so_far()}"
                return PostResult(False, error=told, retryable=result.retryable)
            if result.thread_id is None:
                if part.index + 1 < many:  # it may be found later
                    told = f"{said} is out, and its id, to reply to, is not known"
                    return PostResult(False, error=told)
                break
            self._attempt.checkpoint(part_name(part.index), result.thread_id)  # rule: part-is-out
            self._out.append(result.thread_id)
        return PostResult(True, thread_id=self._out[0])

    async def _publish(self, part: PartForm) -> PostResult:
        """Post a part, where the account's quota has room, or it may be out already."""
        account_id = self._attempt.job.account_id
        is_reply = sought(self._attempt.job, part.index).is_reply
        if not Steps(self._attempt.checkpoints, part.index).unanswered:
            await self._limits.check(self._api, account_id, reply=is_reply)
        run = Run(self._api, self._attempt, part, self._pauses, self._now)
        try:
            result = await run.publish()
        except OutcomeUnknown:
            self._limits.spend(account_id, reply=is_reply)
            raise
        if result.success:
            self._limits.spend(account_id, reply=is_reply)
        return result

    def _so_far(self) -> str:
        out = len(self._out)
        return f" (out so far: {out}; a requeue goes on behind them)" if out else ""
