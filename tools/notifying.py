"""Telling an address of the user's about each job that has failed: what `run --notify` does.

One POST a failure, and no second try: who has to be told in any case asks the ledger. Never in it:
the text of the post, and whatever is marked as secret.
"""

from __future__ import annotations

from http.client import HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from ..domain import JobLedgerError, ScheduledJob, ValidationError
from ..instrumentation import mark_secret, without_secrets
from ..release import __version__
from ..scheduler import without_text

WITHIN_S = 10.0
"""How long each step may take: to connect, to send, and until there is an answer."""


class NotToldError(JobLedgerError):
    """Nobody was told."""


class _NoRedirects(HTTPRedirectHandler):
    """What is posted goes where it was meant to go, or nowhere."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


class Notifier:
    """An `on_failure` that posts to `url`. The address is a secret from here on: whoever knows one
    of a chat's can write there.

    Raises:
        ValidationError: it is no address to post to.
    """

    def __init__(self, url: str, ledger: str, within_s: float = WITHIN_S) -> None:
        try:
            parts = urlsplit(url)
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_address = is_address and (parts.port is None or parts.port > 0) and url.isascii()
        except ValueError:
            is_address = False
        if not is_address or any(character.isspace() for character in url):
            raise ValidationError(
                "--notify takes the address of something that takes a POST",
                field="notify",
                hint="such as https://chat.example.org/hooks/4711",
            )
        if "@" in parts.netloc:
            raise ValidationError(
                "--notify takes no user and password in the address", field="notify"
            )
        self._url = mark_secret(url)
        self._host = parts.hostname
        self._ledger = ledger
        self._within_s = within_s
        self._opener = build_opener(_NoRedirects)

    def __call__(self, job: ScheduledJob) -> None:
        """Tell of one job.

        Raises:
            NotToldError: there was no answer in time, or one that is not 2xx.
        """
        request = Request(self._url, self.document(job), method="POST")
        request.add_header("Content-Type", "application/json")
        request.add_header("User-Agent", f"jobledger/{__version__}")
        try:
            with self._opener.open(request, timeout=self._within_s):
                return
        except HTTPError as error:
            error.close()
            reason = f"HTTP {error.code}"
        except Exception as error:  # noqa: BLE001 - OSError, ValueError, http.client's and ssl's own
            reason = f"{type(error).__name__}: {error}"
        raise NotToldError(f"{self._host} was not told: {without_secrets(reason)}")

    def document(self, job: ScheduledJob) -> bytes:
        """Write what is sent."""
        told: dict[str, Any] = {
            "job_id": job.job_id,
            "account_id": job.account_id,
            "status": job.status.value,
            "error": without_secrets(without_text(job.error or "", job)),
            "attempt": job.attempt,
            "outcome_unknown": job.outcome_unknown,
            "ledger": self._ledger,
        }
        return msgspec.json.encode(told)
