"""Why the exchange says no: Alpaca's HTTP status, code, words and extra fields, and nothing of HTTP itself."""

from collections.abc import Mapping
from decimal import Decimal

from holdfast.domain.decimals import plain
from holdfast.domain.errors import HoldfastError

INVALID = 40010001
UNPROCESSABLE = 42210000
FORBIDDEN = 40310000
NOT_FOUND = 40410000


class Refusal(HoldfastError):  # noqa: N818 - it is an answer, not a failure
    """A request the exchange will not carry out; nothing was changed.

    `status` and `code` are stable at Alpaca, `message` is for people, `extra` holds the fields beside them.
    """

    def __init__(self, status: int, code: int, message: str, extra: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = dict(extra or {})


def malformed(message: str) -> Refusal:
    """Refuse a request whose fields are missing or contradict each other."""
    return Refusal(422, INVALID, message)


def unprocessable(message: str, **extra: str) -> Refusal:
    """Refuse a request that is well-formed and breaks a rule of trading."""
    return Refusal(422, UNPROCESSABLE, message, extra)


def forbidden(message: str, **extra: str) -> Refusal:
    """Refuse what this account must not do now."""
    return Refusal(403, FORBIDDEN, message, extra)


def not_found(message: str) -> Refusal:
    """Refuse a request about a thing that does not exist."""
    return Refusal(404, NOT_FOUND, message)


def insufficient_buying_power(buying_power: Decimal, cost_basis: Decimal) -> Refusal:
    """Refuse an order that the buying power not yet spoken for cannot pay; both amounts in USD."""
    return forbidden("insufficient buying power", buying_power=plain(buying_power), cost_basis=plain(cost_basis))


def insufficient_quantity(symbol: str, requested: Decimal, existing: Decimal, held: Decimal) -> Refusal:
    """Refuse to close more than the account holds free; quantities in shares."""
    available = max(existing - held, Decimal(0))
    return forbidden(
        f"insufficient qty available for order (requested: {plain(requested)}, available: {plain(available)})",
        available=plain(available),
        existing_qty=plain(existing),
        held_for_orders=plain(held),
        symbol=symbol,
    )


def insufficient_balance(symbol: str, requested: Decimal, existing: Decimal, held: Decimal) -> Refusal:
    """Refuse to sell more coins than the account holds free."""
    coin, available = symbol.partition("/")[0], max(existing - held, Decimal(0))
    return forbidden(
        f"insufficient balance for {coin} (requested: {plain(requested)}, available: {plain(available)})",
        available=plain(available),
        balance=plain(existing),
        symbol=coin,
    )


def wash_trade(existing_order_id: str, reason: str) -> Refusal:
    """Refuse an order that could trade against another one of the same account."""
    return forbidden(
        "potential wash trade detected. use complex orders",
        existing_order_id=existing_order_id,
        reject_reason=reason,
    )
