"""A publisher of one's own in one file: a service that takes posts as JSON, and can be asked."""

import os
from urllib.parse import quote

import msgspec

from jobledger import Attempt, NotPosted, OutcomeUnknown, PostResult
from jobledger.publishers import Connection, NoAnswer, NotSent, Response, Timeouts


class MyService:
    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token

    async def publish(self, attempt: Attempt) -> PostResult:
        job = attempt.job
        post = {"account_id": job.account_id, "content": job.content}
        answer = await self._send("POST", self._url, attempt, msgspec.json.encode(post))
        if answer.ok or answer.status == 409:  # 409: a post with this key is out already
            return PostResult(True, thread_id=answer.fields.get("id"))
        if answer.status >= 500:  # it may have posted before it failed
            raise OutcomeUnknown(f"HTTP {answer.status}")
        return PostResult(False, error=f"HTTP {answer.status}", retryable=answer.status == 429)

    async def reconcile(self, attempt: Attempt) -> PostResult | None:
        """Ask whether an attempt in doubt has posted; None: that cannot be learnt just now."""
        key = quote(attempt.idempotency_key, safe="")
        answer = await self._send("GET", f"{self._url}/{key}", attempt)
        if answer.ok:
            return PostResult(True, thread_id=answer.fields.get("id"))
        return PostResult(False, error="it is not out") if answer.status == 404 else None

    async def _send(
        self, method: str, url: str, attempt: Attempt, content: bytes | None = None
    ) -> Response:
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Content-Type": "application/json",
            "Idempotency-Key": attempt.idempotency_key,
        }
        try:
            async with Connection(Timeouts(whole_s=30), secrets=[self._token]) as connection:
                return await connection.exchange(method, url, headers=headers, content=content)
        except NotSent as error:
            raise NotPosted(str(error)) from None
        except NoAnswer as error:
            raise OutcomeUnknown(str(error)) from None


publisher = MyService(
    os.environ.get("MY_SERVICE_URL", "https://example.org/posts"),
    os.environ.get("MY_SERVICE_TOKEN", ""),
)
