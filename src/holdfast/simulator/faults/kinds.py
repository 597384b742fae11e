"""The one table of faults: name, row of the fault table, what happens, where it strikes, what it can be told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

REQUIRED: Final = object()
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Place(StrEnum):
    """Where a fault strikes; each place asks for its faults once."""

    REQUEST = "request"  # instead of carrying it out
    ANSWER = "answer"  # once it has been carried out
    VIEW = "view"  # what a GET shows
    ORDER = "order"  # an order is taken
    CANCEL = "cancel"  # an order is to be canceled
    PLACED = "placed"  # an order has come into being
    FILLED = "filled"  # an order has filled
    UPDATE = "update"  # one message of the trading stream
    BAR = "bar"  # one bar of the data stream
    HANDSHAKE = "handshake"  # a websocket is opened
    HELLO = "hello"  # it is open
    AUTH = "auth"  # the client has shown its keys
    SUBSCRIBED = "subscribed"  # the client was told that it listens
    ACT = "act"  # its moment has come


_CALLS = frozenset({"method", "path", "symbol"})
_SYMBOL = frozenset({"symbol"})
_STREAM = frozenset({"path"})
_MATCHED: Mapping[Place, frozenset[str]] = {
    **dict.fromkeys((Place.REQUEST, Place.ANSWER, Place.VIEW, Place.ORDER, Place.CANCEL), _CALLS),
    **dict.fromkeys((Place.PLACED, Place.FILLED, Place.UPDATE, Place.BAR), _SYMBOL),
    **dict.fromkeys((Place.HANDSHAKE, Place.HELLO, Place.AUTH, Place.SUBSCRIBED), _STREAM),
    Place.ACT: frozenset(),
}


@dataclass(frozen=True, slots=True)
class At:
    """The requests that a kind means unless the order names others; None is any.

    Where `is_fixed` the order can only narrow them.
    """

    method: str | None = None
    path: str | None = None
    is_fixed: bool = False


ANY = At()
ORDERS = At("POST", "/v2/orders")
CANCELS = At("DELETE", "/v2/orders/*")


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: `options` are its own, with their defaults; `raises` is the declared delay that `delay_s` prolongs.

    `in_a_day` says whether a drawn day may hold it, `needs_symbol` that it cannot do without `match.symbol`;
    `also_matched` are keys of `match` that its places do not have anyway.
    """

    row: str
    sentence: str
    places: Mapping[Place, At]
    options: Mapping[str, Any] = field(default_factory=dict)
    raises: str | None = None
    needs_symbol: bool = False
    in_a_day: bool = True
    also_matched: frozenset[str] = frozenset()

    @property
    def matches(self) -> frozenset[str]:
        """The keys that `match` may have."""
        return self.also_matched.union(*(_MATCHED[place] for place in self.places))

    @property
    def is_act(self) -> bool:
        """Whether it happens by itself when its moment has come."""
        return Place.ACT in self.places


def _request(row: str, sentence: str, at: At = ANY, **options: Any) -> Kind:  # noqa: ANN401 - any default
    return Kind(row, sentence, {Place.REQUEST: at}, options)


def _answer(row: str, sentence: str, at: At = ANY, **options: Any) -> Kind:  # noqa: ANN401 - any default
    return Kind(row, sentence, {Place.ANSWER: at}, options)


def _view(row: str, sentence: str, path: str, **options: Any) -> Kind:  # noqa: ANN401 - any default
    return Kind(row, sentence, {Place.VIEW: At("GET", path)}, options)


def _at(place: Place, row: str, sentence: str, **options: Any) -> Kind:  # noqa: ANN401 - any default
    return Kind(row, sentence, {place: ANY}, options)


def _order(sentence: str) -> Kind:
    return Kind("F10", sentence, {Place.ORDER: ORDERS})


def _act(
    row: str,
    sentence: str,
    matched: frozenset[str] = frozenset(),
    *,
    needs_symbol: bool = False,
    in_a_day: bool = True,
    **options: Any,  # noqa: ANN401 - any default
) -> Kind:
    return Kind(
        row,
        sentence,
        {Place.ACT: ANY},
        options,
        needs_symbol=needs_symbol,
        in_a_day=in_a_day,
        also_matched=matched,
    )


