"""A state folder on a network is told apart and warned of (F4: two instances on two machines)."""

from pathlib import Path

import pytest
from loguru import logger

from holdfast.adapters.mounts import remote_file_system, warn_of_network

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/export /mnt/share nfs4 rw,vers=4.2 0 0
/dev/sdb1 /mnt/share/disk xfs rw 0 0
//nas/home /mnt/my\\040nas cifs rw 0 0
me@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/fuse /mnt/fuse fuse.ntfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/srv/state", None),
        ("/mnt/share/bot/state", "nfs4"),
        ("/mnt/share", "nfs4"),
        ("/mnt/sharely/state", None),
        ("/mnt/share/disk/state", None),
        ("/mnt/my nas/state", "cifs"),
        ("/mnt/ssh/state", "fuse.sshfs"),
        ("/mnt/fuse/state", None),
    ],
)
def test_the_nearest_mount_decides(folder: str, kind: str | None) -> None:
    """What lies under the folder counts, not what only begins with the same letters."""
    assert remote_file_system(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize(("table", "is_warned"), [("s:/x / nfs4 rw 0 0\n", True), (MOUNTS, False), ("odd\n", False)])
def test_a_network_is_warned_of_and_nothing_else_is(tmp_path: Path, table: str, *, is_warned: bool) -> None:
    """The bot starts all the same; a table that is not understood says nothing."""
    heard: list[str] = []
    sink = logger.add(lambda message: heard.append(str(message)), format="{message}")
    (tmp_path / "mounts").write_text(table)
    warn_of_network(tmp_path / "state", tmp_path / "mounts")
    warn_of_network(tmp_path / "state", tmp_path / "no such table")
    logger.remove(sink)
    assert ["put the state folder on a local disk" in one for one in heard] == [True] * is_warned
