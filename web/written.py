"""The form in which a post is written: what somebody has sent of it, what they asked for within it,
and what is wrong with it, each at its field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .. import PLATFORMS, Media, PlatformRules, ScheduledJob, ValidationError, post_problems
from .forms import FilledForm
from .problems import Refusal, problem_of
from .sent_files import carried, keep_files, kept_of
from .site import Call
from .writing import (
    DraftMedia,
    DraftPart,
    PostDraft,
    field_of,
    place_of,
    read_draft,
    without_field,
)

_DO = re.compile(r"(add|remove)-(part|media)(?::(\d{1,3}))?(?::(\d{1,3}))?")
_LOST = "choose the file again: this server was started anew since, or you have signed in anew"
_NO_ADDRESS = "must be an address, and no file of the machine of this page"
_USUAL = "threads"


class WritingForm(FilledForm):
    """A form of a post as it was sent, or of a job: to be shown. `faults` has what is wrong by the
    field that it is in; `focus` is the field to go on with."""

    def __init__(
        self,
        values: Mapping[str, str],
        draft: PostDraft,
        platform: str,
        *,
        name: str = "",
        problem: Refusal | None = None,
        faults: Mapping[str, str] | None = None,
        focus: str = "",
    ) -> None:
        super().__init__(values, problem, name)
        self.draft = draft
        self.platform = platform
        self.faults = dict(sorted((faults or {}).items(), key=lambda one: place_of(one[0])))
        self.focus = focus or next(iter(self.faults), "")

    @property
    def rules(self) -> PlatformRules | None:
        """What the platform allows, as far as is known."""
        return PLATFORMS.get(self.platform)

    @property
    def marked(self) -> tuple[str, ...]:
        """The fields beside which something is said."""
        return tuple(self.faults)

    def is_of_length(self, field: str) -> bool:
        """Say whether a text is wrong for being too long, or for having nothing in it."""
        said = self.faults.get(field, "characters")
        return " characters" in f" {said}" or "can be seen" in said

    def is_wrong(self, field: str) -> bool:
        """Say whether this field is not acceptable."""
        return field in self.faults or super().is_wrong(field)

    def takes(self, what: str) -> bool:
        """Say whether a field is to be shown: the platform may have such, or something is in it."""
        rules = self.rules
        is_there: object = getattr(self.draft, what, "") if what != "parts" else ""
        if rules is None or is_there:
            return True
        return {
            "topic": rules.topic is not None,
            "reply_to": rules.has_replies is not False,
            "language": rules.has_languages is not False,
            "audience": rules.audiences is None or len(rules.audiences) > 1,
            "quote": rules.has_quotes is not False,
            "poll": rules.has_polls is not False,
            "parts": rules.has_chains is not False,
        }[what]

    def choices(self, part: DraftPart) -> list[str]:
        """Return the options of a part's poll, and blank ones up to as many as there may be."""
        most = self.rules and self.rules.poll and self.rules.poll.options[1]
        return part.options + [""] * (int(most or 4) - len(part.options))

    def is_any_wrong(self, *begins: str) -> bool:
        """Say whether a field whose name begins so is not acceptable."""
        return any(field.startswith(begins) for field in self.faults)


def written(call: Call, name: str, platform: str, job: ScheduledJob | None = None) -> WritingForm:
    """Return the form as it was sent, with its files kept. For whoever has made sure that the
    visitor may write: `job` is the one that is edited.

    Raises:
        StorageError: a file cannot be kept.
    """
    draft = read_draft(call.form, lambda text: kept_of(call, text))
    if job is not None and job.post is not None:
        draft.overrides = job.post.overrides
    faults: dict[str, str] = {}
    for index, part in enumerate(draft.parts):
        if part.lost:
            faults[f"p{index}-upload"] = _LOST
        for found in keep_files(call, index):
            if isinstance(found, ValidationError):
                faults[f"p{index}-upload"] = found.message
            else:
                media = DraftMedia(found.source, "", found.file, carried(call, found))
                part.media = [*(one for one in part.media if one.source or one.alt), media]
    return WritingForm(call.form, draft, platform, name=name, faults=faults)


def of_job(call: Call, job: ScheduledJob) -> WritingForm:
    """Return the form of a job as it is."""

    def carry(media: Media) -> str:
        return carried(call, media)

    return WritingForm({}, PostDraft.of(job, carry), job.platform)


