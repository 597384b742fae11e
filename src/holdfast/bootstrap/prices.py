"""The prices of a simulator: from a seed or from a folder, each source with an account of its own."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from loguru import logger

from holdfast.adapters.csv_bars import read_folder
from holdfast.domain.symbols import is_pair
from holdfast.simulator.prices import PriceSource, RecordedPrices
from holdfast.simulator.synthetic import SyntheticPrices
from holdfast.simulator.timetable import MarketHours


def build_prices(
    *, bars: Path | None, seed: int, universe: Sequence[str] = (), hours: str | None = None
) -> PriceSource:
    """Return the prices of a folder of CSV files, or else of the synthetic market.

    `universe` names symbols that the synthetic market lists besides its catalogue. `hours` is one of MarketHours;
    None means always where a crypto pair is among the symbols, else regular.

    Raises:
        UsageError: the folder cannot be used, with file and line.
    """
    if bars is None:
        return SyntheticPrices(seed, universe, hours=_hours(hours, universe))
    recorded = read_folder(bars)
    prices = RecordedPrices(recorded, _hours(hours, recorded))
    if prices.bars_outside_hours:
        logger.warning(f"{prices.bars_outside_hours} bars lie outside the hours of this market and are left out")
    return prices


def _hours(given: str | None, symbols: Iterable[str]) -> MarketHours:
    if given is not None:
        return MarketHours(given)
    return MarketHours.ALWAYS if any(map(is_pair, symbols)) else MarketHours.REGULAR


def source_name(bars: Path | None, seed: int) -> str:
    """Return the folder name of a price source's account: time never goes back for one, so they are never mixed."""
    if bars is None:
        return f"synthetic-{seed}"
    return f"bars-{hashlib.sha256(str(bars).encode()).hexdigest()[:12]}"
