"""Faults of disk and files (F2, F3) at the store: no answer that is not durable, no file that is believed wrongly."""

import errno
import json
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from builders import NOON, a_record, a_state
from fakes.lock import FreeLock
from fakes.model_disk import ModelDisk
from fakes.runner import AtOnce, result_of
from holdfast.adapters.ballast import Ballast
from holdfast.adapters.checksum import checksum
from holdfast.adapters.state_codec import SIZE_MAX, TEXT_MAX, document_of, encode
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.domain.errors import LockedError, UsageError
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.memory import Missing, Unreadable

ROOT = Path("/srv/state")


class World:
    """A store on a modelled disk that holds one acknowledged save, and whose calls can be made to fail."""

    def __init__(self) -> None:
        self.disk = ModelDisk(folders=[ROOT.parent])
        self.folder = StateFolder(ROOT, self.disk, FreeLock()).lock()
        self.store = StateFiles(self.folder, lambda: NOON, AtOnce())
        self.saved = self.save(a_state(10))
        self.calls: list[str] = []

    def save(self, state: SymbolState) -> SymbolState:
        """Save one state."""
        return result_of(self.store.save(state))

    def fail(self, call: str, number: int, times: int = 1) -> None:
        """Let the next calls of this name fail."""
        left = [times]

        def before(name: str, path: Path) -> None:
            self.calls.append(f"{name} {path.name}")
            if name == call and left[0]:
                left[0] -= 1
                raise OSError(number, os.strerror(number), str(path))

        self.disk.before = before


@pytest.fixture
def world() -> World:
    """Return a store with one save."""
    return World()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[tuple[StateFolder, StateFiles, SymbolState]]:
    """Return a store on the real disk with one save."""
    folder = StateFolder(tmp_path / "state").lock()
    store = StateFiles(folder, lambda: NOON, AtOnce())
    yield folder, store, result_of(store.save(a_state(10)))
    folder.unlock()


CALLS = ["create", "write", "sync", "link", "rename"]
NUMBERS = [errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EROFS, errno.EDQUOT]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: errno.errorcode[number])
@pytest.mark.parametrize("call", CALLS)
def test_a_save_that_fails_leaves_the_old_version(world: World, call: str, number: int) -> None:
    """Disk full, EIO, EMFILE, read-only: the caller hears of it, and file and backup stand as they were."""
    world.fail(call, number)
    with pytest.raises(OSError) as failed:  # noqa: PT011 - the number is checked
        world.save(replace(world.saved, target=Decimal(99)))
    assert failed.value.errno == number
    assert world.store.read("AAPL") == world.saved
    assert world.save(replace(world.saved, target=Decimal(99))).sequence == 2


