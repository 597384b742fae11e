"""Crypto pairs: two names, fees in what is received, cash only, around the clock."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from alpaca.trading.enums import AssetClass

from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.timetable import MarketHours
from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk, minutes, refusal_of

SATURDAY = datetime(2026, 1, 10, 14, 0, tzinfo=UTC)


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk where bitcoin stands at $50,000 for three minutes."""
    return open_desk(BTC_USD="50000 | 50000 | 50000", XYZ="100 | 100 | 100")


@pytest.mark.parametrize("name", ["BTC/USD", "BTCUSD"])
def test_both_names_order_the_same_pair(desk: Desk, name: str) -> None:
    """The order says BTC/USD, the position BTCUSD, whichever name came in; lists know both."""
    order = desk.place(f"buy 0.1 {name} gtc")
    assert (order.symbol, order.asset_class, order.status.value) == ("BTC/USD", AssetClass.CRYPTO, "pending_new")
    assert [each.symbol for each in desk.orders(symbols=[name])] == ["BTC/USD"]
    position = desk.position("BTCUSD")
    assert (position.symbol, position.exchange.value, position.asset_marginable) == ("BTCUSD", "CRYPTO", False)
    assert position.asset_class is AssetClass.CRYPTO


def test_a_position_is_not_found_under_the_name_with_a_slash(desk: Desk) -> None:
    """GET and DELETE of /v2/positions/BTC/USD are 404, as the client sends it and escaped; BTCUSD works."""
    desk.place("buy 0.1 BTC/USD gtc")
    trading = desk.sim.trading
    for call, name in [
        (trading.get_open_position, "BTC/USD"),
        (trading.get_open_position, "BTC%2FUSD"),
        (trading.close_position, "BTC/USD"),
    ]:
        refused = refusal_of(call, name)
        assert (refused["status"], refused["code"]) == (404, 40410000)
    closing = trading.close_position("BTCUSD")
    assert (closing.symbol, closing.time_in_force.value) == ("BTC/USD", "gtc")  # type: ignore[union-attr]
    assert desk.positions == {}


def test_a_buy_pays_its_fee_in_coins_and_a_sale_in_dollars(desk: Desk) -> None:
    """A taker pays 0.25 %: of 0.1 bought 0.09975 arrive; 4,987.50 for them become 4,975.03125."""
    order = desk.place("buy 0.1 BTC/USD gtc")
    assert desk.tell(order) == "filled 0.1 at 50000"
    assert desk.positions == {"BTCUSD": "0.09975"}
    assert desk.account.cash == "95000"
    desk.place("sell 0.09975 BTC/USD gtc")
    assert (desk.positions, desk.account.cash) == ({}, "99975.03125")


def test_a_resting_order_pays_the_makers_fee(open_desk: OpenDesk) -> None:
    """A limit that a bar comes down to pays 0.15 %."""
    desk = open_desk(BTC_USD="50000 | 50000 50000 49000 49000")
    order = desk.place("buy 0.1 BTC/USD limit 49500 gtc")
    desk.step()
    assert desk.tell(order) == "filled 0.1 at 49500"
    assert desk.positions == {"BTCUSD": "0.09985"}


def test_what_the_order_says_was_filled_cannot_be_sold(desk: Desk) -> None:
    """Selling filled_qty is 403 with the balance, for the fee is gone; the position's quantity can be sold."""
    desk.place("buy 0.1 BTC/USD gtc")
    assert desk.refusal("sell 0.1 BTC/USD gtc") == {
        "status": 403,
        "code": 40310000,
        "message": "insufficient balance for BTC (requested: 0.1, available: 0.09975)",
        "balance": "0.09975",
        "available": "0.09975",
        "symbol": "BTC",
    }
    desk.place(f"sell {desk.positions['BTCUSD']} BTC/USD gtc")
    assert desk.positions == {}


# The order, and status, code and words of its refusal; None is accepted.
RULES: list[tuple[str, tuple[int, int, str] | None]] = [
    ("buy 0.1 BTC/USD gtc", None),
    ("buy 0.1 BTC/USD ioc", None),
    ("buy 0.1 BTC/USD limit 40000 gtc", None),
    ("buy 0.1 BTC/USD stop 60000 limit 61000 gtc", None),
    ("buy $500 BTC/USD gtc", None),
    ("buy 0.0002 BTC/USD gtc", None),
    ("buy 0.1 BTC/USD day", (422, 42210000, "invalid crypto time_in_force")),
    ("buy 0.1 BTC/USD fok", (422, 42210000, "invalid crypto time_in_force")),
    ("buy 0.1 BTC/USD opg", (422, 42210000, "invalid crypto time_in_force")),
    ("buy 0.1 BTC/USD cls", (422, 42210000, "invalid crypto time_in_force")),
    ("buy 0.1 BTC/USD stop 60000 gtc", (422, 40010001, "invalid order type for crypto order")),
    ("sell 0.1 BTC/USD trail 5% gtc", (422, 40010001, "invalid order type for crypto order")),
    ("buy 0.00019 BTC/USD gtc", (403, 40310000, "cost basis must be >= minimal amount of order 10")),
    ("buy $9.99 BTC/USD gtc", (403, 40310000, "cost basis must be >= minimal amount of order 10")),
    ("buy $10.123 BTC/USD gtc", (422, 42210000, "notional must have at most 2 decimal places")),
    ("buy 0.1 BTC/USD limit 40000.123 gtc", (422, 42210000, "invalid limit_price 40000.123. sub-penny increment")),
    ("buy 2.1 BTC/USD gtc", (403, 40310000, "insufficient buying power")),
    ("sell 0.1 BTC/USD gtc", (403, 40310000, "insufficient balance for BTC")),
]


