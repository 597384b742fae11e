"""Buying power, short selling and the wash-trade guard."""

from decimal import Decimal
from typing import Any

import pytest

from exchange.exchange_builders import (
    HOURS,
    a_bar,
    a_bracket,
    a_request,
    advance,
    an_exchange,
    at,
    fills,
    kinds,
    submit,
)
from holdfast.exchange.margin import AccountTerms
from holdfast.exchange.order import Intent
from holdfast.exchange.refusal import Refusal

CASH_ACCOUNT = AccountTerms(multiplier_max=1)


@pytest.mark.parametrize(("multiplier", "power"), [(1, "100000"), (2, "200000"), (4, "400000")])
def test_buying_power_is_a_multiple_of_equity(multiplier: int, power: str) -> None:
    """A flat account may buy as often its equity as its multiplier says."""
    value = an_exchange(terms=AccountTerms(multiplier_max=multiplier)).value
    assert value.buying_power == Decimal(power)
    assert value.cash_buying_power == Decimal(100_000)


def test_what_is_held_and_what_is_ordered_use_buying_power_up() -> None:
    """Exposure at market and open orders at their limit come off; a cancel gives its part back."""
    exchange = an_exchange(terms=AccountTerms(multiplier_max=2))
    submit(exchange, "buy 100 AAPL")
    order = submit(exchange, "buy 50 AAPL 90")[0].order
    value = exchange.value
    assert value.equity == Decimal(99_999)
    assert value.buying_power == 2 * Decimal(99_999) - 10_000 - 4_500
    assert (value.initial_margin, value.maintenance_margin) == (5_000, 3_000)
    exchange.cancel(order.id, at(2))
    assert exchange.value.buying_power == 2 * Decimal(99_999) - 10_000


def test_below_two_thousand_dollars_there_is_no_margin() -> None:
    """A small account buys with its cash and opens no shorts."""
    exchange = an_exchange("1999")
    assert exchange.value.buying_power == 1999
    with pytest.raises(Refusal, match="account is not allowed to short"):
        submit(exchange, "sell 1 AAPL")


def test_a_short_position_is_opened_and_bought_back() -> None:
    """Selling while flat goes short; buying back realises the difference; the intents say so."""
    exchange = an_exchange()
    events = submit(exchange, "sell 10 AAPL")
    assert events[0].order.intent is Intent.SELL_TO_OPEN
    assert events[-1].position_quantity == -10
    advance(exchange, "90 91 89 90")
    assert exchange.value.equity == Decimal(100_000) + 10 * (Decimal("99.99") - 90)
    events = submit(exchange, "buy 10 AAPL", 2)
    assert events[0].order.intent is Intent.BUY_TO_CLOSE
    holding = exchange.books.ledger.holdings["AAPL"]
    assert (holding.quantity, holding.cost) == (0, 0)
    assert holding.realized_pl == 10 * (Decimal("99.99") - Decimal("90.01"))


def test_a_short_reserves_three_percent_above_the_ask() -> None:
    """An opening sale keeps 1.03 times the ask of the buying power, a higher limit if it has one."""
    exchange = an_exchange()
    submit(exchange, "sell 10 AAPL 101")
    assert exchange.books.orders.reserved() == 10 * Decimal("1.03") * Decimal("100.01")
    submit(exchange, "sell 10 AAPL 120")
    assert exchange.books.orders.reserved() == 10 * (Decimal("103.0103") + 120)


