"""What the fake platform knows of Threads: containers, posts, and the calls on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from .answers import BAD_REQUEST, MISSING, RATE_LIMITED, Reply, error

_TIME = "%Y-%m-%dT%H:%M:%S+0000"
QUOTA, REPLY_QUOTA = 250, 1000
_WINDOW = timedelta(days=1)


class FakeContainer(msgspec.Struct):
    """A container: it is IN_PROGRESS for `looks` more looks, and then in `then`."""

    id: str
    account: str
    form: dict[str, str]
    looks: int
    then: str = "FINISHED"

    def look(self) -> str:
        """Its state, as somebody asks for it."""
        if self.looks > 0:
            self.looks -= 1
            return "IN_PROGRESS"
        return self.then


class Out(msgspec.Struct, frozen=True):
    """A post that is out."""

    id: str
    account: str
    text: str
    at: datetime
    key: str = ""
    reply_to: str = ""
    media: tuple[str, ...] = ()
    poll: str = ""


class FakeThreads:
    """The state, and the calls. Not safe for threads: the server calls under its lock."""

    def __init__(self, now: Callable[[], datetime], looks: int, posts: list[Out]) -> None:
        self._now = now
        self._looks = looks
        self._posts = posts
        self.containers: dict[str, FakeContainer] = {}
        self.next_container = "FINISHED"
        self.quota, self.reply_quota = QUOTA, REPLY_QUOTA

    def create(self, account: str, form: Mapping[str, str]) -> Reply:
        media = form.get("media_type")
        if media == "TEXT" and not form.get("text"):
            return BAD_REQUEST
        if media == "CAROUSEL":
            children = [self.containers.get(name) for name in form.get("children", "").split(",")]
            if not 2 <= len(children) <= 20 or not all(map(_is_item, children)):
                return BAD_REQUEST
        elif media not in ("TEXT", "IMAGE", "VIDEO"):
            return BAD_REQUEST
        reply_to = form.get("reply_to_id", "")
        if reply_to.startswith("post-") and reply_to not in [post.id for post in self._posts]:
            return MISSING
        container = FakeContainer(
            f"container-{len(self.containers) + 1}", account, dict(form), self._looks
        )
        container.then, self.next_container = self.next_container, "FINISHED"
        self.containers[container.id] = container
        return Reply(200, {"id": container.id})

    def publish(self, account: str, container_id: str | None) -> Reply:
        """Publish a container that is FINISHED; any other is refused, one that is out too."""
        container = self.containers.get(container_id or "")
        if container is None or container.account != account:
            return MISSING
        item = "is_carousel_item" in container.form
        if container.looks > 0 or container.then != "FINISHED" or item:
            return error(400, 24, "The media cannot be published", 4279009)
        is_reply = bool(container.form.get("reply_to_id"))
        total = self.reply_quota if is_reply else self.quota
        if self._used(account, replies=is_reply) >= total:
            return RATE_LIMITED
        container.then = "PUBLISHED"
        post = Out(
            f"post-{len(self._posts) + 1}",
            account,
            container.form.get("text", ""),
            self._now().astimezone(UTC),
            reply_to=container.form.get("reply_to_id", ""),
            media=tuple(self._media(container.form)),
            poll=container.form.get("poll_attachment", ""),
        )
        self._posts.append(post)
        return Reply(200, {"id": post.id})

    def _media(self, form: Mapping[str, str]) -> Iterator[str]:
        for name in form.get("children", "").split(","):
            if name in self.containers:
                yield from self._media(self.containers[name].form)
        yield from (form[name] for name in ("image_url", "video_url") if name in form)

    def status(self, container_id: str) -> Reply:
        container = self.containers.get(container_id)
        if container is None:
            return MISSING
        status = container.look()
        document = {"id": container_id, "status": status}
        if status == "ERROR":
            document["error_message"] = "UNKNOWN"
        return Reply(200, document)

    def permalink(self, post_id: str) -> Reply:
        return Reply(200, {"id": post_id, "permalink": f"https://www.threads.net/t/{post_id}"})

    def list(self, account: str, since: str | None, *, replies: bool) -> Reply:
        first = datetime.fromtimestamp(int(since or 0), UTC)
        rows = [
            {"id": post.id, "text": post.text, "timestamp": post.at.strftime(_TIME)}
            for post in reversed(self._posts)
            if post.account == account and post.at >= first and bool(post.reply_to) is replies
        ]
        return Reply(200, {"data": rows, "paging": {"cursors": {}}})

    def limit(self, account: str, fields: str) -> Reply:
        """Tell what is used of the quotas that are asked for."""
        row: dict[str, object] = {}
        for replies, begin, total in ((False, "", self.quota), (True, "reply_", self.reply_quota)):
            if f"{begin}quota_usage" in fields.split(","):
                row[f"{begin}quota_usage"] = self._used(account, replies=replies)
                row[f"{begin}config"] = {"quota_total": total, "quota_duration": 86400}
        return Reply(200, {"data": [row]})

    def _used(self, account: str, *, replies: bool) -> int:
        begin = self._now() - _WINDOW
        return sum(
            post.account == account and post.at > begin and bool(post.reply_to) is replies
            for post in self._posts
        )


def _is_item(container: FakeContainer | None) -> bool:
    """Whether a container can be in a carousel: made for one, and ready."""
    return (
        container is not None
        and container.form.get("is_carousel_item") == "true"
        and container.looks == 0
        and container.then == "FINISHED"
    )
