"""State files behind the engine's port: durable saves, backups, damage told apart, the journal."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from loguru import logger

from builders import NOON, a_state, at
from holdfast.adapters.state_codec import decode, encode
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.adapters.state_journal import JournalFiles
from holdfast.domain import events
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.memory import Missing, Unreadable


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    """Return a locked state folder."""
    held = StateFolder(tmp_path / "state").lock()
    yield held
    held.unlock()


@pytest.fixture
def files(folder: StateFolder) -> Iterator[StateFiles]:
    """Return the state files of that folder."""
    store = StateFiles(folder, lambda: NOON)
    yield store
    store.close()


def save(files: StateFiles, *states: SymbolState) -> SymbolState:
    """Save states one after another; return the last as written."""

    async def one_by_one() -> SymbolState:
        written = [await files.save(state) for state in states]
        return written[-1]

    return asyncio.run(one_by_one())


def load(files: StateFiles, symbol: str = "AAPL") -> SymbolState | Missing | Unreadable:
    """Load one symbol."""
    return asyncio.run(files.load(symbol))


def test_what_is_saved_is_loaded(files: StateFiles, folder: StateFolder) -> None:
    """A save returns the state as written, counted and stamped, and a load finds just that on the disk."""
    saved = save(files, a_state(10))
    assert (saved.sequence, saved.saved_at) == (1, NOON)
    assert load(files) == saved
    assert decode((folder.root / "AAPL.json").read_bytes(), "AAPL") == saved
    assert (folder.root / "AAPL.json").stat().st_mode & 0o777 == 0o600


def test_each_symbol_has_its_file(files: StateFiles, folder: StateFolder) -> None:
    """Symbols are listed from their files, pairs with a dash."""
    save(files, a_state(), a_state(symbol="BTC/USD"), a_state(symbol="BRK.B"))
    assert asyncio.run(files.symbols()) == ["AAPL", "BRK.B", "BTC/USD"]
    assert (folder.root / "BTC-USD.json").exists()


def test_no_file_is_missing(files: StateFiles) -> None:
    """A symbol that never had a file is missing without a backup."""
    assert load(files) == Missing(None)


def test_a_deleted_file_is_found_again_in_the_journal(files: StateFiles, folder: StateFolder) -> None:
    """A file that was deleted is missing, and nothing that was saved is lost: the journal has its newest version."""
    newest = save(files, save(files, a_state(10)))
    (folder.root / "AAPL.json").unlink()
    assert load(files) == Missing(newest)


def test_without_its_journal_a_deleted_file_has_its_backup(files: StateFiles, folder: StateFolder) -> None:
    """With file and journal gone, the version before the newest is left."""
    first = save(files, a_state(10))
    save(files, first)
    (folder.root / "AAPL.json").unlink()
    folder.journal_file("AAPL").unlink()
    assert load(files) == Missing(first)


@pytest.mark.parametrize("content", [b"", b"\0" * 500, b"{", b"[]", b"\xff" * 99])
def test_a_damaged_file_is_unreadable_with_its_backup(files: StateFiles, folder: StateFolder, content: bytes) -> None:
    """Damage is told apart from absence, with a reason and the last valid version."""
    newest = save(files, save(files, a_state(10)))
    (folder.root / "AAPL.json").write_bytes(content)
    found = load(files)
    assert isinstance(found, Unreadable)
    assert found.why
    assert found.backup == newest


def test_a_damaged_backup_is_no_backup(files: StateFiles, folder: StateFolder) -> None:
    """Where file, backup and journal are all damaged, nothing is made up."""
    save(files, a_state(10), a_state(5))
    for path in (folder.state_file("AAPL"), folder.backup_file("AAPL"), folder.journal_file("AAPL")):
        path.write_bytes(b"{")
    found = load(files)
    assert isinstance(found, Unreadable)
    assert found.backup is None


def test_without_a_backup_the_journal_remembers_the_status(files: StateFiles, folder: StateFolder) -> None:
    """What the symbol may do survives the loss of file and backup; damaged journal lines are passed over."""
    folder.write_stamp(AccountStamp("paper", "account-1", "nt-1"))
    journal = JournalFiles(folder, lambda: NOON)
    journal.note("AAPL", "status", {"status": "paused", "reason": "by hand"})
    journal.note("AAPL", "status", {"status": "halted", "reason": "look"})
    journal.note("AAPL", "fill", {"id": "x"})
    with folder.journal_file("AAPL").open("a") as file:
        file.write('{"kind": "status", "status": "sleepy", "reason": null}\n{"kind": "sta')
    found = load(files)
    assert isinstance(found, Missing)
    assert found.backup is not None
    assert (found.backup.status, found.backup.status_reason) == (Status.HALTED, "look")
    assert (found.backup.account_id, found.backup.position.quantity) == ("account-1", 0)


def test_a_folder_in_a_files_place_is_an_error(files: StateFiles, folder: StateFolder) -> None:
    """What cannot be read at all raises: it is neither missing nor damaged."""
    (folder.root / "AAPL.json").mkdir()
    with pytest.raises(IsADirectoryError):
        load(files)
    with pytest.raises(OSError, match=r"."):
        save(files, a_state())


def test_another_symbols_file_is_unreadable(files: StateFiles, folder: StateFolder) -> None:
    """A copied file is not believed."""
    (folder.root / "AAPL.json").write_bytes(encode(a_state(10, symbol="MSFT")))
    found = load(files)
    assert isinstance(found, Unreadable)
    assert "MSFT" in found.why


def test_set_aside_moves_and_never_overwrites(files: StateFiles, folder: StateFolder) -> None:
    """A damaged file is moved away whole, each under a name of its own."""
    moments = iter(at(0, second) for second in range(10))
    store = StateFiles(folder, lambda: next(moments))
    found = []
    for content in (b"first", b"second"):
        (folder.root / "AAPL.json").write_bytes(content)
        found.append(Path(asyncio.run(store.set_aside("AAPL"))))
    store.close()
    assert [path.read_bytes() for path in found] == [b"first", b"second"]
    assert {path.parent for path in found} == {folder.private / "aside"}
    assert not (folder.root / "AAPL.json").exists()
    assert load(files) == Missing(None)


def test_an_older_file_put_back_is_not_believed(files: StateFiles, folder: StateFolder) -> None:
    """A copy from yesterday in the file's place is known by the rest of the memory, which goes on from the newest."""
    older = save(files, a_state(0))
    content = folder.state_file("AAPL").read_bytes()
    newest = save(files, replace(older, target=Decimal(10)))
    folder.state_file("AAPL").write_bytes(content)
    found = load(StateFiles(folder, lambda: NOON))
    assert isinstance(found, Unreadable)
    assert found.why == "it is version 1, and version 2 was written"
    assert found.backup == newest


