"""What a power cut may leave of a disk, chosen by a random generator (`disk` says what it may)."""

from __future__ import annotations

from random import Random

from .inodes import Directory, DirectoryChange, File, FileChange, change_content, change_entries

SECTOR = 512


def after_power_cut(root: Directory, chance: Random) -> Directory:
    """Return one of the trees that a machine may wake up with: all that it holds is certain."""
    return _directory_after(root, chance, {})


def _directory_after(directory: Directory, chance: Random, done: dict[int, File]) -> Directory:
    entries = dict(directory.certain)
    for entry in _some(directory.pending, chance):
        change_entries(entries, entry)
    left = Directory()
    for name, node in entries.items():
        if isinstance(node, Directory):
            left.entries[name] = _directory_after(node, chance, done)
        else:
            left.entries[name] = file = done.setdefault(id(node), _file_after(node, chance))
            file.links += 1
    left.certain = dict(left.entries)
    return left


def _some(entries: list[DirectoryChange], chance: Random) -> list[DirectoryChange]:
    """Choose the changes that reached the disk: a journal's beginning, or any of them."""
    if not entries or chance.random() < 0.5:
        return entries[: chance.randint(0, len(entries))]
    return [entry for entry in entries if chance.random() < 0.5]


def _file_after(file: File, chance: Random) -> File:
    content = bytearray(file.certain)
    if file.pending:
        lengths = [len(content)]
        how = chance.choice(["nothing", "everything", "beginning", "sectors", "lengths"])
        upto = chance.randint(0, len(file.pending) - 1)
        for index, change in enumerate(file.pending):
            if change.data is None:
                whole = how == "everything" or (how == "beginning" and index < upto)
                if whole or (how in ("sectors", "lengths") and chance.random() < 0.5):
                    change_content(content, change)
                    lengths = [change.offset]
                continue
            if how == "everything" or (how == "beginning" and index < upto):
                change_content(content, change)
            elif how == "beginning" and index == upto:
                part = change.data[: chance.randint(0, len(change.data))]
                change_content(content, FileChange(change.offset, part))
            elif how == "sectors":
                _apply_sectors(content, change.offset, change.data, chance)
            lengths.append(max(lengths[-1], change.offset + len(change.data)))
        if how in ("sectors", "lengths"):
            change_content(content, FileChange(chance.choice([*lengths, len(content)]), None))
    return File(content=content, certain=bytes(content))


def _apply_sectors(content: bytearray, start: int, data: bytes, chance: Random) -> None:
    end = start + len(data)
    for sector in range(start // SECTOR, (end - 1) // SECTOR + 1):
        if chance.random() < 0.5:
            first, last = max(start, sector * SECTOR), min(end, (sector + 1) * SECTOR)
            change_content(content, FileChange(first, data[first - start : last - start]))
