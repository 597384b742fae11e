"""`holdfast drill`: the real start on a copy of the memory, against the live account, with nothing that can be sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from holdfast.adapters.clock import WallClock
from holdfast.adapters.log import collect_warnings
from holdfast.adapters.state_copy import Mark, copy_folder, copy_journals, copy_states, written_since
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.bootstrap.link import simulator_folder
from holdfast.bootstrap.opening import Options, opened, state_folder
from holdfast.config.load import Config
from holdfast.domain.errors import Fatal, Recoverable, UsageError
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Unreadable
from holdfast.engine.rehearsal import Before, Rehearsal, rehearse


@dataclass(frozen=True, slots=True)
class Drill:
    """A rehearsal, and the process that holds the folder meanwhile, if one does."""

    root: Path
    running: int | None
    rehearsal: Rehearsal
    warnings: tuple[str, ...]


async def drill_once(config: Config, options: Options) -> Drill:
    """Rehearse a restart. The state folder is read and never written; a running bot goes on undisturbed.

    Raises:
        UsageError: a restart would be refused as well, or the account cannot be asked just now.
        Fatal: the broker does not answer, so that no trading would start.
    """
    folder = state_folder(config, options)
    warnings: list[str] = []
    collect_warnings(warnings)
    with TemporaryDirectory(prefix="holdfast-drill-") as place:
        copy = StateFolder(Path(place) / "state")
        try:
            rehearsal = await _on_copy(config, options, folder, copy)
        except UsageError as error:
            raise UsageError(_of_original(str(error), copy, folder)) from error
        except Recoverable as error:
            raise Fatal(f"a restart now would not start trading: {error}") from error
        # Where the copy was archived is nobody's business: the verdict says that the memory would be.
        archive = str(copy.private / "archive")
        told = tuple(_of_original(warning, copy, folder) for warning in warnings if archive not in warning)
        return Drill(folder.root, folder.running(), rehearsal, told)


async def _on_copy(config: Config, options: Options, folder: StateFolder, copy: StateFolder) -> Rehearsal:
    marks = copy_states(folder, copy.root)
    before = _read_all(copy, marks)
    valid = [symbol for symbol, state in before.items() if isinstance(state, SymbolState)]
    copy_journals(folder, copy.root, but=valid)
    if config.broker == "sim" and not config.sim.url:
        copy_folder(folder, simulator_folder(config, folder.root), copy.root)
        # Asked last: one that had begun while its account was copied would have torn the copy.
        _refuse_inside_a_bot(folder)
    copy.lock()
    try:
        stamp = copy.stamp()
        async with opened(config, copy, options) as world:
            rehearsal = await rehearse(world.specs, world.outside, world.identity, before)
            is_archived = stamp is not None and stamp.account_id != world.identity.account_id
            rehearsal = replace(rehearsal, is_archived=is_archived)
    finally:
        copy.unlock()
    return _with_marks(rehearsal, written_since(folder, marks), folder, copy)


def _read_all(copy: StateFolder, symbols: Mapping[str, Mark | None]) -> dict[str, Before]:
    store = StateFiles(copy, WallClock().wall)
    try:
        return {symbol: _read(store, symbol) for symbol in symbols}
    finally:
        store.close()


def _read(store: StateFiles, symbol: str) -> Before:
    try:
        return store.read(symbol)
    except OSError as error:
        return Unreadable(str(error.strerror), None)


def _refuse_inside_a_bot(folder: StateFolder) -> None:
    running = folder.running()
    if running is not None:
        raise UsageError(
            f"the simulator runs inside the bot (process {running}) and answers nobody else: stop the bot and type "
            "holdfast drill again, or run the simulator beside it (holdfast simulate) and set sim.url in config.yaml"
        )


def _with_marks(rehearsal: Rehearsal, late: frozenset[str], folder: StateFolder, copy: StateFolder) -> Rehearsal:
    """Mark what a running bot has written meanwhile, and name the original where a failure names the copy."""
    failed = tuple((symbol, _of_original(why, copy, folder)) for symbol, why in rehearsal.findings.failed)
    outcomes = tuple(
        replace(one, is_out_of_date=one.symbol in late, failed=dict(failed).get(one.symbol))
        for one in rehearsal.outcomes
    )
    return replace(rehearsal, outcomes=outcomes, findings=replace(rehearsal.findings, failed=failed))


def _of_original(text: str, copy: StateFolder, folder: StateFolder) -> str:
    return text.replace(str(copy.root), str(folder.root))
