"""A job as the Mastodon API wants it: the statuses of its parts, and what may not be in it.

Which keys there are is in `mastodon_parameters.py`; here is what their values may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from ..domain import Media, ScheduledJob, ValidationError, is_visible
from .known_keys import is_false
from .mastodon_instance import InstanceLimits
from .mastodon_parameters import MASTODON, VISIBILITIES
from .mastodon_parts import fields_of_part, fields_of_post, problems_of_post
from .mastodon_parts import unseen as _unseen
from .mastodon_steps import digest
from .values import post_id, refused, text_in

_YES = ("true", "yes", "on", "1")
_OF_FIRST = ("in_reply_to_id", "quoted_status_id")
"""What is said of a job, and goes with its first part alone."""


class StatusDraft(msgspec.Struct, frozen=True):
    """One status that is to be: `fields` has what goes with its text, by the API's names. `field`
    says where in the job its text is."""

    text: str
    fields: dict[str, Any]
    field: str = "content"
    media: tuple[Media, ...] = ()

    @property
    def warning(self) -> str:
        """The content warning before the text, if it has one."""
        return str(self.fields.get("spoiler_text", ""))

    def body(self, reply: str | None, media_ids: Sequence[str] = ()) -> dict[str, Any]:
        """Return what is sent; `reply` is the part before this one, of its own."""
        given = {"status": self.text, **self.fields}
        given |= {"media_ids": list(media_ids)} if media_ids else {}
        return given if reply is None else given | {"in_reply_to_id": reply}

    def form(self, reply: str | None) -> str:
        """Return a hash of all that it is; its files are their bytes, and no ids."""
        files = [[media.file.sha256, media.alt] for media in self.media if media.file]
        return digest([self.body(reply), files] if files else self.body(reply))

    def problems_on(self, limits: InstanceLimits) -> Iterable[ValidationError]:
        """Name what this instance would not take."""
        too_long = limits.problem_with(self.text, self.warning, self.field)
        if too_long is not None:
            yield too_long
        yield from limits.problems_with_media(self.media, self.field.removesuffix("text") + "media")
        poll = self.fields.get("poll")
        if poll is not None:
            wrong = limits.problem_with_poll(poll, self.field.removesuffix("text") + "poll")
            if wrong is not None:
                yield wrong
        if "quoted_status_id" in self.fields and not limits.has_quotes:
            yield refused(
                "quoted_status_id", "would be left out: this instance knows no quotes",
                "Mastodon has them from version 4.5 on",
            )  # fmt: skip


def problems_of(job: ScheduledJob, ignores: Iterable[str] = ()) -> list[ValidationError]:
    """Name everything that keeps a job from being posted as it is; `field` names the part."""
    given = _given(job, ignores)
    found = list(MASTODON.problems(given))
    for name, read in _READ.items():
        if name in given:
            try:
                read(name, given[name])
            except ValidationError as problem:
                found.append(problem)
    if job.post is None and not is_visible(job.content):
        found.append(_unseen("content"))
    return found if job.post is None else [*found, *problems_of_post(job.post, given)]


def drafts_of(job: ScheduledJob, ignores: Iterable[str] = ()) -> list[StatusDraft]:
    """Write the statuses that a job is, in order; each is a reply to the one before.

    Raises:
        ValidationError: something of it would be left out.
    """
    for problem in problems_of(job, ignores):
        raise problem
    given = _given(job, ignores)
    fields = {name: read(name, given[name]) for name, read in _READ.items() if name in given}
    if job.post is None:
        return [StatusDraft(job.content, fields)]
    fields |= fields_of_post(job.post)
    drafts = []
    for index, part in enumerate(job.post.parts):
        drafts.append(
            StatusDraft(
                part.text,
                fields | fields_of_part(part),
                f"post.parts[{index}].text",
                tuple(part.media),
            )
        )
        fields = {name: value for name, value in fields.items() if name not in _OF_FIRST}
    return drafts


def _given(job: ScheduledJob, ignores: Iterable[str]) -> dict[str, Any]:
    """Return the keys of a job's metadata, and what its post says for Mastodon alone."""
    left_alone = set(ignores)
    given = {key: job.metadata[key] for key in job.metadata if key not in left_alone}
    return given if job.post is None else given | dict(job.post.overrides.get("mastodon", {}))


def _visibility(name: str, value: object) -> str:
    text = text_in(name, value)
    if text not in VISIBILITIES:
        meant = text.strip().casefold()
        known = {"followers": "private", "followers_only": "private", "mentioned": "direct"}
        meant = known.get(meant, meant)
        hint = f"write {meant}" if meant in VISIBILITIES else None
        raise refused(name, f"must be one of {', '.join(VISIBILITIES)}, not {text!r:.40}", hint)
    return text


def _flag(name: str, value: object) -> bool:
    if is_false(value):
        return False
    if value is True or (isinstance(value, str) and value.strip().casefold() in _YES):
        return True
    raise refused(name, f"must be true or false, not {value!r:.40}")


def _language(name: str, value: object) -> str:
    text = text_in(name, value)
    if not re.fullmatch("[a-z]{2,3}(-[A-Za-z]{2,4})?", text):
        hint = "such as vi, en or zh-TW; an instance leaves out in silence what is none"
        raise refused(name, f"must be the code of a language, not {text!r:.40}", hint)
    return text


_READ: Mapping[str, Callable[[str, object], Any]] = {
    "visibility": _visibility,
    "spoiler_text": text_in,
    "sensitive": _flag,
    "language": _language,
    "in_reply_to_id": post_id,
    "quoted_status_id": post_id,
}
