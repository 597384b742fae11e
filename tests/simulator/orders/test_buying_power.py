"""What /v2/account says can still be bought, before, during and after orders."""

from decimal import Decimal

import pytest

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk


def powers(desk: Desk) -> tuple[str | None, ...]:
    """Return buying power, that of Reg T, that for what has no margin, and cash."""
    account = desk.account
    return account.buying_power, account.regt_buying_power, account.non_marginable_buying_power, account.cash


@pytest.mark.parametrize(
    ("multiplier", "power", "regt"), [("1", "100000", "100000"), ("2", "200000", "200000"), ("4", "400000", "200000")]
)
def test_the_multiplier_decides(desk: Desk, multiplier: str, power: str, regt: str) -> None:
    """$100,000 of cash buy one, two or four times as much; Reg T never more than twice."""
    desk.sim.send("PATCH", "/v2/account/configurations", json={"max_margin_multiplier": multiplier})
    assert powers(desk) == (power, regt, "100000", "100000")
    assert desk.account.multiplier == multiplier
    body = desk.refusal("buy 4001 XYZ")
    assert (body["message"], body["buying_power"], body["cost_basis"]) == ("insufficient buying power", power, "400100")


# What is done, one after the other, and what the account says then.
STEPS = [
    ("", ("400000", "200000", "100000", "100000")),
    ("buy 100 XYZ limit 90", ("391000", "191000", "91000", "100000")),
    ("buy 10 XYZ stop 110", ("389900", "189900", "89900", "100000")),
    ("cancel", ("391000", "191000", "91000", "100000")),
    ("buy 50 ABC", ("386000", "186000", "86000", "95000")),
    ("sell 50 ABC limit 120", ("386000", "186000", "86000", "95000")),
    ("cancel", ("386000", "186000", "86000", "95000")),
    ("sell 50 ABC", ("391000", "191000", "91000", "100000")),
    ("cancel all", ("400000", "200000", "100000", "100000")),
]


def test_buys_reserve_at_acceptance_and_sells_release_when_filled(desk: Desk) -> None:
    """A limit reserves its price, a stop its stop, a fill its value; a working sell gives nothing back yet."""
    last = None
    for act, expected in STEPS:
        if act == "cancel all":
            desk.sim.trading.cancel_orders()
        elif act == "cancel":
            assert last is not None
            desk.cancel(last)
        elif act:
            last = desk.place(act)
        assert powers(desk) == expected, act


def test_a_fill_in_part_keeps_the_rest_reserved(open_desk: OpenDesk) -> None:
    """Twenty shares at $95 reserve $1,900; with ten bought at $90, $950 are still reserved."""
    desk = open_desk(settings={"participation": Decimal("0.01")}, XYZ="100 | 90 | 90")
    order = desk.place("buy 20 XYZ limit 95")
    assert desk.account.buying_power == "398100"
    desk.step()
    # Ten shares at $90 are held: 400,000 - 900 of exposure - 950 reserved.
    assert (desk.account.buying_power, desk.account.cash) == ("398150", "99100")
    desk.cancel(order)
    assert desk.account.buying_power == "399100"


def test_a_market_order_of_the_evening_reserves_the_last_price(desk: Desk) -> None:
    """Closed, a market buy is valued at the last trade; the reservation ends with the fill's own value."""
    desk.sim.run_to("2026-01-05T21:00:00Z")
    order = desk.place("buy 10 XYZ")
    assert (order.status.value, desk.account.buying_power) == ("accepted", "399000")
    desk.cancel(order)
    assert desk.account.buying_power == "400000"


def test_reserved_cash_cannot_be_spent_twice(desk: Desk) -> None:
    """A second order is measured by what the first has left, and refused with both amounts."""
    desk.place("buy 3000 XYZ limit 100 gtc", client_order_id="filled at once")
    desk.place("buy 1000 ABC limit 90")
    body = desk.refusal("buy 200 ABC limit 90")
    assert (body["buying_power"], body["cost_basis"]) == ("10000", "18000")
    desk.place("buy 100 ABC limit 90")


def test_profit_and_loss_move_the_buying_power(open_desk: OpenDesk) -> None:
    """Ten percent up on $100,000 of shares: equity 110,000, four times that less the shares' value."""
    desk = open_desk(XYZ="100 | 110")
    desk.place("buy 1000 XYZ")
    desk.step()
    account = desk.account
    assert (account.equity, account.long_market_value, account.cash) == ("110000", "110000", "0")
    assert (account.buying_power, account.initial_margin, account.maintenance_margin) == ("330000", "55000", "33000")


def test_the_close_releases_what_expires(desk: Desk) -> None:
    """An order of the day gives its reservation back at the close, one good till canceled keeps it."""
    desk.place("buy 100 XYZ limit 90")
    desk.place("buy 100 ABC limit 80 gtc")
    assert desk.account.buying_power == "383000"
    desk.sim.run_to("2026-01-05T21:00:00Z")
    assert desk.account.buying_power == "392000"