def test_saves_at_the_same_time_are_each_whole(files: StateFiles) -> None:
    """Many symbols saved at once, and one symbol saved by two callers, leave valid files."""

    async def at_once() -> None:
        states = [a_state(number, symbol=f"S{number}") for number in range(20)]
        await asyncio.gather(*(files.save(state) for state in states * 2))

    asyncio.run(at_once())
    for number in range(20):
        found = load(files, f"S{number}")
        assert isinstance(found, SymbolState)
        assert found.position.quantity == number


def test_a_failed_save_raises_and_changes_nothing(files: StateFiles, folder: StateFolder) -> None:
    """A folder that lets nothing be written raises, and the version before stands."""
    saved = save(files, a_state(10))
    (folder.root / ".AAPL.json.tmp").mkdir()
    with pytest.raises(IsADirectoryError):
        save(files, saved.apply(events.StrategyNamed("other")))
    assert load(files) == saved


def test_a_lost_lock_is_trouble(files: StateFiles, folder: StateFolder) -> None:
    """The store says why nothing may be sent, and whether a person wants no entries."""
    assert files.trouble() is None
    assert not files.entries_stopped()
    folder.halt.touch()
    assert files.entries_stopped()
    folder.root.rename(folder.root.with_name("elsewhere"))
    assert files.trouble() is not None
    folder.root.with_name("elsewhere").rename(folder.root)


def test_the_journal_grows_by_lines(folder: StateFolder) -> None:
    """Each note is one line of JSON with its time and kind, for the owner only."""
    journal = JournalFiles(folder, lambda: NOON)
    journal.note("AAPL", "decision", {"id": "x", "why": "two\nlines"})
    journal.note("AAPL", "fill", {"filled": "10"})
    path = folder.journal_file("AAPL")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["kind"] for line in lines] == ["decision", "fill"]
    assert lines[0] == {"at": NOON.isoformat(), "kind": "decision", "id": "x", "why": "two\nlines"}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_journal_that_cannot_be_written_is_a_warning(folder: StateFolder) -> None:
    """A lost line loses no money: it is logged and nothing is raised."""
    folder.journal_file("AAPL").mkdir()
    heard: list[str] = []
    sink = logger.add(lambda message: heard.append(str(message)), format="{message}")
    JournalFiles(folder, lambda: NOON).note("AAPL", "fill", {})
    logger.remove(sink)
    assert "could not be written" in heard[0]


def test_files_survive_the_process_umask(files: StateFiles, folder: StateFolder) -> None:
    """Backup and file stay owner only after several saves under an open umask."""
    before = os.umask(0)
    try:
        save(files, save(files, a_state(1)))
    finally:
        os.umask(before)
    for path in (folder.state_file("AAPL"), folder.backup_file("AAPL")):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_long_journal_is_asked_by_its_end_alone(files: StateFiles, folder: StateFolder) -> None:
    """A file put back is known by the last line of the journal, also without a backup and with years before it."""
    older = save(files, a_state(0))
    content = folder.state_file("AAPL").read_bytes()
    newest = save(files, replace(older, target=Decimal(10)))
    folder.state_file("AAPL").write_bytes(content)
    folder.backup_file("AAPL").unlink()
    journal = folder.journal_file("AAPL")
    journal.write_bytes(b'{"kind": "order"}\n' * 200_000 + journal.read_bytes() + b'{"kind": "torn')
    found = load(StateFiles(folder, lambda: NOON))
    assert isinstance(found, Unreadable)
    assert found.backup == newest
