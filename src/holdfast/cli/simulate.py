"""`holdfast simulate`: a simulated Alpaca for any client, on a port of this machine."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

if TYPE_CHECKING:
    from holdfast.simulator.settings import SimulatorSettings

Hours = Literal["regular", "extended", "always"]
Multiplier = Literal["1", "2", "4"]
Value = TypeVar("Value")
_MULTIPLIER = "Buying power of a new account in times of its equity; 1 is a cash account."
_PARTICIPATION = "Part of a bar's volume that orders may take; the rest of an order fills later."
_HOURS = "What the market lives through; without it always if a crypto pair is listed, else regular."
_SPLIT = "A split before a day's session, e.g. AAPL:4@2026-01-07; repeatable."
DATA_DIR = Path("state/.holdfast/sim")


def simulate(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 0,
    bars: Annotated[Path | None, typer.Option(help="Folder of CSV files, one per symbol, to replay.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the synthetic market.")] = 7,
    speed: Annotated[str, typer.Option(help="Most simulated seconds in a real one, or max.")] = "60",
    data_dir: Annotated[Path, typer.Option(help="Folder that keeps the account.")] = DATA_DIR,
    cash: Annotated[str, typer.Option(help="Cash of a new account in USD.")] = "100000",
    universe: Annotated[str, typer.Option(help="Symbols to list besides the catalogue, comma-separated.")] = "",
    hours: Annotated[Hours | None, typer.Option(help=_HOURS)] = None,
    split: Annotated[list[str] | None, typer.Option(help=_SPLIT)] = None,
    multiplier: Annotated[Multiplier, typer.Option(help=_MULTIPLIER)] = "4",
    participation: Annotated[str, typer.Option(help=_PARTICIPATION)] = "0.25",
    key: Annotated[str | None, typer.Option(help="The only API key to accept.")] = None,
    secret: Annotated[str | None, typer.Option(help="The only secret to accept.")] = None,
    bad_day: Annotated[int | None, typer.Option(help="Seed of the faults that every session has.")] = None,
    new_account: Annotated[bool, typer.Option("--new-account", help="Set the account aside, start anew.")] = False,
) -> None:
    """Serve a simulated Alpaca until Ctrl-C; print its addresses as one line of JSON.

    \b
    holdfast simulate
    holdfast simulate --seed 11 --speed 390
    holdfast simulate --bars my_prices --speed max
    holdfast simulate --universe AAPL,MSFT --bad-day 42
    holdfast simulate --universe BTC/USD --hours always
    """  # noqa: D301 - click's mark for lines that are not wrapped
    from holdfast.domain.symbols import parse_symbol
    from holdfast.simulator.settings import SimulatorSettings
    from holdfast.simulator.splits import parse_split

    symbols = _read_all(parse_symbol, _names(universe), "--universe")
    settings = SimulatorSettings(
        data_dir=data_dir,
        host=host,
        port=port,
        speed=None if speed == "max" else _positive(speed, "--speed"),
        cash=_positive(cash, "--cash"),
        multiplier=int(multiplier),
        participation=_positive(participation, "--participation"),
        key=key,
        secret=secret,
        new_account=new_account,
        bad_day=bad_day,
        bad_day_symbols=tuple(symbols),
        splits=tuple(_read_all(parse_split, split or [], "--split")),
    )
    raise typer.Exit(_serve(settings, bars=bars, seed=seed, universe=symbols, hours=hours))


def _serve(
    settings: "SimulatorSettings", *, bars: Path | None, seed: int, universe: list[str], hours: Hours | None
) -> int:
    from holdfast.adapters.log import start_logging
    from holdfast.bootstrap.prices import build_prices
    from holdfast.bootstrap.simulate import serve_simulator

    start_logging()
    return serve_simulator(settings, build_prices(bars=bars, seed=seed, universe=universe, hours=hours))


def _names(listed: str) -> list[str]:
    return [name.strip() for name in listed.split(",") if name.strip()]


def _read_all(read: Callable[[str], Value], texts: Iterable[str], hint: str) -> list[Value]:
    try:
        return [read(text) for text in texts]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from error


def _positive(text: str, hint: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"{text!r} is not a number", param_hint=hint) from None
    if not number.is_finite() or number <= 0:
        raise typer.BadParameter(f"{text!r} must be more than zero", param_hint=hint)
    return number
