"""Looking for a post among an account's own statuses: this very one, or none."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Literal

import msgspec

from ..scheduler import Attempt
from .mastodon_api import PAGE, MastodonApi, OwnStatus
from .mastodon_steps import Sending, text_digest

_MOST_PAGES = 50


class SeveralLikeIt(Exception):
    """Several statuses may be the one, and nothing tells which; another job may settle it."""


class Search(msgspec.Struct, frozen=True):
    """What was found: `ids` are surely this text, `unclear` may be; `whole`: all were looked at."""

    ids: list[str]
    unclear: list[str]
    whole: bool

    @property
    def only(self) -> str | None:
        """The one that it is; None: there is none.

        Raises:
            SeveralLikeIt: there are several.
        """
        if len(self.ids) > 1:
            raise SeveralLikeIt(f"any of these may be its post: {', '.join(self.ids)}")
        return self.ids[0] if self.ids else None

    @property
    def doubt(self) -> str | None:
        """Why it cannot be said that there is none, where none was found."""
        if self.unclear:
            return f"this may be its post: {', '.join(self.unclear)}"
        return None if self.whole else "the newer posts of the account cannot all be looked at"


async def look_for(api: MastodonApi, account_id: str, attempt: Attempt, sending: Sending) -> Search:
    """Look at every status of the account behind the one that was its newest before the first
    request, but for those that are other jobs'.

    Raises:
        NotSent, NoAnswer, MastodonError: the instance could not be asked.
    """
    ids: list[str] = []
    unclear: list[str] = []
    after, seen = sending.after, set[str]()
    for _ in range(_MOST_PAGES):
        page = await api.later(account_id, after)
        fresh = [status for status in page if status.id not in seen]
        for status in fresh:
            seen.add(status.id)
            found = await _compared(api, attempt, sending, status)
            if found != "another":
                (ids if found == "same" else unclear).append(status.id)
        if after is None:  # it had none: these are the newest, and so all, unless they are many
            return Search(ids, unclear, whole=len(page) < PAGE)
        if not fresh:
            return Search(ids, unclear, whole=not page)
        after = page[0].id
    return Search(ids, unclear, whole=False)


async def _compared(
    api: MastodonApi, attempt: Attempt, sending: Sending, status: OwnStatus
) -> Literal["same", "unclear", "another"]:
    if status.media != sending.media or (status.reply or sending.reply) != sending.reply:
        return "another"
    if attempt.is_of_another_job(status.id):  # rule: no-post-of-another-job
        return "another"
    source = await api.source(status.id)
    if source is not None and text_digest(*source) == sending.text:
        # A reply is none any more when the post that it was one to is deleted.
        return "same" if status.reply == sending.reply else "unclear"
    if status.is_edited:  # what it was before, nobody tells
        return "unclear"
    if source is not None:
        return "another"
    shown = text_digest(text_of(status.content), status.warning)
    return "same" if shown == sending.text else "unclear"


class _Text(HTMLParser):
    """Reads the text that a status's HTML was made from, as far as it shows that."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self.pieces.append("\n")
        elif tag == "p" and self.pieces:
            self.pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def text_of(html: str) -> str:
    """Return the text in the HTML of a status: paragraphs and breaks are lines again."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    return "".join(reader.pieces)
