"""One attempt to post to Mastodon, from where the last durable step left it.

A part is sent with a key, on which the instance acts once for an hour. Whether an earlier request
is out is found out by looking for it, with the key or without, so that it does not matter how long
ago that was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

from ..domain import ValidationError
from ..scheduler import Attempt, NoValidToken, OutcomeUnknown, PostResult
from .exchange import NoAnswer, NotSent
from .mastodon_api import MastodonApi, MastodonError
from .mastodon_files import MastodonFiles
from .mastodon_post import StatusDraft
from .mastodon_search import SeveralLikeIt, look_for
from .mastodon_steps import (
    SENDING,
    PartSteps,
    Sending,
    Trouble,
    key_of,
    part_name,
    text_digest,
)


class MastodonRun:
    """One attempt to post the parts that are not out yet."""

    def __init__(
        self,
        api: MastodonApi,
        attempt: Attempt,
        drafts: Sequence[StatusDraft],
        files: MastodonFiles,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._attempt = attempt
        self._drafts = drafts
        self._files = files
        self._now = now
        self._steps = PartSteps(attempt.checkpoints)
        self._media_ids: list[str] = []

    async def publish(self) -> PostResult:
        """Post what is not out yet, part by part.

        Raises:
            OutcomeUnknown: a part may be out.
            NoValidToken: the instance does not take the token.
        """
        while len(self._steps.ids) < len(self._drafts):
            ended = await self._next_part()
            if ended is not None:
                return ended
        return PostResult(True, thread_id=self._steps.ids[0])

    async def _next_part(self) -> PostResult | None:
        """Post the next part, unless an earlier request has; None: it is out.

        Raises:
            OutcomeUnknown: it may be out.
        """
        draft = self._drafts[len(self._steps.ids)]
        try:
            account_id = await self._api.account_id()
            # rule: look-before-sending-again
            if self._steps.unanswered and await self._is_found(account_id):
                return None
            sending = await self._prepared(draft, account_id)
            self._media_ids = await self._files.bring(draft.media)
        except SeveralLikeIt as error:
            raise OutcomeUnknown(str(error)) from None
        except (ValidationError, *Trouble) as error:
            return self._failed(error, may_be_out=self._steps.unanswered)
        return await self._send(draft, sending)

    async def _prepared(self, draft: StatusDraft, account_id: str) -> Sending:
        """Return what is known of the part, or make it: behind which status to look for it."""
        ids, known = self._steps.ids, self._steps.sending
        reply = ids[-1] if ids else draft.fields.get("in_reply_to_id")
        form = draft.form(reply)
        if known is not None and known.unanswered and known.form == form:
            return known
        return Sending(
            part=len(ids) + 1,
            at=self._now().isoformat(),
            text=text_digest(draft.text, draft.warning),
            form=form,
            reply=reply,
            media=len(draft.media),
            after=ids[-1] if ids else await self._api.newest(account_id),
            again=0 if known is None else known.again,
        )

    async def _send(self, draft: StatusDraft, sending: Sending) -> PostResult | None:
        """Ask the instance to post; None: it is out.

        Raises:
            OutcomeUnknown: it may be out.
        """
        before = sending.unanswered
        self._record(sending, before + 1)  # rule: sending-is-recorded-first
        key = key_of(self._attempt.idempotency_key, sending)
        try:
            status_id, url = await self._api.post(draft.body(sending.reply, self._media_ids), key)
        except NotSent as error:
            self._record(sending, before)
            return self._failed(error, may_be_out=before > 0)
        except NoAnswer as error:
            return await self._unsettled(str(error))
        except MastodonError as error:
            if error.kind == "server":
                return await self._unsettled(error.message)
            self._record(sending, before)
            if error.kind == "missing" and before:
                return await self._send_anew(draft, sending)
            return self._failed(error, may_be_out=before > 0)
        except Exception as error:  # noqa: BLE001 - it was sent: whatever it is, it may be out
            return await self._unsettled(type(error).__name__)
        self._out(status_id)
        if url:
            with suppress(Exception):  # it is out: that this fails changes nothing
                self._attempt.note(f"Out: {url}")
        return None

    async def _send_anew(self, draft: StatusDraft, sending: Sending) -> PostResult | None:
        """Send with another key: the one before has a status that was deleted since, by whom it
        was said not to be out, or it is the post replied to that is not there any more."""
        fresh = msgspec.structs.replace(sending, unanswered=0, again=sending.again + 1)
        return await self._send(draft, fresh)

    async def _unsettled(self, why: str) -> PostResult | None:
        """Nobody said whether it is out: look. That it is not found *yet* says nothing.

        Raises:
            OutcomeUnknown: it was not found.
        """
        with suppress(SeveralLikeIt, *Trouble):
            if await self._is_found(await self._api.account_id()):
                return None
        raise OutcomeUnknown(f"posting was not confirmed: {why}")

    async def _is_found(self, account_id: str) -> bool:
        """Whether an earlier request for the part is out; then it is recorded.

        Raises:
            OutcomeUnknown: it cannot be told.
            SeveralLikeIt: nor which it would be.
            NotSent, NoAnswer, MastodonError: the instance could not be asked.
        """
        sending = self._steps.sending
        assert sending is not None
        found = await look_for(self._api, account_id, self._attempt, sending)
        if found.only is None:
            if found.doubt is not None:
                raise OutcomeUnknown(f"an earlier request may be out: {found.doubt}")
            return False
        self._out(found.only)
        return True

    def _record(self, sending: Sending, unanswered: int) -> None:
        value = msgspec.structs.replace(sending, unanswered=unanswered)
        self._attempt.checkpoint(SENDING, msgspec.to_builtins(value))
        self._steps.sending = value

    def _out(self, status_id: str) -> None:
        self._attempt.checkpoint(part_name(len(self._steps.ids) + 1), {"id": status_id})
        self._steps.ids.append(status_id)
        self._steps.sending = None

    def _failed(self, error: Exception, *, may_be_out: bool) -> PostResult:
        """Answer for a part that this request did not post.

        Raises:
            OutcomeUnknown: an earlier one may have.
            NoValidToken: the token is not valid.
        """
        told = str(error)
        if len(self._drafts) > 1:
            out = ", ".join(self._steps.ids)
            told = f"part {len(self._steps.ids) + 1} of {len(self._drafts)}: {told}"
            told += f"; out are {out}" if out else ""
        if may_be_out:
            raise OutcomeUnknown(f"an earlier request may be out; {told}")
        if isinstance(error, MastodonError) and error.kind == "token":
            raise NoValidToken(told, self._attempt.job.account_id)
        if isinstance(error, MastodonError):
            again = error.retryable
        else:
            again = not isinstance(error, ValidationError)
        return PostResult(False, error=f"not posted: {told}", retryable=again)
