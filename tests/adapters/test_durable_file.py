"""`replace_durably`: whatever instant a crash chooses, the file is the old version or the new one (I5)."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.adapters import durable_file
from holdfast.adapters.disk import OS_DISK
from holdfast.adapters.steps import finish

OLD, NEW = b"the old version\n" * 300, b"the new version\n" * 500

# Runs one save in a process of its own in which each system call of interest is counted, and which ends without
# any clean-up before the call of the given number: what stands on the disk then is what a crash would leave.
CHILD = """
import os, sys
from pathlib import Path

die_at, folder = int(sys.argv[1]), Path(sys.argv[2])
done = []

def counted(name):
    real = getattr(os, name)
    def call(*args, **kwargs):
        what = [str(one) for one in args if isinstance(one, (str, os.PathLike))]
        if name == "fsync":
            what = [os.readlink(f"/proc/self/fd/{args[0]}")] if os.path.exists("/proc/self/fd") else []
        if len(done) == die_at:
            os._exit(9)
        done.append(" ".join([name, *(os.path.relpath(one, folder) for one in what)]))
        return real(*args, **kwargs)
    return call

for name in ("open", "fsync", "close", "link", "unlink", "rename", "replace"):
    setattr(os, name, counted(name))

from holdfast.adapters.disk import OS_DISK
from holdfast.adapters.durable_file import replace_durably
from holdfast.adapters.steps import finish
finish(replace_durably(OS_DISK, folder / "AAPL.json", sys.stdin.buffer.read(), backup=folder / "backups" / "AAPL.json"))
print("\\n".join(done))
"""


def save(folder: Path, die_at: int = -1) -> list[str] | None:
    """Save NEW in a child process; return its calls in order, or None if it died before call number `die_at`."""
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, str(die_at), str(folder)], input=NEW, capture_output=True, check=False
    )
    if ran.returncode == 9:
        return None
    assert ran.returncode == 0, ran.stderr.decode()
    return [line for line in ran.stdout.decode().splitlines() if line.split(maxsplit=1)[-1].startswith(NAMES)]


NAMES = ("AAPL", ".AAPL", "backups", ".", "fsync", "close")


def replace_durably(path: Path, content: bytes, backup: Path | None = None) -> None:
    """Take all steps of one save on the real disk."""
    finish(durable_file.replace_durably(OS_DISK, path, content, backup=backup))


def make_folder(folder: Path) -> Path:
    """Make a folder on the real disk."""
    return durable_file.make_folder(OS_DISK, folder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an old version and a place for backups."""
    make_folder(tmp_path / "backups")
    (tmp_path / "AAPL.json").write_bytes(OLD)
    return tmp_path


def test_the_four_steps_come_in_their_order(folder: Path) -> None:
    """The temporary file is synced before it takes the name, and the folder is synced after that."""
    calls = save(folder)
    assert calls is not None
    steps = [call for call in calls if call.startswith(("fsync", "replace", "rename"))]
    taken = steps.index("replace .AAPL.json.tmp AAPL.json") if "replace .AAPL.json.tmp AAPL.json" in steps else -1
    assert "fsync .AAPL.json.tmp" in steps[:taken], steps
    assert "fsync ." in steps[taken + 1 :], steps


def test_at_every_step_the_file_is_the_old_or_the_new_version(folder: Path) -> None:
    """Killed before any of its system calls, a save leaves a whole version, and both old and new do occur."""
    found, step = [], 0
    while True:
        (folder / "AAPL.json").write_bytes(OLD)
        ended = save(folder, die_at=step)
        found.append((folder / "AAPL.json").read_bytes())
        backup = folder / "backups" / "AAPL.json"
        assert not backup.exists() or backup.read_bytes() in (OLD, NEW)
        if ended is not None:
            break
        step += 1
    assert set(found) == {OLD, NEW}
    assert found[-1] == NEW
    assert found == sorted(found, key=lambda content: content == NEW), "an old version came back"
    assert step >= 6


def test_a_first_save_is_nothing_or_the_whole(tmp_path: Path) -> None:
    """Without a version before, a crash leaves no file or a complete one."""
    make_folder(tmp_path / "backups")
    path, step = tmp_path / "AAPL.json", 0
    while save(tmp_path, die_at=step) is None:
        assert not path.exists() or path.read_bytes() == NEW
        path.unlink(missing_ok=True)
        step += 1
    assert path.read_bytes() == NEW


def test_the_version_before_is_kept(folder: Path) -> None:
    """The backup is what the file was, after each save."""
    path, backup = folder / "AAPL.json", folder / "backups" / "AAPL.json"
    replace_durably(path, NEW, backup=backup)
    assert (path.read_bytes(), backup.read_bytes()) == (NEW, OLD)
    replace_durably(path, b"third", backup=backup)
    assert (path.read_bytes(), backup.read_bytes()) == (b"third", NEW)


def test_leftovers_of_a_crash_do_no_harm(folder: Path) -> None:
    """Temporary files of an earlier crash, of any content, are overwritten and gone after a save."""
    for leftover in (folder / ".AAPL.json.tmp", folder / "backups" / ".AAPL.json.tmp"):
        leftover.write_bytes(b"x" * 100_000)
    replace_durably(folder / "AAPL.json", NEW, backup=folder / "backups" / "AAPL.json")
    assert (folder / "AAPL.json").read_bytes() == NEW
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["AAPL.json", "AAPL.json"]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """A file is 0600 and a folder 0700, whatever the umask allows."""
    before = os.umask(0)
    try:
        path = make_folder(tmp_path / "private") / "file"
        replace_durably(path, NEW)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link planted as the temporary file is not written through."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / ".AAPL.json.tmp").symlink_to(victim)
    with pytest.raises(OSError) as refused:  # noqa: PT011 - the number is checked
        replace_durably(tmp_path / "AAPL.json", NEW)
    assert refused.value.errno == errno.ELOOP
    assert victim.read_bytes() == b"mine"


def test_a_failed_save_leaves_the_old_version(folder: Path) -> None:
    """Where the new version cannot be written, the error is raised and the old one stands."""
    path = folder / "AAPL.json"
    (folder / ".AAPL.json.tmp").mkdir()
    with pytest.raises(IsADirectoryError):
        replace_durably(path, NEW, backup=folder / "backups" / "AAPL.json")
    assert path.read_bytes() == OLD
    with pytest.raises(FileNotFoundError):
        replace_durably(folder / "gone" / "AAPL.json", NEW)


def test_a_missing_backup_folder_costs_the_backup_only(folder: Path) -> None:
    """The new version is written even where the old one cannot be kept."""
    replace_durably(folder / "AAPL.json", NEW, backup=folder / "gone" / "AAPL.json")
    assert (folder / "AAPL.json").read_bytes() == NEW


def test_a_folder_that_is_gone_cannot_be_synced(tmp_path: Path) -> None:
    """Syncing what is no folder raises."""
    with pytest.raises(FileNotFoundError):
        OS_DISK.sync_folder(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        OS_DISK.sync_folder(tmp_path / "file")
