"""Failures are heard: somebody is told of each, without the text of the post.

What is told here is durable already, and telling it changes nothing: a hook is called in a thread
of its own, one failure after the other, and whatever it raises ends there.
"""

from __future__ import annotations

import inspect
import re
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from ..domain import JobStatus, ScheduledJob, ValidationError
from ..instrumentation import Repeated, guarded, logger

OnFailure = Callable[[ScheduledJob], object] | Callable[[ScheduledJob, str], object]
"""What is called for a job that has failed: with the job, and its error too where it takes two."""

MOST_WAITING = 1000
LAST_CALLS_S = 10.0
"""How long closing waits for the calls that are still to be made."""
LEFT_OUT = "[the text of the post]"
_SHORT = 16
"""The beginning of a text, if it is shorter, may stand in an error by chance."""


def without_text(error: str, job: ScheduledJob) -> str:
    """Take the text of its job's post out of an error: what fails on a text likes to quote it.

    Also quoted as Python and JSON do, and also where only its beginning is there; what is shorter
    than 16 characters only as a whole, and as words of its own.
    """
    forms = _quoted(job.content)
    for form in forms:
        if len(form) < _SHORT:
            error = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", LEFT_OUT, error) if form else error
        else:
            error = error.replace(form, LEFT_OUT)
    if not any(form[:_SHORT] in error for form in forms):
        return error  # nearly always
    for length in range(max(map(len, forms)), _SHORT - 1, -1):
        for beginning in {form[:length] for form in forms if len(form) >= length}:
            error = error.replace(beginning, LEFT_OUT)
    return error


def _quoted(text: str) -> list[str]:
    """Return a text as it is, and in the forms in which programs quote it."""
    as_json = msgspec.json.encode(text).decode()[1:-1]
    units = as_json.encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    in_ascii = "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)
    return [text, repr(text)[1:-1], ascii(text)[1:-1], as_json, in_ascii]


class FailureHook:
    """Calls `on_failure` for each job that has failed, off the path of whoever says so.

    A thread is started when there is something to tell, and ends when there is nothing left. What
    waits is bounded; what had no room, and what the hook raises, is told in the operational log.

    Raises:
        ValidationError: it cannot be called so.
    """

    def __init__(self, on_failure: OnFailure | None) -> None:
        self._call = None if on_failure is None else _as_one(on_failure)
        self._waiting: deque[ScheduledJob] = deque()
        self._lock = threading.RLock()
        self._worker: threading.Thread | None = None
        self._calling = 0
        self._closed = False
        self._trouble = Repeated("on_failure failed", again="on_failure works again")

    def tell(self, job: ScheduledJob) -> None:
        """Tell somebody of a job whose attempt has ended, if it failed. Returns at once."""
        if self._call is None or job.status is not JobStatus.FAILED:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._trouble.failed("too many failures wait to be told", job_id=job.job_id)
            return
        self._waiting.append(job)
        self._start()

    def _start(self) -> None:
        with self._lock:
            if self._worker is not None and self._worker.is_alive():
                return
            worker = threading.Thread(target=self._work, name="jobledger-on-failure", daemon=True)
            try:
                worker.start()
            except (RuntimeError, MemoryError) as error:  # they wait for the next one
                self._trouble.failed(f"no thread can be started: {error}")
                return
            self._worker = worker

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._closed or not self._waiting:
                    self._worker = None
                    return
                job = self._waiting.popleft()
                self._calling = 1
            assert self._call is not None
            try:
                self._call(job)
            except BaseException as error:  # noqa: BLE001 - a hook changes nothing
                self._trouble.failed(error, job_id=job.job_id)
            else:
                self._trouble.worked()
            self._calling = 0

    def close(self) -> None:
        """Wait for the calls that are still to be made, but no longer than 10 seconds."""
        if self._waiting:
            self._start()
        worker, is_here = self._worker, self._worker is threading.current_thread()
        if worker is not None and not is_here:
            worker.join(LAST_CALLS_S)
        self._closed = True
        left = len(self._waiting) + (0 if is_here else self._calling)
        if left:
            logger(count=left).error("failures that on_failure was not told of")
            self._waiting.clear()


def _as_one(on_failure: Any) -> Callable[[ScheduledJob], object]:
    if not callable(on_failure):
        raise ValidationError(
            f"on_failure must be callable, not {on_failure!r:.60}", field="on_failure"
        )
    if inspect.iscoroutinefunction(on_failure):
        raise ValidationError(
            "on_failure must be a plain function: it is called in a thread", field="on_failure"
        )
    signature = guarded(lambda: inspect.signature(on_failure), None)
    if signature is None or _takes(signature, 1):
        return lambda job: on_failure(job)
    if _takes(signature, 2):
        return lambda job: on_failure(job, job.error or "")
    raise ValidationError(
        f"on_failure is called with a job, or with a job and its error: it takes {signature}",
        field="on_failure",
    )


def _takes(signature: inspect.Signature, number: int) -> bool:
    try:
        signature.bind(*range(number))
    except TypeError:
        return False
    return True
