"""Planted bugs around the memory: files, disk, clock."""

from datetime import datetime, timedelta
from pathlib import Path

from campaigns.days.clock import VirtualClock
from campaigns.days.disk import MachineDisk
from holdfast.adapters.state_codec import encode
from holdfast.adapters.state_files import Loaded, StateFiles
from holdfast.adapters.steps import Steps
from holdfast.domain.state import Ledger, SymbolState
from holdfast.engine.memory import Missing, Unreadable


class NoSync(MachineDisk):
    """Never syncs a file."""

    def sync(self, file: int) -> None:
        """Leave it to the system."""


class NoFolderSync(MachineDisk):
    """Never syncs a folder."""

    def sync_folder(self, folder: Path) -> None:
        """Leave it to the system."""


class PlainWrite(StateFiles):
    """Writes over the file itself and syncs nothing."""

    def _save(self, state: SymbolState) -> Steps[None]:
        file = self._disk.create(self._folder.state_file(state.symbol))
        yield
        self._disk.write(file, encode(state))
        self._disk.close(file)


class CorruptIsFlat(StateFiles):
    """Takes a damaged file for that of a symbol without a position, as of now."""

    async def load(self, symbol: str) -> Loaded:
        """Read one file."""
        found = await super().load(symbol)
        return self._flat(symbol) if isinstance(found, Unreadable) else found

    def _flat(self, symbol: str) -> SymbolState:
        now, stamp = self._now(), self._folder.stamp()
        account_id = stamp.account_id if stamp else ""
        return SymbolState(symbol, account_id=account_id, ledger=Ledger(now, now), reconciled_at=now)


class AnyErrorIsFlat(PlainWrite):
    """Writes plainly, and begins with nothing where a file is missing or damaged."""

    async def load(self, symbol: str) -> Loaded:
        """Read one file."""
        try:
            found = await super().load(symbol)
        except OSError:
            found = Missing(None)
        return found if isinstance(found, SymbolState) else CorruptIsFlat._flat(self, symbol)  # noqa: SLF001


class WallClockWindows(VirtualClock):
    """Counts its windows on the wall clock."""

    def monotonic(self) -> float:
        """Process seconds."""
        return (self.wall() - datetime(2026, 1, 1, tzinfo=self.wall().tzinfo)) / timedelta(seconds=1)
