"""One attempt to post to Bluesky: prepared, recorded, written, and asked about where in doubt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import msgspec

from ..domain import ValidationError
from ..scheduler import Attempt, NoValidToken, OutcomeUnknown, PostResult
from .bluesky_api import COLLECTION, BlueskyApi, BlueskyError
from .bluesky_files import Files
from .bluesky_keys import record_keys
from .bluesky_post import BlueskyPost, LinkedPost
from .bluesky_records import Draft, Known, Ref, draft_of
from .bluesky_sessions import Access
from .bluesky_steps import (
    BlueskyTrouble,
    WritingStep,
    digest_of,
    first_part,
    next_step,
    occupied,
    record_step,
    step_of,
    web_address,
)
from .bluesky_text import spans_of
from .exchange import NoAnswer, NotSent

AskedT = TypeVar("AskedT")
ASKED = 3
"""How often the server is asked before a failure to answer counts as one."""
Sleep = Callable[[float], Awaitable[None]]


class _NotThere(Exception):
    """What a job refers to is not there; no retry mends that."""


async def asked(question: Callable[[], Awaitable[AskedT]], sleep: Sleep) -> AskedT:
    """Ask a question some times, with pauses of 1, 2 … seconds, until it is answered.

    Raises:
        NotSent, NoAnswer, BlueskyError: the last time's.
    """
    for again in range(1, ASKED):
        try:
            return await question()
        except (NotSent, NoAnswer):
            pass
        except BlueskyError as error:
            if error.kind != "server":
                raise
        await sleep(2.0 ** (again - 1))
    return await question()


class BlueskyRun:
    """One attempt to post."""

    def __init__(
        self,
        api: BlueskyApi,
        access: Access,
        attempt: Attempt,
        post: BlueskyPost,
        files: Files,
        sleep: Sleep,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._access = access
        self._attempt = attempt
        self._post = post
        self._files = files
        self._sleep = sleep
        self._now = now
        self._before = step_of(attempt.checkpoints)

    async def publish(self) -> PostResult:
        """Post, unless an earlier attempt has; the first key decides, all parts being one write.

        Raises:
            NoValidToken: the account is not let in any more.
            OutcomeUnknown: it may be out.
        """
        before = self._before
        if before is not None and before.unanswered:
            if before.did != self._access.session.did:
                raise OutcomeUnknown(
                    f"an earlier request may be out, and it was of another profile: {before.did}"
                )
            try:
                cid = await asked(lambda: first_part(self._api, before), self._sleep)
            except BlueskyTrouble as error:
                raise OutcomeUnknown(f"an earlier request may be out; {error}") from None
            if cid is not None:
                return self._settled(before, cid)
        try:
            step, draft = await self._prepare()
        except (_NotThere, ValidationError) as error:
            return self._failed(str(error), retryable=False)
        except BlueskyTrouble as error:
            return self._refused("nothing was written", error)
        return await self._write(step, draft)

    # -- preparing -------------------------------------------------------------------------------

    async def _prepare(self) -> tuple[WritingStep, Draft]:
        """Ask for what the records need, and make them; as before where one may have been sent."""
        before, form, did = self._before, digest_of(self._post), self._access.session.did
        if before is not None and before.unanswered and before.form == form:
            known, at = before.known, before.at  # rule: a-repetition-is-the-same
        else:
            at = self._now()
            known = Known(await self._mentions(), await self._posts())
        blobs = await self._files.bring(self._post, self._access, self._attempt)
        job = self._attempt.job
        keys = record_keys(job.created_at, self._attempt.idempotency_key, len(self._post.parts))
        draft = draft_of(self._post, known, blobs, did, keys, at)
        return next_step(before, did, at, form, known, draft), draft

    async def _mentions(self) -> dict[str, str]:
        """Find out whom the text mentions; who is not found stays text, and that is told."""
        spans = [span for part in self._post.parts for span in spans_of(part.text)]
        found, missing = {}, []
        for handle in dict.fromkeys(span.meant for span in spans if span.kind == "mention"):
            did = await self._did_of(handle)
            if did is None:
                missing.append(f"@{handle}")
            else:
                found[handle] = did
        if missing:
            self._attempt.note(f"Stays text, being nobody's handle: {', '.join(missing)}")
        return found

    async def _did_of(self, handle: str) -> str | None:
        """Ask whose a handle is. A server of theirs that fails keeps nobody's post back."""
        try:
            return await asked(lambda: self._api.did_of(handle), self._sleep)
        except NoAnswer:
            return None
        except BlueskyError as error:
            if error.kind != "server":
                raise
            return None

    async def _posts(self) -> dict[str, Ref]:
        """Look at what is replied to and quoted.

        Raises:
            _NotThere: one of them is not there.
        """
        quoted = [part.quote for part in self._post.parts]
        given = [each for each in (self._post.reply_to, *quoted) if each is not None]
        return {str(each): await self._look_at(each) for each in given}

    async def _look_at(self, post: LinkedPost) -> Ref:
        repo: str | None = post.repo
        if not post.repo.startswith("did:"):
            repo = await asked(lambda: self._api.did_of(post.repo.lower()), self._sleep)
        if repo is None:
            raise _NotThere(f"{post} is not there: nobody has the handle {post.repo}")
        did = repo
        try:
            found = await asked(lambda: self._api.record(did, post.rkey), self._sleep)
        except BlueskyError as error:
            if error.kind != "wrong":
                raise
            raise _NotThere(f"{post} cannot be looked at: {error.message}") from None
        if found is None:
            raise _NotThere(f"{post} is not there")
        uri = f"at://{did}/{COLLECTION}/{post.rkey}"
        with suppress(msgspec.ValidationError, AttributeError):
            root = msgspec.convert((found.value.get("reply") or {}).get("root"), Ref)
            return Ref(uri, found.cid, Ref(root.uri, root.cid))
        return Ref(uri, found.cid)

    # -- writing ---------------------------------------------------------------------------------

    async def _write(self, step: WritingStep, draft: Draft) -> PostResult:
        """Write all parts at once, the intent being durable.

        Raises:
            OutcomeUnknown: it may be out.
        """
        before = step.unanswered
        # rule: writing-is-recorded-first
        step = self._before = record_step(self._attempt, step, before + 1)
        try:
            await self._access.use(lambda token: self._api.write(step.did, token, draft.writes))
        except NoValidToken:
            self._intend(before)
            if before:
                raise OutcomeUnknown(
                    "an earlier request may be out, and nobody is let in"
                ) from None
            raise
        except NotSent as error:
            self._intend(before)
            return self._failed(f"not posted: {error}")
        except NoAnswer as error:
            return await self._unsettled(step, str(error))
        except BlueskyError as error:
            if error.kind in ("server", "swap"):
                return await self._unsettled(step, error.message, refused=error.kind == "swap")
            self._intend(before)
            return self._refused("not posted", error)
        except Exception as error:  # noqa: BLE001 - it was sent: whatever it is, it may be out
            return await self._unsettled(step, type(error).__name__)
        return self._out(step)

    async def _unsettled(self, step: WritingStep, why: str, *, refused: bool = False) -> PostResult:
        """Nobody said whether it is out, or that something is there already: look what is."""
        cid = None
        try:
            cid = await asked(lambda: first_part(self._api, step), self._sleep)
        except BlueskyTrouble as error:
            raise OutcomeUnknown(f"not confirmed: {why}; it cannot be asked for: {error}") from None
        if cid is None:
            raise OutcomeUnknown(f"not confirmed: {why}; it is not there yet")
        if refused and not step.is_ours(cid):
            self._intend(step.unanswered - 1)
        return self._settled(self._before or step, cid)

    def _settled(self, step: WritingStep, cid: str) -> PostResult:
        """Answer for what is under the key: what the job has sent is out, all else stays as it is.

        Raises:
            OutcomeUnknown: there is something else, and a request of the job may be out.
        """
        if step.is_ours(cid):
            return self._out(step)
        return self._failed(occupied(step, cid), retryable=False)

    def _out(self, step: WritingStep) -> PostResult:
        with suppress(Exception):  # it is out: that telling it fails changes nothing
            address = web_address(step.first.uri, self._access.session.handle)
            self._attempt.note(f"Out: {address}")
        return PostResult(True, thread_id=step.first.uri)

    def _intend(self, unanswered: int) -> None:
        assert self._before is not None
        self._before = record_step(self._attempt, self._before, unanswered)

    def _refused(self, what: str, error: Exception) -> PostResult:
        """Make a failure of the server's answer.

        Raises:
            NoValidToken: it is about the account; no other post of it would do better.
        """
        if not isinstance(error, BlueskyError):
            return self._failed(f"{what}: {error}")
        limit = "rate limit: " if error.kind == "rate" else ""
        message = f"{what}: {limit}{error.message}"
        result = self._failed(message, retryable=error.retryable)
        if error.kind == "account":
            raise NoValidToken(message, self._attempt.job.account_id) from None
        return result

    def _failed(self, message: str, *, retryable: bool = True) -> PostResult:
        """Not out, unless an earlier request may be.

        Raises:
            OutcomeUnknown: then.
        """
        if self._before is not None and self._before.unanswered:
            raise OutcomeUnknown(f"an earlier request may be out; {message}")
        return PostResult(False, error=message, retryable=retryable)


async def what_became(api: BlueskyApi, attempt: Attempt, handle: str, sleep: Sleep) -> PostResult:
    """Say whether an attempt in doubt is out, by what is under its key.

    Raises:
        NotSent, NoAnswer, BlueskyError: the server could not be asked.
    """
    step = step_of(attempt.checkpoints)
    if step is None or not step.unanswered:
        return PostResult(False, error="no write was asked for")
    cid = await asked(lambda: first_part(api, step), sleep)
    if cid is None:
        return PostResult(False, error=f"{step.first.uri} is not there")
    if not step.is_ours(cid):
        return PostResult.unknown(occupied(step, cid))
    with suppress(Exception):
        attempt.note(f"Out: {web_address(step.first.uri, handle)}")
    return PostResult(True, thread_id=step.first.uri)
