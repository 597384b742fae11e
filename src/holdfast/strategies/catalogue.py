"""The shipped strategies by the name that config.yaml gives them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from holdfast.strategies.base import Strategy
from holdfast.strategies.breakout import Breakout
from holdfast.strategies.buy_and_hold import BuyAndHold
from holdfast.strategies.rsi_reversion import RsiReversion
from holdfast.strategies.sma_cross import SmaCross

CATALOGUE: Mapping[str, Callable[..., Strategy]] = MappingProxyType(
    {
        "sma_cross": SmaCross,
        "rsi_reversion": RsiReversion,
        "breakout": Breakout,
        "buy_and_hold": BuyAndHold,
    }
)
