"""The demo's publisher: posts to the platform over HTTP, and can ask it what is out.

The platform's address comes from JOBLEDGER_DEMO_URL.
"""

from __future__ import annotations

import os
from typing import Any

from ...domain.errors import ValidationError
from ...scheduler.attempt import Attempt, OutcomeUnknown, PostResult

URL_VARIABLE = "JOBLEDGER_DEMO_URL"
TIMEOUT_S = 30.0


def require_httpx() -> Any:
    """The HTTP client.

    Raises:
        ValidationError: it is not installed.
    """
    try:
        import httpx
    except ImportError:
        raise ValidationError(
            "the demo needs an HTTP client", hint="pip install 'jobledger[demo]'"
        ) from None
    return httpx


class PlatformPublisher:
    """Posts each job once: before it posts again after a crash it asks whether the post is out."""

    def __init__(self, url: str | None = None) -> None:
        self._url = url

    def _client(self) -> Any:
        url = self._url or os.environ.get(URL_VARIABLE)
        if not url:
            raise ValidationError(f"{URL_VARIABLE} is not set", field=URL_VARIABLE)
        # Only the demo's own server is meant, whatever proxy the machine uses.
        return require_httpx().Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def publish(self, attempt: Attempt) -> PostResult:
        """Post; a time-out after sending leaves the outcome unknown."""
        httpx = require_httpx()
        draft = {"account_id": attempt.job.account_id, "content": attempt.job.content}
        with self._client() as client:
            try:
                response = client.post(
                    "/posts", json=draft, headers={"Idempotency-Key": attempt.idempotency_key}
                )
            except httpx.ReadTimeout as error:
                raise OutcomeUnknown(str(error)) from error
        if response.status_code != 201:
            return PostResult(False, error=f"HTTP {response.status_code}: {response.text[:200]}")
        return PostResult(True, thread_id=response.json()["id"])

    def reconcile(self, attempt: Attempt) -> PostResult:
        """Ask the platform for a post with this job's key."""
        with self._client() as client:
            response = client.get("/posts", params={"key": attempt.idempotency_key})
            response.raise_for_status()
            found = response.json()
        if found:
            return PostResult(True, thread_id=found[0]["id"])
        return PostResult(False, error="the platform has no such post")


publisher = PlatformPublisher()
