"""A job's post as the Threads API wants it, part by part, and what of it may not be.

A part with one picture or video is a container, one with several is a carousel of them. What a job
says in its metadata, or by `overrides` for Threads, is of the first part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ..domain import Media, Part, Post, ScheduledJob, ValidationError
from .addresses import Of
from .media_url import media_url as address_of
from .threads_post import form_of, params_form, problem_of_value, problems_of, problems_of_params

_VIDEOS = (".mp4", ".mov", ".m4v")
_POLL_MINUTES = 1440
_LETTERS = "abcd"


class PartForm(msgspec.Struct, frozen=True):
    """What makes the container of a part; of a carousel with `children`, a form for each medium."""

    index: int
    form: Mapping[str, str]
    children: Sequence[Mapping[str, str]] = ()

    @property
    def addresses(self) -> list[tuple[str, Of]]:
        """Return what Threads is to fetch by itself, and what is to be there."""
        forms = (self.form, *self.children)
        kinds: tuple[tuple[str, Of], ...] = (("image_url", "image"), ("video_url", "video"))
        return [(form[name], of) for form in forms for name, of in kinds if name in form]

    def replying_to(self, post_id: str) -> PartForm:
        """Return the same as a reply to a post."""
        return msgspec.structs.replace(self, form={**self.form, "reply_to_id": post_id})


def problems_of_job(
    job: ScheduledJob, ignores: Iterable[str], media_url: str | None
) -> list[ValidationError]:
    """Name everything that keeps a job from being posted as it is; `field` names the part."""
    left_alone = frozenset(ignores)
    post = job.post
    if post is None:
        return problems_of(job, left_alone)
    found = [*_of_whole(post)]
    for index, part in enumerate(post.parts):
        said = _said(job, left_alone) if index == 0 else {}
        where = f"post.parts[{index}]"
        found += [*_of_part(part, where, media_url)]
        found += _of_params(part, where, post if index == 0 else None, said, media_url)
    return found


def _of_params(
    part: Part, where: str, whole: Post | None, said: dict[str, Any], media_url: str | None
) -> Iterator[ValidationError]:
    """Name what is wrong with the parameters that a part is made of."""
    params, children = _params(part, whole, media_url)
    of_media = ("image_url", "video_url", "alt_text") if part.media else ()
    for name in said:
        if name in params or name in of_media:
            field = f"metadata.{name}"
            yield ValidationError(f"{field} says what the post says, too", field=field)
    has_more = bool(part.media or part.poll)
    for problem in problems_of_params(part.text, said | params, has_media=has_more):
        yield _renamed(problem, _names(where, params), where)
    for number, child in enumerate(children):
        medium = f"{where}.media[{number}]"
        names = dict.fromkeys(child, f"{medium}.source") | {"alt_text": f"{medium}.alt"}
        for problem in _of_child(child):
            yield _renamed(problem, names, where)


def forms_of(job: ScheduledJob, ignores: Iterable[str], media_url: str | None) -> list[PartForm]:
    """Write what makes the container of each part.

    Raises:
        ValidationError: Threads would refuse it, or something of it would be left out.
    """
    left_alone = frozenset(ignores)
    post = job.post
    if post is None:
        return [PartForm(0, form_of(job, left_alone))]
    for problem in problems_of_job(job, left_alone, media_url):
        raise problem
    said = _said(job, left_alone)
    return [
        _form(part, index, post if index == 0 else None, said if index == 0 else {}, media_url)
        for index, part in enumerate(post.parts)
    ]


def _form(
    part: Part, index: int, whole: Post | None, said: dict[str, Any], media_url: str | None
) -> PartForm:
    params, children = _params(part, whole, media_url)
    form = params_form(part.text, {**said, **params})
    if part.poll is not None:
        options = {f"option_{_LETTERS[n]}": each for n, each in enumerate(part.poll.options)}
        form["poll_attachment"] = msgspec.json.encode(options).decode()
    if children:
        form["media_type"] = "CAROUSEL"
    return PartForm(index, form, children)


def _said(job: ScheduledJob, left_alone: frozenset[str]) -> dict[str, Any]:
    """Return what a job says besides its post: in its metadata, or for Threads alone."""
    assert job.post is not None
    given = job.metadata | job.post.overrides.get("threads", {})
    return {name: value for name, value in given.items() if name not in left_alone}


def _params(
    part: Part, whole: Post | None, media_url: str | None
) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the parameters of a part, and of each medium of a carousel."""
    params: dict[str, str] = {}
    media = [_medium(each, media_url) for each in part.media]
    children: list[dict[str, str]] = []
    if len(media) == 1:
        params |= media[0]
    elif media:
        kinds = ["VIDEO" if "video_url" in each else "IMAGE" for each in media]
        children = [
            {**each, "media_type": kind, "is_carousel_item": "true"}
            for each, kind in zip(media, kinds, strict=True)
        ]
    if part.link is not None:
        params["link_attachment"] = part.link.url
    if part.quote is not None:
        params["quote_post_id"] = part.quote
    if whole is not None and whole.reply_to is not None:
        params["reply_to_id"] = whole.reply_to
    if whole is not None and whole.topic is not None:
        params["topic_tag"] = whole.topic
    return params, children


