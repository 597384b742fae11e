"""A real file system in a file, whose power can be cut: ext4 or XFS on a loop device, shut down by their own ioctl.

The shutdown forgets everything that is not on the disk yet, its own journal included: what a power cut does.
"""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# _IOR('X', 125, __u32): EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are the same number.
_SHUTDOWN = 0x8004587D
_WITHOUT_LOG_FLUSH = 2
_MAKE = {
    # Size in MB (mostly a hole), and how it is made.
    "ext4": (16, ["mkfs.ext4", "-q", "-F"]),
    "xfs": (320, ["mkfs.xfs", "-q", "-f"]),
}


def missing(kind: str) -> str | None:
    """Return why power cannot be cut on this kind of file system here, or None."""
    if os.geteuid() != 0:
        return "only root may mount"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices"
    tool = _MAKE[kind][1][0]
    if shutil.which(tool) is None:
        return f"{tool} is not installed"
    try:
        known = Path("/proc/filesystems").read_text().split()
    except OSError:
        known = []
    return None if kind in known else f"this kernel has no {kind}"


def kinds() -> tuple[str, ...]:
    """Return the file systems on which power can be cut here."""
    return tuple(kind for kind in _MAKE if missing(kind) is None)


class FileSystem:
    """One mounted image. `root` is where it is mounted."""

    def __init__(self, image: Path, root: Path) -> None:
        self.image = image
        self.root = root

    def mount(self) -> None:
        """Mount it, which replays its journal."""
        _run("mount", "-o", "loop", str(self.image), str(self.root))

    def unmount(self) -> None:
        """Unmount it."""
        _run("umount", str(self.root))

    def cut(self) -> None:
        """Cut the power: from here on every call fails, and what was not durable is gone."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG_FLUSH))
        finally:
            os.close(descriptor)


@contextmanager
def mounted(kind: str, folder: Path) -> Iterator[FileSystem]:
    """Make a file system of this kind in `folder` and mount it; nothing is left afterwards."""
    megabytes, make = _MAKE[kind]
    image, root = folder / "image", folder / "root"
    root.mkdir()
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    _run(*make, str(image))
    system = FileSystem(image, root)
    system.mount()
    try:
        yield system
    finally:
        # A child that is just dying may hold it for another moment: let go of it in any case.
        _run("umount", "--lazy", str(root), may_fail=True)


def _run(*command: str, may_fail: bool = False) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode and not may_fail:
        raise OSError(f"{' '.join(command)}: {ran.stderr.strip()}")