@pytest.mark.parametrize(("text", "refused"), RULES, ids=lambda cell: str(cell)[:50])
def test_what_may_be_ordered_of_a_pair(desk: Desk, text: str, refused: tuple[int, int, str] | None) -> None:
    """Market, limit and stop-limit, gtc and ioc, from $10 on, with cash alone and never short."""
    if refused is None:
        assert desk.place(text).status.value == "pending_new"
        return
    body = desk.refusal(text)
    assert (body["status"], body["code"]) == refused[:2]
    assert body["message"].startswith(refused[2])


def test_an_amount_is_cut_to_nine_decimals_without_a_word(desk: Desk) -> None:
    """The tenth decimal of a quantity of coins is not refused but dropped."""
    body = {"symbol": "BTC/USD", "qty": "0.1234567899", "side": "buy", "type": "market", "time_in_force": "gtc"}
    answer = desk.sim.send("POST", "/v2/orders", json=body)
    assert (answer.status_code, answer.json()["qty"]) == (200, "0.123456789")


def test_dust_can_only_be_closed_as_a_whole(open_desk: OpenDesk) -> None:
    """What has fallen below $10 cannot be sold by an order; closing the position sells it."""
    desk = open_desk(BTC_USD="50000 | 25000")
    desk.place("buy 0.0004 BTC/USD gtc")
    desk.step()
    assert desk.positions == {"BTCUSD": "0.000399"}
    assert desk.refusal("sell 0.000399 BTC/USD gtc")["message"] == "cost basis must be >= minimal amount of order 10"
    desk.sim.trading.close_position("BTCUSD")
    assert desk.positions == {}


def test_pairs_are_bought_with_cash_alone(desk: Desk) -> None:
    """They reserve and use the power of what has no margin; a coin's value counts four times against the rest."""
    desk.place("buy 0.1 BTC/USD limit 40000 gtc")
    assert desk.account.non_marginable_buying_power == "96000"
    desk.sim.trading.cancel_orders()
    desk.place("buy 1 BTC/USD gtc")
    account = desk.account
    assert (account.cash, account.non_marginable_buying_power, account.long_market_value) == ("50000", "50000", "49875")
    assert account.initial_margin == "49875"


def test_a_fee_is_written_down_at_the_end_of_its_day(start_simulator: Any) -> None:  # noqa: ANN401 - a factory
    """After midnight UTC there is one CFEE row a pair: coins for the buys, dollars for the sales."""
    bars = [*minutes("BTC/USD", ["50000"] * 3, SATURDAY), *minutes("BTC/USD", ["50000"] * 2, SATURDAY.replace(day=11))]
    desk = Desk(start_simulator(RecordedPrices({"BTC/USD": bars}, MarketHours.ALWAYS)))
    desk.sim.run_to("2026-01-10T14:01:00Z")
    desk.place("buy 0.1 BTC/USD gtc")
    desk.place("buy 0.1 BTC/USD gtc")
    desk.place("sell 0.1 BTC/USD gtc")
    assert desk.sim.get("/v2/account/activities/CFEE") == []
    desk.sim.run_to("2026-01-11T00:01:00Z")
    (row,) = desk.sim.get("/v2/account/activities/CFEE")
    assert (row["activity_type"], row["symbol"], row["qty"]) == ("CFEE", "BTCUSD", "-0.0005")
    assert Decimal(row["net_amount"]) == Decimal("-12.5")
    assert desk.positions == {"BTCUSD": "0.0995"}


def test_pairs_trade_while_the_stock_market_is_closed(start_simulator: Any) -> None:  # noqa: ANN401 - a factory
    """On a Saturday the clock is closed, a coin is bought at once, and a share's order waits for Monday."""
    bars = {
        "BTC/USD": minutes("BTC/USD", ["50000"] * 3, SATURDAY),
        "XYZ": minutes("XYZ", ["100"] * 3, datetime(2026, 1, 12, 14, 30, tzinfo=UTC)),
    }
    desk = Desk(start_simulator(RecordedPrices(bars, MarketHours.ALWAYS)))
    desk.sim.run_to("2026-01-10T14:01:00Z")
    assert desk.sim.trading.get_clock().is_open is False  # type: ignore[union-attr]
    coin, share = desk.place("buy 0.1 BTC/USD gtc"), desk.place("buy 1 XYZ")
    assert (coin.status.value, desk.tell(coin)) == ("pending_new", "filled 0.1 at 50000")
    assert (share.status.value, desk.tell(share)) == ("accepted", "accepted")
    assert share.expires_at == datetime(2026, 1, 12, 21, 0, tzinfo=UTC)


def test_the_pair_is_listed_under_both_names(desk: Desk) -> None:
    """The asset is found as BTC%2FUSD and as BTCUSD, with the steps that only pairs have."""
    asset = desk.sim.trading.get_asset("BTC%2FUSD")
    assert desk.sim.trading.get_asset("BTCUSD") == asset
    assert (asset.symbol, asset.shortable, asset.marginable) == ("BTC/USD", False, False)  # type: ignore[union-attr]
    assert asset.min_trade_increment == 1e-9  # type: ignore[union-attr]
