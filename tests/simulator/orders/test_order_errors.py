"""Each error that an order can get: HTTP status, code, words and the fields beside them, through alpaca-py."""

import uuid
from typing import Any

import pytest
from alpaca.common.exceptions import APIError

from simulator.orders.conftest import OpenDesk
from simulator.orders.desk import Desk, refusal_of

INVALID, UNPROCESSABLE, FORBIDDEN, NOT_FOUND = (422, 40010001), (422, 42210000), (403, 40310000), (404, 40410000)
TRAITS = {
    "WHOLE": {"is_fractionable": False},
    "HARD": {"is_easy_to_borrow": False},
    "FIRM": {"is_shortable": False, "is_easy_to_borrow": False},
    "GONE": {"is_tradable": False},
    "DEAD": {"is_tradable": False, "is_active": False},
}
Fields = dict[str, Any]


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk with a share of every kind at $100, and bitcoin at $50,000."""
    prices = dict.fromkeys(("XYZ", "ABC", *TRAITS), "100 | 100")
    return open_desk(traits=TRAITS, BTC_USD="50000 | 50000", **prices)


# The order, fields that its text does not say, status and code, the words' beginning, and the fields beside them.
REFUSED: list[tuple[str, Fields, tuple[int, int], str, Fields]] = [
    # 403 40310000
    ("buy 4001 XYZ", {}, FORBIDDEN, "insufficient buying power", {"buying_power": "400000", "cost_basis": "400100"}),
    (
        "buy 10 XYZ limit 50000",
        {},
        FORBIDDEN,
        "insufficient buying power",
        {"buying_power": "400000", "cost_basis": "500000"},
    ),
    (
        "buy 3 BTC/USD gtc",
        {},
        FORBIDDEN,
        "insufficient buying power",
        {"buying_power": "100000", "cost_basis": "150000"},
    ),
    (
        "sell 2 BTC/USD gtc",
        {},
        FORBIDDEN,
        "insufficient balance for BTC (requested: 2, available: 0)",
        {"balance": "0", "available": "0", "symbol": "BTC"},
    ),
    ("buy 0.0001 BTC/USD gtc", {}, FORBIDDEN, "cost basis must be >= minimal amount of order 10", {}),
    ("buy 1.5 WHOLE", {}, FORBIDDEN, 'asset "WHOLE" is not fractionable', {}),
    ("buy $50 WHOLE", {}, FORBIDDEN, 'asset "WHOLE" is not fractionable', {}),
    # 422 40010001
    ("buy $0.5 XYZ", {}, INVALID, "notional must be >= 1.00", {}),
    ("buy 1 BTC/USD stop 60000 gtc", {}, INVALID, "invalid order type for crypto order", {}),
    ("sell 1 BTC/USD trail 5% gtc", {}, INVALID, "invalid order type for crypto order", {}),
    ("buy 1 XYZ", {"client_order_id": "x" * 129}, INVALID, "client_order_id must be at most 128 characters", {}),
    ("buy -1 XYZ", {}, INVALID, "qty must be > 0", {}),
    # 422 42210000
    ("buy 1 NOPE", {}, UNPROCESSABLE, 'asset "NOPE" not found', {}),
    ("buy 1 GONE", {}, UNPROCESSABLE, 'asset "GONE" is not tradable', {}),
    ("buy 1 DEAD", {}, UNPROCESSABLE, 'asset "DEAD" is not active', {}),
    ("buy 1.5 XYZ gtc", {}, UNPROCESSABLE, "fractional orders must be DAY orders", {}),
    ("buy $50 XYZ ioc", {}, UNPROCESSABLE, "fractional orders must be DAY orders", {}),
    ("sell 1.5 XYZ", {}, UNPROCESSABLE, "fractional orders cannot be sold short", {}),
    ("sell 1 FIRM", {}, UNPROCESSABLE, 'asset "FIRM" cannot be sold short', {}),
    ("sell 1 HARD gtc", {}, UNPROCESSABLE, "only day orders are allowed for hard-to-borrow asset", {}),
    ("buy 1 XYZ ext", {}, UNPROCESSABLE, "extended hours order must be DAY or GTC limit orders", {}),
    ("buy 1 XYZ limit 99 ioc ext", {}, UNPROCESSABLE, "extended hours order must be DAY or GTC limit orders", {}),
    (
        "buy 1 XYZ limit 290.123",
        {},
        UNPROCESSABLE,
        "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria",
        {},
    ),
    ("buy 1 XYZ limit 0.12345", {}, UNPROCESSABLE, "invalid limit_price 0.12345. sub-penny increment", {}),
    ("buy 1 XYZ stop 290.123", {}, UNPROCESSABLE, "invalid stop_price 290.123. sub-penny increment", {}),
    ("buy 1 BTC/USD", {}, UNPROCESSABLE, "invalid crypto time_in_force", {}),
    ("buy 1 BTC/USD fok", {}, UNPROCESSABLE, "invalid crypto time_in_force", {}),
    (
        "buy 1 BTC/USD gtc",
        {"order_class": "bracket", "profit": 60000, "loss": 40000},
        UNPROCESSABLE,
        "crypto orders not allowed for advanced order_class: otoco",
        {},
    ),
    (
        "buy 1 XYZ",
        {"position_intent": "buy_to_close"},
        UNPROCESSABLE,
        "position intent mismatch, inferred: buy_to_open, specified: buy_to_close",
        {},
    ),
]


@pytest.mark.parametrize(("text", "fields", "answer", "words", "beside"), REFUSED, ids=lambda cell: str(cell)[:40])
def test_an_order_is_refused_in_alpacas_words(
    desk: Desk, text: str, fields: Fields, answer: tuple[int, int], words: str, beside: Fields
) -> None:
    """Status, code, words and further fields are those of Alpaca, and nothing is left of the order."""
    body = desk.refusal(text, **fields)
    assert (body.pop("status"), body.pop("code")) == answer
    assert body.pop("message").startswith(words)
    assert body == beside
    assert desk.orders() == []


# What alpaca-py would not send: changes to the body of a good order.
UNSENDABLE: list[tuple[Fields, tuple[int, int], str]] = [
    ({"qty": None}, INVALID, "qty or notional is required"),
    ({"notional": "5"}, INVALID, "only one of qty or notional is accepted"),
    ({"symbol": None}, INVALID, "symbol is required"),
    ({"side": None}, INVALID, "side is required"),
    ({"type": None}, INVALID, "type is required"),
    ({"type": "iceberg"}, INVALID, "invalid type: iceberg"),
    ({"time_in_force": None}, INVALID, "time_in_force is required"),
    ({"time_in_force": "week"}, INVALID, "invalid time_in_force: week"),
    ({"order_class": "combo"}, INVALID, "invalid order_class: combo"),
    ({"limit_price": "9"}, INVALID, "market orders require no limit or stop price"),
    ({"type": "limit"}, INVALID, "limit orders require a limit price"),
    ({"type": "stop"}, INVALID, "stop orders require a stop price"),
    ({"type": "stop_limit", "stop_price": "9"}, INVALID, "stop limit orders require a limit price"),
    ({"type": "limit", "limit_price": "-1"}, INVALID, "limit_price must be > 0"),
    ({"type": "trailing_stop"}, INVALID, "trailing stop orders require exactly one of trail_price and trail_percent"),
    ({"type": "trailing_stop", "trail_price": "1", "trail_percent": "1"}, INVALID, "trailing stop orders require"),
    ({"order_class": "bracket"}, INVALID, "bracket orders require take_profit.limit_price"),
    ({"take_profit": {"limit_price": "120"}}, INVALID, "take_profit and stop_loss require order_class"),
]


@pytest.mark.parametrize(("change", "answer", "words"), UNSENDABLE, ids=lambda cell: str(cell)[:40])
def test_a_body_that_alpaca_py_would_not_send_is_refused(
    desk: Desk, change: Fields, answer: tuple[int, int], words: str
) -> None:
    """The simulator checks for itself what the client library checks before it sends."""
    good = {"symbol": "XYZ", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
    body = {name: value for name, value in {**good, **change}.items() if value is not None}
    refused = desk.raw_refusal("POST", "/v2/orders", json=body)
    assert (refused["status"], refused["code"]) == answer
    assert refused["message"].startswith(words)


def test_a_client_order_id_is_taken_for_ever(desk: Desk) -> None:
    """The id of a working, a filled and a canceled order is refused with 422 and 40010001, case and all."""
    desk.place("buy 1 XYZ limit 10", client_order_id="working")
    desk.place("buy 1 XYZ", client_order_id="filled")
    desk.cancel(desk.place("buy 1 XYZ limit 10", client_order_id="canceled"))
    for taken in ("working", "filled", "canceled"):
        refused = desk.refusal("buy 1 XYZ", client_order_id=taken)
        assert refused == {"status": 422, "code": 40010001, "message": "client_order_id must be unique"}
    assert desk.place("buy 1 XYZ", client_order_id="Working").client_order_id == "Working"
    assert len(desk.place("buy 1 XYZ", client_order_id="x" * 128).client_order_id) == 128


def test_a_refused_order_leaves_its_client_order_id_free(desk: Desk) -> None:
    """An id is taken by acceptance, not by asking."""
    desk.refusal("buy 99999 XYZ", client_order_id="again")
    assert desk.place("buy 1 XYZ", client_order_id="again").client_order_id == "again"


def test_what_is_not_there_is_404(desk: Desk) -> None:
    """Unknown orders, positions and assets are 404 with 40410000 and their words."""
    unknown, trading = uuid.uuid4(), desk.sim.trading
    for call, argument, words in [
        (trading.get_order_by_id, unknown, f"order not found for {unknown}"),
        (trading.get_order_by_client_id, "nobody's", "order not found for nobody's"),
        (trading.cancel_order_by_id, unknown, f"order not found for {unknown}"),
        (trading.get_open_position, "XYZ", "position does not exist"),
        (trading.close_position, "XYZ", "position does not exist"),
        (trading.get_asset, "NOPE", "asset not found"),
    ]:
        refused = refusal_of(call, argument)
        assert (refused["status"], refused["code"]) == NOT_FOUND
        assert refused["message"].startswith(words)


def test_a_suspended_account_may_cancel_and_not_order(desk: Desk) -> None:
    """With suspend_trade every new order is 403 and the account says so; a cancel still goes through."""
    order = desk.place("buy 1 XYZ limit 10")
    desk.sim.send("PATCH", "/v2/account/configurations", json={"suspend_trade": True})
    refused = desk.refusal("buy 1 XYZ")
    assert (refused["status"], refused["code"]) == FORBIDDEN
    assert desk.account.trade_suspended_by_user is True
    desk.cancel(order)
    assert desk.tell(order) == "canceled"


def test_wrong_keys_are_401_and_a_broken_body_is_400(open_desk: OpenDesk) -> None:
    """A 401 has a message and no code, as at Alpaca; a body that is no JSON object is 400."""
    desk = open_desk(settings={"key": "key", "secret": "secret"}, XYZ="100")
    trading = desk.sim.trading
    trading._secret_key = "other"  # noqa: S105, SLF001 - the only way to turn a good client into a bad one
    with pytest.raises(APIError) as caught:
        trading.get_account()
    assert (caught.value.status_code, str(caught.value)) == (401, '{"message":"unauthorized."}')
    for body in ("{", "[]", '"order"'):
        assert desk.raw_refusal("POST", "/v2/orders", data=body)["status"] == 400
