"""BlueskyPublisher: posts to Bluesky, under keys that make a second time the same post.

Each part of a job is a record in the account's repository, whose key comes from the job alone. A
record is only ever written where there is none, so whoever repeats a write, now or late, finds the
post that is there; and whether it is there can be asked, by anybody.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime

from ..domain import ScheduledJob, ValidationError
from ..scheduler import Attempt, NoValidToken, OutcomeUnknown, PostResult
from .bluesky_api import BlueskyApi
from .bluesky_files import Files
from .bluesky_post import is_identifier, post_of, problems_of
from .bluesky_run import BlueskyRun, what_became
from .bluesky_sessions import Access, AccountSessions, Credentials
from .bluesky_steps import step_of
from .checks import Tier, names, of_another_platform, refused
from .exchange import Connection, NotSent, Timeouts, TransportFactory
from .media_source import MediaSource
from .tokens import Tokens, TokenSource

BLUESKY_URL = "https://bsky.social"
_HANDLE, _PASSWORD = "BLUESKY_HANDLE", "BLUESKY_PASSWORD"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class BlueskyPublisher:
    """Publishes jobs to Bluesky, or another server of the AT Protocol. Nothing goes out twice.

    `passwords` gives an account's app password: a function of the account (plain or async), a
    mapping, or (None) the environment, `BLUESKY_PASSWORD_<ACCOUNT>` before `BLUESKY_PASSWORD`.
    `handles` maps accounts to their handles or DIDs; one that is not in it has that of the
    environment, `BLUESKY_HANDLE_<ACCOUNT>` before `BLUESKY_HANDLE`, or is a handle itself.
    `media` gives the path or the bytes of a stored file by its SHA-256; without it the ledger's own
    are brought. `metadata` of a job may have `reply_to`, `quote`, `link`, `link_title`,
    `link_description` and `langs`. What else Bluesky knows, and what is nearly one of these names,
    is FAILED by name before anything is sent, as is a job of a platform that is not in `platforms`;
    `ignores` names keys that look so and are yours.

    Nothing secret is ever in an event, a log line, an error or a checkpoint. There is nothing to
    close: each attempt has a connection of its own. Sessions are kept in memory. Safe for several
    event loops and any concurrency.

    Raises:
        ValidationError: a setting is not acceptable.
    """

    takes_posts = True
    """A job's `post` is posted whole: as a chain of records, with their files."""

    tier: Tier = "key"
    """A repository has one record under a key, and the keys come from the job."""

    def __init__(
        self,
        passwords: TokenSource | Mapping[str, str] | None = None,
        *,
        handles: Mapping[str, str] | None = None,
        media: MediaSource | None = None,
        base_url: str = BLUESKY_URL,
        timeouts: Timeouts = Timeouts(),
        platforms: Iterable[str] = ("bluesky",),
        ignores: Iterable[str] = (),
        transport: TransportFactory | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._passwords = Tokens(passwords, _PASSWORD, "password")
        self._handles = dict(handles or {})
        for account_id, handle in self._handles.items():
            if not isinstance(handle, str) or not is_identifier(handle):
                raise ValidationError(
                    f"the handle of account {account_id!r} is none, nor a DID: {handle!r:.80}",
                    field="handles",
                    hint="such as mai.bsky.social, without the @",
                )
        self._base_url = base_url
        self._platforms = names("platforms", platforms)
        self._ignores = names("ignores", ignores)
        self._timeouts = timeouts
        self._transport = transport
        self._sleep = sleep
        self._now = now
        self._files = Files(media, base_url, timeouts, transport)
        self._sessions = AccountSessions(base_url, timeouts, transport)

    def __repr__(self) -> str:
        return f"BlueskyPublisher({self._base_url}, tier={self.tier})"

    def check(self, job: ScheduledJob) -> list[ValidationError]:
        """Name everything that keeps the job from being posted as it is; nothing is sent."""
        return [*of_another_platform(job, self._platforms), *problems_of(job, self._ignores)]

    async def publish(self, attempt: Attempt) -> PostResult:
        """Post the job, or find that an earlier attempt has.

        Raises:
            NoValidToken: there is no password for the account, or the server does not let it in.
            OutcomeUnknown: the server was asked to write, and does not say what became of it.
        """
        problems = self.check(attempt.job)
        if problems:  # rule: nothing-is-left-out-on-bluesky
            return _before(attempt, refused(problems))
        try:
            post = post_of(attempt.job, self._ignores)
            credentials = await self._credentials(attempt.job.account_id)
            session = await self._sessions.of(credentials)
        except NoValidToken as error:
            _before(attempt, PostResult(False, error=str(error)))
            raise
        except NotSent as error:
            return _before(attempt, PostResult(False, error=str(error)))
        try:
            async with Connection(self._timeouts, self._transport) as connection:
                access = Access(self._sessions, credentials, session, connection)
                api = BlueskyApi(connection, self._base_url)
                run = BlueskyRun(api, access, attempt, post, self._files, self._sleep, self._now)
                return await run.publish()
        except NotSent as error:  # there is no client to be had
            return _before(attempt, PostResult(False, error=str(error)))

    async def reconcile(self, attempt: Attempt) -> PostResult | None:
        """Whether an earlier attempt is out: whether its record is there. Needs no login.

        Raises:
            Exception: the server could not be asked; it may be asked again.
        """
        async with Connection(self._timeouts, self._transport) as connection:
            api = BlueskyApi(connection, self._base_url)
            return await what_became(api, attempt, "", self._sleep)

    async def _credentials(self, account_id: str) -> Credentials:
        identifier = self._handles.get(account_id) or _from_environment(account_id)
        if not identifier and is_identifier(account_id):
            identifier = account_id
        if not identifier or not is_identifier(identifier):
            raise NoValidToken(
                f"there is no handle for account {account_id!r}"
                f" (give one in handles, or set {_HANDLE}_…)",
                account_id,
            )
        password = await self._passwords.to_post(account_id)
        return Credentials(account_id, identifier, password)


def _from_environment(account_id: str) -> str | None:
    own = f"{_HANDLE}_{re.sub('[^A-Z0-9]', '_', account_id.upper())}"
    return os.environ.get(own) or os.environ.get(_HANDLE)


def _before(attempt: Attempt, result: PostResult) -> PostResult:
    """Answer for an attempt of which nothing was sent, unless an earlier request may be out.

    Raises:
        OutcomeUnknown: it may be.
    """
    step = step_of(attempt.checkpoints)
    if step is not None and step.unanswered:
        raise OutcomeUnknown(f"an earlier request may be out; {result.error}")
    return result
