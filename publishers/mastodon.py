"""MastodonPublisher: posts to an instance of Mastodon, and finds out after a crash what is out.

An instance acts once on a key, for an hour. Behind that, and beside it, the post is looked for
among the account's own statuses since just before the first request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ..domain import ScheduledJob, ValidationError
from ..scheduler import Attempt, NoValidToken, OutcomeUnknown, PostResult
from .checks import Tier, names, of_another_platform, refused
from .exchange import Connection, Timeouts, TransportFactory
from .mastodon_api import MastodonApi, MastodonError
from .mastodon_files import MastodonFiles
from .mastodon_instance import InstanceLimits
from .mastodon_post import drafts_of, problems_of
from .mastodon_recovery import MastodonRecovery
from .mastodon_run import MastodonRun
from .mastodon_steps import PartSteps, Trouble
from .media_source import MediaSource
from .threads_steps import Pauses
from .tokens import Tokens, TokenSource

_LIMITS_LAST = timedelta(hours=1)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MastodonPublisher:
    """Publishes jobs to Mastodon. It can be asked, so a crash neither loses a post nor doubles it.

    `instance` is the address of the accounts' instance, such as `https://mastodon.example`, or maps
    accounts to addresses. `tokens` gives an account's access token (scopes `read:accounts`,
    `read:statuses`, `write:statuses`, and `write:media` for files): a function of the account
    (plain or async), a mapping, or (None) the environment, `MASTODON_TOKEN_<ACCOUNT>` before
    `MASTODON_TOKEN`. `metadata` of a job may have `visibility`, `spoiler_text`, `sensitive`,
    `language`, `in_reply_to_id` and, from Mastodon 4.5 on, `quoted_status_id`. What else Mastodon
    knows, and what is nearly one of these names, is FAILED by name before anything is sent, as is
    what the instance does not take, and a job of a platform that is not in `platforms`; `ignores`
    names keys that look so and are yours. The parts of a `post` go out as a chain.

    `media` gives the path or the bytes of a stored file by its SHA-256; the instance is waited for
    `ready_s` seconds until it is done with one.

    No token is ever in an event, a log line, an error or a checkpoint. There is nothing to close:
    each attempt has a connection of its own. Safe for several event loops and any concurrency.

    Raises:
        ValidationError: a setting is not acceptable.
    """

    takes_posts = True
    """The parts of a job's `post` go out as a chain of replies."""
    tier: Tier = "search"
    """Posts can be looked for; for an hour the instance also acts once on a key."""

    def __init__(
        self,
        instance: str | Mapping[str, str],
        tokens: TokenSource | Mapping[str, str] | None = None,
        *,
        media: MediaSource | None = None,
        ready_s: float = 300.0,
        timeouts: Timeouts = Timeouts(),
        platforms: Iterable[str] = ("mastodon",),
        ignores: Iterable[str] = (),
        transport: TransportFactory | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        if isinstance(ready_s, bool) or not isinstance(ready_s, int | float) or not ready_s > 0:
            raise ValidationError(f"ready_s must be a number > 0, not {ready_s!r}", field="ready_s")
        addresses = instance.values() if isinstance(instance, Mapping) else (instance,)
        for address in addresses:
            _check_address(address)
        self._instance = dict(instance) if isinstance(instance, Mapping) else instance
        self._tokens = Tokens(tokens, "MASTODON_TOKEN")
        self._platforms = names("platforms", platforms)
        self._ignores = names("ignores", ignores)
        self._timeouts = timeouts
        self._transport = transport
        self._media = media
        self._pauses = Pauses(sleep, float(ready_s))
        self._now = now
        self._limits: dict[str, tuple[InstanceLimits, datetime]] = {}

    def __repr__(self) -> str:
        where = self._instance if isinstance(self._instance, str) else "by account"
        return f"MastodonPublisher({where}, tier={self.tier})"

    def check(self, job: ScheduledJob) -> list[ValidationError]:
        """Name everything that keeps the job from being posted as it is; nothing is sent.

        What its instance takes is known when it is posted.
        """
        return [*of_another_platform(job, self._platforms), *problems_of(job, self._ignores)]

    async def publish(self, attempt: Attempt) -> PostResult:
        """Post the job, going on from the last durable step of an earlier attempt.

        Raises:
            NoValidToken: there is no token for the account, or the instance does not take it.
            OutcomeUnknown: the instance was asked to post, and does not say what became of it.
        """
        job = attempt.job
        problems = self.check(job)
        if problems:  # rule: nothing-is-left-out-of-a-status
            return _before(attempt, refused(problems))
        try:
            drafts = drafts_of(job, self._ignores)
            base_url = self._address_of(job.account_id)
            token = await self._tokens.to_post(job.account_id)
            async with self._api(base_url, token) as api:
                limits = await self._limits_of(base_url, api)
                problems = [each for draft in drafts for each in draft.problems_on(limits)]
                if problems:
                    return _before(attempt, refused(problems))
                files = MastodonFiles(
                    self._media, base_url, token, self._timeouts, self._transport, self._pauses
                )
                return await MastodonRun(api, attempt, drafts, files, self._now).publish()
        except NoValidToken as error:
            _before(attempt, PostResult(False, error=str(error)))
            raise
        except MastodonError as error:  # the instance does not say what it allows
            if error.kind == "token":
                _before(attempt, PostResult(False, error=str(error)))
                raise NoValidToken(str(error), job.account_id) from None
            return _before(attempt, PostResult(False, error=f"not posted: {error}"))
        except Trouble as error:
            return _before(attempt, PostResult(False, error=f"not posted: {error}"))
        except ValidationError as error:  # before anything of this attempt was sent
            return _before(attempt, PostResult(False, error=str(error), retryable=False))

    async def reconcile(self, attempt: Attempt) -> PostResult | None:
        """Whether an earlier attempt is out, by its durable steps and the account's statuses.

        Raises:
            NoValidToken: as `publish`; it may be asked when the token was seen to.
            Exception: the instance could not be asked, or has several posts that may be it; it may
                be asked again.
        """
        job = attempt.job
        base_url = self._address_of(job.account_id)
        token = await self._tokens.to_post(job.account_id)
        async with self._api(base_url, token) as api:
            try:
                return await MastodonRecovery(api, attempt, _parts(job)).answer()
            except MastodonError as error:
                if error.kind == "token":
                    raise NoValidToken(str(error), job.account_id) from None
                raise

    async def _limits_of(self, base_url: str, api: MastodonApi) -> InstanceLimits:
        """Return what the instance allows; it is asked once an hour."""
        known = self._limits.get(base_url)
        if known is None or self._now() - known[1] >= _LIMITS_LAST:
            known = self._limits[base_url] = (await api.limits(), self._now())
        return known[0]

    def _address_of(self, account_id: str) -> str:
        if isinstance(self._instance, str):
            return self._instance
        found = self._instance.get(account_id)
        if found is None:
            raise ValidationError(
                f"there is no instance for account {account_id!r}", field="instance"
            )
        return found

    @asynccontextmanager
    async def _api(self, base_url: str, token: str) -> AsyncIterator[MastodonApi]:
        async with Connection(self._timeouts, self._transport, [token]) as connection:
            yield MastodonApi(connection, base_url, token)


def _check_address(value: object) -> None:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError("instance must be an http(s) address", field="instance")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValidationError(
            "instance must be an address alone, without a user, a query or a fragment",
            field="instance",
        )


def _parts(job: ScheduledJob) -> int:
    return 1 if job.post is None else len(job.post.parts)


def _before(attempt: Attempt, result: PostResult) -> PostResult:
    """Answer for an attempt of which nothing was sent, unless an earlier request may be out.

    Raises:
        OutcomeUnknown: it may be.
    """
    if PartSteps(attempt.checkpoints).unanswered:
        raise OutcomeUnknown(f"an earlier request may be out; {result.error}")
    return result
