"""WebhookPublisher: posts by telling an HTTP endpoint of yours to.

The request, its signature, and what each answer means are in docs/publishers.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from ..domain import JobLedgerError, ScheduledJob, ValidationError, clean_text
from ..scheduler import Attempt, OutcomeUnknown, PostResult
from .checks import Tier, names, of_another_platform, refused
from .exchange import Connection, NoAnswer, NotSent, Response, Timeouts, TransportFactory
from .webhook_answers import (
    SuccessRule,
    UnclearAnswer,
    reason,
    said,
    says_not_now,
    says_that_it_is_known,
    says_that_it_is_out,
)
from .webhook_body import WebhookBody

UNANSWERED = "webhook_unanswered"
"""The checkpoint that a request to an idempotent endpoint may have been acted on."""
KEY_HEADER, SIGNATURE_HEADER = "Idempotency-Key", "X-Jobledger-Signature"
_NOT_NOW = {408, 425, 429}
_MAY_HAVE_ACTED = {302, 303}
"""Many act on a POST, and then send whoever asked to a page that says so."""
_ELSEWHERE = "redirects are not followed: give the address that answers"
_ASK_PAUSES_S = (1.0, 2.0)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WebhookPublisher:
    """Publishes jobs by a POST of JSON to `url`, with a job's lifelong `Idempotency-Key`.

    The body is the whole job, or what `body` makes of it: `"slack"`, `"discord"`, `"n8n"`, `"make"`
    or a template such as `{"text": "{content}"}`. A job with metadata that a template has no place
    for is FAILED by name, unless `ignores` names it (`"*"`: all). A job of any platform is taken,
    or with `platforms` of these alone. An answer is success if its status and its body say so;
    `success` is a rule of one's own.

    With a `secret` each request is signed. What becomes of a request without a clear answer (a
    time-out after sending, a 5xx) is unknown; how that is settled depends on what the endpoint can
    do:

    - `status_url`, with `{key}` in it: it can be asked. GET answers 200 when the job is out, 404
      when it is not. Then the publisher has a `reconcile`, and otherwise it has none.
    - `idempotent=True`: it acts once on a key, however often it is told. Then such a request is a
      failure that is retried, whatever `on_interrupted` says.
    - neither: the scheduler's `on_interrupted` decides.

    `headers` go with every request. They, the secret and the addresses' queries are in no event,
    log line or error. There is nothing to close.

    Raises:
        ValidationError: a setting is not acceptable.
    """

    takes_posts = True
    """The body has a job's `post`, or a template names what it has no place for."""
    reconcile: Callable[[Attempt], Awaitable[PostResult | None]]

    def __init__(
        self,
        url: str,
        *,
        secret: str | None = None,
        status_url: str | None = None,
        idempotent: bool = False,
        body: str | Mapping[str, Any] | None = None,
        success: SuccessRule | None = None,
        platforms: Iterable[str] | None = None,
        ignores: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts = Timeouts(),
        transport: TransportFactory | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._url = _checked("url", url)
        self._status_url = None if status_url is None else _checked("status_url", status_url)
        if status_url is not None and "{key}" not in status_url:
            raise ValidationError(
                "status_url must have {key} in it", field="status_url", hint="such as …/posts/{key}"
            )
        if secret is not None and (not isinstance(secret, str) or not secret):
            raise ValidationError("secret must be text", field="secret")
        self._secret = secret
        if success is not None and not callable(success):
            raise ValidationError("success must be a function of a Response", field="success")
        self._idempotent = idempotent
        self._body = WebhookBody(body, names("ignores", ignores))
        self._success = success
        self._platforms = None if platforms is None else names("platforms", platforms)
        self._headers = dict(headers or {})
        self._timeouts = timeouts
        self._transport = transport
        self._sleep = sleep
        self._now = now
        if status_url is not None:  # the scheduler looks for the method
            self.reconcile = self._reconcile

    def __repr__(self) -> str:
        return f"WebhookPublisher({urlsplit(self._url).hostname}, tier={self.tier})"

    @property
    def tier(self) -> Tier:
        """What the endpoint can do to keep a post from going out twice."""
        if self._idempotent:
            return "key"
        return "none" if self._status_url is None else "state"

    def check(self, job: ScheduledJob) -> list[ValidationError]:
        """Name everything that keeps the job from being sent as it is; nothing is sent."""
        others = [] if self._platforms is None else of_another_platform(job, self._platforms)
        return [*others, *self._body.problems(job)]

    async def publish(self, attempt: Attempt) -> PostResult:
        """Tell the endpoint of the job.

        Raises:
            OutcomeUnknown: it may have acted, and nothing says that a second time does no harm.
            UnclearAnswer: it has answered, and not said what it did.
        """
        problems = self.check(attempt.job)
        if problems:  # rule: nothing-is-left-out-of-a-body
            return self._failed(attempt, str(refused(problems).error), retryable=False)
        body = self._body.of(attempt)
        try:
            async with self._connection() as connection:
                answer = await connection.exchange(
                    "POST", self._url, headers=self._signed(attempt, body), content=body
                )
        except NotSent as error:
            return self._failed(attempt, str(error))
        except NoAnswer as error:
            return self._unsettled(attempt, str(error))
        return self._judged(attempt, answer)

    def _judged(self, attempt: Attempt, answer: Response) -> PostResult:
        told = f"HTTP {answer.status}{reason(answer)}"
        if answer.status in _NOT_NOW:
            wait = answer.retry_after_s
            return self._failed(attempt, told if wait is None else f"{told}; again in {wait:g} s")
        own = self._by_own_rule(attempt, answer, told) if answer.status < 500 else None
        if own is not None:
            return own
        if answer.status == 409 and answer.fields.get("already_done") is True:
            return PostResult(True, thread_id=_id(answer))
        if answer.ok:
            return self._accepted(attempt, answer, told)
        if answer.status == 409 and says_that_it_is_known(answer):
            return self._unclear(attempt, f"{told}; whether that is this post, it does not say")
        if answer.status >= 500 or answer.status == 409:
            return self._unsettled(attempt, told)
        if answer.status in _MAY_HAVE_ACTED:
            return self._unclear(attempt, f"{told}; {_ELSEWHERE}")
        if 300 <= answer.status < 400:
            told += f"; {_ELSEWHERE}"
        return self._failed(attempt, told, retryable=False)

    def _accepted(self, attempt: Attempt, answer: Response, told: str) -> PostResult:
        """Answer for a 2xx: what its body says counts, if it says anything."""
        match said(answer):
            case "refused":
                why = f"{told}; by its body it is not done"
                return self._failed(attempt, why, retryable=says_not_now(answer))
            case "unclear":
                return self._unclear(attempt, f"{told}; its body does not say that it is done")
        if answer.status == 202:
            with suppress(Exception):  # it is only told
                attempt.note("accepted by the endpoint, which does it later (HTTP 202)")
        return PostResult(True, thread_id=_id(answer))

    def _by_own_rule(self, attempt: Attempt, answer: Response, told: str) -> PostResult | None:
        """Ask the rule that was given; None where there is none, or it leaves it to the usual."""
        if self._success is None:
            return None
        try:
            found = self._success(answer)
        except Exception as error:  # noqa: BLE001 - it is foreign code
            return self._unclear(
                attempt, f"{told}; the rule of success raised {type(error).__name__}"
            )
        if found is None or isinstance(found, PostResult):
            return found
        if found is True:
            return PostResult(True, thread_id=_id(answer))
        if found is False:
            why = f"{told}; by the rule of success it is not done"
            return self._failed(attempt, why, retryable=False)
        return self._unclear(attempt, f"{told}; the rule of success said neither True nor False")

    def _unclear(self, attempt: Attempt, why: str) -> PostResult:
        """Answer for an endpoint that has acted, or not, and does not say: not a second time.

        Raises:
            UnclearAnswer: unless it acts once on a key.
        """
        # rule: unclear-answer-is-not-sent-again
        if self._status_url is None and self._idempotent:
            return self._unsettled(attempt, why)
        raise UnclearAnswer(why)

    def _unsettled(self, attempt: Attempt, why: str) -> PostResult:
        """Answer for a request that may have acted: retry where that does no harm."""
        if self._status_url is None and self._idempotent and attempt.job.can_retry():
            with suppress(JobLedgerError):  # not recorded: then the next attempt would not know
                attempt.checkpoint(UNANSWERED, True)
                return PostResult(False, error=f"{why}; the endpoint acts once on a key")
        raise OutcomeUnknown(why)

    def _failed(self, attempt: Attempt, error: str, *, retryable: bool = True) -> PostResult:
        """Answer for a request that did nothing; an earlier unanswered one may have acted."""
        final = not (retryable and attempt.job.can_retry())
        if final and self._status_url is None and UNANSWERED in attempt.checkpoints:
            raise OutcomeUnknown(f"an earlier request may have been acted on; {error}")
        return PostResult(False, error=error, retryable=retryable)

    async def _reconcile(self, attempt: Attempt) -> PostResult | None:
        """Ask the endpoint whether the job is out.

        Raises:
            NotSent, NoAnswer: it could not be asked; it may be asked again.
        """
        async with self._connection() as connection:
            for pause_s in _ASK_PAUSES_S:
                try:
                    answer = await self._asked(connection, attempt)
                except (NotSent, NoAnswer):
                    await self._sleep(pause_s)
                    continue
                return _settled(answer)
            return _settled(await self._asked(connection, attempt))

    async def _asked(self, connection: Connection, attempt: Attempt) -> Response:
        """Ask what the endpoint knows of the job's key: 200 with a JSON object, or 404.

        Raises:
            NotSent, NoAnswer: it says nothing, or nothing of that kind.
        """
        assert self._status_url is not None
        url = self._status_url.replace("{key}", quote(attempt.idempotency_key, safe=""))
        answer = await connection.exchange("GET", url, headers=self._signed(attempt, b""))
        out = answer.status == 200 and says_that_it_is_out(answer)
        known = answer.status == 404 or out
        if not known:
            raise NoAnswer(f"asked for its status, it says HTTP {answer.status}{reason(answer)}")
        return answer

    def _signed(self, attempt: Attempt, body: bytes) -> dict[str, str]:
        headers = {**self._headers, KEY_HEADER: attempt.idempotency_key}
        if body:
            headers["Content-Type"] = "application/json"
        if self._secret is not None:
            at = int(self._now().timestamp())
            headers[SIGNATURE_HEADER] = f"t={at},v1={signature(self._secret, at, body)}"
        return headers

    def _connection(self) -> Connection:
        addresses = [urlsplit(address) for address in (self._url, self._status_url) if address]
        told = [*self._headers.values(), *(address.query for address in addresses)]
        secrets = [word for value in told for word in re.split(r"[\s=&]", value)]
        return Connection(self._timeouts, self._transport, secrets)


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the hex of HMAC-SHA256 over the time, a dot, and the body's bytes."""
    return hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()


def _settled(answer: Response) -> PostResult:
    if answer.status == 200:
        return PostResult(True, thread_id=_id(answer))
    return PostResult(False, error="the endpoint has not seen this job")


def _id(answer: Response) -> str | None:
    value: Any = answer.fields.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return clean_text(value, 200) or None


def _checked(name: str, value: object) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError(f"{name} must be an http(s) address", field=name)
    assert isinstance(value, str)
    return value
