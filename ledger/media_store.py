"""The files of posts: each once, under the name that its bytes give it, in `media/` of a ledger.

A file is there for good before a job refers to it. Whoever adds one holds the store until the job
is in the log; whoever removes what nobody needs has it alone, so that neither misses the other.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import msgspec

from ..domain import MediaFile, ValidationError, media_facts, reader_of
from ..eventstore.engines.files import FileSystem, Patience, storage_error, storage_errors

MOST_MEDIA_BYTES = 1024**3
"""How large a file may be."""
LOCK_NAME = "media.lock"
MARK_NAME = "removed.json"
"""Says before which time a job was closed whose files may have been removed."""
_CHUNK = 1024 * 1024
_SIGN = 16
"""So many bytes say what a file is."""
_NOT_TO_BE_READ = {
    errno.ENOENT: "is not there",
    errno.ENOTDIR: "is not there",
    errno.ELOOP: "is a link that leads to no file",
    errno.EISDIR: "is a directory, and no file",
    errno.EINVAL: "is no regular file",
    errno.ENXIO: "is no regular file",
    errno.ENAMETOOLONG: "is too long a path",
    errno.EACCES: "may not be read by this process",
    errno.EPERM: "may not be read by this process",
}


class MediaStore:
    """The media of one ledger, in a directory that is made when there is the first file. Any number
    of processes may work with it."""

    def __init__(
        self,
        fs: FileSystem,
        directory: Path,
        patience: Patience,
        most_bytes: int = MOST_MEDIA_BYTES,
    ) -> None:
        self.fs = fs
        self.directory = directory
        self._patience = patience
        self.most_bytes = most_bytes
        self._way_is_sure = False

    def path_of(self, name: str) -> Path:
        """Return where the file of this SHA-256 is, or would be."""
        return self.directory / name[:2] / name

    @property
    def is_there(self) -> bool:
        """Whether there is the directory: there has been a file."""
        with storage_errors("look at", self.directory):
            return self.fs.is_directory(self.directory)

    # -- keeping -------------------------------------------------------------------------------

    def keep(self, source: str, field: str) -> MediaFile:
        """Copy a file into the store, where it is on disk when this returns, and say what it is. A
        relative path is taken in the working directory.

        Raises:
            ValidationError: it is no file, cannot be read, is too large, is no image or video that
                is known, or was changed meanwhile; names `field` and the path.
            StorageError: the store cannot be read or written.
        """
        path = self._found(source, field)
        with _reading(path, source, field):
            fd = self.fs.open_read(path)
        try:
            with _reading(path, source, field):
                name = self._name_of(fd, source, field)
            return self.find(name, field) or self._copy(fd, name, path, source, field)
        finally:
            self.fs.close(fd)

    def _found(self, source: str, field: str) -> Path:
        path = Path(source)
        try:
            with _reading(path, source, field):
                return self.fs.locate(path)
        except ValueError:  # a NUL, or what no file system can write
            raise _refused(source, field, "is no path") from None

    def _name_of(self, fd: int, source: str, field: str) -> str:
        """Return the SHA-256 of a file that is given, once it is sure that it may be kept."""
        most, size = self.most_bytes, self.fs.size(fd)
        if size > most:
            said = f"has {size} bytes, and at most {most} are kept"
            raise _refused(source, field, said, "make it smaller, or give an https address")
        try:
            reader_of(self.fs.read_at(fd, _SIGN, 0))
        except ValidationError as error:
            raise _of_file(error, source, field) from None
        digest, read = sha256(), 0
        for part in self._parts(fd):
            digest.update(part)
            read += len(part)
            if read > size:
                raise _changed(source, field)
        return digest.hexdigest()

    def _copy(self, source_fd: int, name: str, path: Path, source: str, field: str) -> MediaFile:
        fs, kept = self.fs, self.path_of(name)
        with storage_errors("write", kept):
            for directory in (self.directory, kept.parent):
                fs.make_directory(directory)
        # A name of its own: others may be keeping the same file.
        temporary = kept.with_name(f".{name}.{fs.new_id()}.tmp")
        try:
            with storage_errors("write", kept):
                fd = fs.open_write(temporary, create=True, truncate=True)
            try:
                if self._copied(source_fd, fd, path, source, field) != name:
                    raise _changed(source, field)  # rule: media-is-what-was-measured
                file = self._measured(fd, name, source, field)
                with storage_errors("write", kept):
                    fs.sync_data(fd)  # rule: media-is-synced
            finally:
                fs.close(fd)
            with storage_errors("write", kept):
                fs.rename(temporary, kept)
        except BaseException:
            with suppress(OSError):
                fs.remove(temporary)
            raise
        self._make_names_sure(kept)
        return file

    def _copied(self, source_fd: int, fd: int, path: Path, source: str, field: str) -> str:
        """Copy what is in a file, and return its SHA-256."""
        digest, offset = sha256(), 0
        parts = self._parts(source_fd)
        while True:
            with _reading(path, source, field):
                part = next(parts, b"")
            if not part:
                return digest.hexdigest()
            digest.update(part)
            with storage_errors("write", self.directory):
                self.fs.write_at(fd, part, offset)
            offset += len(part)
            if offset > self.most_bytes:
                raise _changed(source, field)

    def _parts(self, fd: int) -> Iterator[bytes]:
        offset = 0
        while part := self.fs.read_at(fd, _CHUNK, offset):
            yield part
            offset += len(part)

    def _measured(self, fd: int, name: str, source: str, field: str) -> MediaFile:
        """Say what a file of the store is: by a copy that nobody else changes meanwhile."""
        with storage_errors("read", self.path_of(name)):
            data = self.fs.mapped(fd)
        try:
            facts = media_facts(data)
        except ValidationError as error:
            raise _of_file(error, source, field) from None
        return MediaFile(sha256=name, size=len(data), **msgspec.structs.asdict(facts))

    def _make_names_sure(self, kept: Path) -> None:
        with storage_errors("write", kept):
            self.fs.sync_directory(kept.parent)  # rule: media-has-its-name
            self.fs.sync_directory(self.directory)
            if not self._way_is_sure:
                self.fs.sync_path_to(self.directory)
                self._way_is_sure = True

    # -- what is there -------------------------------------------------------------------------

    def find(self, name: str, field: str = "media") -> MediaFile | None:
        """Say what the file of this SHA-256 is, and make sure of it: whoever put it there may have
        been stopped before it was certain. None: it is not there, or has other bytes.

        Raises:
            StorageError: it cannot be read.
        """
        kept = self.path_of(name)
        with storage_errors("read", kept):
            try:
                fd = self.fs.open_read(kept)
            except FileNotFoundError:
                return None
        try:
            with storage_errors("read", kept):
                if self._digest(fd) != name:
                    return None
            file = self._measured(fd, name, name, field)
            with storage_errors("write", kept):
                self.fs.sync_data(fd)
        finally:
            self.fs.close(fd)
        self._make_names_sure(kept)  # rule: media-found-is-made-sure
        return file

    def _digest(self, fd: int) -> str:
        digest = sha256()
        for part in self._parts(fd):
            digest.update(part)
        return digest.hexdigest()

    def has(self, path: Path) -> bool:
        """Whether there is a file at a path of the store, whatever is in it."""
        try:
            self.fs.file_size(path)
        except FileNotFoundError:
            return False
        return True

    def names(self) -> list[str]:
        """Return the names of all files, sorted; those that are being written are none.

        Raises:
            StorageError: the directory cannot be read.
        """
        return [name for name in self.entries() if not name.startswith(".")]

    def entries(self) -> list[str]:
        """Do the same, also of what was left by somebody who was stopped while writing."""
        if not self.is_there:
            return []
        with storage_errors("read", self.directory):
            return [
                name
                for folder in self.fs.list_directory(self.directory)
                if len(folder) == 2
                for name in self.fs.list_directory(self.directory / folder)
            ]

    # -- holding -------------------------------------------------------------------------------

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Have nothing removed within the `with`, by whichever process.

        Raises:
            LedgerBusyError: somebody is removing all the time.
            StorageError: the directory cannot be made.
        """
        lock = self.directory / LOCK_NAME
        with storage_errors("lock", lock):
            self.fs.make_directory(self.directory)
            try:
                fd = self.fs.open_read(lock)  # also by who may not write there
            except FileNotFoundError:
                fd = self.fs.open_write(lock, create=True)
        try:
            with storage_errors("lock", lock):
                self._patience.take(self.fs, fd, lock, shared=True)  # rule: media-is-held
            yield
        finally:
            self.fs.close(fd)

    def copy_to(self, directory: Path) -> None:
        """Copy all files to another directory, where they are on disk when this returns.

        Raises:
            StorageError: one cannot be read or written.
        """
        fs = self.fs
        for name in self.names():
            kept, copy = self.path_of(name), directory / name[:2] / name
            with storage_errors("copy", kept):
                fs.make_directory(directory)
                fs.make_directory(copy.parent)
                fd = fs.open_read(kept)
                try:
                    fs.write_parts_durably(copy, self._parts(fd))
                finally:
                    fs.close(fd)
        mark = self.directory / MARK_NAME
        with storage_errors("copy", mark), suppress(FileNotFoundError):
            data = fs.read_file(mark)
            fs.make_directory(directory)
            fs.write_file_durably(directory / MARK_NAME, data)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Have the store alone within the `with`: nobody keeps a file meanwhile. False, at once:
        somebody is just keeping one.

        Raises:
            StorageError: the lock cannot be taken.
        """
        lock = self.directory / LOCK_NAME
        with storage_errors("lock", lock):
            fd = self.fs.open_write(lock, create=True)
        try:
            with storage_errors("lock", lock):
                is_mine = self.fs.lock(fd, wait=False)
            yield is_mine
        finally:
            self.fs.close(fd)


@contextmanager
def _reading(path: Path, source: str, field: str) -> Iterator[None]:
    """Turn an error of reading a file that was given into one that says which."""
    try:
        yield
    except OSError as error:
        said = _NOT_TO_BE_READ.get(error.errno or 0)
        if said is None:
            raise storage_error("read", path, error) from error
        raise _refused(source, field, said, "give the path of an image or a video") from None


def _refused(source: str, field: str, said: str, hint: str | None = None) -> ValidationError:
    return ValidationError(f"{field} ({source:.200}) {said}", field=field, hint=hint)


def _changed(source: str, field: str) -> ValidationError:
    said = "was changed while it was read"
    return _refused(source, field, said, "add it again when it is written to the end")


def _of_file(error: ValidationError, source: str, field: str) -> ValidationError:
    said = f"is not kept: {error.message}"
    return _refused(source, field, said, error.advice)