def test_a_failed_fsync_is_not_tried_again(world: World) -> None:
    """The kernel may have dropped what it could not write: the descriptor is closed, and the next save starts anew."""
    world.fail("sync", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        world.save(world.saved)
    assert [call for call in world.calls if call.startswith("sync")] == ["sync .AAPL.json.tmp"]
    assert not any(call.startswith("rename") for call in world.calls)
    world.calls.clear()
    world.save(world.saved)
    assert world.calls[1:4] == ["create .AAPL.json.tmp", "write .AAPL.json.tmp", "sync .AAPL.json.tmp"]


def test_a_failed_fsync_of_the_folder_may_have_taken_effect(world: World) -> None:
    """The caller hears of it; the disk has the old version or the new one, and which is read again."""
    world.fail("sync_folder", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        world.save(replace(world.saved, target=Decimal(99)))
    found = world.store.read("AAPL")
    assert isinstance(found, SymbolState)
    assert found.target == 99
    assert targets_after_a_cut(world.disk) == {Decimal(10), Decimal(99)}


def targets_after_a_cut(disk: ModelDisk) -> set[Decimal]:
    """Return the targets that a start may read after a power cut now; whatever the cut leaves must be readable."""
    targets = set()
    for left in disk.crash_states():
        after = StateFiles(StateFolder(ROOT, left, FreeLock()).lock(), lambda: NOON, AtOnce()).read("AAPL")
        assert isinstance(after, SymbolState)
        targets.add(after.target)
    return targets


def test_the_backup_does_not_outlive_a_version_that_has_no_safe_name(world: World) -> None:
    """After a failed fsync of the folder the next save makes the name safe first: cuts find it, or a newer one."""
    world.fail("sync_folder", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        world.save(replace(world.saved, target=Decimal(98)))
    found: set[Decimal] = set()
    world.disk.after = lambda _call, _path: found.update(targets_after_a_cut(world.disk))
    world.save(replace(world.saved, target=Decimal(99)))
    assert found == {Decimal(98), Decimal(99)}


def test_a_disk_that_is_really_full_keeps_the_old_version(tmp_path: Path) -> None:
    """On a file system without room every save fails in words, the old version stays, and room makes it go on."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root may mount a small file system")
    small = tmp_path / "small"
    small.mkdir()
    mounted = [mount, "-t", "tmpfs", "-o", "size=2m", "none", str(small)]
    if subprocess.run(mounted, check=False, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        folder = StateFolder(small / "state").lock()
        store = StateFiles(folder, lambda: NOON, AtOnce())
        saved = result_of(store.save(a_state(10)))
        with pytest.raises(OSError, match="No space left"):
            (small / "filler").write_bytes(bytes(4 << 20))
        with pytest.raises(OSError, match="No space left"):
            result_of(store.save(saved))
        assert store.read("AAPL") == saved
        (small / "filler").unlink()
        ballast = Ballast(folder).take()
        with pytest.raises(OSError, match="No space left"):
            (small / "filler").write_bytes(bytes(4 << 20))
        kept = StateFiles(folder, lambda: NOON, AtOnce(), ballast)
        assert [result_of(kept.save(saved)).sequence for _ in range(20)] == [2] * 20
        assert kept.entries_stopped()
        folder.unlock()
    finally:
        subprocess.run([mount.replace("mount", "umount"), "--lazy", str(small)], check=True)


@pytest.mark.parametrize("call", CALLS)
def test_a_full_disk_stops_entries_and_lets_exits_be_written(world: World, call: str) -> None:
    """The room that was kept is given up, the save is made anew, and from then on nothing new is begun."""
    ballast = Ballast(world.folder).take()
    store = StateFiles(world.folder, lambda: NOON, AtOnce(), ballast)
    assert not store.entries_stopped()
    world.fail(call, errno.ENOSPC)
    newest = result_of(store.save(replace(world.saved, target=Decimal(0))))
    assert store.read("AAPL") == newest
    assert store.entries_stopped()
    assert not world.disk.exists(world.folder.private / "ballast")
    world.fail(call, errno.ENOSPC)
    with pytest.raises(OSError, match="No space left"):
        result_of(store.save(newest))


def test_another_error_does_not_cost_the_ballast(world: World) -> None:
    """Only a full disk is helped by room."""
    store = StateFiles(world.folder, lambda: NOON, AtOnce(), Ballast(world.folder).take())
    world.fail("sync", errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        result_of(store.save(world.saved))
    assert not store.entries_stopped()
    assert world.disk.exists(world.folder.private / "ballast")


def test_a_disk_without_room_for_the_ballast_counts_as_full(world: World) -> None:
    """No entry is begun where there was no room at the start; the next start with room is free again."""
    world.fail("write", errno.ENOSPC)
    assert StateFiles(world.folder, lambda: NOON, AtOnce(), Ballast(world.folder).take()).entries_stopped()
    assert not StateFiles(world.folder, lambda: NOON, AtOnce(), Ballast(world.folder).take()).entries_stopped()


def test_without_a_free_descriptor_nothing_is_lost(real: tuple[StateFolder, StateFiles, SymbolState]) -> None:
    """EMFILE is an error of the save, and the next one, with a descriptor, is made."""
    _folder, store, saved = real
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_free = os.dup(0)
    os.close(next_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_free, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            result_of(store.save(saved))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert store.read("AAPL") == saved
    assert result_of(store.save(saved)).sequence == 2


def test_a_start_on_a_full_or_read_only_disk_is_refused_in_words() -> None:
    """A folder that cannot be made is a usage error that names it, and nobody holds it afterwards."""
    for call, number in (("make_folder", errno.EROFS), ("sync_folder", errno.EIO), ("make_folder", errno.ENOSPC)):
        disk, lock = ModelDisk(folders=[ROOT.parent]), FreeLock()

        def fail(name: str, path: Path, call: str = call, number: int = number) -> None:
            if name == call:
                raise OSError(number, os.strerror(number), str(path))

        disk.before = fail
        with pytest.raises(UsageError, match=f"{ROOT} cannot be used: {os.strerror(number)}"):
            StateFolder(ROOT, disk, lock).lock()
        assert not lock.is_held


def test_a_file_deleted_while_running_comes_back(real: tuple[StateFolder, StateFiles, SymbolState]) -> None:
    """The next save writes the file again, whatever happened to it; the backup stays what it was."""
    folder, store, saved = real
    saved = result_of(store.save(saved))
    folder.state_file("AAPL").unlink()
    assert result_of(store.save(saved)) == store.read("AAPL")
    assert json.loads(folder.backup_file("AAPL").read_bytes())["sequence"] == 1


def test_a_file_edited_while_running_is_replaced(real: tuple[StateFolder, StateFiles, SymbolState]) -> None:
    """The edit is never believed: not by the guard that reads before each order, and not after the next save."""
    folder, store, saved = real
    text = folder.state_file("AAPL").read_text()
    folder.state_file("AAPL").write_text(text.replace('"10"', '"1000"', 1))
    assert isinstance(store.read("AAPL"), Unreadable)
    newest = result_of(store.save(saved))
    assert store.read("AAPL") == newest
    folder.state_file("AAPL").unlink()
    assert store.read("AAPL") == Missing(newest), "the edited version became the backup, and the journal knows better"


def test_a_folder_taken_away_while_running_ends_the_saves(real: tuple[StateFolder, StateFiles, SymbolState]) -> None:
    """A store whose folder is not the one that was locked writes nothing any more."""
    folder, store, saved = real
    folder.root.rename(folder.root.with_name("elsewhere"))
    StateFolder(folder.root).lock().unlock()
    with pytest.raises(LockedError, match="its place was taken"):
        result_of(store.save(saved))
    assert not folder.state_file("AAPL").exists()


@pytest.mark.parametrize("target", ["../victim.json", "nowhere", "."])
def test_a_link_in_a_files_place_is_not_followed(
    real: tuple[StateFolder, StateFiles, SymbolState], target: str
) -> None:
    """A symbolic link is unreadable, is set aside as a link, and what it points to stays as it was."""
    folder, store, saved = real
    victim = folder.root.parent / "victim.json"
    victim.write_bytes(encode(a_state(70)))
    folder.state_file("AAPL").unlink()
    folder.state_file("AAPL").symlink_to(target)
    found = store.read("AAPL")
    assert isinstance(found, Unreadable)
    assert "symbolic link" in found.why
    assert found.backup == saved
    kept = Path(result_of(store.set_aside("AAPL")))
    assert kept.is_symlink()
    result_of(store.save(saved))
    assert victim.read_bytes() == encode(a_state(70))
    assert not folder.state_file("AAPL").is_symlink()


def test_a_pipe_in_a_files_place_does_not_stop_the_bot(real: tuple[StateFolder, StateFiles, SymbolState]) -> None:
    """Nothing is waited for: what is no file is unreadable at once."""
    folder, store, _saved = real
    folder.state_file("AAPL").unlink()
    os.mkfifo(folder.state_file("AAPL"))
    found = store.read("AAPL")
    assert isinstance(found, Unreadable)


NO_STATES = {
    "zero length": b"",
    "zeros": bytes(4096),
    "random bytes": bytes(range(256)) * 9,
    "truncated": encode(a_state(10))[:-40],
    "twice": encode(a_state(10)) * 2,
    "another shape": json.dumps({"orders": 1, "checksum": checksum({"orders": 1})}).encode(),
    "a list": b"[]",
    "duplicate keys": encode(a_state(10)).replace(b'"target"', b'"status"'),
    "a huge number": encode(a_state(10)).replace(b'"sequence": 0', b'"sequence": ' + b"9" * 5000),
    "NaN": encode(a_state(10)).replace(b'"sequence": 0', b'"sequence": NaN'),
    "infinity": encode(a_state(10)).replace(b'"sequence": 0', b'"sequence": 1e999'),
    "deep nesting": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "too large": b'{"a": "' + b"x" * SIZE_MAX + b'"}',
    "endless": bytes(40 << 20),
}


@pytest.mark.parametrize("name", NO_STATES)
def test_what_is_no_state_is_unreadable_and_the_rest_is_found(
    real: tuple[StateFolder, StateFiles, SymbolState], name: str
) -> None:
    """Each kind of damage is told in words and quarantined alone; the journal still knows the newest version."""
    folder, store, saved = real
    msft = result_of(store.save(a_state(5, symbol="MSFT")))
    folder.state_file("AAPL").write_bytes(NO_STATES[name])
    found = store.read("AAPL")
    assert isinstance(found, Unreadable)
    assert found.backup == saved
    assert 0 < len(found.why) < 200
    assert store.read("MSFT") == msft


@pytest.mark.parametrize("field", ["sequence", "target"])
@pytest.mark.parametrize("value", [10**400, float("nan"), "1e999999999", "1e-999999", "9" * 3000, [[]]], ids=str)
def test_a_forged_number_is_unreadable(
    real: tuple[StateFolder, StateFiles, SymbolState], field: str, value: object
) -> None:
    """With a checksum that fits, a number without bounds is refused before it is written out as a gigabyte."""
    folder, store, _saved = real
    forged = {**document_of(a_state(10)), field: value}
    folder.state_file("AAPL").write_bytes(json.dumps({**forged, "checksum": checksum(forged)}).encode())
    assert isinstance(store.read("AAPL"), Unreadable)


def test_a_save_never_writes_what_a_start_would_refuse(world: World) -> None:
    """A page of text in a reason is cut short; a state that is too large all the same is not written."""
    long = replace(world.saved, status=Status.HALTED, status_reason="\u2603" * 100_000)
    world.save(long)
    found = world.store.read("AAPL")
    assert isinstance(found, SymbolState)
    assert found.status_reason == "\u2603" * TEXT_MAX
    many = replace(world.saved, orders=tuple(a_record("intent", minute=minute) for minute in range(2000)))
    with pytest.raises(OSError, match="larger than 256 KB"):
        world.save(many)
    assert world.store.read("AAPL") == found


def test_two_files_set_aside_in_one_moment_are_both_kept(world: World) -> None:
    """Even where the clock stands still, no file that was set aside is overwritten."""
    kept = [Path(result_of(world.store.set_aside("AAPL", is_copy=True))) for _ in range(3)]
    kept.append(Path(result_of(world.store.set_aside("AAPL"))))
    assert len(set(kept)) == 4
    assert {world.disk.read(path, SIZE_MAX) for path in kept} == {encode(world.saved)}
