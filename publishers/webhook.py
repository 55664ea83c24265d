"""WebhookPublisher: posts by telling an HTTP endpoint of yours to.

The request, its signature, and what each answer means are in docs/publishers.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from ..domain import JobLedgerError, ScheduledJob, ValidationError, clean_text
from ..scheduler import Attempt, OutcomeUnknown, PostResult
from .exchange import Connection, NoAnswer, NotSent, Response, Timeouts, TransportFactory

UNANSWERED = "webhook_unanswered"
"""The checkpoint that a request to an idempotent endpoint may have been acted on."""
KEY_HEADER, SIGNATURE_HEADER = "Idempotency-Key", "X-Jobledger-Signature"
_NOT_NOW = {408, 425, 429}
_ASK_PAUSES_S = (1.0, 2.0)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WebhookPublisher:
    """Publishes jobs by a POST of JSON to `url`, with a job's lifelong `Idempotency-Key`.

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

    reconcile: Callable[[Attempt], Awaitable[PostResult | None]]

    def __init__(
        self,
        url: str,
        *,
        secret: str | None = None,
        status_url: str | None = None,
        idempotent: bool = False,
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
        self._idempotent = idempotent
        self._headers = dict(headers or {})
        self._timeouts = timeouts
        self._transport = transport
        self._sleep = sleep
        self._now = now
        if status_url is not None:  # the scheduler looks for the method
            self.reconcile = self._reconcile

    def __repr__(self) -> str:
        return f"WebhookPublisher({urlsplit(self._url).hostname})"

    async def publish(self, attempt: Attempt) -> PostResult:
        """Tell the endpoint of the job.

        Raises:
            OutcomeUnknown: it may have acted, and nothing says that a second time does no harm.
        """
        body = body_of(attempt)
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
        if answer.ok or (answer.status == 409 and answer.fields.get("already_done") is True):
            return PostResult(True, thread_id=_id(answer))
        said = f"HTTP {answer.status}{_reason(answer)}"
        if answer.status >= 500 or answer.status == 409:
            return self._unsettled(attempt, said)
        if answer.status in _NOT_NOW:
            wait = answer.retry_after_s
            return self._failed(attempt, said if wait is None else f"{said}; again in {wait:g} s")
        if 300 <= answer.status < 400:
            said += "; redirects are not followed: give the address that answers"
        return self._failed(attempt, said, retryable=False)

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
        known = answer.status == 404 or (answer.status == 200 and isinstance(answer.document, dict))
        if not known:
            raise NoAnswer(f"asked for its status, it says HTTP {answer.status}{_reason(answer)}")
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


def body_of(attempt: Attempt) -> bytes:
    """Write the request's body: what the endpoint needs to know of the job."""
    job: ScheduledJob = attempt.job
    return msgspec.json.encode(
        {
            "job_id": job.job_id,
            "account_id": job.account_id,
            "content": job.content,
            "platform": job.platform,
            "scheduled_time": job.scheduled_time.isoformat(),
            "metadata": job.metadata,
            "attempt": attempt.number,
        }
    )


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


def _reason(answer: Response) -> str:
    """Say in short what the answer's body says: a field `error`, or its text."""
    error = answer.fields.get("error")
    text = error if isinstance(error, str) else answer.text
    text = " ".join(text.split())
    return f": {clean_text(text, 200)}" if text else ""


def _checked(name: str, value: object) -> str:
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValidationError(f"{name} must be an http(s) address", field=name)
    assert isinstance(value, str)
    return value
