"""Copying a memory that somebody may be writing: whatever is there is met again in the copy, and nothing is touched."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.adapters.state_copy import copy_folder, copy_journals, copy_states, written_since
from holdfast.adapters.state_folder import AccountStamp, StateFolder


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    """Return a folder with two symbols, a stamp, HALT, backups and journals."""
    held = StateFolder(tmp_path / "state").lock()
    held.write_stamp(AccountStamp("sim", "account-1", "nt-1"))
    held.halt.touch()
    for symbol in ("AAPL", "BTC/USD"):
        held.state_file(symbol).write_text(f"{symbol} now")
        held.backup_file(symbol).write_text(f"{symbol} before")
        held.journal_file(symbol).write_text("a line\n")
        held.journal_file(symbol).with_name(f"{held.journal_file(symbol).name}.1").write_text("an older line\n")
    yield held
    held.unlock()


def test_the_copy_holds_what_a_start_reads(folder: StateFolder, tmp_path: Path) -> None:
    """State files, HALT, stamp and backups are the same to the byte; journals only of whom the start may ask."""
    copy = StateFolder(tmp_path / "copy")
    marks = copy_states(folder, copy.root)
    copy_journals(folder, copy.root, but=["AAPL"])
    found = {str(path.relative_to(copy.root)) for path in copy.root.rglob("*") if path.is_file()}
    assert found == {
        "AAPL.json", "BTC-USD.json", "HALT", ".holdfast/account.json", ".holdfast/backups/AAPL.json",
        ".holdfast/backups/BTC-USD.json", ".holdfast/journal/BTC-USD.jsonl", ".holdfast/journal/BTC-USD.jsonl.1",
    }  # fmt: skip
    assert all((copy.root / name).read_bytes() == (folder.root / name).read_bytes() for name in found)
    assert copy.stamp() == folder.stamp()
    assert set(marks) == {"AAPL", "BTC/USD"}
    assert (copy.root.stat().st_mode & 0o777, copy.state_file("AAPL").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_file_written_meanwhile_is_known(folder: StateFolder, tmp_path: Path) -> None:
    """A file replaced, made or removed after it was copied is out of date."""
    marks = copy_states(folder, tmp_path / "copy")
    assert written_since(folder, marks) == frozenset()
    new = folder.root / ".new"
    new.write_text("AAPL now")
    new.replace(folder.state_file("AAPL"))
    folder.state_file("MSFT").write_text("MSFT now")
    folder.state_file("BTC/USD").unlink()
    assert written_since(folder, marks) == {"AAPL", "MSFT", "BTC/USD"}


def test_what_stands_in_a_files_place_stands_there_again(folder: StateFolder, tmp_path: Path) -> None:
    """A folder, a symbolic link and a pipe are met by the rehearsal as a start would meet them."""
    folder.state_file("AAPL").unlink()
    folder.state_file("AAPL").mkdir()
    folder.state_file("MSFT").symlink_to("elsewhere")
    os.mkfifo(folder.state_file("SPY"))
    copy = StateFolder(tmp_path / "copy")
    copy_states(folder, copy.root)
    assert copy.state_file("AAPL").is_dir()
    assert copy.state_file("MSFT").readlink() == Path("elsewhere")
    assert copy.state_file("SPY").read_bytes() == b""


def test_a_folder_that_is_not_there_yet_gives_an_empty_copy(tmp_path: Path) -> None:
    """Before the first run there is nothing to copy, and that is no error."""
    folder = StateFolder(tmp_path / "state")
    assert copy_states(folder, tmp_path / "copy") == {}
    copy_folder(folder, folder.private / "sim", tmp_path / "copy")
    assert not folder.root.exists()


def test_a_file_that_is_replaced_while_it_is_read_is_copied_whole(folder: StateFolder, tmp_path: Path) -> None:
    """Whatever version the copy holds, it is one of those that were written, never a mixture (I5)."""
    path, stop = folder.state_file("AAPL"), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            new = folder.root / ".new"
            new.write_text(f"{number % 10}" * 50_000)
            new.replace(path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(20):
            copy = StateFolder(tmp_path / f"copy{number}")
            copy_states(folder, copy.root)
            text = copy.state_file("AAPL").read_text()
            assert text == "AAPL now" or text == text[0] * 50_000
    finally:
        stop.set()
        writer.join()
