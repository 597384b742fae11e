"""Everything between the config and the engine: the folder locked, the broker reached, the account checked."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from holdfast.adapters.ballast import Ballast
from holdfast.adapters.clock import MarketClock, WallClock
from holdfast.adapters.mounts import warn_of_network
from holdfast.adapters.report_files import ReportFiles
from holdfast.adapters.runners import Threads
from holdfast.adapters.state_files import StateFiles
from holdfast.adapters.state_folder import StateFolder
from holdfast.adapters.state_journal import JournalFiles
from holdfast.adapters.user_strategy import load_user_strategy
from holdfast.bootstrap.identity import claim_folder
from holdfast.bootstrap.link import Link, open_link
from holdfast.config.load import Config, SymbolConfig, load_config, refuse_unbuilt
from holdfast.domain.decide import Rules
from holdfast.domain.errors import UsageError
from holdfast.domain.external import ExternalChange
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.pacing import Instant
from holdfast.engine.spec import SymbolSpec


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; None leaves it to config.yaml."""

    config: Path
    state_dir: Path | None = None
    bars: Path | None = None
    speed: float | Literal["max"] | None = None
    new_account: bool = False
    archive_state: bool = False
    is_dry: bool = False
    compares_only: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """What the engine needs, ready. `instant` is where a simulator's market stands; None at a real broker."""

    config: Config
    specs: tuple[SymbolSpec, ...]
    folder: StateFolder
    link: Link
    outside: Outside
    identity: Identity
    instant: Instant | None
    set_time: Callable[[datetime], None] | None


def read_config(options: Options) -> Config:
    """Read config.yaml with the command line laid over it.

    Raises:
        UsageError: an invalid config, or a start that must not happen.
    """
    config = load_config(options.config, load_user_strategy)
    refuse_unbuilt(config)
    if options.new_account and (config.broker != "sim" or config.sim.url):
        raise UsageError("--new-account starts the simulator inside over, and config.yaml names another broker")
    changes: dict[str, object] = {}
    if options.bars is not None:
        if not options.bars.is_dir():
            raise UsageError(f"--bars: there is no folder {options.bars}")
        changes["bars"] = options.bars.absolute()
    if options.speed is not None:
        changes["speed"] = options.speed
    if changes and (config.broker != "sim" or config.sim.url):
        raise UsageError("--bars and --speed are for the simulator inside: config.yaml names another broker")
    return replace(config, sim=config.sim.model_copy(update=changes))


def state_folder(config: Config, options: Options) -> StateFolder:
    """Return the state folder: `--state-dir`, else `state` beside config.yaml."""
    return StateFolder((options.state_dir or config.folder / "state").absolute())


def specs_of(config: Config) -> tuple[SymbolSpec, ...]:
    """Return the engine's words for config's symbols."""
    return tuple(_spec(symbol, config.bot) for symbol in config.symbols)


def _spec(symbol: SymbolConfig, bot: str) -> SymbolSpec:
    rules = Rules(bot, symbol.quantity, symbol.timeframe, may_short=symbol.direction == "both")
    policy = ExternalChange(symbol.on_external_change)
    return SymbolSpec(symbol.symbol, rules, symbol.strategy.strategy, symbol.strategy.name, policy)


@asynccontextmanager
async def opened(config: Config, folder: StateFolder, options: Options) -> AsyncIterator[Opened]:
    """Open everything for a locked folder, and close it in bounded time.

    Raises:
        HoldfastError: with what to do next; nothing was traded.
    """
    link = await open_link(config, folder.root, new_account=options.new_account)
    store: StateFiles | None = None
    try:
        instant = await link.control.next_instant(None) if link.control else None
        clock = MarketClock(instant.time) if instant else WallClock()
        account = await link.connection.broker.account()
        claim_folder(
            folder,
            config.broker,
            account,
            clock,
            archive=options.archive_state,
            is_dry=options.is_dry,
            compares_only=options.compares_only,
        )
        warn_of_network(folder.root)
        ballast = None if options.is_dry else Ballast(folder).take()
        runner = Threads()
        store = StateFiles(folder, clock.wall, runner, ballast=ballast)
        outside = Outside(
            broker=link.connection.broker,
            market_data=link.connection.market_data,
            store=store,
            clock=clock,
            chronicle=Chronicle(JournalFiles(folder, clock.wall), ReportFiles(folder, clock.wall, runner)),
        )
        identity = Identity(config.bot, account.id, is_simulated=config.broker == "sim")
        set_time = clock.set_time if isinstance(clock, MarketClock) else None
        yield Opened(config, specs_of(config), folder, link, outside, identity, instant, set_time)
    finally:
        await link.close()
        if store is not None:
            store.close()
