"""The state folder: one process at a time, and whose memory it is."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.domain.errors import LockedError, UsageError

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
STAMP = AccountStamp("sim", "account-1", "nt-1")
HOLDER = """
import sys
from pathlib import Path
from holdfast.adapters.state_folder import StateFolder
folder = StateFolder(Path(sys.argv[1])).lock()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the path of a state folder that does not exist yet."""
    return tmp_path / "state"


@pytest.fixture
def folder(root: Path) -> Iterator[StateFolder]:
    """Return a folder that this process holds."""
    held = StateFolder(root).lock()
    yield held
    held.unlock()


@pytest.fixture
def holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    """Return another process that holds the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_process_is_refused_and_names_the_first(root: Path, holder: subprocess.Popen[str]) -> None:
    """A folder that is held is refused with the holder's process id and what to do."""
    with pytest.raises(LockedError) as refused:
        StateFolder(root).lock()
    assert f"process {holder.pid}" in str(refused.value)
    assert "--state-dir" in str(refused.value)
    assert refused.value.exit_code == 5
    assert StateFolder(root).running() == holder.pid


def test_a_refused_process_does_not_disturb_the_holder(root: Path, holder: subprocess.Popen[str]) -> None:
    """Being refused, several times, leaves the lock and its announcement as they were."""
    for _ in range(3):
        with pytest.raises(LockedError):
            StateFolder(root).lock()
    assert StateFolder(root).running() == holder.pid


def test_a_killed_holder_frees_the_folder(root: Path, holder: subprocess.Popen[str]) -> None:
    """SIGKILL leaves nothing behind that must be deleted by hand."""
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert StateFolder(root).running() is None
    mine = StateFolder(root).lock()
    assert StateFolder(root).running() == os.getpid()
    mine.unlock()


CHILDREN = """
import os, subprocess, sys
from pathlib import Path
from holdfast.adapters.state_folder import StateFolder
folder = StateFolder(Path(sys.argv[1])).lock()
if sys.argv[2] == "fork":
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        sys.stdin.read()
        os._exit(0)
else:
    print(subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"]).pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_child_does_not_hold_what_its_parent_held(root: Path, how: str) -> None:
    """A child that outlives a killed bot, forked or started anew, does not keep the folder locked."""
    command = [sys.executable, "-c", CHILDREN, str(root), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        os.kill(child, 0)
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.kill(child, 0)
        StateFolder(root).lock().unlock()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_a_folder_of_another_user_is_refused() -> None:
    """Its owner could put another file in any file's place: the message says so."""
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        folder = StateFolder(Path(above) / "state").lock()
        folder.unlock()
        for path in (folder.root, folder.private):
            path.chmod(0o777)
        os.seteuid(65534)
        try:
            with pytest.raises(UsageError, match=r"it belongs to another user \(uid 0\), who could change it"):
                folder.lock()
        finally:
            os.seteuid(0)


def test_what_a_crash_left_half_written_is_removed(root: Path) -> None:
    """Temporary files go at the start; foreign files, and what only looks like one, stay."""
    folder = StateFolder(root).lock()
    folder.unlock()
    half = [
        root / ".AAPL.json.tmp",
        folder.private / ".account.json.tmp",
        folder.private / "backups" / ".AAPL.json.tmp",
    ]
    foreign = [root / "notes.tmp", root / ".hidden", root / "README.md", root / "archive.zip"]
    for path in (*half, *foreign):
        path.write_bytes(b"x")
    (root / ".MSFT.json.tmp").mkdir()
    folder.lock().unlock()
    assert [path for path in half if path.exists()] == []
    assert [path for path in foreign if not path.exists()] == []
    assert (root / ".MSFT.json.tmp").is_dir()


def test_deleting_the_announcement_does_not_break_the_lock(root: Path, holder: subprocess.Popen[str]) -> None:
    """The lock is on the folder itself: without the file that names the holder it still holds."""
    (root / ".holdfast" / "holder.json").unlink()
    with pytest.raises(LockedError, match="process unknown"):
        StateFolder(root).lock()
    assert holder.poll() is None


def test_one_process_holds_it_once(folder: StateFolder) -> None:
    """A second hold within one process is refused too."""
    with pytest.raises(LockedError):
        StateFolder(folder.root).lock()


def test_a_folder_let_go_is_free(root: Path) -> None:
    """After `unlock` nobody runs and the next one may lock."""
    StateFolder(root).lock().unlock()
    assert StateFolder(root).running() is None
    StateFolder(root).lock().unlock()


def test_nobody_runs_in_a_folder_that_never_was(root: Path) -> None:
    """Asking who runs creates nothing."""
    assert StateFolder(root).running() is None
    assert not root.exists()


