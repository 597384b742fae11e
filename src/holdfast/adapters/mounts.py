"""Which file system a folder lies on: a lock and an fsync over a network promise less than on a disk of one's own."""

from pathlib import Path

from loguru import logger

_MOUNTS = Path("/proc/self/mounts")
_REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone", "fuse.gvfs", "davfs")


def remote_file_system(folder: Path, mounts: str) -> str | None:
    """Return the kind of network file system under `folder`, or None; `mounts` is as /proc/self/mounts has it."""
    kinds: dict[Path, str] = {}
    for line in mounts.splitlines():
        _device, point, kind, *_options = line.split(" ")
        kinds[Path(point.encode().decode("unicode_escape"))] = kind
    nearest = next((kinds[one] for one in (folder, *folder.parents) if one in kinds), "")
    return nearest if nearest.startswith(_REMOTE) else None


def warn_of_network(folder: Path, mounts: Path = _MOUNTS) -> None:
    """Say so if the state folder lies on a network: two machines might both hold it, and a save may not be durable."""
    try:
        kind = remote_file_system(folder.resolve(), mounts.read_text(errors="replace"))
    except (OSError, ValueError):
        # Not Linux, or a table of another shape: nothing is known, and nothing is said.
        return
    if kind is not None:
        logger.warning(
            "{} lies on a network file system ({}): its lock may not keep a second machine out, and a save may not "
            "be durable; put the state folder on a local disk",
            folder,
            kind,
        )
