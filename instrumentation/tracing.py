"""Spans of OpenTelemetry, where the program makes some: of adding jobs, and of calling publishers.

Only its API is used (extra `otel`), and only where the program has imported it: without that no
span can be active, nothing is imported, and nothing is slower. What is added under an active span
keeps its W3C trace context, to which the spans of the attempts are linked, however much later and
wherever they are made. Never in a span: the text of a post, a token, what a publisher has said.
Nothing that a tracer raises changes what happens.
"""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Literal, Self

from ..release import __version__
from .foreign import guarded

SpanName = Literal["schedule", "publish", "reconcile"]
TRACING = "opentelemetry.trace"
"""The module that a program has imported which makes spans."""
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


class TracedSpan:
    """A span that is made, and the active one, while it is entered; nothing where there is none."""

    def __init__(self, span: Any = None, api: Any = None) -> None:
        self._span, self._api = span, api
        self._stack: ExitStack | None = None
        self._ended = False

    @property
    def trace(self) -> str | None:
        """Its W3C trace context, for others to be linked to."""
        return None if self._span is None else guarded(lambda: _traceparent(self._span), None)

    def outcome(self, said: str, *, ok: bool) -> None:
        """Say what came of it, in a word of ours."""
        self._ended = True
        if self._span is not None:
            guarded(lambda: self._tell(said, ok=ok), None)

    def _tell(self, said: str, *, ok: bool) -> None:
        self._span.set_attribute("jobledger.outcome", said)
        if not ok:
            self._span.set_status(self._api.StatusCode.ERROR)

    def __enter__(self) -> Self:
        if self._span is not None:
            stack = ExitStack()
            current = guarded(
                lambda: self._api.use_span(
                    self._span,
                    end_on_exit=True,
                    record_exception=False,  # which may quote the text
                    set_status_on_exception=False,
                ),
                None,
            )
            if current is not None:
                guarded(lambda: stack.enter_context(current), None)
            self._stack = stack
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stack, self._stack = self._stack, None
        if stack is None:
            return
        if not self._ended:
            self.outcome("interrupted" if error is not None else "done", ok=error is None)
        guarded(stack.close, None)


_NONE = TracedSpan()


def scheduling_span(count: int) -> TracedSpan:
    """Return a span `schedule` for the adding of so many jobs, where one is active around it."""
    api = sys.modules.get(TRACING)
    if api is None or guarded(lambda: _active(api), None) is None:
        return _NONE
    return _begun(api, "schedule", "PRODUCER", {"jobledger.jobs": count}, None)


def attempt_span(name: SpanName, attempt: Any) -> TracedSpan:
    """Return a span of asking a publisher, linked to the one that its job was added in."""
    api = sys.modules.get(TRACING)
    if api is None:
        return _NONE
    job = attempt.job
    attributes = {
        "jobledger.job_id": job.job_id,
        "jobledger.account_id": job.account_id,
        "jobledger.platform": job.platform,
        "jobledger.attempt": attempt.number,
    }
    return _begun(api, name, "CONSUMER", attributes, job.trace)


def context_of(trace: str | None) -> tuple[str, str, str] | None:
    """Return trace id, span id and flags, in hexadecimal, of a W3C trace context, if it is one."""
    found = None if trace is None else _PARENT.fullmatch(trace)
    return None if found is None else (found[1], found[2], found[3])


def _begun(
    api: Any, name: SpanName, kind: str, attributes: dict[str, object], trace: str | None
) -> TracedSpan:
    def begin() -> Any:
        return api.get_tracer("jobledger", __version__).start_span(
            name,
            kind=getattr(api.SpanKind, kind),
            attributes=attributes,
            links=_links(api, trace),
            record_exception=False,
            set_status_on_exception=False,
        )

    span = guarded(begin, None)
    return _NONE if span is None else TracedSpan(span, api)


def _links(api: Any, trace: str | None) -> list[Any]:
    found = context_of(trace)
    if found is None:
        return []
    trace_id, span_id, flags = (int(part, 16) for part in found)
    context = api.SpanContext(trace_id, span_id, True, api.TraceFlags(flags))
    return [api.Link(context)]


def _active(api: Any) -> Any:
    span = api.get_current_span()
    return span if span.get_span_context().is_valid else None


def _traceparent(span: Any) -> str | None:
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