_UNKNOWN_OUTCOMES = {
    "accept_no_answer": _answer("F5", "the order is accepted and its POST is never answered", ORDERS),
    "accept_504": _answer("F5", "the order is accepted and its POST is answered 504", ORDERS),
    "lose_request": _request("F5", "the request never reaches the exchange and is never answered", ORDERS),
    "request_late": Kind(
        "F5",
        "the request reaches the exchange `delay_s` later",
        {Place.REQUEST: ORDERS},
        {"delay_s": 1.5},
        raises="request_lifetime_s",
    ),
}
_WIRE = {
    "refuse_connections": _act("F6", "nobody listens on the port for `for_s`; open connections are cut", for_s=0.5),
    "rate_limit": _request("F6", "the request is answered 429 with X-RateLimit headers and has no effect"),
    "answer_status": _request("F6", "the request is answered with `status` and has no effect", status=500),
    "html_502": _request("F6", "the request is answered with a gateway's HTML page, 502, and has no effect"),
    "redirect": _request("F6", "the request is answered 302 to another address and has no effect"),
    "empty_200": _answer("F6", "the request is carried out and answered 200 with nothing in it"),
    "truncated_200": _answer("F6", "the request is carried out; `share` of the answer comes, then the end", share=0.5),
    "garbage_200": _answer("F6", "the request is carried out and answered 200 with what is no JSON"),
    "slow_drip": _answer(
        "F6", "the request is carried out; its answer comes a byte every `delay_s`, for `for_s`", delay_s=0.1, for_s=1.0
    ),
    "drop_connection": _answer("F6", "the request is carried out and its connection cut without an answer"),
    "close_idle": _answer("F6", "the request is answered, and then its kept-alive connection is closed"),
    "refuse_then_execute": Kind(
        "F6",
        "the order is refused with 403 and executes `delay_s` later all the same",
        {Place.REQUEST: ORDERS},
        {"delay_s": 0.0},
        raises="listing_lag_s",
    ),
    "account_blocked": Kind(
        "F6",
        "orders are refused with 403 and the account shows trading_blocked",
        {
            Place.REQUEST: At("POST", "/v2/orders", is_fixed=True),
            Place.VIEW: At("GET", "/v2/account", is_fixed=True),
        },
    ),
}
_UPDATES = {
    "answer_late": _answer("F7", "the answer is held back for `delay_s`: updates come before it", ORDERS, delay_s=0.5),
    "drop_update": _at(Place.UPDATE, "F7", "an order update is not sent"),
    "duplicate_update": _at(Place.UPDATE, "F7", "an order update is sent twice"),
    "delay_update": _at(Place.UPDATE, "F7", "an order update is sent `delay_s` later", delay_s=0.5),
    "swap_updates": _at(
        Place.UPDATE, "F7", "an order update is sent after the next one, or after `delay_s`", delay_s=0.5
    ),
    "null_update": _at(Place.UPDATE, "F7", "the stream says `data: null` in place of an order update"),
    "unknown_status": _at(Place.UPDATE, "F7", "an order update carries a status that nobody knows"),
    "unknown_event": _at(Place.UPDATE, "F7", "an order update carries an event that nobody knows"),
}
_STREAMS = {
    "mute_hello": _at(Place.HELLO, "F8", "the websocket opens and never says a word"),
    "mute_auth": _at(Place.AUTH, "F8", "the websocket falls silent when the client shows its keys"),
    "mute_stream": _at(Place.SUBSCRIBED, "F8", "the websocket falls silent once the client has subscribed"),
    "data_406": Kind("F8", "the data stream is refused: connection limit exceeded", {Place.AUTH: At(path="/v[12]*")}),
    "handshake_429": _at(Place.HANDSHAKE, "F8", "the websocket's handshake is answered with HTTP 429"),
    "drop_streams": _act("F8", "open websockets are cut", _STREAM),
}
_VIEWS = {
    "list_late": Kind(
        "F9",
        "lists and look-ups do not show an order until it is `delay_s` old",
        {Place.PLACED: ANY},
        {"delay_s": 0.8},
        raises="listing_lag_s",
    ),
    "positions_lag": Kind(
        "F9",
        "a fill shows in the positions `delay_s` later",
        {Place.FILLED: ANY},
        {"delay_s": 0.8},
        raises="position_lag_s",
    ),
    "positions_empty": _view("F9", "the account seems to hold nothing", "/v2/positions*"),
    "strange_position": _view("F9", "one position has an unknown word in `field`", "/v2/positions", field="exchange"),
    "strange_order": _view("F9", "one order has an unknown word in `field`", "/v2/orders", field="asset_class"),
    "missing_row": _view("F9", "one row is missing from a list", "/v2/positions"),
    "other_account": Kind("F9", "another account answers", {Place.VIEW: At("GET", "/v2/account")}, in_a_day=False),
}
_EXCHANGE = {
    "hold_fills": _order("an order is accepted but not filled until the faults are cleared"),
    "partial_fills": _order("half of an order fills; the rest waits until the faults are cleared"),
    "reject_accepted": _order("an order is accepted in the answer and then rejected"),
    "stuck_cancel": Kind(
        "F10", "a cancel stays pending until the faults are cleared; the order can still fill", {Place.CANCEL: CANCELS}
    ),
    "fill_beats_cancel": _order("an order is not filled until it is to be canceled: then it fills first"),
}
_HANDS = {
    "owner_trade": _act(
        "F11", "the owner trades `qty` shares by hand", _SYMBOL, needs_symbol=True, side=REQUIRED, qty=REQUIRED
    ),
    "owner_cancel": _act("F11", "the owner cancels all orders, or one symbol's", _SYMBOL),
    "owner_close_all": _act("F11", "the owner cancels all orders and closes all positions"),
    "move_shares": _act(
        "F11",
        "`shares` come into the account without an order, or leave it (negative)",
        _SYMBOL,
        needs_symbol=True,
        shares=REQUIRED,
    ),
    "liquidate": _act(
        "F11", "the broker cancels a symbol's orders and closes its position", _SYMBOL, needs_symbol=True
    ),
    "halt_symbol": _act(
        "F11",
        "nothing in a symbol trades, orders wait; for `resume_after_s` market seconds, or until it is resumed",
        _SYMBOL,
        needs_symbol=True,
        resume_after_s=None,
    ),
    "resume_symbol": _act("F11", "a halted symbol trades again", _SYMBOL, needs_symbol=True),
    "delist_symbol": _act(
        "F11", "an asset is inactive and not tradable from now on", _SYMBOL, needs_symbol=True, in_a_day=False
    ),
    "split_symbol": _act(
        "F11",
        "`ratio` new shares for each old one before the next session; prices follow",
        _SYMBOL,
        needs_symbol=True,
        in_a_day=False,
        ratio=REQUIRED,
    ),
    "reset_account": _act(
        "F11", "the account is replaced by an empty one with another id and the money of the start", in_a_day=False
    ),
}
_FEED = {
    "drop_bar": _at(Place.BAR, "F13", "a bar is not sent"),
    "duplicate_bar": _at(Place.BAR, "F13", "a bar is sent twice"),
    "delay_bar": _at(Place.BAR, "F13", "a bar is sent with those of the next instant"),
    "zero_bar": _at(Place.BAR, "F13", "a bar has zeros for prices"),
    "correct_bar": _at(Place.BAR, "F13", "a bar is wrong by a hundredth; its updatedBar follows at the next instant"),
    "silent_feed": Kind("F13", "one symbol's bars are not sent", {Place.BAR: ANY}, needs_symbol=True),
}

_WHOLE_DAYS = {
    "bad_day": _act(
        "F5-F13",
        "a whole day of faults, drawn from `seed`; every later day follows from the seed and its date",
        in_a_day=False,
        symbols=None,
        slow=False,
    ),
}

KINDS: Mapping[str, Kind] = {
    **_UNKNOWN_OUTCOMES,
    **_WIRE,
    **_UPDATES,
    **_STREAMS,
    **_VIEWS,
    **_EXCHANGE,
    **_HANDS,
    **_FEED,
    **_WHOLE_DAYS,
}


def described() -> dict[str, str]:
    """Return every kind with its row and its sentence, as `GET /_sim/faults` shows them."""
    return {name: f"{kind.row}: {kind.sentence}" for name, kind in KINDS.items()}