def of_new(values: Mapping[str, str], problem: Refusal | None) -> WritingForm:
    """Return the form of a job that is to be written."""
    draft, platform = (
        PostDraft([DraftPart(values.get("content", ""))]),
        values.get("platform") or _USUAL,
    )
    return WritingForm(values, draft, platform, problem=problem)


def is_asked_within(call: Call) -> bool:
    """Whether the form was sent to be shown again: with a part more, or to look at it."""
    return "do" in call.form or "preview" in call.form


def done_within(call: Call, form: WritingForm) -> WritingForm:
    """Return the form with what was asked for within it done: a part or a row of media added or
    taken out; or, where it was only to be looked at, with what its platform would not take."""
    asked = _DO.fullmatch(call.form.get("do", ""))
    draft, focus, faults = form.draft, form.focus, form.faults
    if asked is None:
        found = _faults(form).items()
        faults = {at: said for at, said in found if not _is_empty(draft, at)} | faults
    elif asked[2] == "part":
        focus = _do_part(draft, asked[1], int(asked[3] or 0))
    else:
        focus = _do_media(draft, asked[1], int(asked[3] or 0), int(asked[4] or 0))
    return WritingForm(call.form, draft, form.platform, name=form.name, faults=faults, focus=focus)


def _do_part(draft: PostDraft, what: str, index: int) -> str:
    if what == "add":
        draft.parts.append(DraftPart())
        return f"p{len(draft.parts) - 1}-text"
    if 0 < index < len(draft.parts):
        del draft.parts[index]
    return "add-part"


def _do_media(draft: PostDraft, what: str, index: int, number: int) -> str:
    media = draft.parts[index].media if index < len(draft.parts) else []
    if what == "add":
        media.append(DraftMedia())
        return f"p{index}-m{len(media) - 1}-source"
    if number < len(media):
        del media[number]
    return f"p{index}-add-media"


def _faults(form: WritingForm) -> dict[str, str]:
    """Return all for which the post would be refused, by the fields."""
    try:
        post = form.draft.to_post()
    except ValidationError as problem:
        return {field_of(problem.field): without_field(problem)}
    found = reversed(post_problems(post, form.platform))  # the first of a field is told
    return {field_of(problem.field): without_field(problem) for problem in found}


def _is_empty(draft: PostDraft, field: str) -> bool:
    if field != "content" and not field.endswith("-text"):
        return False
    index = 0 if field == "content" else int(field[1:-5])
    return not draft.parts[index].text.strip()


def given_of(form: WritingForm, job: ScheduledJob | None = None) -> dict[str, Any]:
    """Return what the form says of a post, as the arguments of an action: a text, and a post where
    there is more, or was in the job that is edited.

    Raises:
        ValidationError: it says what is no post; a file was not kept.
    """
    form.draft = draft = form.draft.without_blanks()
    if form.faults:
        field, said = next(iter(form.faults.items()))
        raise ValidationError(said, field=field)
    post = draft.to_post()
    _check_sources(draft)
    text = post.parts[0].text
    if post.is_plain:
        return {"content": text} | ({} if job is None or job.post is None else {"post": None})
    return {"content": text, "post": post}


def _check_sources(draft: PostDraft) -> None:
    """Check that what was written as an address is one: it is no path on this machine.

    Raises:
        ValidationError: it is none.
    """
    for index, part in enumerate(draft.parts):
        for number, media in enumerate(part.media):
            if media.file is None and not media.is_address:  # rule: no-path-in-a-form
                field = f"post.parts[{index}].media[{number}].source"
                raise ValidationError(f"{field} {_NO_ADDRESS}", field=field)


def with_faults(form: WritingForm, error: Exception) -> WritingForm:
    """Return the form with what is wrong: what was refused, and all that its platform does not take
    besides."""
    problem = problem_of(error)
    faults = dict(form.faults)
    name = problem.field or ""
    if isinstance(error, ValidationError) and (name == "content" or name.startswith("post")):
        faults = _faults(form) | faults
        problem.field = field_of(name)
        if name != "content":
            faults.setdefault(problem.field, without_field(error))
    return WritingForm(
        form.values, form.draft, form.platform, name=form.name, problem=problem, faults=faults
    )
