"""What a row becomes, and that a strange one costs only itself."""

from datetime import UTC, datetime
from decimal import Decimal

import msgpack
import pytest

from adapters.alpaca.alpaca_servers import a_fill, a_position, an_order
from holdfast.adapters.alpaca import bar_rows, rows
from holdfast.domain.broker_facts import FillActivity, HoldingMoved
from holdfast.domain.errors import Recoverable
from holdfast.domain.order import OrderStatus, Side


def test_one_bad_row() -> None:
    """One bad row among three costs its own symbol and keeps the other two."""
    answer = [a_position(), a_position(symbol="MSFT", side="sideways"), a_position(symbol="NVDA")]
    found = rows.rows_of(answer, rows.position)
    assert [good.symbol for good in found.good] == ["AAPL", "NVDA"]
    assert [bad.symbol for bad in found.bad] == ["MSFT"]


@pytest.mark.parametrize("row", [None, 7, [], {}, {"symbol": None}, {"symbol": ["AAPL"]}])
def test_row_that_is_no_row(row: object) -> None:
    """A row of any shape becomes a bad row without a symbol."""
    assert [bad.symbol for bad in rows.rows_of([row], rows.position).bad] == [None]


@pytest.mark.parametrize("answer", [None, {}, "", "[]", {"message": "x"}, 0])
def test_list_that_is_no_list(answer: object) -> None:
    """An answer that is not a list is never taken for an empty one."""
    with pytest.raises(Recoverable):
        rows.rows_of(answer, rows.position)


@pytest.mark.parametrize(
    ("side", "qty", "expected"),
    [("long", "2", "2"), ("short", "-2478", "-2478"), ("short", "2478", "-2478"), ("long", 0.1, "0.1")],
)
def test_sign_of_a_position(side: str, qty: object, expected: str) -> None:
    """The sign of a position comes from its side, whether or not the quantity is signed."""
    assert rows.position(a_position(side=side, qty=qty)).quantity == Decimal(expected)


def test_pair_in_positions() -> None:
    """A position in BTCUSD keeps the text it came with."""
    assert rows.position(a_position(symbol="BTCUSD")).symbol == "BTCUSD"


@pytest.mark.parametrize("qty", [None, "", "ten", "NaN", "Infinity", True, [], "1e99", 1e99, "1" * 200])
def test_strange_numbers(qty: object) -> None:
    """A quantity that is no number of this world makes its row bad."""
    assert len(rows.rows_of([a_position(qty=qty)], rows.position).bad) == 1


def test_exact_order() -> None:
    """An order keeps every digit, and its time becomes aware UTC."""
    view = rows.order_view(an_order(filled_qty="0.000199499", filled_avg_price="0.0851", status="partially_filled"))
    assert (view.filled_quantity, view.filled_average_price) == (Decimal("0.000199499"), Decimal("0.0851"))
    assert view.submitted_at == datetime(2026, 11, 20, 21, 0, 0, 123456, tzinfo=UTC)
    assert (view.side, view.status) == (Side.BUY, OrderStatus.PARTIALLY_FILLED)


def test_order_by_notional() -> None:
    """An order placed by notional value has no quantity."""
    assert rows.order_view(an_order(qty=None, notional="5")).quantity is None


def test_offsets() -> None:
    """A time with New York's offset becomes the same moment in UTC."""
    view = rows.order_view(an_order(submitted_at="2026-11-20T16:00:00-05:00"))
    assert (view.submitted_at.hour, view.submitted_at.tzinfo) == (21, UTC)


def test_an_order_says_when_it_filled_last() -> None:
    """Null until something has filled; a time otherwise, and nothing else."""
    assert rows.order_view(an_order(filled_at=None)).filled_at is None
    assert rows.order_view(an_order(filled_at="2026-11-20T21:00:01Z")).filled_at == datetime(
        2026, 11, 20, 21, 0, 1, tzinfo=UTC
    )
    with pytest.raises(ValueError, match="filled_at"):
        rows.order_view(an_order(filled_at="soon"))


@pytest.mark.parametrize("status", ["intent", "absent", "refused", "on_the_moon", "", None, 3])
def test_unknown_status(status: object) -> None:
    """A status that is not Alpaca's, ours included, makes a bad row that names its symbol."""
    found = rows.rows_of([an_order(status=status)], rows.order_view)
    assert [bad.symbol for bad in found.bad] == ["AAPL"]


@pytest.mark.parametrize("time", ["yesterday", "2026-11-20T16:00:00", None, 5, "0001-01-01T00:00:00+14:00"])
def test_strange_times(time: object) -> None:
    """A time that cannot be read, or has no offset, makes its row bad."""
    assert len(rows.rows_of([a_fill(transaction_time=time)], rows.activity).bad) == 1


