"""A job as the Threads API wants it: the form of its container, and what may not be in it.

Which keys there are is in `threads_parameters.py`; here is what their values may be.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..domain import ScheduledJob, ValidationError, is_visible, threads_length
from .addresses import fault
from .known_keys import Kind
from .threads_parameters import (
    LONGEST_ALT_TEXT,
    LONGEST_TEXT,
    LONGEST_TOPIC,
    MOST_LINKS,
    REPLY_CONTROLS,
    THREADS,
)
from .values import post_id, refused, text_in

_DONE = tuple(each for each in THREADS.parameters.values() if each.done)
_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"“”]+", re.IGNORECASE)
_BEHIND = ".,;:!?…'\")]}»”’"
"""What stands behind a link and is no part of it."""


def problems_of(job: ScheduledJob, ignores: Iterable[str] = ()) -> list[ValidationError]:
    """Name everything that keeps a job from being posted as it is; `field` names the part."""
    metadata = {key: job.metadata[key] for key in job.metadata if key not in set(ignores)}
    return problems_of_params(job.content, metadata)


def problems_of_params(
    content: str, metadata: Mapping[str, Any], *, has_media: bool = False
) -> list[ValidationError]:
    """Name what keeps a text from being posted with what is said of it; `has_media`: there is more
    in it than its text, besides."""
    found = [*_of_text(content, metadata, has_media=has_media), *THREADS.problems(metadata)]
    for parameter in _DONE:
        if parameter.name in metadata:
            problem = problem_of_value(parameter.name, metadata[parameter.name])
            found += [] if problem is None else [problem]
    return [*found, *_of_all(metadata), *_of_links(content, metadata)]


def problem_of_value(name: str, value: object) -> ValidationError | None:
    """Say what is wrong with the value of a parameter; None where nothing is."""
    try:
        _READ[THREADS.parameters[name].kind](name, value)
    except ValidationError as problem:
        return problem
    return None


def form_of(job: ScheduledJob, ignores: Iterable[str] = ()) -> dict[str, str]:
    """Write what creates the job's container: its text, and the media and replies of its metadata.

    Raises:
        ValidationError: Threads would refuse it, or something of it would be left out.
    """
    for problem in problems_of(job, ignores):
        raise problem
    left_alone = set(ignores)
    said = {name: value for name, value in job.metadata.items() if name not in left_alone}
    return params_form(job.content, said)


def params_form(content: str, metadata: Mapping[str, Any]) -> dict[str, str]:
    """Write the form of a container of what is known to be acceptable."""
    form = {"media_type": "TEXT", "text": content}
    for parameter in _DONE:
        name = parameter.name
        if name in metadata:
            form[name] = _READ[parameter.kind](name, metadata[name])
    form["media_type"] = _media_type(form)
    return form


def _media_type(given: Mapping[str, Any]) -> str:
    return "IMAGE" if "image_url" in given else "VIDEO" if "video_url" in given else "TEXT"


def _of_text(
    content: str, metadata: Mapping[str, Any], *, has_media: bool
) -> Iterable[ValidationError]:
    length = threads_length(content)
    if length > LONGEST_TEXT:
        yield ValidationError(
            f"content is {length} characters long as Threads counts, and may be {LONGEST_TEXT}",
            field="content",
            hint="an emoji counts as its UTF-8 bytes",
        )
    is_text = _media_type(metadata) == "TEXT" and not has_media
    if is_text and not is_visible(content):
        yield ValidationError(
            "content shows nothing: its characters are invisible", field="content"
        )


def _of_all(metadata: Mapping[str, Any]) -> Iterable[ValidationError]:
    """Name what excludes what."""
    media = [name for name in ("image_url", "video_url") if name in metadata]
    if len(media) == 2:
        yield refused("video_url", "and image_url exclude each other")
    if media and "link_attachment" in metadata:
        yield refused("link_attachment", "is for posts without image or video")
    if not media and "alt_text" in metadata:
        yield refused("alt_text", "is for an image or a video")


def _of_links(content: str, metadata: Mapping[str, Any]) -> Iterable[ValidationError]:
    links = {_link(found) for found in _LINK.findall(content)}
    attached = metadata.get("link_attachment")
    if isinstance(attached, str) and attached.strip():
        links.add(_link(attached.strip()))
    if len(links) > MOST_LINKS:
        yield ValidationError(
            f"content has {len(links)} different links, and Threads takes {MOST_LINKS} in a post",
            field="content",
            hint="link_attachment counts as one, too",
        )


def _link(found: str) -> str:
    """Write a link as one that is compared: the same one twice counts once."""
    found = re.sub(r"^https?://", "", found.rstrip(_BEHIND), flags=re.IGNORECASE)
    host, slash, rest = found.partition("/")
    return f"{host.casefold()}{slash}{rest}".rstrip("/")


def _address(name: str, value: object) -> str:
    text = text_in(name, value)
    said = fault(text)
    if said is not None:
        raise refused(name, said)
    return text


def _media(name: str, value: object) -> str:
    text = text_in(name, value)
    said = fault(text, "image" if name == "image_url" else "video")
    if said is None and re.search(r"[,;|]\s*https?://", text):
        said = "has several addresses, and a post takes one"
    if said is not None:
        raise refused(name, said)
    return text


def _alt_text(name: str, value: object) -> str:
    text = text_in(name, value)
    if len(text) > LONGEST_ALT_TEXT:
        raise refused(name, f"must be at most {LONGEST_ALT_TEXT} characters, not {len(text)}")
    return text


def _topic(name: str, value: object) -> str:
    """Read a topic in composed letters: `đề` is two, however it is written."""
    text = unicodedata.normalize("NFC", text_in(name, value))
    if "#" in text:
        raise refused(name, "has a #, which would be part of the topic", "leave it out")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise refused(name, "has a line break or another control character", "leave it out")
    if len(text) > LONGEST_TOPIC or "." in text or "&" in text or not is_visible(text):
        raise refused(name, f"must be 1 to {LONGEST_TOPIC} characters without '.' and '&'")
    return text


def _reply_control(name: str, value: object) -> str:
    text = text_in(name, value)
    if text not in REPLY_CONTROLS:
        meant = re.sub(r"[\s-]+", "_", text.strip().casefold())
        hint = f"write {meant}" if meant in REPLY_CONTROLS else None
        raise refused(name, f"must be one of {', '.join(REPLY_CONTROLS)}, not {text!r:.40}", hint)
    return text


_READ: Mapping[Kind, Callable[[str, object], str]] = {
    "media": _media,
    "address": _address,
    "text": _alt_text,
    "id": post_id,
    "topic": _topic,
    "choice": _reply_control,
}