@pytest.mark.parametrize(
    ("text", "terms", "status", "words"),
    [
        ("sell 1 AAPL", CASH_ACCOUNT, 403, "account is not allowed to short"),
        ("sell 1 AAPL", AccountTerms(no_shorting=True), 403, "account is not allowed to short"),
        ("sell 1 FIRM", None, 422, 'asset "FIRM" cannot be sold short'),
        ("sell 1 HARD gtc", None, 422, "only day orders are allowed for hard-to-borrow asset"),
        ("sell 0.5 AAPL", None, 422, "fractional orders cannot be sold short"),
        ("sell 5000 AAPL", None, 403, "insufficient buying power"),
        ("buy 1 AAPL", AccountTerms(is_blocked=True), 403, "account is blocked"),
        ("buy 1 AAPL", AccountTerms(suspend_trade=True), 403, "new orders are rejected by user request"),
        ("buy 0.5 AAPL", AccountTerms(fractional_trading=False), 403, "fractional trading is disabled"),
    ],
)
def test_an_account_may_do_only_what_it_was_granted(
    text: str, terms: AccountTerms | None, status: int, words: str
) -> None:
    """Each thing that is not allowed has its status and its words."""
    with pytest.raises(Refusal) as caught:
        submit(an_exchange(terms=terms), text)
    assert caught.value.status == status
    assert caught.value.message.startswith(words)


@pytest.mark.parametrize(("first", "second"), [("buy 10 AAPL", "sell 11 AAPL"), ("sell 10 AAPL", "buy 11 AAPL")])
def test_no_order_turns_a_position_round(first: str, second: str) -> None:
    """More than what is held is refused, on either side."""
    exchange = an_exchange()
    submit(exchange, first)
    with pytest.raises(Refusal, match="insufficient qty available for order") as caught:
        submit(exchange, second)
    assert caught.value.extra["existing_qty"] == "10"


def test_while_flat_nothing_opens_against_a_pending_opening() -> None:
    """With a resting buy a short is refused: both could fill."""
    exchange = an_exchange()
    submit(exchange, "buy 10 AAPL 90")
    with pytest.raises(Refusal, match="insufficient qty available"):
        submit(exchange, "sell 10 AAPL 110")


def test_a_wrong_intent_is_refused() -> None:
    """A client that believes to close what it does not hold is told so, instead of going short."""
    with pytest.raises(Refusal, match="position intent mismatch, inferred: sell_to_open, specified: sell_to_close"):
        submit(an_exchange(), "sell 1 AAPL", intent=Intent.SELL_TO_CLOSE)


@pytest.mark.parametrize(
    ("resting", "order", "reason"),
    [
        ("sell 5 AAPL 110", "buy 5 AAPL", "opposite side limit order exists"),
        ("sell 5 AAPL 110", "buy 5 AAPL 110", "opposite side limit order exists"),
        ("sell 5 AAPL 110", "buy 5 AAPL 109.99", None),
        ("sell 5 AAPL stop 90", "buy 5 AAPL 80", "opposite side market/stop order exists"),
        ("sell 5 AAPL stop 90", "buy 5 AAPL", "opposite side market/stop order exists"),
        ("sell 5 AAPL limit 89 stop 90", "buy 5 AAPL 88", None),
        ("sell 5 AAPL limit 89 stop 90", "buy 5 AAPL 89", "opposite side limit order exists"),
        ("sell 5 AAPL 110", "buy 5 AAPL stop 120", "opposite side limit order exists"),
        ("sell 5 AAPL trail 5", "buy 5 AAPL", None),
        ("sell 5 AAPL 110", "buy 5 AAPL trail 5", None),
        ("buy 5 AAPL 90", "sell 5 AAPL 89", "opposite side limit order exists"),
        ("buy 5 AAPL 90", "sell 5 AAPL 91", None),
    ],
)
def test_the_wash_trade_table(resting: str, order: str, reason: str | None) -> None:
    """Two orders of one account that could trade with each other are not both accepted."""
    exchange = an_exchange()
    submit(exchange, "buy 20 AAPL")
    first = submit(exchange, resting)[0].order
    if reason is None:
        assert kinds(submit(exchange, order))[0] == "pending_new"
        return
    with pytest.raises(Refusal, match=r"potential wash trade detected\. use complex orders") as caught:
        submit(exchange, order)
    assert caught.value.status == 403
    assert caught.value.extra == {"existing_order_id": first.id, "reject_reason": reason}


