"""Reading fault orders: what can be said, and what is answered to the rest."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from holdfast.simulator.faults.kinds import KINDS, REQUIRED
from holdfast.simulator.faults.orders import parse

NOW = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ({}, "kind must be one of accept_no_answer"),
        ({"kind": "slow_drop"}, "did you mean slow_drip?"),
        ({"kind": "hold_fills", "count": 0}, "count must be a positive integer or null"),
        ({"kind": "hold_fills", "count": True}, "count must be a positive integer or null"),
        ({"kind": "hold_fills", "x": 1}, "unknown: x. hold_fills takes match, count, after_s, seed, one_in"),
        ({"kind": "request_late", "status": 500}, "request_late takes match, count, after_s, seed, one_in, delay_s"),
        ({"kind": "request_late", "delay_s": -1}, "delay_s must be a number of seconds from 0 to 86400"),
        ({"kind": "drop_update", "match": {"path": "/x"}}, "drop_update matches symbol"),
        ({"kind": "drop_update", "match": "AAPL"}, "match must be an object"),
        ({"kind": "drop_update", "match": {"symbol": 7}}, "match holds text"),
        ({"kind": "drop_update", "one_in": 0}, "one_in must be a positive integer"),
        ({"kind": "drop_update", "after_s": "soon"}, "after_s must be a number of seconds"),
        ({"kind": "drop_update", "seed": 1.5}, "seed must be a whole number or null"),
        ({"kind": "silent_feed"}, "silent_feed needs a symbol"),
        ({"kind": "owner_trade", "match": {"symbol": "AAPL"}, "qty": "1"}, "owner_trade needs side"),
        ({"kind": "owner_trade", "match": {"symbol": "AAPL"}, "side": "up", "qty": "1"}, "one of buy, sell"),
        ({"kind": "owner_trade", "match": {"symbol": "AAPL"}, "side": "buy", "qty": "-1"}, "qty must be a number"),
        ({"kind": "answer_status", "status": 99}, "status must be an HTTP status"),
        ({"kind": "truncated_200", "share": 1}, "share must be at least 0 and less than 1"),
        ({"kind": "strange_order", "field": "colour"}, "field must be one of"),
        ({"kind": "bad_day", "symbols": "AAPL"}, "symbols must be a list"),
        ({"kind": "bad_day", "slow": 1}, "slow must be true or false"),
    ],
)
def test_an_order_that_cannot_be_read_is_answered_with_what_to_send(body: dict[str, object], hint: str) -> None:
    """A sentence that helps."""
    with pytest.raises(ValueError, match=re.escape(hint)):
        parse(body, NOW)


def test_an_order_is_read_with_its_defaults() -> None:
    """Nothing but a kind: it strikes for ever, from now on, everywhere it can."""
    fault = parse({"kind": "request_late"}, NOW)
    assert (fault.count, fault.active_from, fault.symbol, fault.one_in) == (None, NOW, None, 1)
    assert fault.options == {"delay_s": 1.5}


def test_an_order_is_read_with_everything() -> None:
    """Each key of an order reaches the fault."""
    match = {"method": "GET", "path": "/v2/*", "symbol": "AAPL"}
    order = {"match": match, "count": 3, "after_s": 60, "seed": 5, "one_in": 2, "status": 503}
    fault = parse({"kind": "answer_status", **order}, NOW)
    assert (fault.method, fault.path, fault.symbol) == ("GET", "/v2/*", "AAPL")
    assert (fault.count, fault.active_from, fault.seed) == (3, NOW + timedelta(seconds=60), 5)
    assert (fault.one_in, fault.options) == (2, {"status": 503})


def test_an_act_happens_once_unless_told_otherwise() -> None:
    """What happens by itself has a count of one; null is for ever."""
    assert parse({"kind": "drop_streams"}, NOW).count == 1
    assert parse({"kind": "drop_streams", "count": None, "every_s": 5}, NOW).count is None


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_can_be_ordered_with_its_own_defaults(name: str) -> None:
    """A kind's defaults are values that it would itself accept."""
    kind = KINDS[name]
    needed = {"side": "buy", "qty": "1", "ratio": "4", "shares": "-1"}
    options = {option: needed[option] if default is REQUIRED else default for option, default in kind.options.items()}
    match = {"symbol": "AAPL"} if kind.needs_symbol else {}
    assert parse({"kind": name, "match": match, **options}, NOW).kind == name
