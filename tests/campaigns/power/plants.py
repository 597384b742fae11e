"""Planted bugs of the file protocol: each one a step that somebody might leave out, or take in another order."""

from collections.abc import Mapping
from pathlib import Path

from campaigns.power.cuts import RealParts
from campaigns.power.model import Parts
from fakes.model_disk import ModelDisk
from holdfast.adapters.disk import OsDisk
from holdfast.adapters.state_codec import document_of, encode
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.steps import Steps
from holdfast.domain.state import SymbolState


class NoSync(ModelDisk):
    """Never syncs a file."""

    def sync(self, file: int) -> None:
        """Leave it to the system."""


class NoFolderSync(ModelDisk):
    """Never syncs a folder."""

    def sync_folder(self, folder: Path) -> None:
        """Leave it to the system."""


class NoRootSync(ModelDisk):
    """Makes the state folder and does not sync what it lies in."""

    def sync_folder(self, folder: Path) -> None:
        """Sync all but the folder above."""
        if folder.name != "srv":
            super().sync_folder(folder)


class SyncAfterRename(ModelDisk):
    """Gives the new file its name first and syncs its content then."""

    late: int | None = None

    def sync(self, file: int) -> None:
        """Wait until the name is taken."""
        self.late = file

    def close(self, file: int) -> None:
        """Stay open until then."""
        if file != self.late:
            super().close(file)

    def rename(self, path: Path, new: Path) -> None:
        """Rename, then sync."""
        super().rename(path, new)
        if self.late is not None and path.name.startswith(f".{new.name}"):
            super().sync(self.late)
            self.late = None


class MovesToBackup(ModelDisk):
    """Moves the version before to its backup instead of linking it."""

    def link(self, path: Path, new: Path) -> None:
        """Move."""
        self.rename(path, new)


class InPlace(StateFiles):
    """Writes over the file itself."""

    def _save(self, state: SymbolState) -> Steps[None]:
        file = self._disk.create(self._folder.state_file(state.symbol))
        yield
        self._disk.write(file, encode(state))
        self._disk.sync(file)
        self._disk.close(file)
        self._disk.sync_folder(self._folder.root)


class AnswersEarly(StateFiles):
    """Acknowledges a save before its last step."""

    def _save(self, state: SymbolState) -> Steps[None]:
        steps = super()._save(state)
        for _ in range(4):
            next(steps, None)
        yield


class JournalFirst(StateFiles):
    """Writes the journal before the file."""

    def _save(self, state: SymbolState) -> Steps[None]:
        yield from self._journal.saved(state.symbol, document_of(state))
        yield from super()._save(state)


PLANTS: Mapping[str, Parts] = {
    "no fsync": Parts(disk=NoSync),
    "no folder fsync": Parts(disk=NoFolderSync),
    "no fsync of the folder above": Parts(disk=NoRootSync),
    "fsync after the rename": Parts(disk=SyncAfterRename),
    "the old version is moved, not linked": Parts(disk=MovesToBackup),
    "write in place": Parts(store=InPlace),
    "answer before the last step": Parts(store=AnswersEarly),
    "journal before the file": Parts(store=JournalFirst),
}


class NoRealSync(OsDisk):
    """Never syncs a file of a real file system."""

    def sync(self, file: int) -> None:
        """Leave it to the system."""


class NoRealFolderSync(OsDisk):
    """Never syncs a folder of a real file system."""

    def sync_folder(self, folder: Path) -> None:
        """Leave it to the system."""


REAL_PLANTS: Mapping[str, RealParts] = {
    "no fsync": RealParts(disk=NoRealSync),
    "no folder fsync": RealParts(disk=NoRealFolderSync),
}
