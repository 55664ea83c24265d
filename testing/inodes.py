"""Files and directories as a disk has them: what is seen, what is certain, what may be lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class FileChange:
    """A write (`data` at `offset`), or, without data, a change of the length to `offset`.

    `forgotten`: a sync of it failed, so no later sync makes it certain.
    """

    offset: int
    data: bytes | None
    forgotten: bool = False


@dataclass(slots=True, eq=False)
class File:
    """What is read now, what is certain, and the changes that lie between, oldest first."""

    content: bytearray = field(default_factory=bytearray)
    certain: bytes = b""
    pending: list[FileChange] = field(default_factory=list)
    links: int = 0

    def change(self, change: FileChange) -> None:
        """Write, or truncate; that is seen at once, and certain after a sync."""
        change_content(self.content, change)
        self.pending.append(change)

    def sync(self) -> None:
        """Make certain what no failed sync has forgotten."""
        certain = bytearray(self.certain)
        forgotten: list[FileChange] = []
        for change in self.pending:
            if change.forgotten:
                forgotten.append(change)
            else:
                change_content(certain, change)
                forgotten = [left for old in forgotten for left in _not_covered(old, change)]
        # The length is the inode's: it goes to disk with the sync, whatever the pages hold.
        certain.extend(bytes(max(0, len(self.content) - len(certain))))
        self.certain, self.pending = bytes(certain), forgotten

    def forget(self) -> None:
        """Leave what is not certain to no later sync, as the system does after one that failed."""
        for change in self.pending:
            change.forgotten = True


@dataclass(slots=True, frozen=True)
class DirectoryChange:
    """A change of a directory: `name` is `node` now (None: removed); `source` is gone with it."""

    name: str
    node: File | Directory | None
    source: str | None = None


@dataclass(slots=True, eq=False)
class Directory:
    """The names that are seen now, those that are certain, and the changes that lie between."""

    entries: dict[str, File | Directory] = field(default_factory=dict)
    certain: dict[str, File | Directory] = field(default_factory=dict)
    pending: list[DirectoryChange] = field(default_factory=list)
    changes: int = 0
    """How often a name was made, renamed or removed."""

    def change(self, change: DirectoryChange) -> None:
        """Make, rename or remove a name; that is seen at once, and certain after a sync."""
        for gone in (self.entries.get(change.name), self.entries.get(change.source or "")):
            if isinstance(gone, File):
                gone.links -= 1
        change_entries(self.entries, change)
        if isinstance(change.node, File):
            change.node.links += 1
        self.pending.append(change)
        self.changes += 1

    def sync(self) -> None:
        """Make certain what is seen."""
        self.certain, self.pending = dict(self.entries), []

    def files(self, prefix: str = "") -> Iterator[tuple[str, bytes]]:
        """Yield every file below by its path, and what is read there, in the order of names."""
        for name, node in sorted(self.entries.items()):
            if isinstance(node, Directory):
                yield from node.files(f"{prefix}{name}/")
            else:
                yield prefix + name, bytes(node.content)


def change_entries(entries: dict[str, File | Directory], change: DirectoryChange) -> None:
    """Carry out a change of a directory on these entries."""
    if change.source is not None:
        entries.pop(change.source, None)
    if change.node is None:
        entries.pop(change.name, None)
    else:
        entries[change.name] = change.node


def change_content(content: bytearray, change: FileChange) -> None:
    """Carry out a write or a truncation on this content; a gap reads as zeros."""
    end = change.offset + len(change.data or b"")
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if change.data is None:
        del content[change.offset :]
    else:
        content[change.offset : end] = change.data


def _not_covered(old: FileChange, new: FileChange) -> Iterator[FileChange]:
    """Yield what is left to be doubted of `old` once `new` is certain. A truncation that may not
    have happened happened before it, or not at all: it takes nothing away that came behind it."""
    if new.data is None:
        return
    if old.data is None:
        yield FileChange(max(old.offset, new.offset + len(new.data)), None, True)
        return
    end, new_end = old.offset + len(old.data), new.offset + len(new.data)
    if old.offset < new.offset:
        yield FileChange(old.offset, old.data[: new.offset - old.offset], True)
    if end > new_end:
        start = max(old.offset, new_end)
        yield FileChange(start, old.data[start - old.offset :], True)
