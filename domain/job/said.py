"""What is said of a job in the same words wherever it comes from, and how it is checked."""

from __future__ import annotations

from typing import Any

import msgspec

from ..platforms.tables import LONGEST_EVER
from ..post.checking import check_post
from ..post.fitting import check_post_fits
from ..post.values import Post
from ..validation import (
    check_account,
    check_content,
    check_count,
    check_flag,
    check_member,
    check_metadata,
    check_platform,
    plain_text,
)
from .commands import Edit
from .state import JobPriority, NewJob, ScheduledJob


def check_said(job: NewJob | ScheduledJob, *, lenient: bool) -> dict[str, Any]:
    """Return what is said of a job in the same words wherever it comes from, by the names that all
    have for it: `NewJob`, `ScheduledJob` and the data of the `added` event. If it is `lenient`, the
    text is as long as its platform may take it.

    Raises:
        ValidationError: of the first field that is not acceptable.
    """
    platform = check_platform(job.platform, lenient=lenient)
    content, post, table = job.content, job.post, None if lenient else platform
    if post is None:
        content = check_content(content, table)
    else:
        content, post = check_what(content, post, table)
    return {
        "max_retries": check_count(job.max_retries, "max_retries"),
        "account_id": check_account(job.account_id),
        "content": content,
        "priority": check_member(job.priority, JobPriority, "priority"),
        "platform": platform,
        "metadata": check_metadata(job.metadata),
        "post": post,
    }


def check_what(content: str, post: Post | None, platform: str | None) -> tuple[str, Post | None]:
    """Return what is posted: a text, and with it a post whose first part has that text, unless
    there is nothing else in it. Where its platform is None, it is left to that what it takes.

    Raises:
        ValidationError: of the first field that is not acceptable.
    """
    if post is None:
        return check_content(content, platform), None
    checked = check_post(post, plain_text(content, "content", LONGEST_EVER))
    if checked.is_plain:
        return check_content(checked.parts[0].text, platform), None
    if platform is not None:
        check_post_fits(checked, platform)
    return checked.parts[0].text, checked


def check_edited(job: ScheduledJob, command: Edit) -> dict[str, Any]:
    """Return what is posted from now on: what is not given of it stays as it is.

    Raises:
        ValidationError: of the first field that is not acceptable.
    """
    lenient = check_flag(command.lenient, "lenient") or command.schedule is not None
    content = job.content if command.content is msgspec.UNSET else command.content
    post = job.post
    if command.post is not msgspec.UNSET:
        post = command.post
        if post is not None and command.content is msgspec.UNSET:
            content = ""  # that of its first part
    elif post is not None:
        post = post.with_text(content)
    # A form has the text that is there, too: it was accepted once.
    kept = lenient or (content == job.content and post == job.post)
    content, post = check_what(content, post, None if kept else job.platform)
    asked: dict[str, Any] = {"content": content}
    return asked if command.post is msgspec.UNSET else {**asked, "post": post}
