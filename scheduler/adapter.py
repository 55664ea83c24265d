"""A publisher as the scheduler calls it: what may be given as one, and what it is asked of it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from ..domain import ScheduledJob
from ..instrumentation import guarded, shown
from .attempt import Attempt, PostCallback, PostResult, Publisher
from .shapes import check_shape, is_async, refused

_CALLBACK = (
    "def post(account_id, content) -> PostResult, or give an object with"
    " publish(attempt), which gets more"
)
_PUBLISH = "def publish(self, attempt) -> PostResult"
_PREFLIGHT = "def preflight(self, job) -> str | None"
_RECONCILE = "def reconcile(self, attempt) -> PostResult | None"

_LEFT_OUT = (
    "would be left out: this publisher posts texts alone (one that reads the job's `post` says"
    " takes_posts = True)"
)


class Callback:
    """A PostCallback as a Publisher."""

    def __init__(self, callback: PostCallback) -> None:
        self._callback = callback

    def publish(self, attempt: Attempt) -> PostResult | Awaitable[PostResult]:
        """Call it."""
        return self._callback(attempt.job.account_id, attempt.job.content)


class TextsAlone:
    """A publisher that does not say that it reads a job's `post`: a job whose post has more than a
    text is refused, by name, before anything is sent."""

    def __init__(self, publish: Callable[[Attempt], Any]) -> None:
        self._publish = publish

    def publish(self, attempt: Attempt) -> Any:
        """Publish the job, if its text is all that there is."""
        post = attempt.job.post
        if post is None:
            return self._publish(attempt)
        left_out = ", ".join(post.beyond_its_text)  # rule: no-post-is-taken-for-a-text
        return PostResult(False, error=f"{left_out} {_LEFT_OUT}", retryable=False)


class PublisherAdapter:
    """A publisher as the scheduler calls it, whatever it was given as.

    Raises:
        ValidationError: it is neither a function nor has it a `publish`, or it cannot be called as
            it would be.
    """

    def __init__(self, given: PostCallback | Publisher) -> None:
        if inspect.isclass(given):
            raise refused(f"the publisher is the class {given.__name__}", "give an instance of it")
        publish, reconcile = getattr(given, "publish", None), getattr(given, "reconcile", None)
        target: Callable[..., Any]
        preflight = getattr(given, "preflight", None)
        self.reconcile: Callable[[Attempt], Any] | None = None
        self.preflight: Callable[[ScheduledJob], Any] | None = None
        if callable(publish):
            check_shape(publish, "publish", _PUBLISH, "attempt")
            self.publish: Callable[[Attempt], Any] = publish
            target = publish
            if callable(reconcile):
                check_shape(reconcile, "reconcile", _RECONCILE, "attempt")
                self.reconcile = reconcile
            if callable(preflight):
                check_shape(preflight, "preflight", _PREFLIGHT, "job")
                self.preflight = preflight
        elif callable(given):
            check_shape(given, "the publisher", _CALLBACK, "account_id", "content")
            self.publish = Callback(given).publish
            target = given
        else:
            raise refused(
                f"the publisher must be a function or have a `publish`, not {shown(given)}",
                f"such as {_CALLBACK}",
            )
        self._publishes_async = is_async(target)
        if not guarded(lambda: getattr(given, "takes_posts", False) is True, False):
            self.publish = TextsAlone(self.publish).publish
        self.preflights_async = self.preflight is not None and is_async(self.preflight)
        expiries = guarded(lambda: getattr(given, "token_expiries", None), None)
        self.token_expiries: Callable[[], Any] | None = expiries if callable(expiries) else None
        self._reconciles_async = self.reconcile is not None and is_async(self.reconcile)

    @property
    def reconcilable(self) -> bool:
        return self.reconcile is not None

    def is_async(self, method: Callable[[Attempt], Any]) -> bool:
        """Whether calling `method` gives an awaitable at once, so that no thread is needed."""
        return self._publishes_async if method is self.publish else self._reconciles_async
