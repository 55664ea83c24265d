"""The files that a change of jobs needs: kept before it is decided, and until it is in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import UNSET
from msgspec.structs import replace

from ..domain import (
    LONGEST_EVER,
    JobStatus,
    Media,
    MediaFile,
    Part,
    Post,
    ScheduledJob,
    StorageError,
    ValidationError,
    check_post,
    plain_text,
)
from ..domain import commands as c
from ..eventstore.engines.files import storage_errors
from .media_store import MediaStore
from .newcomers import Newcomer, labelled

_OPEN = (JobStatus.PENDING, JobStatus.SCHEDULED, JobStatus.RUNNING)
FileOf = Callable[[str, Media], MediaFile | None]
"""Finds the file of one media of a post, which is at this place in it."""


class MediaKeeping:
    """Keeps the files of posts in the store of a ledger. `store` is None where it has none."""

    def __init__(self, store: MediaStore | None, location: str) -> None:
        self.store = store
        self._location = location

    @contextmanager
    def added(self, newcomers: Sequence[Newcomer]) -> Iterator[Sequence[Newcomer]]:
        """Yield the newcomers with their files kept; nobody removes one within the `with`.

        Raises:
            ValidationError: of the first file that cannot be kept, with its job's label.
            StorageError: the store cannot be read or written.
        """
        posts: list[Post | None] = []
        for label, command in newcomers:
            job = command.job if isinstance(command, c.Add) else command.job.job
            with _labelled(label):
                posts.append(None if job.post is None else _checked(job.post, job.content))
        if not any(post is not None and _has_files(post) for post in posts):
            yield newcomers
            return
        known: dict[str, MediaFile] = {}
        with self._holding():
            kept: list[Newcomer] = []
            for (label, command), post in zip(newcomers, posts, strict=True):
                if post is not None and _has_files(post):
                    with _labelled(label):
                        command = self._with_files(command, post, known)
                kept.append((label, command))
            yield kept

    def _with_files(
        self, command: c.Add | c.Import, post: Post, known: dict[str, MediaFile]
    ) -> c.Add | c.Import:
        if isinstance(command, c.Add):
            kept = self._kept(post, known)
            return replace(command, job=replace(command.job, post=kept))
        job = command.job.job
        is_open = job.status in _OPEN
        kept = self._kept(post, known) if is_open else self._kept_of_history(post, known)
        return replace(command, job=replace(command.job, job=replace(job, post=kept)))

    @contextmanager
    def changed(self, command: c.Edit | c.Requeue) -> Iterator[c.Edit | c.Requeue]:
        """Do the same for a post that a job is to have from now on. Raises as `added`."""
        if isinstance(command, c.Requeue):
            with self.still():
                yield command
            return
        if command.post is UNSET or command.post is None:
            yield command
            return
        post = _checked(command.post, "" if command.content is UNSET else command.content)
        if not _has_files(post):
            yield command
            return
        with self._holding():
            yield replace(command, post=self._kept(post, {}))

    def keep(self, data: bytes) -> MediaFile:
        """Keep a file that no job has yet. Raises as `Ledger.add_media`."""
        if self.store is None:
            raise ValidationError(
                f"{self._location} keeps no files",
                field="media",
                hint="open the ledger with media=DIRECTORY, or give the https address of the file",
            )
        from .media_bytes import keep_bytes  # for those who have some

        return keep_bytes(self.store, data)

    def copy_to(self, directory: Path) -> None:
        """Copy all files to another directory. Raises as `MediaStore.copy_to`."""
        if self.store is not None:
            self.store.copy_to(directory)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Have nothing removed within the `with`, where there is anything."""
        store = self.store
        if store is None or not store.is_there:
            yield
            return
        with store.holding():
            yield

    def check_there(self, job: ScheduledJob, command: c.Command) -> None:
        """Check that a job which is to be requeued has its files: they may have been removed since
        it was closed.

        Raises:
            ValidationError: it has not.
            StorageError: they cannot be read.
        """
        if job.post is None or not isinstance(command, c.Requeue):
            return
        for where, media in _media_of(job.post):
            file = media.file
            if file is None and media.is_address:
                continue
            if file is None or self.store is None or self.store.find(file.sha256) is None:
                raise ValidationError(  # rule: requeued-with-its-media
                    f"{where}.file of {job.job_id} ({media.source:.200}) is not there any more",
                    field="post",
                    hint="add a new job with it, or put it back from a backup",
                )

    def path_of(self, name: str) -> Path:
        """Return where the file of this SHA-256 is.

        Raises:
            StorageError: it is not there.
        """
        if self.store is None:
            raise StorageError(f"{self._location} keeps no files", path=self._location)
        path = self.store.path_of(name)
        with storage_errors("look at", path):
            if not self.store.has(path):
                raise StorageError(
                    f"{path} is not there, and a job is to be posted with it",
                    path=str(path),
                    hint="put it back from a backup, or edit the job's post",
                )
        return path

    @contextmanager
    def _holding(self) -> Iterator[None]:
        if self.store is None:
            yield  # each file is refused by its name
            return
        with self.store.holding():
            yield

    def _kept(self, post: Post, known: dict[str, MediaFile]) -> Post:
        return _with(post, lambda where, media: self._file_of(where, media, known))

    def _kept_of_history(self, post: Post, known: dict[str, MediaFile]) -> Post:
        """Keep what is there of the files of a job that is over: it does not need them."""

        def if_there(where: str, media: Media) -> MediaFile | None:
            try:
                return self._file_of(where, media, known)
            except ValidationError:
                return None

        return _with(post, if_there)

    def _file_of(self, where: str, media: Media, known: dict[str, MediaFile]) -> MediaFile | None:
        """Return what is kept for one of a post; None for an address."""
        said = media.file
        if said is None and media.is_address:
            return None
        if self.store is None:
            raise ValidationError(
                f"{where}.source ({media.source:.200}) is a file, and {self._location} keeps none",
                field=f"{where}.source",
                hint="open the ledger with media=DIRECTORY, or give the https address of the file",
            )
        if said is not None:
            found = known.get(said.sha256) or self.store.find(said.sha256, f"{where}.file")
            if found is None:
                found = self._brought(where, media, said)
            known[said.sha256] = found
            return found
        if media.source not in known:
            known[media.source] = self.store.keep(media.source, f"{where}.source")
        return known[media.source]

    def _brought(self, where: str, media: Media, said: MediaFile) -> MediaFile:
        """Keep the file that was kept elsewhere, where its source still has it."""
        assert self.store is not None
        try:
            if media.is_address:
                raise ValidationError("it is an address", field=f"{where}.source")
            found = self.store.keep(media.source, f"{where}.source")
        except ValidationError as error:
            raise _not_brought(where, media, error.message) from None
        if found.sha256 != said.sha256:
            raise _not_brought(where, media, "its source has other bytes by now")
        return found


def _not_brought(where: str, media: Media, why: str) -> ValidationError:
    return ValidationError(
        f"{where}.file ({media.source:.200}) is not in this ledger: {why}",
        field=f"{where}.file",
        hint="give the path of the file, without what another ledger said of it",
    )


def _checked(post: object, content: object) -> Post:
    return check_post(post, plain_text(content, "content", LONGEST_EVER))


def _has_files(post: Post) -> bool:
    return any(media.file is not None or not media.is_address for media in post.media)


def _media_of(post: Post) -> Iterator[tuple[str, Media]]:
    for index, part in enumerate(post.parts):
        for number, media in enumerate(part.media):
            yield f"post.parts[{index}].media[{number}]", media


def _with(post: Post, file_of: FileOf) -> Post:
    """Return the post with the files that are found for its media."""
    places = iter(list(_media_of(post)))
    parts: list[Part] = []
    for part in post.parts:
        found = [replace(media, file=file_of(*next(places))) for media in part.media]
        parts.append(replace(part, media=tuple(found)))
    return replace(post, parts=tuple(parts))


@contextmanager
def _labelled(label: int | str | None) -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise labelled(error, label) from None
