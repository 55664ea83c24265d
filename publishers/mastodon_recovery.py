"""Whether an earlier attempt is out: its parts are known, and the next one is looked for."""

from __future__ import annotations

from ..scheduler import Attempt, PostResult
from .mastodon_api import MastodonApi
from .mastodon_search import look_for
from .mastodon_steps import PartSteps, part_name


class MastodonRecovery:
    """What became of an attempt in doubt."""

    def __init__(self, api: MastodonApi, attempt: Attempt, parts: int) -> None:
        self._api = api
        self._attempt = attempt
        self._parts = parts
        self._steps = PartSteps(attempt.checkpoints)

    async def answer(self) -> PostResult:
        """Find out whether all parts are out.

        Raises:
            NotSent, NoAnswer, MastodonError: the instance could not be asked.
            SeveralLikeIt: several statuses may be it.
        """
        ids, sending = self._steps.ids, self._steps.sending
        if len(ids) >= self._parts:
            return PostResult(True, thread_id=ids[0])
        if sending is None or not sending.unanswered:
            return PostResult(False, error=self._said("was not asked to be posted"))
        account_id = await self._api.account_id()
        found = await look_for(self._api, account_id, self._attempt, sending)
        status_id = found.only
        if status_id is None:
            if found.doubt is not None:
                return PostResult.unknown(found.doubt)
            return PostResult(False, error=self._said("is not among the account's statuses"))
        if len(ids) + 1 >= self._parts:
            return PostResult(True, thread_id=ids[0] if ids else status_id)
        self._attempt.checkpoint(part_name(len(ids) + 1), {"id": status_id})
        return PostResult(False, error=f"{len(ids) + 1} of {self._parts} parts are out")

    def _said(self, what: str) -> str:
        return f"it {what}" if self._parts == 1 else f"part {len(self._steps.ids) + 1} {what}"
