"""Every kind of fault with the day on which it strikes, and what the bot must do about it.

Kinds that touch one symbol each share a day: every one of them has a pair of symbols of its own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from e2e.faults.day import Order, Plan
from e2e.faults.market import FALLING, RISING, STRIKE

# After the bar before the one that trades, before that one.
WHEN = STRIKE + 0.5
POSTS = {"method": "POST", "path": "/v2/orders"}
_PAIR = (f"{RISING}0", f"{FALLING}0")


@dataclass(frozen=True, slots=True)
class Case:
    """One day. `strikes` says how often each kind must have struck by the pause, or the day would prove nothing.

    `struck` may trade otherwise than on a fine day; everything else must not. `entries_max` are the most
    entries that a struck symbol may have sent. With `is_profit_ours` the realised profit is compared to the cent. With
    `waits` a file without a memory may wait to the end: the pause's own fault has declared ten minutes of lag.
    """

    plan: Plan
    strikes: Mapping[str, int]
    struck: frozenset[str] = frozenset()
    says: Sequence[str] = ()
    codes: Sequence[int] = (0,)
    entries_max: Mapping[str, int] = field(default_factory=dict)
    is_profit_ours: bool = True
    waits: bool = False


def order(kind: str, minute: float | None = WHEN, symbol: str | None = None, **more: Any) -> Order:  # noqa: ANN401 - JSON
    """Return one fault order; `symbol` and a `match` of its own come together."""
    match = {**more.pop("match", {}), **({"symbol": symbol} if symbol else {})}
    return {"kind": kind, "minute": minute, **({"match": match} if match else {}), **more}


def on_both(kind: str, number: int, **more: Any) -> list[Order]:  # noqa: ANN401 - JSON
    """Order a kind once for the entry and once for the exit of a pair."""
    return [order(kind, symbol=f"{side}{number}", **{"count": 1, **more}) for side in (RISING, FALLING)]


def together(kinds: Mapping[str, Mapping[str, Any]], late: Sequence[str] = (), **case: Any) -> Case:  # noqa: ANN401
    """Return a day on which every kind strikes a pair of its own; the pairs of `late` kinds trade otherwise."""
    orders = [each for number, (kind, more) in enumerate(kinds.items()) for each in on_both(kind, number, **more)]
    struck = {f"{side}{number}" for number, kind in enumerate(kinds) if kind in late for side in (RISING, FALLING)}
    plan = Plan(orders, pairs=len(kinds), shows=case.pop("shows", ()), pause=case.pop("pause", 24))
    strikes = Counter({kind: 2 * int(more.get("count", 1)) for kind, more in kinds.items()})
    return Case(plan, strikes, struck=frozenset(struck), **case)


def alone(orders: Sequence[Order], struck: Sequence[str] = (), **case: Any) -> Case:  # noqa: ANN401 - any field
    """Return a day for one kind, the first of `orders`."""
    more = {name: case.pop(name) for name in ("shows", "awaits", "pause", "rings", "ends") if name in case}
    plan = Plan(orders, **more)
    return Case(plan, {each["kind"]: 1 for each in orders}, struck=frozenset(struck), **case)


def _posts(*kinds: str, **more: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {kind: {"match": POSTS, **more.get(kind, {})} for kind in kinds}


EVERYTHING = (*_PAIR, "CALM", "REST")
_IN, _OUT = _PAIR
_SEEN = {"pause": 15}

CASES: Mapping[str, Case] = {
    # F5, F6: what becomes of an order's request
    "unknown_outcomes": together(
        _posts("accept_no_answer", "accept_504", "lose_request", "request_late"),
        late=("lose_request",),
        says=("no clear answer to hf.main.IN0", "no clear answer to hf.main.OUT1", "no clear answer to hf.main.IN2"),
        shows=(r"the broker's word on hf\.main\.IN2",),
    ),
    "order_requests": together(
        _posts(
            "rate_limit",
            "answer_status",
            "html_502",
            "redirect",
            "empty_200",
            "truncated_200",
            "garbage_200",
            "slow_drip",
            "drop_connection",
            "refuse_then_execute",
            refuse_then_execute={"delay_s": 0.5},
        ),
        late=("rate_limit", "answer_status", "html_502", "redirect"),
        says=(r"IN0: no clear answer to .* 429", r"IN1: no clear answer to .* 500", r"IN2: no clear answer to .* 502"),
        shows=(r"the broker's word on hf\.main\.IN0", r"the broker's word on hf\.main\.OUT3"),
    ),
    # Whoever uses the connection next may meet its end: that can be anybody.
    "close_idle": alone([order("close_idle", match=POSTS, count=1)], struck=EVERYTHING),
    "all_reads_fail": alone(
        [
            order(kind, match={"method": "GET"}, count=1)
            for kind in ("answer_status", "html_502", "empty_200", "truncated_200", "garbage_200", "rate_limit")
        ]
        + [order("drop_streams", 19)],
        rings=True,
        awaits="the reconcile could not finish: .*; nothing was changed",
    ),
    "refuse_connections": alone([order("refuse_connections", 20, for_s=1.5)], says=("lost", "asking again")),
    "account_blocked": alone(
        [order("account_blocked")],
        struck=EVERYTHING,
        says=("account is blocked from trading",),
        shows=("account is blocked from trading",),
    ),
    # F7: order updates
    "updates": together(
        {
            "answer_late": {"match": POSTS},
            "drop_update": {"count": 2},
            "duplicate_update": {"count": 2},
            "delay_update": {"count": 2},
            "swap_updates": {"count": 2},
            "null_update": {"count": 2},
            "unknown_status": {"count": 2},
            "unknown_event": {"count": 2},
        },
        says=("order stream: a message could not be read",),
    ),
    # F8: what becomes of websockets
    "mute_hello": alone([order("mute_hello", None)]),
    "mute_auth": alone([order("mute_auth", None)]),
    "mute_stream": alone([order("mute_stream", None)], says=("the bar stream has not brought the bars of",)),
    "data_406": alone([order("data_406", None)], says=("bar stream lost: connection limit exceeded",)),
    "handshake_429": alone([order("handshake_429", None)], says=("bar stream lost: .*429", "order stream lost: .*429")),
    "drop_streams": alone([order("drop_streams", 20)], says=("bar stream lost", "order stream lost")),
    # F9: what is shown is not what is
    "list_late": together({"list_late": {}}),
    "positions_lag": alone([order("positions_lag", symbol=_IN)], rings=True),
    "positions_empty": alone(
        [order("positions_empty", 21, count=1)],
        rings=True,
        shows=("waiting for a second position read",),
    ),
    "positions_empty_lasting": alone(
        [order("positions_empty", 21)],
        rings=True,
        awaits="corrected position.quantity: was 10, is 0",
    ),
    "strange_position": alone(
        [order("strange_position", 21, _IN, field="side", count=1)],
        rings=True,
        shows=("unreadable: side",),
    ),
    "strange_order": alone(
        [order("strange_order", 21, _IN, field="status", count=1)],
        rings=True,
        shows=("unreadable: ",),
    ),
    "missing_row": alone(
        [order("missing_row", 21, _IN, count=1)],
        rings=True,
        shows=("waiting for a second position read",),
    ),
    "other_account": alone(
        [order("other_account", 21, count=1)],
        rings=True,
        says=("the broker now answers for the account ending",),
        codes=(2, 0),
    ),
    # F10: what becomes of an order at the exchange
    "orders": together(
        {"hold_fills": {}, "partial_fills": {}, "reject_accepted": {}},
        late=("hold_fills", "partial_fills", "reject_accepted"),
        says=(r"IN2: .*rejected", r"OUT2: .*rejected"),
        shows=("hf.main.IN0.* is new", "hf.main.OUT1.* is partially_filled", "IN2.*not re-armed"),
    ),
    "cancels": Case(
        Plan(
            [
                order("hold_fills", symbol="IN0", count=1),
                order("stuck_cancel", symbol="IN0"),
                order("fill_beats_cancel", symbol="IN1", count=1),
            ],
            pairs=2,
            pause=29,
            shows=("is not wanted any more: canceling it",),
        ),
        {"hold_fills": 1, "stuck_cancel": 1, "fill_beats_cancel": 1},
        struck=frozenset({"IN0", "IN1"}),
    ),
    # F11: the owner's hand and the broker's
    "owner_trade": alone(
        [order("owner_trade", 15, _OUT, side="sell", qty="10")],
        struck=[_OUT],
        awaits="OUT0: corrected position.quantity: was 10, is 0",
        is_profit_ours=False,
        **_SEEN,
    ),
    "owner_trade_part": alone(
        [order("owner_trade", 15, _OUT, side="sell", qty="4")],
        struck=[_OUT],
        awaits="OUT0: corrected position.quantity: was 10, is 6",
        is_profit_ours=False,
        **_SEEN,
    ),
    "owner_trade_buys": alone(
        [order("owner_trade", 15, _OUT, side="buy", qty="7")],
        struck=[_OUT],
        shows=("unmanaged",),
        is_profit_ours=False,
        **_SEEN,
    ),
    "owner_trade_unseen": alone(
        [order("drop_update", 18, _OUT), order("owner_trade", 19, _OUT, side="sell", qty="10")],
        struck=[_OUT],
        is_profit_ours=False,
    ),
    "owner_cancel": alone(
        [order("owner_cancel", 22, _IN), order("hold_fills", symbol=_IN, count=1)],
        struck=[_IN],
        says=("IN0: .*canceled",),
        entries_max={_IN: 3},
    ),
    "owner_close_all": alone(
        [order("owner_close_all", 15)],
        struck=EVERYTHING,
        awaits="OUT0: corrected position.quantity: was 10, is 0",
        is_profit_ours=False,
        **_SEEN,
    ),
    "move_shares": alone(
        [order("move_shares", 15, _OUT, shares="-10")],
        struck=[_OUT],
        rings=True,
        awaits="OUT0: corrected position.quantity: was 10, is 0",
        is_profit_ours=False,
        **_SEEN,
    ),
    "move_shares_unseen": alone(
        [order("move_shares", 15, _OUT, shares="-10")],
        struck=[_OUT],
        is_profit_ours=False,
    ),
    "liquidate": alone(
        [order("liquidate", 15, _OUT)],
        struck=[_OUT],
        awaits="OUT0: corrected position.quantity: was 10, is 0",
        is_profit_ours=False,
        **_SEEN,
    ),
    "halt_symbol": alone(
        [order("halt_symbol", 20, _OUT), order("halt_symbol", 20, _IN)],
        struck=[_IN, _OUT],
        shows=(r"hf\.main\.IN0.* is (new|accepted)", r"hf\.main\.OUT0.* is (new|accepted)"),
    ),
    "resume_symbol": alone(
        [order("resume_symbol", 22, _IN), order("halt_symbol", 20, _IN)],
        struck=[_IN],
    ),
    "delist_symbol": alone(
        [order("delist_symbol", 20, _OUT), order("delist_symbol", 20, _IN)],
        struck=[_IN, _OUT],
        says=("IN0: .*refused", "OUT0: .*refused"),
        shows=("IN0.*refused", "OUT0.*refused"),
    ),
    "reset_account": alone(
        [order("reset_account", 15)],
        struck=EVERYTHING,
        rings=True,
        says=("the broker now answers for the account ending", "starting fresh"),
        codes=(2, 0),
        **_SEEN,
    ),
    "reset_account_unseen": alone(
        [order("reset_account", 15)],
        struck=EVERYTHING,
        ends=True,
        waits=True,
        says=("the broker now answers for the account ending", "starting fresh"),
        codes=(2, 0),
    ),
    # F13: what becomes of bars
    "bars": together(
        {"drop_bar": {}, "duplicate_bar": {}, "delay_bar": {}, "zero_bar": {}, "correct_bar": {}, "silent_feed": {}},
        says=("bar stream: a message could not be read", "the bar stream has not brought the bars of"),
    ),
}