def _medium(media: Media, media_url: str | None) -> dict[str, str]:
    address = media.source
    if not media.is_address:
        if media_url is None or media.file is None:
            return {}  # which is told
        address = address_of(media_url, media.file)
    path = address.partition("?")[0].partition("#")[0]
    is_video = media.file.is_video if media.file else path.lower().endswith(_VIDEOS)
    form = {"video_url" if is_video else "image_url": address}
    return {**form, "alt_text": media.alt} if media.alt else form


def _of_whole(post: Post) -> Iterator[ValidationError]:
    if post.language is not None:
        yield _left_out("post.language", "Threads has no languages of posts")
    if post.audience not in (None, "public"):
        yield _left_out("post.audience", "every post on Threads is public")


def _of_part(part: Part, where: str, media_url: str | None) -> Iterator[ValidationError]:
    """Name what of a part Threads has not, and what has no address to fetch it from."""
    if part.link is not None and (part.link.title or part.link.description):
        yield _left_out(f"{where}.link", "Threads makes the title of a link itself: give its url")
    if part.poll is not None and part.poll.minutes != _POLL_MINUTES:
        yield _left_out(f"{where}.poll.minutes", f"polls are open for {_POLL_MINUTES} minutes")
    if part.poll is not None and part.poll.multiple:
        yield _left_out(f"{where}.poll.multiple", "one option alone can be chosen")
    if part.poll is not None and not 2 <= len(part.poll.options) <= len(_LETTERS):
        yield _left_out(f"{where}.poll.options", f"a poll has 2 to {len(_LETTERS)} options")
    if part.poll is not None and (part.media or part.link):
        yield _left_out(f"{where}.poll", "it is for posts of text alone")
    if part.link is not None and len(part.media) > 1:
        yield _left_out(f"{where}.link", "it is for posts without media")
    for number, media in enumerate(part.media):
        field = f"{where}.media[{number}].source"
        if not media.is_address and media.file is None:
            yield ValidationError(
                f"{field} is a file that no ledger keeps: {media.source!r:.60}", field=field
            )
        elif not media.is_address and media_url is None:
            yield ValidationError(
                f"{field} ({media.source:.60}) is a file, and Threads fetches from an address",
                field=field,
                hint="give the publisher a media_url, such as https://cdn.example.com/{sha256}.{ext}",
            )


def _of_child(child: Mapping[str, str]) -> Iterator[ValidationError]:
    for name, value in child.items():
        if name in ("image_url", "video_url", "alt_text") and value:
            problem = problem_of_value(name, value)
            if problem is not None:
                yield problem


def _names(where: str, params: Mapping[str, str]) -> dict[str, str]:
    """Return, by the name of a parameter, the field of the post that it is made of."""
    fields = {
        "image_url": f"{where}.media[0].source",
        "video_url": f"{where}.media[0].source",
        "alt_text": f"{where}.media[0].alt",
        "link_attachment": f"{where}.link",
        "quote_post_id": f"{where}.quote",
        "reply_to_id": "post.reply_to",
        "topic_tag": "post.topic",
    }
    return {name: field for name, field in fields.items() if name in params}


def _renamed(problem: ValidationError, names: Mapping[str, str], where: str) -> ValidationError:
    """Return a problem that names the field of the post in place of that of the metadata."""
    field, message = problem.field or "", problem.message
    name = field.removeprefix("metadata.")
    if field == "content":
        new = f"{where}.text"
    elif field != name and name in names:
        new = names[name]
    else:
        return problem
    message = message.replace(field, new, 1)
    return ValidationError(message, field=new, hint=problem.advice)


def _left_out(field: str, said: str) -> ValidationError:
    return ValidationError(f"{field} would be left out: {said}", field=field, hint="take it out")
