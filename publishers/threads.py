"""ThreadsPublisher: posts to Threads, and knows after a crash whether the post is out.

A post is a container that is created, waited for and published; the platform publishes one
container once at most, and says of each whether it is out. So a new container is made only when the
one before cannot go out any more, and everything else follows from asking for its state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from ..domain import ScheduledJob, ValidationError
from ..scheduler import AccountWaits, Attempt, NoValidToken, OutcomeUnknown, PostResult
from .checks import Tier, names, of_another_platform, refused
from .exchange import Connection, NotSent, Timeouts, TransportFactory
from .fetchable import SOON, Fetching
from .media_url import check_media_url
from .threads_api import ApiError, ThreadsApi
from .threads_chain import Chain
from .threads_limits import AccountLimits
from .threads_parts import forms_of, problems_of_job
from .threads_recovery import Recovery
from .threads_steps import Pauses, Steps, parts_out
from .tokens import Tokens, TokenSource

API_URL = "https://graph.threads.net/v1.0"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ThreadsPublisher:
    """Publishes jobs to Threads. It can be asked, so a crash neither loses a post nor doubles it.

    `tokens` gives an account's access token: a function of the account (plain or async), a mapping,
    or (None) the environment, `THREADS_TOKEN_<ACCOUNT>` before `THREADS_TOKEN`. `user_ids` maps
    accounts to Threads user ids; an account that is not in it is "me", whoever the token belongs
    to. A container is waited for `ready_s` seconds in all. `metadata` of a job may have
    `image_url`, `video_url`, `alt_text`, `reply_to_id`, `quote_post_id`, `reply_control`,
    `link_attachment` and `topic_tag`. What else Threads knows, and what is nearly one of these
    names, is FAILED by name before anything is sent, as is a job of a platform that is not in
    `platforms`; `ignores` names keys that look so and are yours.

    Of a job's `post` each part is a post of its own, a reply to the one before; up to 20 pictures
    and videos of one are a carousel. Threads fetches media: `media_url` is the address of a file
    that the ledger keeps, such as `https://cdn.example.com/{sha256}.{ext}`. A part that is out is
    never posted again: a retry, or a `requeue`, goes on behind it.

    No token is ever in an event, a log line, an error or a checkpoint. There is nothing to close:
    each attempt has a connection of its own. Safe for several event loops and any concurrency.

    Raises:
        ValidationError: a setting is not acceptable.
    """

    takes_posts = True
    tier: Tier = "state"
    """The state of a post's container can be asked for after each step."""

    def __init__(
        self,
        tokens: TokenSource | Mapping[str, str] | None = None,
        *,
        user_ids: Mapping[str, str] | None = None,
        base_url: str = API_URL,
        timeouts: Timeouts = Timeouts(),
        ready_s: float = 300.0,
        media_url: str | None = None,
        platforms: Iterable[str] = ("threads",),
        ignores: Iterable[str] = (),
        transport: TransportFactory | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        if isinstance(ready_s, bool) or not isinstance(ready_s, int | float) or not ready_s > 0:
            raise ValidationError(f"ready_s must be a number > 0, not {ready_s!r}", field="ready_s")
        self._tokens = Tokens(tokens)
        self._user_ids = dict(user_ids or {})
        self._base_url = base_url
        self._platforms = names("platforms", platforms)
        self._ignores = names("ignores", ignores)
        self._media_url = None if media_url is None else check_media_url(media_url)
        self._timeouts = timeouts
        self._transport = transport
        self._pauses = Pauses(sleep, float(ready_s))
        self._now = now
        self._limits = AccountLimits(now)

    def __repr__(self) -> str:
        return f"ThreadsPublisher({self._base_url}, tier={self.tier})"

    def check(self, job: ScheduledJob) -> list[ValidationError]:
        """Name everything that keeps the job from being posted as it is; nothing is sent."""
        others = of_another_platform(job, self._platforms)
        return [*others, *problems_of_job(job, self._ignores, self._media_url)]

    async def preflight(self, job: ScheduledJob) -> str | None:
        """Say what keeps the job from going out as it is: what `check` finds, and pictures and
        videos that cannot be had from their addresses; None where nothing does."""
        problems = self.check(job)
        if problems:
            return "; ".join(map(str, problems))
        parts = forms_of(job, self._ignores, self._media_url)
        addresses = [each for part in parts for each in part.addresses]
        if not addresses:
            return None
        async with Connection(SOON, self._transport) as connection:
            fetching = Fetching(connection, self._pauses.sleep, resolves=self._transport is None)
            return "; ".join(await fetching.missing(addresses)) or None

    def token_expiries(self) -> Mapping[str, datetime]:
        """Return when tokens end, by account and in UTC, where `tokens` knows (`ThreadsTokens`).

        Raises:
            ValidationError: it cannot be looked up.
        """
        return self._tokens.expiries()

    async def publish(self, attempt: Attempt) -> PostResult:
        """Post the job, going on from the last durable step of an earlier attempt.

        Raises:
            NoValidToken: there is no token for the account, or Threads does not take it.
            AccountWaits: the account's quota is used up.
            OutcomeUnknown: the platform was asked to publish, and does not say what became of it.
        """
        problems = self.check(attempt.job)
        if problems:  # rule: nothing-is-left-out
            return _before(attempt, refused(problems))
        try:
            parts = forms_of(attempt.job, self._ignores, self._media_url)
            token = await self._tokens.to_post(attempt.job.account_id)
            async with self._api(attempt.job.account_id, token) as api:
                chain = Chain(api, attempt, parts, self._pauses, self._limits, self._now)
                return await chain.publish()
        except AccountWaits as error:
            _before(attempt, PostResult(False, error=str(error)))
            raise
        except (ValidationError, NotSent) as error:  # before anything of this attempt was sent
            again = isinstance(error, NotSent)
            return _before(attempt, PostResult(False, error=str(error), retryable=again))

    async def reconcile(self, attempt: Attempt) -> PostResult | None:
        """Whether an earlier attempt is out, by its last durable step and the container's state.

        Raises:
            NoValidToken: as `publish`; it may be asked when the token was seen to.
            Exception: the platform could not be asked; it may be asked again.
        """
        account_id = attempt.job.account_id
        token = await self._tokens.to_post(account_id)
        async with self._api(account_id, token) as api:
            try:
                return await Recovery(api, attempt, self._pauses).answer()
            except ApiError as error:
                if error.kind == "token":
                    raise NoValidToken(str(error), account_id) from None
                raise

    @asynccontextmanager
    async def _api(self, account_id: str, token: str) -> AsyncIterator[ThreadsApi]:
        user_id = self._user_ids.get(account_id, "me")
        async with Connection(self._timeouts, self._transport, [token]) as connection:
            yield ThreadsApi(connection, self._base_url, user_id, token)


def _before(attempt: Attempt, result: PostResult) -> PostResult:
    """Answer for an attempt of which nothing was sent, unless an earlier request may be out.

    Raises:
        OutcomeUnknown: it may be.
    """
    index = min(len(parts_out(attempt.checkpoints)), len(attempt.job.parts) - 1)
    if Steps(attempt.checkpoints, index).unanswered:
        raise OutcomeUnknown(f"an earlier request may be out; {result.error}")
    return result