def test_a_brackets_legs_do_not_stand_in_the_way() -> None:
    """With a bracket at work the symbol can still be bought."""
    exchange = an_exchange()
    exchange.submit(a_bracket(), HOURS, at(1))
    assert fills(submit(exchange, "buy 1 AAPL")) == ["1@100.01"]


def bought_coins(**fields: Any) -> Any:  # noqa: ANN401 - any field
    """An exchange that has just bought coins, and the events of it."""
    exchange = an_exchange()
    exchange.advance([a_bar(symbol="BTC/USD")], HOURS, at(1.5))
    return exchange, submit(exchange, "buy 0.2 BTC/USD gtc", 2, **fields)


def test_a_coin_purchase_pays_its_fee_in_coins() -> None:
    """The order says what was bought, the position what is left of it; the average price is the fill's."""
    exchange, events = bought_coins()
    assert (fills(events), events[-1].position_quantity) == (["0.2@100.01"], Decimal("0.1995"))
    holding = exchange.books.ledger.holdings["BTC/USD"]
    assert holding.average_entry_price == Decimal("100.01")
    assert exchange.books.ledger.cash == Decimal(100_000) - Decimal("0.2") * Decimal("100.01")


def test_a_coin_sale_pays_its_fee_in_dollars() -> None:
    """Selling what was bought is more than there is; selling the position works and costs a quarter percent."""
    exchange, _ = bought_coins()
    with pytest.raises(
        Refusal, match=r"insufficient balance for BTC \(requested: 0\.2, available: 0\.1995\)"
    ) as caught:
        submit(exchange, "sell 0.2 BTC/USD gtc", 3)
    assert caught.value.extra["symbol"] == "BTC"
    before = exchange.books.ledger.cash
    submit(exchange, "sell 0.1995 BTC/USD gtc", 3)
    assert exchange.books.ledger.cash - before == Decimal("0.1995") * Decimal("99.99") * Decimal("0.9975")


def test_a_resting_coin_order_pays_the_makers_fee() -> None:
    """A limit that waited for its price pays 0.15 percent."""
    exchange = an_exchange()
    exchange.submit(a_request("buy 1 BTC/USD 99 gtc"), HOURS, at(1))
    events = advance(exchange, "100 101 98 100", 1, "BTC/USD")
    assert events[-1].position_quantity == Decimal("0.9985")


def test_coins_trade_at_night_and_with_own_money_only() -> None:
    """The session is no matter for a pair; margin buys none of it."""
    exchange = an_exchange()
    exchange.advance([a_bar(symbol="BTC/USD", minute=700)], HOURS, at(701))
    assert fills(exchange.submit(a_request("buy 1 BTCUSD gtc"), HOURS, at(702))) == ["1@100.01"]
    with pytest.raises(Refusal, match="insufficient buying power"):
        exchange.submit(a_request("buy 1000 BTC/USD gtc"), HOURS, at(703))


def test_dust_leaves_only_by_closing_the_position() -> None:
    """An order under ten dollars is refused; closing the whole position is not."""
    exchange, _ = bought_coins()
    submit(exchange, "sell 0.15 BTC/USD gtc", 3)
    with pytest.raises(Refusal, match="cost basis must be >= minimal amount of order 10"):
        submit(exchange, "sell 0.0495 BTC/USD gtc", 3)
    exchange.close_position("BTC/USD", HOURS, at(4))
    assert exchange.books.ledger.quantity("BTC/USD") == 0


def test_fees_are_written_down_at_the_days_end() -> None:
    """After midnight UTC one entry a pair tells the coins and the dollars that the day has cost."""
    exchange, _ = bought_coins()
    submit(exchange, "sell 0.11 BTC/USD gtc", 3)
    exchange.advance([], HOURS, at(500))
    assert exchange.books.activities == []
    exchange.advance([], HOURS, at(600))
    exchange.advance([], HOURS, at(601))
    (entry,) = exchange.books.activities
    assert (entry.type.value, entry.quantity) == ("CFEE", Decimal("-0.0005"))
    assert entry.net_amount == Decimal("-0.11") * Decimal("99.99") * Decimal("0.0025")
