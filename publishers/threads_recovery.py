"""What became of a Threads post that is in doubt, by its last durable step."""

from __future__ import annotations

from contextlib import suppress

from ..scheduler import Attempt, OutcomeUnknown, PostResult
from .exchange import NoAnswer, NotSent
from .threads_api import ApiError, Container, ThreadsApi
from .threads_steps import (
    ASKED,
    DEAD,
    Pauses,
    Steps,
    Trouble,
    candidates,
    described,
    found,
    parts_out,
    sought,
)


class Recovery:
    """What became of an attempt in doubt, by its last durable step."""

    def __init__(self, api: ThreadsApi, attempt: Attempt, pauses: Pauses) -> None:
        self._api = api
        self._attempt = attempt
        self._pauses = pauses
        self._out = parts_out(attempt.checkpoints)
        parts = attempt.job.parts
        self._index = min(len(self._out), len(parts) - 1)
        self._of = len(parts)
        self._steps = Steps(attempt.checkpoints, self._index)
        self._sought = sought(attempt.job, self._index)

    async def answer(self) -> PostResult | None:
        """Find out whether the post is out; of a chain, whether all of it is.

        Raises:
            NotSent, NoAnswer, ApiError: the platform could not be asked.
            OutcomeUnknown: it is still at work.
        """
        if self._of > 1 and len(self._out) >= self._of:
            return PostResult(True, thread_id=self._out[0])
        answer = await self._of_part()
        if self._of == 1 or answer is None or answer.outcome_unknown:
            return answer
        number = self._index + 1
        if not answer.success:
            return PostResult(False, error=f"part {number} of {self._of}: {answer.error}")
        if number == self._of:
            return PostResult(True, thread_id=self._out[0])
        # Not all of it is out: the next attempt finds this part out, and goes on behind it.
        return PostResult(False, error=f"{number} of {self._of} parts are out")

    async def _of_part(self) -> PostResult | None:
        """Find out whether the part that was last begun is out.

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
            return await found(self._api, self._attempt, self._sought, steps)
        if not steps.unanswered or container.status == "FINISHED" or container.status in DEAD:
            return PostResult(False, error=described(container))
        if container.status == "IN_PROGRESS":
            raise OutcomeUnknown(described(container))
        return PostResult.unknown(described(container))

    async def _container(self, container_id: str) -> Container:
        """Ask a few times before giving up: each time given up costs the job a retry."""
        pauses = [*self._pauses][: ASKED - 1]
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
        """Say what looks like the post of a container that is not known there; guess nothing."""
        with suppress(*Trouble):
            ids = await candidates(self._api, self._sought, self._steps)
            told = f"this may be its post: {', '.join(ids)}" if ids else "no post has its text"
            return PostResult.unknown(f"Threads does not know the container any more; {told}")
        return PostResult.unknown("Threads does not know the container any more")