def test_a_replaced_folder_is_noticed(folder: StateFolder) -> None:
    """A folder that was moved and made anew is not the one that was locked."""
    assert folder.lock_trouble() is None
    folder.root.rename(folder.root.with_name("elsewhere"))
    assert "is gone" in (folder.lock_trouble() or "")
    folder.root.mkdir()
    assert "is not the folder that was locked" in (folder.lock_trouble() or "")


def test_an_unlocked_folder_is_in_trouble(root: Path) -> None:
    """Nothing may be sent before the lock is held and after it is let go."""
    folder = StateFolder(root)
    assert folder.lock_trouble() == "the state folder is not locked"
    folder.lock().unlock()
    assert folder.lock_trouble() == "the state folder is not locked"


def test_a_file_in_the_folders_place_is_a_usage_error(root: Path) -> None:
    """A path that cannot be a folder is refused with its name."""
    root.touch()
    with pytest.raises(UsageError, match="cannot be used") as refused:
        StateFolder(root).lock()
    assert str(root) in str(refused.value)


def test_everything_is_for_the_owner_only(folder: StateFolder) -> None:
    """The folders are 0700 and the announcement 0600, also where they were wider before."""
    for path in (folder.root, folder.private, folder.private / "journal", folder.private / "backups"):
        assert path.stat().st_mode & 0o777 == 0o700, path
    assert (folder.private / "holder.json").stat().st_mode & 0o777 == 0o600


def test_an_open_folder_is_closed_to_others(root: Path) -> None:
    """A folder that everybody could read is narrowed by the lock."""
    root.mkdir(mode=0o755)
    folder = StateFolder(root).lock()
    assert root.stat().st_mode & 0o777 == 0o700
    folder.unlock()


def test_only_symbols_files_are_symbols(folder: StateFolder) -> None:
    """README, HALT, temporary and foreign files are not taken for symbols; a folder in a file's place is."""
    for name in (
        "AAPL.json",
        "BTC-USD.json",
        "BRK.B.json",
        "README.md",
        "HALT",
        ".AAPL.json.tmp",
        "notes.json",
        "a.json",
    ):
        (folder.root / name).touch()
    (folder.root / "MSFT.json").mkdir()
    assert folder.symbols() == ["AAPL", "BRK.B", "BTC/USD", "MSFT"]


@pytest.mark.parametrize("symbol", ["../../etc/passwd", "..", "a", "", "A/B/C"])
def test_no_name_leaves_the_folder(folder: StateFolder, symbol: str) -> None:
    """A path is made from symbols of the grammar only (F18)."""
    for path in (folder.state_file, folder.backup_file, folder.journal_file):
        with pytest.raises(ValueError, match="is not a symbol"):
            path(symbol)


def test_a_stamp_says_whose_memory_it_is(folder: StateFolder) -> None:
    """A fresh folder has no stamp; one that was written is read back."""
    assert folder.stamp() is None
    folder.write_stamp(STAMP)
    assert folder.stamp() == STAMP


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b'{"broker": "sim"}', b'{"a": 1}', b"\xff\xfe"])
def test_an_unreadable_stamp_stops_the_start(folder: StateFolder, content: bytes) -> None:
    """Whose memory it is cannot be guessed: the message says what to do."""
    (folder.private / "account.json").write_bytes(content)
    with pytest.raises(UsageError, match="unreadable: restore it"):
        folder.stamp()


def test_an_archive_takes_the_whole_memory(folder: StateFolder) -> None:
    """Files, journal, backups and stamp move together; the log, the simulator's data and HALT stay."""
    folder.write_stamp(STAMP)
    (folder.root / "AAPL.json").write_bytes(b"state")
    folder.backup_file("AAPL").write_bytes(b"backup")
    folder.journal_file("AAPL").write_bytes(b"journal")
    folder.log.write_bytes(b"log")
    folder.halt.touch()
    moved = folder.archive("sim", NOW)
    assert moved.parent == folder.private / "archive"
    assert moved.name.startswith("sim-20261120T150000")
    kept = sorted(str(path.relative_to(moved)) for path in moved.rglob("*") if path.is_file())
    assert kept == ["AAPL.json", "account.json", "backups/AAPL.json", "journal/AAPL.jsonl"]
    assert folder.symbols() == []
    assert folder.stamp() is None
    assert folder.log.exists()
    assert folder.halt.exists()
    assert (folder.private / "backups").is_dir()
    folder.write_stamp(STAMP)


def test_the_announcement_is_json(folder: StateFolder) -> None:
    """The holder is named in a form that other tools read."""
    assert json.loads((folder.private / "holder.json").read_bytes()) == {"pid": os.getpid()}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "seven"}', '{"pid": null}'])
def test_a_damaged_announcement_names_nobody(root: Path, holder: subprocess.Popen[str], content: str) -> None:
    """Whatever stands in the file, the lock is respected."""
    (root / ".holdfast" / "holder.json").write_text(content)
    with pytest.raises(LockedError, match="process unknown"):
        StateFolder(root).lock()
    assert holder.poll() is None
