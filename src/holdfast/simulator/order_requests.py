"""The bodies of POST and PATCH, read into what the exchange understands. It checks the rest itself."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from holdfast.domain.order import Side
from holdfast.exchange.order import (
    Intent,
    OrderClass,
    OrderRequest,
    OrderType,
    StopLoss,
    TakeProfit,
    TimeInForce,
)
from holdfast.exchange.refusal import malformed
from holdfast.exchange.replacement import Amendment
from holdfast.simulator.call import amount

Word = TypeVar("Word", bound=StrEnum)
Fields = Mapping[str, Any]


def parse_order(body: Fields, symbol_of: Callable[[str], str]) -> OrderRequest:
    """Read the body of a POST; `symbol_of` turns an asset's id into its symbol.

    Raises:
        Refusal: 422 for a field that is missing or cannot be read.
    """
    return OrderRequest(
        symbol=symbol_of(_text(body, "symbol")),
        side=_word(body, "side", Side),
        type=_word(body, "type", OrderType),
        time_in_force=_word(body, "time_in_force", TimeInForce),
        quantity=amount(body, "qty"),
        notional=amount(body, "notional"),
        limit_price=amount(body, "limit_price"),
        stop_price=amount(body, "stop_price"),
        trail_price=amount(body, "trail_price"),
        trail_percent=amount(body, "trail_percent"),
        client_order_id=_client_order_id(body),
        extended_hours=_flag(body, "extended_hours"),
        order_class=_word(body, "order_class", OrderClass) if body.get("order_class") else OrderClass.SIMPLE,
        take_profit=_take_profit(body),
        stop_loss=_stop_loss(body),
        intent=_word(body, "position_intent", Intent) if body.get("position_intent") else None,
    )


def parse_amendment(body: Fields) -> Amendment:
    """Read the body of a PATCH.

    Raises:
        Refusal: 422 for a field that cannot be read.
    """
    return Amendment(
        quantity=amount(body, "qty"),
        time_in_force=_word(body, "time_in_force", TimeInForce) if body.get("time_in_force") else None,
        limit_price=amount(body, "limit_price"),
        stop_price=amount(body, "stop_price"),
        trail=amount(body, "trail"),
        client_order_id=_client_order_id(body),
    )


def _take_profit(body: Fields) -> TakeProfit | None:
    leg = _object(body, "take_profit")
    price = amount(leg, "limit_price")
    return TakeProfit(price) if price is not None else None


def _stop_loss(body: Fields) -> StopLoss | None:
    leg = _object(body, "stop_loss")
    stop = amount(leg, "stop_price")
    return StopLoss(stop, amount(leg, "limit_price")) if stop is not None else None


def _client_order_id(body: Fields) -> str | None:
    return _text(body, "client_order_id") if body.get("client_order_id") not in (None, "") else None


def _object(body: Fields, name: str) -> Fields:
    given = body.get(name)
    if given is not None and not isinstance(given, dict):
        raise malformed(f"invalid {name}")
    return given or {}


def _flag(body: Fields, name: str) -> bool:
    given = body.get(name)
    if given is not None and not isinstance(given, bool):
        raise malformed(f"invalid {name}: {given}")
    return given is True


def _text(body: Fields, name: str) -> str:
    given = body.get(name)
    if given is None or given == "":
        raise malformed(f"{name} is required")
    if not isinstance(given, str):
        raise malformed(f"invalid {name}: {given}")
    return given


def _word(body: Fields, name: str, words: type[Word]) -> Word:
    given = _text(body, name)
    try:
        return words(given)
    except ValueError:
        raise malformed(f"invalid {name}: {given}") from None
