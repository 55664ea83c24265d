"""The body of a webhook's request: the whole job, or what a template makes of it.

A template says which fields of a job go where. What it does not mention would be left out, so a job
that has more is named before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from ..domain import ScheduledJob, ValidationError
from ..scheduler import Attempt

FIELDS = (
    "job_id", "account_id", "content", "platform", "scheduled_time", "metadata", "attempt", "post",
)  # fmt: skip
ALL = "*"
"""In `ignores`: whatever metadata there is."""
_MARK = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_NOTHING = object()


def _slack(text: str) -> str:
    """Keep Slack from reading `<…>` as its own marks, which would swallow it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_PRESETS: Mapping[str, tuple[Any, Callable[[str], str]]] = {
    "slack": ({"text": "{content}", "mrkdwn": False}, _slack),
    "discord": ({"content": "{content}", "allowed_mentions": {"parse": []}}, str),
    "n8n": (None, str),
    "make": (None, str),
}
"""By name: the template (None: the whole job), and what its texts need."""
PRESETS = tuple(_PRESETS)


class WebhookBody:
    """Makes the bodies of requests.

    Raises:
        ValidationError: the template is none.
    """

    def __init__(self, body: str | Mapping[str, Any] | None, ignores: Iterable[str]) -> None:
        self._ignores = frozenset(ignores)
        self._escape: Callable[[str], str] = str
        self._template: Any = None
        self._mentioned: frozenset[str] | None = None
        if isinstance(body, str):
            if body not in _PRESETS:
                raise _wrong(f"must be one of {', '.join(PRESETS)}, or a mapping, not {body!r:.40}")
            self._template, self._escape = _PRESETS[body]
        elif isinstance(body, Mapping):
            self._template = _copied(body)
        elif body is not None:
            raise _wrong(f"must be one of {', '.join(PRESETS)}, or a mapping, not {body!r:.40}")
        if self._template is not None:
            self._mentioned = frozenset(_mentioned(self._template))
            for field in self._mentioned:
                if field not in FIELDS and not re.fullmatch(r"metadata\..+", field):
                    known = ", ".join(FIELDS)
                    raise _wrong(f"has {{{field}}}, and a job has {known}, metadata.NAME")
            if "content" not in self._mentioned:
                raise _wrong("has no {content}: a post would go out without its text")

    def problems(self, job: ScheduledJob) -> list[ValidationError]:
        """Name what of the job the template does not carry."""
        if self._mentioned is None:
            return []
        return [*self._of_post(job, self._mentioned), *self._of_metadata(job, self._mentioned)]

    def _of_post(self, job: ScheduledJob, mentioned: frozenset[str]) -> list[ValidationError]:
        if job.post is None or "post" in mentioned:
            return []
        return [
            ValidationError(
                f"{field} would be left out: the body of this webhook has no place for it",
                field=field,
                hint="give the body a {post}",
            )
            for field in job.post.beyond_its_text
        ]

    def _of_metadata(self, job: ScheduledJob, mentioned: frozenset[str]) -> list[ValidationError]:
        if "metadata" in mentioned or ALL in self._ignores:
            return []
        return [
            ValidationError(
                f"metadata.{key} would be left out: the body of this webhook has no place for it",
                field=f"metadata.{key}",
                hint=f"give the body a {{metadata.{key}}}, or name {key!r} in ignores",
            )
            for key, value in job.metadata.items()
            if not (value is None or value in ("", [], {}))
            and f"metadata.{key}" not in mentioned
            and key not in self._ignores
        ]

    def of(self, attempt: Attempt) -> bytes:
        """Write the body for an attempt."""
        job = attempt.job
        fields: dict[str, Any] = {
            "job_id": job.job_id,
            "account_id": job.account_id,
            "content": job.content,
            "platform": job.platform,
            "scheduled_time": job.scheduled_time.isoformat(),
            "metadata": job.metadata,
            "attempt": attempt.number,
        }
        if job.post is not None:
            fields["post"] = job.post.to_dict()
        if self._template is None:
            return msgspec.json.encode(fields)
        fields |= {f"metadata.{key}": value for key, value in job.metadata.items()}
        return msgspec.json.encode(self._filled(self._template, fields))

    def _filled(self, part: Any, fields: Mapping[str, Any]) -> Any:
        """Fill a part in; what is made of fields alone that the job has not is left out."""
        if isinstance(part, str):
            alone = _MARK.fullmatch(part)
            if alone is not None and alone[1] is not None:
                value = fields.get(alone[1], _NOTHING)
                return self._escape(value) if isinstance(value, str) else value
            return _MARK.sub(lambda mark: self._text_of(mark, fields), part)
        if isinstance(part, dict):
            filled = {name: self._filled(each, fields) for name, each in part.items()}
            left = {name: each for name, each in filled.items() if each is not _NOTHING}
            return left if left or not part else _NOTHING
        if isinstance(part, list):
            items = [self._filled(each, fields) for each in part]
            kept = [each for each in items if each is not _NOTHING]
            return kept if kept or not part else _NOTHING
        return part

    def _text_of(self, mark: re.Match[str], fields: Mapping[str, Any]) -> str:
        if mark[1] is None:
            return mark[0][0]
        value = fields.get(mark[1], "")
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        return self._escape(text)


def _copied(body: Mapping[str, Any]) -> Any:
    try:
        return msgspec.json.decode(msgspec.json.encode(dict(body)))
    except Exception as error:  # noqa: BLE001 - whatever JSON cannot hold
        raise _wrong(f"cannot be written as JSON: {error}") from None


def _mentioned(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield from (mark[1] for mark in _MARK.finditer(part) if mark[1] is not None)
    elif isinstance(part, dict):
        for each in part.values():
            yield from _mentioned(each)
    elif isinstance(part, list):
        for each in part:
            yield from _mentioned(each)


def _wrong(fault: str) -> ValidationError:
    return ValidationError(f"body {fault}", field="body", hint="such as {'text': '{content}'}")
