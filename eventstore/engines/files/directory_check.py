"""Is this a directory that a ledger can be written in? Whose it is, and on what file system."""

from __future__ import annotations

from pathlib import Path

from ....domain import StorageError
from .filesystem import FileSystem, storage_errors

_NETWORK = {
    "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
    "nfs4", "ocfs2", "orangefs", "smb2", "smb3", "smbfs",
}  # fmt: skip
_NETWORK_FUSE = {
    "sshfs", "s3fs", "gcsfuse", "rclone", "glusterfs", "davfs2", "curlftpfs", "goofys", "mount-s3",
    "blobfuse", "blobfuse2", "juicefs", "ceph-fuse", "seaweedfs", "mfs",
}  # fmt: skip


_WITHOUT_MODES = {
    "9p", "drvfs", "exfat", "fuseblk", "hfsplus", "msdos", "ntfs", "ntfs3", "vboxsf", "vfat",
    "fuse.vmhgfs-fuse",
}  # fmt: skip
"""Where a mode is the mount's, and says nothing of who may write; those of other systems' disks."""


def check_directory(fs: FileSystem, directory: Path, *, allow_network: bool) -> None:
    """Before anything is written in it.

    Raises:
        StorageError: it belongs to another user, everybody may write in it, or it is on a network.
    """
    with storage_errors("write in", directory):
        fs.check_owner(directory)  # rule: owner-of-the-directory
        kind = fs.kind_of(directory)
        is_open_to_all = fs.anyone_may_write(directory)
    if is_open_to_all and kind not in _WITHOUT_MODES:  # rule: no-directory-of-everybody
        raise StorageError(
            f"every user of this machine may write in {directory}: anybody could put another log in"
            " place of yours, and have it posted",
            path=str(directory),
            hint=f"chmod o-w {directory}",
        )
    # rule: no-network
    if not allow_network and kind is not None and is_network(kind):
        raise StorageError(
            f"{directory} is on a network file system ({kind}), where locks and syncs may not hold"
            " between machines",
            path=str(directory),
            remedy="use_local_disk",
        )


def is_network(kind: str) -> bool:
    """Whether a file system of this kind, as the kernel names it, is another machine's."""
    first, _, rest = kind.partition(".")
    return kind in _NETWORK or (first in ("fuse", "fuseblk") and rest in _NETWORK_FUSE)
