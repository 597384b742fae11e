"""Client order ids: ``hf.<bot>.<SYM>.<decision>.<side><step>``, at most 48 characters.

The same decision always makes the same id, so an order that was forgotten is refused as a duplicate.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from holdfast.domain.order import Side
from holdfast.domain.symbols import file_stem, symbol_of_stem
from holdfast.domain.timeframe import Timeframe

MAX_LENGTH = 48
BOT_NAME = re.compile(r"[a-z0-9]{1,6}")
_ORDER_ID = re.compile(
    r"hf\.(?P<bot>[a-z0-9]{1,6})\.(?P<stem>[A-Z0-9.\-]+)\.(?P<decision>[a-z0-9T]+)\.(?P<side>[bs])(?P<step>\d{1,2})"
)
_BAR_DECISION = re.compile(r"\d+[a-z](?P<time>\d{8}T\d{4})")


@dataclass(frozen=True, slots=True)
class OrderId:
    """A client order id taken apart."""

    bot: str
    symbol: str
    decision: str
    side: Side
    step: int


def bar_decision(timeframe: Timeframe, bar_time: datetime) -> str:
    """Name the decision taken on the bar that opened at `bar_time` (UTC), e.g. ``1m20261120T2059``."""
    return f"{timeframe.code}{bar_time:%Y%m%dT%H%M}"


def decided_at(client_order_id: str) -> datetime | None:
    """Return the open time of the bar that an order was decided on; None for an order of a command."""
    parts = parse_order_id(client_order_id)
    found = _BAR_DECISION.fullmatch(parts.decision) if parts else None
    return datetime.strptime(found["time"], "%Y%m%dT%H%M").replace(tzinfo=UTC) if found else None


def order_id(bot: str, symbol: str, decision: str, side: Side, step: int = 0) -> str:
    """Build the id of one order of a decision.

    Raises:
        ValueError: if it would be longer than 48 characters.
    """
    built = f"hf.{bot}.{file_stem(symbol)}.{decision}.{side[0]}{step}"
    if len(built) > MAX_LENGTH:
        raise ValueError(f"the order id {built!r} would be longer than {MAX_LENGTH} characters: shorten the bot's name")
    return built


def longest_order_id(bot: str, symbol: str) -> str:
    """Build the longest id that `symbol` can ever need, so that a name too long is refused at load."""
    return order_id(bot, symbol, "15m20261120T2059", Side.SELL, 99)


@lru_cache(maxsize=4096)
def parse_order_id(text: str) -> OrderId | None:
    """Take an id apart; None if it is not one of Holdfast's, whoever made it."""
    match = _ORDER_ID.fullmatch(text)
    if match is None:
        return None
    try:
        symbol = symbol_of_stem(match["stem"])
    except ValueError:
        return None
    side = Side.BUY if match["side"] == "b" else Side.SELL
    return OrderId(match["bot"], symbol, match["decision"], side, int(match["step"]))