def test_short_fill() -> None:
    """A short sale among the fills is a sale."""
    sale = rows.activity(a_fill(side="sell_short"))
    assert isinstance(sale, FillActivity)
    assert sale.side is Side.SELL


def test_a_split_is_a_moved_holding() -> None:
    """What changes a holding without an order keeps its type and its sign; a row that tells the day alone has one."""
    split = {"id": "1", "activity_type": "SPLIT", "symbol": "AAPL", "qty": "60", "created_at": "2026-11-20T14:00:00Z"}
    moved = rows.activity(split)
    assert moved == HoldingMoved("1", "SPLIT", "AAPL", Decimal(60), datetime(2026, 11, 20, 14, tzinfo=UTC))
    del split["created_at"]
    assert rows.activity({**split, "date": "2026-11-20"}).time == datetime(2026, 11, 20, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "is_kept"),
    [
        (a_fill(), True),
        ({"activity_type": "SPLIT", "symbol": "AAPL", "qty": "60"}, True),
        ({"activity_type": "DIV", "symbol": "AAPL", "qty": "10", "per_share_amount": "0.2"}, False),
        ({"activity_type": "JNLC", "net_amount": "100"}, False),
        ({"activity_type": "MA", "net_amount": "100"}, False),
        ({"activity_type": None}, True),
        ("rubbish", True),
    ],
)
def test_activities_that_move_no_holding_are_left_out(row: object, is_kept: bool) -> None:  # noqa: FBT001 - a table
    """Dividends and cash move no shares; what cannot even be told apart is kept, and noticed."""
    assert bool(rows.moves_of([row])) is is_kept


def test_what_is_free_of_a_position_is_signed() -> None:
    """What open orders leave free of a holding has the sign of the holding; its value comes along."""
    short = rows.position(a_position(side="short", qty="-10", qty_available="-4", market_value="-1000"))
    assert (short.available, short.market_value) == (Decimal(-4), Decimal(-1000))


@pytest.mark.parametrize(
    ("change", "tradable"),
    [
        ({}, True),
        ({"status": "ONBOARDING"}, False),
        ({"account_blocked": True}, False),
        ({"trading_blocked": True}, False),
    ],
)
def test_account(change: dict[str, object], tradable: bool) -> None:  # noqa: FBT001 - a table's column
    """An account trades when it is active and nothing blocks it, and shows the end of its number only."""
    raw = {"id": "u", "account_number": "PA3X1234", "status": "ACTIVE", "cash": "100005.83", "equity": "1"}
    account = rows.account(raw | change)
    assert (account.is_tradable, account.ending, account.cash) == (tradable, "1234", Decimal("100005.83"))


def test_half_day() -> None:
    """A half day in winter closes at 18:00 UTC."""
    (session,) = rows.sessions([{"date": "2026-11-27", "open": "09:30", "close": "13:00"}])
    assert session.open == datetime(2026, 11, 27, 14, 30, tzinfo=UTC)
    assert session.close == datetime(2026, 11, 27, 18, 0, tzinfo=UTC)


def test_calendar_with_a_hole() -> None:
    """A calendar with one unreadable day is not believed."""
    with pytest.raises(Recoverable):
        rows.sessions([{"date": "2026-11-27", "open": "09:30", "close": "25:00"}])


@pytest.mark.parametrize("stamp", ["2026-11-20T14:30:00Z", msgpack.Timestamp.from_unix(1795185000)])
def test_bar_times(stamp: object) -> None:
    """A bar's time is read from text and from the stream's own timestamp alike."""
    bar = bar_rows.bar("AAPL", {"t": stamp, "o": 190.1, "h": 190.4, "l": 190, "c": 190.2, "v": 12345})
    assert (bar.time, bar.open) == (datetime(2026, 11, 20, 14, 30, tzinfo=UTC), Decimal("190.1"))


@pytest.mark.parametrize("change", [{"o": 0}, {"l": -1}, {"v": -1}, {"c": None}, {"t": 5}, {"h": "x"}])
def test_bad_bars(change: dict[str, object]) -> None:
    """A bar with a price of zero or a missing field is refused."""
    good = {"t": "2026-11-20T14:30:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}
    with pytest.raises(ValueError, match=f"^{next(iter(change))}"):
        bar_rows.bar("AAPL", good | change)


def test_a_row_that_cannot_be_parsed_says_whose_it_is_as_far_as_it_can() -> None:
    """Its symbol and its order's id are kept where they can be read."""
    odd = [an_order(status="dreaming"), an_order(symbol=""), {"id": 7}]
    found = [(row.symbol, row.client_order_id) for row in rows.rows_of(odd, rows.order_view).bad]
    name = an_order()["client_order_id"]
    assert found == [("AAPL", name), (None, name), (None, None)]
