"""The link to the broker that config names: the simulator inside, a running one, or Alpaca's paper account."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr

from holdfast.adapters.alpaca.connect import ALPACA_ASSUMPTIONS, AlpacaConnection, open_alpaca
from holdfast.adapters.alpaca.endpoints import PAPER, AlpacaEndpoints
from holdfast.adapters.log import redact
from holdfast.adapters.sim_control import SimulatorControl
from holdfast.bootstrap.prices import build_prices, source_name
from holdfast.config.credentials import Credentials, load_credentials
from holdfast.config.load import Config
from holdfast.domain.errors import CredentialsError, Recoverable, UsageError
from holdfast.domain.timeframe import TIMEFRAMES
from holdfast.engine.ports import Assumptions
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.server import SimulatorServer
from holdfast.simulator.settings import SimulatorSettings

# A simulator takes any pair; it still wants one, as Alpaca does.
_ANY_PAIR = Credentials(SecretStr("simulated-key"), SecretStr("simulated-secret"))


@dataclass(slots=True)
class Link:
    """An open link. `control` is there when the other side is a simulator, `server` when it runs in this process."""

    where: str
    connection: AlpacaConnection
    control: SimulatorControl | None
    server: SimulatorServer | None
    data_dir: Path | None = None

    async def close(self) -> None:
        """Close everything, in bounded time."""
        await self.connection.aclose()
        if self.server is not None:
            self.server.stop()


async def open_link(config: Config, state_dir: Path, *, new_account: bool = False) -> Link:
    """Connect to what `config.broker` says; only the simulator inside starts anything.

    Raises:
        CredentialsError: paper without keys.
        UsageError: what config asks for cannot be had.
        Recoverable: a simulator that should be running does not answer.
    """
    if config.broker == "paper":
        return await _paper(config)
    if config.sim.url:
        return await _served(config.sim.url, config, _pair_for_simulator(config), None)
    settings = _settings(config, state_dir, new_account=new_account)
    server = SimulatorServer(settings, _prices(config))
    try:
        link = await _served(server.start().url, config, _ANY_PAIR, server)
        return replace(link, data_dir=settings.data_dir)
    except BaseException:
        server.stop()
        raise


def _prices(config: Config) -> PriceSource:
    symbols = [*config.sim.universe, *(symbol.symbol for symbol in config.symbols)]
    sim = config.sim
    prices = build_prices(bars=sim.bars, seed=sim.seed, universe=symbols, hours=sim.hours)
    if prices.period != TIMEFRAMES["1Min"].length:
        raise UsageError(f"{sim.bars} holds bars of {prices.period}; this version replays 1-minute bars only")
    return prices


def simulator_folder(config: Config, state_dir: Path) -> Path:
    """Return where the simulator inside keeps its account."""
    return state_dir / ".holdfast" / "sim" / source_name(config.sim.bars, config.sim.seed)


def _settings(config: Config, state_dir: Path, *, new_account: bool) -> SimulatorSettings:
    speed = config.sim.speed
    return SimulatorSettings(
        data_dir=simulator_folder(config, state_dir),
        speed=None if speed == "max" else Decimal(str(speed)),
        cash=config.sim.cash,
        sessions=None if config.sim.bars else 1,
        lockstep=True,
        new_account=new_account,
        bad_day=config.sim.bad_day,
        bad_day_symbols=tuple(symbol.symbol for symbol in config.symbols),
    )


async def _paper(config: Config) -> Link:
    pair = load_credentials(config.folder)
    redact([pair.key_id.get_secret_value(), pair.secret_key.get_secret_value()])
    if config.paper_url:
        return await _served(config.paper_url, config, pair, None)
    connection = _open(PAPER, pair, ALPACA_ASSUMPTIONS, config)
    return Link("Alpaca paper trading", connection, None, None)


def _pair_for_simulator(config: Config) -> Credentials:
    """A simulator started with --key and --secret wants that pair; any other takes what comes."""
    try:
        pair = load_credentials(config.folder)
    except CredentialsError:
        return _ANY_PAIR
    redact([pair.key_id.get_secret_value(), pair.secret_key.get_secret_value()])
    return pair


async def _served(url: str, config: Config, pair: Credentials, server: SimulatorServer | None) -> Link:
    """Connect to a server that speaks Alpaca's wire; a simulator's declared delays are believed on loopback only."""
    control = SimulatorControl(url)
    try:
        status = await control.status()
    except Recoverable:
        raise UsageError(f"nothing answers at {url}: start it with `holdfast simulate`, or leave the url out") from None
    assumptions = ALPACA_ASSUMPTIONS if status is None else Assumptions(**status["assumptions"])
    connection = _open(AlpacaEndpoints.of_server(url), pair, assumptions, config)
    where = f"the simulator inside ({url})" if server else url
    return Link(where, connection, None if status is None else control, server)


def _open(endpoints: AlpacaEndpoints, pair: Credentials, assumptions: Assumptions, config: Config) -> AlpacaConnection:
    return open_alpaca(endpoints, pair.key_id, pair.secret_key, assumptions, feed=config.feed)
