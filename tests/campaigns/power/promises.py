"""What a start after a power cut must find, whatever the cut has left on the disk."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from builders import NOON
from campaigns.power.states import SYMBOL
from fakes.lock import FreeLock
from fakes.runner import AtOnce
from holdfast.adapters.disk import Disk
from holdfast.adapters.journal_lines import fold, journal_lines
from holdfast.adapters.state_codec import SIZE_MAX, UnreadableStateError, checked, decode, state_of
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.domain.errors import HoldfastError
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Missing


@dataclass
class Promised:
    """What was told to the caller so far: `acked` was acknowledged, each of `under_way` may have come to the disk."""

    acked: SymbolState | None = None
    under_way: list[SymbolState] = field(default_factory=list)
    written: list[SymbolState] = field(default_factory=list)
    stamp: AccountStamp | None = None
    stamp_under_way: AccountStamp | None = None
    damaged: bytes | None = None

    def begin(self, state: SymbolState) -> None:
        """Note that a save of this version begins."""
        self.under_way.append(state)
        self.written.append(state)

    def acknowledge(self, state: SymbolState) -> None:
        """Note that the save has returned: from now on only this version, or a later one, may be found."""
        self.acked, self.under_way = state, []


def broken(promised: Promised, root: Path, disk: Disk) -> tuple[str, str | None]:
    """Start on what is left; return which version was found, and what is wrong, if anything is."""
    try:
        return _started(promised, root, disk)
    except (HoldfastError, OSError) as error:
        return "nothing", f"the start fails: {error}"


def _started(promised: Promised, root: Path, disk: Disk) -> tuple[str, str | None]:
    folder = StateFolder(root, disk, FreeLock()).lock()
    kept = _is_kept(promised, folder)
    found = StateFiles(folder, lambda: NOON, AtOnce()).read(SYMBOL)
    wrong = kept or _backup_trouble(promised, folder) or _stamp_trouble(promised, folder) or _litter(folder)
    wrong = wrong or _journal_trouble(promised, folder, found.sequence if isinstance(found, SymbolState) else None)
    if isinstance(found, SymbolState):
        if found == promised.acked:
            return "old", wrong
        return "new", wrong or _strange(promised, found)
    if isinstance(found, Missing):
        return "none", wrong or ("an acknowledged save is gone" if promised.acked else None)
    return "damaged", wrong or (None if _is_the_damage(promised, folder) else f"not a whole version: {found.why}")


def _strange(promised: Promised, found: SymbolState) -> str | None:
    if found in promised.under_way:
        return None
    answered = promised.acked.sequence if promised.acked else None
    what = "an acknowledged save is gone" if found in promised.written else "a version that is neither old nor new"
    return f"{what}\nfound save {found.sequence}, answered was {answered}"


def _is_the_damage(promised: Promised, folder: StateFolder) -> bool:
    """Whether the file is still the damaged one that the scenario began with."""
    return promised.acked is None and _read(folder, folder.state_file(SYMBOL)) == promised.damaged


def _is_kept(promised: Promised, folder: StateFolder) -> str | None:
    """Say so if the damaged file is nowhere: it is set aside, never deleted."""
    if promised.damaged is None:
        return None
    aside = folder.private / "aside"
    places = [folder.state_file(SYMBOL), *(aside / name for name in folder.disk.names(aside))]
    return None if promised.damaged in [_read(folder, place) for place in places] else "a file set aside is gone"


def _backup_trouble(promised: Promised, folder: StateFolder) -> str | None:
    content = _read(folder, folder.backup_file(SYMBOL))
    if content in (None, promised.damaged):
        return None
    try:
        backup = _decoded(content or b"")
    except UnreadableStateError as error:
        return f"the backup is not valid: {error}"
    return None if backup in promised.written else "the backup was never saved"


def _journal_trouble(promised: Promised, folder: StateFolder, sequence: int | None) -> str | None:
    """Say so if the journal adds up to what was never saved, or is ahead of the file."""
    try:
        told = _told(tuple(journal_lines(folder.disk, folder.journal_file(SYMBOL))))
    except UnreadableStateError as error:
        return f"the journal adds up to no state: {error}"
    if told is None:
        return None
    if told not in promised.written:
        return "the journal adds up to what was never saved"
    return None if sequence is None or told.sequence <= sequence else "the journal tells of a version that never was"


# Most states of a scenario share their parts: each part is read once.
@lru_cache(maxsize=1024)
def _told(lines: tuple[bytes, ...]) -> SymbolState | None:
    document = fold(lines)
    return None if document is None else state_of(checked(dict(document), SYMBOL))


@lru_cache(maxsize=1024)
def _decoded(content: bytes) -> SymbolState:
    return decode(content, SYMBOL)


def _stamp_trouble(promised: Promised, folder: StateFolder) -> str | None:
    found = folder.stamp()
    return None if found in (promised.stamp, promised.stamp_under_way) else f"the stamp is {found}"


def _litter(folder: StateFolder) -> str | None:
    places = (folder.root, folder.private, folder.private / "backups", folder.private / "aside")
    left = [name for place in places for name in folder.disk.names(place) if name.endswith(".tmp")]
    return f"temporary files are left: {left}" if left else None


def _read(folder: StateFolder, path: Path) -> bytes | None:
    try:
        return folder.disk.read(path, SIZE_MAX)
    except FileNotFoundError:
        return None
