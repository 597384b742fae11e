"""What the engine is handed: the ports to the outside world, and who it is to the broker."""

from dataclasses import dataclass

from holdfast.engine.chronicle import Chronicle
from holdfast.engine.memory import StateStore
from holdfast.engine.ports import Broker, Clock, MarketData


@dataclass(frozen=True, slots=True)
class Outside:
    """The engine's outside world, wired by bootstrap."""

    broker: Broker
    market_data: MarketData
    store: StateStore
    clock: Clock
    chronicle: Chronicle


@dataclass(frozen=True, slots=True)
class Identity:
    """Who trades: the bot's name in every order id, the account, and whether that is a simulator's."""

    bot: str
    account_id: str
    is_simulated: bool
