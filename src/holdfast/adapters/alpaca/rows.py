"""The rows of Alpaca's trading answers, each parsed alone into a domain type: exact, aware, or a BadRow.

Pure functions. Unknown keys are ignored; a missing or strange value costs its row, never the list.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from holdfast.domain.broker_facts import (
    Account,
    Activity,
    Asset,
    BadRow,
    BrokerPosition,
    FillActivity,
    HoldingMoved,
    Rows,
)
from holdfast.domain.errors import Recoverable
from holdfast.domain.order import OrderStatus, OrderView, Side
from holdfast.domain.session import Session

Raw = Mapping[str, Any]
Row = TypeVar("Row")

_NEW_YORK = ZoneInfo("America/New_York")
_TEXT_MAX = 128
# Numbers beyond this are rubbish, and arithmetic on them could take all memory.
_EXPONENT_MAX = 30
# Ours alone: a broker that says one of these is not understood.
_OUR_STATUSES = frozenset({OrderStatus.INTENT, OrderStatus.REFUSED, OrderStatus.ABSENT})
_FILL_SIDES = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}
_POSITION_SIGNS = {"long": 1, "short": -1}
_FILL = "FILL"
# Told by refusals alone: "cost basis must be >= minimal amount of order 10".
_CRYPTO_VALUE_MIN = Decimal(10)
# Transfers, fees in coins, mergers, name changes, reorganisations, spin-offs, splits: the types that move a holding.
_MOVING = frozenset(
    {"ACATS", "CFEE", "JNL", "JNLS", "MA", "NC", "OPASN", "OPXRC", "PTC", "REORG", "SC", "SPIN", "SPLIT", "SSO", "SSP"}
)


def rows_of(answer: object, parse: Callable[[Raw], Row]) -> Rows[Row]:
    """Parse a list answer row by row.

    Raises:
        Recoverable: if the answer is no list: an unreadable answer is never an empty one.
    """
    good: list[Row] = []
    bad: list[BadRow] = []
    for raw in list_of(answer):
        try:
            good.append(parse(_mapping(raw)))
        except (ValueError, OverflowError) as error:
            bad.append(BadRow(symbol_or_none(raw), str(error)[:200], _text_or_none(raw, "client_order_id")))
    return Rows(tuple(good), tuple(bad))


def list_of(answer: object) -> list[Any]:
    """Return `answer` if it is a list.

    Raises:
        Recoverable: if it is not.
    """
    if not isinstance(answer, list):
        raise Recoverable(f"the broker answered {_kind(answer)} where a list belongs")
    return answer


def order_view(raw: Raw) -> OrderView:
    """Parse one order of an answer, a list or the stream; `quantity` is None for one placed by notional.

    Raises:
        ValueError: naming the field that is missing or strange; unknown statuses too.
    """
    status = OrderStatus(text(raw, "status"))
    if status in _OUR_STATUSES:
        raise ValueError(f"status: {status.value!r} is not a status of Alpaca's")
    filled, price = _not_negative(raw, "filled_qty"), decimal_or_none(raw, "filled_avg_price")
    if filled and price is None:
        # Booked at nothing it would stay booked at nothing; the next look-up brings the price.
        raise ValueError("filled_avg_price is missing for a filled order")
    submitted = "submitted_at" if raw.get("submitted_at") is not None else "created_at"
    return OrderView(
        broker_order_id=text(raw, "id"),
        client_order_id=text(raw, "client_order_id"),
        symbol=text(raw, "symbol"),
        side=Side(text(raw, "side")),
        quantity=decimal_or_none(raw, "qty"),
        status=status,
        filled_quantity=filled,
        filled_average_price=price,
        submitted_at=moment(raw, submitted),
        filled_at=None if raw.get("filled_at") is None else moment(raw, "filled_at"),
    )


def position(raw: Raw) -> BrokerPosition:
    """Parse one holding; the sign comes from `side`, since not every source signs `qty`.

    Raises:
        ValueError: naming the field that is missing or strange.
    """
    sign = _one_of(raw, "side", _POSITION_SIGNS)
    return BrokerPosition(
        symbol=text(raw, "symbol"),
        quantity=sign * abs(decimal(raw, "qty")),
        average_entry_price=decimal(raw, "avg_entry_price"),
        current_price=decimal_or_none(raw, "current_price"),
        available=_signed(sign, decimal_or_none(raw, "qty_available")),
        market_value=decimal_or_none(raw, "market_value"),
    )


def _signed(sign: int, amount: Decimal | None) -> Decimal | None:
    return None if amount is None else sign * abs(amount)


def position_answer(answer: object) -> BrokerPosition:
    """Parse the answer about one holding.

    Raises:
        Recoverable: if it cannot be read.
    """
    try:
        return position(_mapping(answer))
    except ValueError as error:
        raise Recoverable(f"the position is unreadable: {error}") from None


def moves_of(answer: object) -> list[Any]:
    """Return the activities that may have moved a holding: no dividends, no interest, no cash.

    A row that does not even say its type is kept, so that it is noticed.
    """
    return [raw for raw in list_of(answer) if not isinstance(raw, Mapping) or _may_move(raw)]


def _may_move(raw: Raw) -> bool:
    kind = raw.get("activity_type")
    if not isinstance(kind, str) or kind == _FILL:
        return True
    # Journals of cash and mergers paid in cash name no quantity.
    return kind in _MOVING and raw.get("qty") is not None and raw.get("symbol") is not None


def activity(raw: Raw) -> Activity:
    """Parse one thing that changed a holding: an execution, or what no order made.

    Raises:
        ValueError: naming the field that is missing or strange.
    """
    kind = text(raw, "activity_type")
    if kind == _FILL:
        return _fill(raw)
    return HoldingMoved(
        id=text(raw, "id"),
        kind=kind,
        symbol=text(raw, "symbol"),
        change=decimal(raw, "qty"),
        time=_posted_at(raw),
    )


def _posted_at(raw: Raw) -> datetime:
    """Return when an activity was posted; older rows tell the day alone."""
    if raw.get("created_at") is not None:
        return moment(raw, "created_at")
    return datetime.combine(date.fromisoformat(text(raw, "date")), time.min, _NEW_YORK).astimezone(UTC)


def _fill(raw: Raw) -> FillActivity:
    return FillActivity(
        id=text(raw, "id"),
        broker_order_id=text(raw, "order_id"),
        symbol=text(raw, "symbol"),
        side=_one_of(raw, "side", _FILL_SIDES),
        quantity=abs(decimal(raw, "qty")),
        price=decimal(raw, "price"),
        time=moment(raw, "transaction_time"),
    )


def asset(raw: Raw) -> Asset:
    """Parse one asset.

    Raises:
        ValueError: naming the field that is missing or strange.
    """
    return Asset(
        symbol=text(raw, "symbol"),
        is_tradable=raw.get("tradable") is True and raw.get("status") == "active",
        is_fractionable=raw.get("fractionable") is True,
        is_shortable=raw.get("shortable") is True,
        quantity_min=decimal_or_none(raw, "min_order_size"),
        lot=decimal_or_none(raw, "min_trade_increment"),
        value_min=_CRYPTO_VALUE_MIN if raw.get("class") == "crypto" else None,
    )


def account(answer: object) -> Account:
    """Parse the account; tradable means ACTIVE and neither blocked nor suspended.

    Raises:
        Recoverable: if it cannot be read; trading without knowing the account is no option.
    """
    try:
        raw = _mapping(answer)
        blocks = ("trading_blocked", "account_blocked", "trade_suspended_by_user")
        return Account(
            id=text(raw, "id"),
            ending=text(raw, "account_number")[-4:],
            cash=decimal(raw, "cash"),
            equity=decimal(raw, "equity"),
            long_market_value=decimal_or_none(raw, "long_market_value") or Decimal(0),
            short_market_value=decimal_or_none(raw, "short_market_value") or Decimal(0),
            is_tradable=raw.get("status") == "ACTIVE" and not any(raw.get(block) for block in blocks),
        )
    except ValueError as error:
        raise Recoverable(f"the account is unreadable: {error}") from None


def sessions(answer: object) -> list[Session]:
    """Parse the calendar: New York wall time, HH:MM, to UTC.

    Raises:
        Recoverable: if any day is unreadable; a calendar with a hole would be believed.
    """
    try:
        return [_session(_mapping(raw)) for raw in list_of(answer)]
    except ValueError as error:
        raise Recoverable(f"the calendar is unreadable: {error}") from None


def text(raw: Raw, name: str) -> str:
    """Return a non-empty, printable text field.

    Raises:
        ValueError: if it is anything else.
    """
    value = raw.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_MAX or not value.isprintable():
        raise ValueError(f"{name}: {_kind(value)}")
    return value


def decimal(raw: Raw, name: str) -> Decimal:
    """Return a finite number field, exactly as it was written: a text, or a JSON number's shortest form.

    Raises:
        ValueError: if it is anything else.
    """
    value = raw.get(name)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or len(str(value)) > _TEXT_MAX:
        raise ValueError(f"{name}: {_kind(value)}")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{name}: {value!r} is not a number") from None
    if not number.is_finite() or abs(number.adjusted()) > _EXPONENT_MAX:
        raise ValueError(f"{name}: {value!r} is not a number of this world")
    return number


def decimal_or_none(raw: Raw, name: str) -> Decimal | None:
    """Return a number field as `decimal` does; None where it is null or missing."""
    return None if raw.get(name) is None else decimal(raw, name)


def moment(raw: Raw, name: str) -> datetime:
    """Return an RFC 3339 field (``Z`` or an offset, up to nanoseconds, which are cut) in aware UTC.

    Raises:
        ValueError: if it is anything else, or has no offset.
    """
    try:
        found = datetime.fromisoformat(text(raw, name))
    except ValueError:
        raise ValueError(f"{name}: {raw.get(name)!r:.60} is not a time") from None
    if found.tzinfo is None:
        raise ValueError(f"{name}: {raw.get(name)!r:.60} has no offset")
    return found.astimezone(UTC)


def symbol_or_none(raw: object) -> str | None:
    """Return the symbol of a row that may be anything; None where it cannot be read."""
    return _text_or_none(raw, "symbol")


def _text_or_none(raw: object, name: str) -> str | None:
    try:
        return text(_mapping(raw), name)
    except ValueError:
        return None


def _session(raw: Raw) -> Session:
    day = date.fromisoformat(text(raw, "date"))
    opens, closes = (
        datetime.combine(day, time.fromisoformat(text(raw, name)), _NEW_YORK).astimezone(UTC)
        for name in ("open", "close")
    )
    if closes <= opens:
        raise ValueError(f"{day}: closes before it opens")
    return Session(opens, closes)


def _mapping(raw: object) -> Raw:
    if not isinstance(raw, Mapping):
        raise ValueError(f"{_kind(raw)} where an object belongs")  # noqa: TRY004 - one kind of bad row
    return raw


def _not_negative(raw: Raw, name: str) -> Decimal:
    number = decimal(raw, name)
    if number < 0:
        raise ValueError(f"{name}: {number} is negative")
    return number


def _one_of(raw: Raw, name: str, table: Mapping[str, Row]) -> Row:
    word = text(raw, name)
    if word not in table:
        raise ValueError(f"{name}: {word!r} is unknown")
    return table[word]


def _kind(value: object) -> str:
    return "nothing" if value is None else f"an unreadable {type(value).__name__}"
