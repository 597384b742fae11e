"""Selling what is not there: who may, what of, and that no order turns a position round."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk

TRAITS = {"HARD": {"is_easy_to_borrow": False}, "FIRM": {"is_shortable": False, "is_easy_to_borrow": False}}


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk with shares that are easy, hard and impossible to borrow, at $100 and then at $110."""
    return open_desk(traits=TRAITS, **dict.fromkeys(("XYZ", "HARD", "FIRM"), "100 | 110"))


def configure(desk: Desk, **fields: Any) -> None:  # noqa: ANN401 - any field
    """Change the account's configuration."""
    assert desk.sim.send("PATCH", "/v2/account/configurations", json=fields).status_code == 200


def test_a_short_position_is_opened_lives_and_is_closed(desk: Desk) -> None:
    """Cash grows by the sale; at $110 ten shares have lost $100; buying them back leaves exactly that loss."""
    order = desk.place("sell 10 XYZ")
    assert order.position_intent is not None
    assert order.position_intent.value == "sell_to_open"
    assert (desk.account.cash, desk.account.equity, desk.account.short_market_value) == ("101000", "100000", "-1000")
    desk.step()
    position = desk.position("XYZ")
    assert (position.side.value, position.market_value, position.unrealized_pl) == ("short", "-1100", "-100")
    assert (position.unrealized_plpc, desk.account.equity) == ("-0.1", "99900")
    desk.place("buy 10 XYZ")
    assert (desk.positions, desk.account.cash) == ({}, "99900")


# The order, what the account's owner has switched, and status, code and words of the refusal; None is accepted.
RULES: list[tuple[str, dict[str, Any], tuple[int, int, str] | None]] = [
    ("sell 10 XYZ", {}, None),
    ("sell 10 XYZ gtc", {}, None),
    ("sell 10 HARD", {}, None),
    ("sell 10 HARD limit 120 gtc", {}, (422, 42210000, "only day orders are allowed for hard-to-borrow asset")),
    ("sell 10 FIRM", {}, (422, 42210000, 'asset "FIRM" cannot be sold short')),
    ("sell 1.5 XYZ", {}, (422, 42210000, "fractional orders cannot be sold short")),
    ("sell $50 XYZ", {}, (422, 42210000, "fractional orders cannot be sold short")),
    ("sell 10 XYZ", {"no_shorting": True}, (403, 40310000, "account is not allowed to short")),
    ("sell 10 XYZ", {"max_margin_multiplier": "1"}, (403, 40310000, "account is not allowed to short")),
    ("sell 10 XYZ", {"max_margin_multiplier": "2"}, None),
]


@pytest.mark.parametrize(("text", "switched", "refused"), RULES, ids=lambda cell: str(cell)[:40])
def test_who_may_sell_what_short(
    desk: Desk, text: str, switched: dict[str, Any], refused: tuple[int, int, str] | None
) -> None:
    """Margin, the owner's switch, the borrowability of the share and whole shares decide."""
    configure(desk, **(switched or {"no_shorting": False}))
    if refused is None:
        assert desk.tell(desk.place(text)) == "filled 10 at 100"
        return
    body = desk.refusal(text)
    assert (body["status"], body["code"], body["message"]) == refused


def test_an_account_below_two_thousand_dollars_may_not_short(open_desk: OpenDesk) -> None:
    """With $1,999 of equity the multiplier is 1 and shorting is off; with $2,000 it is on."""
    poor = open_desk(settings={"cash": Decimal(1999)}, XYZ="100")
    assert (poor.account.multiplier, poor.account.shorting_enabled) == ("1", False)
    refused = poor.refusal("sell 1 XYZ")
    assert (refused["status"], refused["message"]) == (403, "account is not allowed to short")
    poor.sim.close()
    rich = open_desk(settings={"cash": Decimal(2000), "new_account": True}, XYZ="100")
    assert (rich.account.multiplier, rich.account.shorting_enabled) == ("4", True)
    rich.place("sell 1 XYZ")


def test_switching_shorting_off_shows_and_closes_nothing(desk: Desk) -> None:
    """The configuration and the account say so; an open short stays and can still be bought back."""
    desk.place("sell 10 XYZ")
    configure(desk, no_shorting=True)
    assert desk.sim.trading.get_account_configurations().no_shorting is True  # type: ignore[union-attr]
    assert desk.account.shorting_enabled is False
    assert desk.refusal("sell 1 XYZ")["status"] == 403
    desk.place("buy 10 XYZ")
    assert desk.positions == {}


@pytest.mark.parametrize(
    ("first", "flip", "existing"), [("buy 5 XYZ", "sell 6 XYZ", "5"), ("sell 5 XYZ", "buy 6 XYZ", "5")]
)
def test_no_order_turns_a_position_round(desk: Desk, first: str, flip: str, existing: str) -> None:
    """Selling six of five, or buying six against a short of five, is 403 with the quantities."""
    desk.place(first)
    refused = desk.refusal(flip)
    assert refused == {
        "status": 403,
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 6, available: 5)",
        "available": "5",
        "existing_qty": existing,
        "held_for_orders": "0",
        "symbol": "XYZ",
    }


def test_while_flat_orders_to_both_sides_cannot_wait(desk: Desk) -> None:
    """With a sale that would open a short at work, a buy that would open a long is 403."""
    desk.place("sell 5 XYZ limit 120")
    refused = desk.refusal("buy 5 XYZ limit 90")
    assert (refused["status"], refused["code"]) == (403, 40310000)
    assert refused["message"].startswith("insufficient qty available for order (requested: 5, available: 0)")


@pytest.mark.parametrize(("text", "reserved"), [("sell 10 XYZ limit 120", "1200"), ("sell 10 XYZ limit 101", "1030")])
def test_an_order_that_opens_a_short_reserves_three_percent_above_the_ask(desk: Desk, text: str, reserved: str) -> None:
    """The larger of its limit and 1.03 times the ask, for every share; a cancel gives it back."""
    order = desk.place(text)
    assert Decimal(str(desk.account.buying_power)) == Decimal(400_000) - Decimal(reserved)
    desk.cancel(order)
    assert desk.account.buying_power == "400000"
