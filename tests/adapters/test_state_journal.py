"""The journal file: appended to, bounded, private, and never in the way of a save."""

import asyncio
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from builders import NOON, a_state
from fakes.lock import FreeLock
from fakes.model_disk import ModelDisk
from fakes.runner import AtOnce, result_of
from holdfast.adapters import state_journal
from holdfast.adapters.journal_lines import fold, journal_lines, older
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.state_journal import JournalFiles, StateJournal
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Missing


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    """Return a locked state folder."""
    held = StateFolder(tmp_path / "state").lock()
    yield held
    held.unlock()


def saved(folder: StateFolder, state: SymbolState, times: int = 1) -> SymbolState:
    """Save in a process of its own, so many times."""
    store = StateFiles(folder, lambda: NOON, AtOnce())
    for _ in range(times):
        state = result_of(store.save(state))
    return state


def sequences(folder: StateFolder) -> list[int]:
    """Return the numbers of the saves in the journal."""
    lines = [json.loads(line) for line in folder.journal_file("AAPL").read_text().splitlines()]
    return [line["sequence"] for line in lines if line["kind"] == "save"]


def test_the_journal_adds_up_to_the_file(folder: StateFolder) -> None:
    """After every save, of one process or of several, the journal gives just what the file says."""
    state = a_state(10)
    for times in (1, 3, 2):
        state = saved(folder, state, times)
        document = json.loads(folder.state_file("AAPL").read_bytes())
        assert StateJournal(folder).newest("AAPL") == document
    assert sequences(folder) == [1, 2, 3, 4, 5, 6]


def test_each_process_begins_with_a_whole_document(folder: StateFolder) -> None:
    """A line that a crash has kept from being written is never missed."""
    state = saved(folder, a_state(10), 3)
    lines = folder.journal_file("AAPL").read_bytes().splitlines(keepends=True)
    folder.journal_file("AAPL").write_bytes(b"".join(lines[:-1]))
    newest = saved(folder, state, 1)
    (folder.state_file("AAPL")).unlink()
    assert StateFiles(folder, lambda: NOON, AtOnce()).read("AAPL") == Missing(newest)


def test_a_torn_line_does_not_take_the_next_one_along(folder: StateFolder) -> None:
    """After a half written line the next one begins on a line of its own."""
    state = saved(folder, a_state(10), 2)
    with folder.journal_file("AAPL").open("ab") as file:
        file.write(b'{"at": "2026')
    JournalFiles(folder, lambda: NOON).note("AAPL", "fill", {"filled": "10"})
    newest = saved(folder, state)
    assert (StateJournal(folder).newest("AAPL") or {})["sequence"] == newest.sequence
    assert b'\n{"at": "2026\n{"at": ' in folder.journal_file("AAPL").read_bytes()


def test_what_happened_and_what_was_saved_share_a_file(folder: StateFolder) -> None:
    """People's lines stand among the saves, in the order in which things happened."""
    state = saved(folder, a_state(10))
    JournalFiles(folder, lambda: NOON).note("AAPL", "decision", {"why": "crossed"})
    saved(folder, state)
    kinds = [json.loads(line)["kind"] for line in folder.journal_file("AAPL").read_bytes().splitlines()]
    assert kinds == ["save", "decision", "save"]


def test_a_full_journal_goes_on_in_a_new_file(folder: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotated by size, with one older generation; both begin with a whole document and add up to the file."""
    monkeypatch.setattr(state_journal, "SIZE_MAX", 4000)
    state, store, path = a_state(10), StateFiles(folder, lambda: NOON, AtOnce()), folder.journal_file("AAPL")
    for _ in range(60):
        state = result_of(store.save(state))
        document = json.loads(folder.state_file("AAPL").read_bytes())
        assert fold(path.read_bytes().splitlines()) == document
    assert sorted(one.name for one in path.parent.iterdir()) == ["AAPL.jsonl", "AAPL.jsonl.1"]
    assert all(one.stat().st_size < 6000 for one in path.parent.iterdir())
    for one in (path, older(path)):
        assert "document" in json.loads(one.read_bytes().splitlines()[0])
        assert one.stat().st_mode & 0o777 == 0o600


def test_a_crash_while_the_journal_turns_over_loses_nothing(folder: StateFolder) -> None:
    """Where only the older generation is left, it is read."""
    state = saved(folder, a_state(10), 3)
    path = folder.journal_file("AAPL")
    path.rename(older(path))
    folder.state_file("AAPL").unlink()
    assert StateFiles(folder, lambda: NOON, AtOnce()).read("AAPL") == Missing(state)
    assert len(journal_lines(folder.disk, path)) == 4


def test_a_save_does_not_need_its_journal(folder: StateFolder) -> None:
    """A journal that cannot be written is a warning, the save is durable all the same, and the next line is whole."""
    heard: list[str] = []
    sink = logger.add(lambda message: heard.append(str(message)), format="{message}")
    path, store = folder.journal_file("AAPL"), StateFiles(folder, lambda: NOON, AtOnce())
    state = result_of(store.save(a_state(10)))
    path.unlink()
    path.mkdir()
    state = result_of(store.save(state))
    logger.remove(sink)
    assert "could not be written" in heard[0]
    assert store.read("AAPL") == state
    path.rmdir()
    newest = result_of(store.save(state))
    assert (StateJournal(folder).newest("AAPL") or {})["sequence"] == newest.sequence == 3


def test_a_save_that_fails_leaves_no_line(folder: StateFolder) -> None:
    """The journal never tells of a version that was not there; after a failure it begins with a whole document."""
    disk = ModelDisk(folders=[folder.root.parent])
    modelled = StateFolder(folder.root, disk, FreeLock()).lock()
    store = StateFiles(modelled, lambda: NOON, AtOnce())
    state = result_of(store.save(a_state(10)))

    def fail(call: str, _path: Path) -> None:
        if call == "rename":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    disk.before = fail
    with pytest.raises(OSError, match="No space"):
        result_of(store.save(state))
    disk.before = lambda _call, _path: None
    result_of(store.save(state))
    lines = disk.read(modelled.journal_file("AAPL"), 1 << 20).splitlines()
    assert [json.loads(line)["sequence"] for line in lines] == [1, 2]
    assert all("document" in json.loads(line) for line in lines)


def test_a_note_and_a_save_at_the_same_time_are_both_whole(folder: StateFolder) -> None:
    """Lines written by the loop and by a thread never mix."""

    async def at_once() -> None:
        store, notes = StateFiles(folder, lambda: NOON), JournalFiles(folder, lambda: NOON)
        for _ in range(30):
            saving = asyncio.ensure_future(store.save(a_state(10)))
            for _ in range(5):
                notes.note("AAPL", "fill", {"filled": "10" * 50})
            await saving
        store.close()

    asyncio.run(at_once())
    lines = folder.journal_file("AAPL").read_bytes().splitlines()
    assert len(lines) == 180
    assert all(json.loads(line)["kind"] in ("save", "fill") for line in lines)


def test_a_link_in_the_journals_place_is_not_followed(folder: StateFolder, tmp_path: Path) -> None:
    """A line is never written into somebody else's file."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    folder.journal_file("AAPL").symlink_to(victim)
    saved(folder, a_state(10))
    assert victim.read_bytes() == b"mine"
