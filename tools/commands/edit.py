"""The `edit` command: content, priority, metadata or what else a post has."""

from __future__ import annotations

from typing import Any

import click

from ...domain import JobPriority
from ...ledger import Ledger
from ..grammar import command
from ..job_changes import (
    PRIORITIES,
    change_job,
    lenient_option,
    read_content,
    read_metadata,
)
from ..post_options import TypedPost, post_options
from ..session import JOB, Session, json_option, pass_session


@command()
@click.argument("job", type=JOB)
@click.option("--content", metavar="TEXT", help="The new text; `-` reads standard input.")
@click.option("--priority", type=PRIORITIES)
@click.option("--metadata", metavar="JSON", help="Replaces the whole metadata.")
@post_options
@lenient_option
@json_option
@pass_session
def edit(
    session: Session,
    job: str,
    content: str | None,
    priority: str | None,
    metadata: str | None,
    lenient: bool,
    typed: TypedPost,
) -> None:
    """Change the content, priority or metadata of a job that has not run yet.

    What is said of its post, such as --media, is all that it has from then on besides its text.

    \b
    Example:
      jobledger edit 3f2a --content "Better words" --priority urgent
    """
    changes: dict[str, Any] = {}
    if content is not None:
        changes["content"] = read_content(content)
    if priority is not None:
        changes["priority"] = JobPriority[priority.upper()]
    if metadata is not None:
        changes["metadata"] = read_metadata(metadata)

    def change(ledger: Ledger, found: str) -> None:
        if typed:
            text = changes.pop("content", None)
            changes["post"] = typed.with_text(
                ledger.get_job(found).content if text is None else text
            )
        ledger.edit_job(found, lenient=lenient, **changes)

    change_job(session, job, "edited", change)
