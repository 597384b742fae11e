"""`holdfast resume`: one event applied to one state file, with the folder held."""

import asyncio

from holdfast.adapters.clock import WallClock
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.state_journal import JournalFiles
from holdfast.domain import events
from holdfast.domain.errors import UsageError
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.chronicle import Chronicle


def resume_symbol(folder: StateFolder, symbol: str) -> str:
    """Resume a symbol in a locked folder; return what its status was.

    Raises:
        UsageError: there is no valid state of it.
    """
    clock = WallClock()
    store = StateFiles(folder, clock.wall)
    try:
        state = store.read(symbol) if symbol in folder.symbols() else None
        if not isinstance(state, SymbolState):
            raise UsageError(f"{folder.root} holds no valid state of {symbol}: holdfast run rebuilds it")
        if state.status is Status.RETIRED:
            raise UsageError(f"{symbol} is not in config.yaml: put it back there, and holdfast run resumes it")
        saved = asyncio.run(store.save(state.apply(events.Resumed())))
        Chronicle(JournalFiles(folder, clock.wall)).admitted(saved)
    finally:
        store.close()
    return state.status.value
