"""The state codec: exact, checked, readable; any damage is refused, never guessed at."""

import json
import zlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import a_record, a_state, an_id, at
from holdfast.adapters.state_codec import UnreadableStateError, checksum, decode, encode
from holdfast.domain.order import OrderStatus, Role, Side
from holdfast.domain.state import Correction, LastDecision, Status, SymbolState

STATE = a_state(
    10,
    a_record(price="187.12", minute=59),
    a_record("refused", minute=60, side=Side.SELL, role=Role.EXIT, reason="wash trade"),
    price="187.12",
    unmanaged="0.5",
    status=Status.IN_DOUBT,
    status_reason="the broker's word is awaited",
    last_decision=LastDecision(at(60), at(59), Decimal(1), "hold", "already long 10"),
    last_correction=Correction(at(0), "position.quantity", "0", "10", "our order filled"),
    waiting_until=at(64),
    saved_at=at(61),
    sequence=42,
)
GOLDEN = """{
  "symbol": "AAPL",
  "is_in_position": true,
  "position": {
    "quantity": "10",
    "average_entry_price": "187.12",
    "unmanaged_quantity": "0.5",
    "realized_pl": "0"
  },
  "target": "10",
  "status": "in_doubt",
  "status_reason": "the broker's word is awaited",
  "strategy": "scripted",
  "last_decision": {
    "at": "2026-11-20T16:00:00Z",
    "bar": "2026-11-20T15:59:00Z",
    "signal": 1.0,
    "action": "hold",
    "why": "already long 10"
  },
  "orders": [
    {
      "client_order_id": "hf.main.AAPL.1m20261120T1559.b0",
      "role": "entry",
      "side": "buy",
      "quantity": "10",
      "status": "filled",
      "filled_quantity": "10",
      "filled_average_price": "187.12",
      "broker_order_id": "broker-hf.main.AAPL.1m20261120T1559.b0",
      "submitted_at": "2026-11-20T16:00:01Z",
      "reason": null
    },
    {
      "client_order_id": "hf.main.AAPL.1m20261120T1600.s0",
      "role": "exit",
      "side": "sell",
      "quantity": "10",
      "status": "refused",
      "filled_quantity": "0",
      "filled_average_price": null,
      "broker_order_id": null,
      "submitted_at": null,
      "reason": "wash trade"
    }
  ],
  "ledger": {
    "orders_through": null,
    "activities_through": null
  },
  "rearm": null,
  "last_correction": {
    "at": "2026-11-20T15:00:00Z",
    "field": "position.quantity",
    "was": "0",
    "why": "our order filled",
    "is": "10"
  },
  "reconciled_at": "2026-11-20T15:00:00Z",
  "saved_at": "2026-11-20T16:01:00Z",
  "sequence": 42,
  "waiting_until": "2026-11-20T16:04:00Z",
  "order_may_arrive": false,
  "account_id": "account-1",
  "schema_version": 2,
  "checksum": "crc32:CRC"
}
"""


def signed(document: dict[str, Any]) -> bytes:
    """Return a document with the checksum that fits it, as a careful forger would write it."""
    return json.dumps({**document, "checksum": checksum(document)}).encode()


def body() -> dict[str, Any]:
    """Return the good state's document."""
    return dict(json.loads(encode(STATE)))


def refused(content: bytes, why: str, symbol: str = "AAPL") -> None:
    """Assert that the content is refused for this reason."""
    with pytest.raises(UnreadableStateError, match=why):
        decode(content, symbol)


def test_the_file_reads_as_agreed() -> None:
    """The bytes are the golden ones: what people and tools rely on does not move unnoticed."""
    text = encode(STATE).decode()
    assert text == GOLDEN.replace("crc32:CRC", body()["checksum"])
    assert decode(text.encode(), "AAPL") == STATE


def test_the_checksum_is_of_the_canonical_form() -> None:
    """Reformatting and reordering a file is harmless, and the sum is one that other tools can compute."""
    document = body()
    assert decode(json.dumps(dict(reversed(document.items()))).encode(), "AAPL") == STATE
    summed = zlib.crc32(rb'{"a":"\u00e9","b":1}')
    assert checksum({"b": 1, "a": "é"}) == checksum({"a": "é", "b": 1, "checksum": "x"}) == f"crc32:{summed:08x}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"quantity": "10"', '"quantity": "11"'),
        ('"status": "in_doubt"', '"status": "active"'),
        ('"sequence": 42', '"sequence": 43'),
        ('"is_in_position": true', '"is_in_position": false'),
        ('"account_id": "account-1"', '"account_id": "account-2"'),
    ],
)
def test_a_hand_edit_is_noticed(old: str, new: str) -> None:
    """Editing a file never changes what you own: an edited one is refused."""
    text = encode(STATE).decode()
    assert old in text
    refused(text.replace(old, new, 1).encode(), "checksum does not match")


def test_every_single_bit_flip_is_noticed() -> None:
    """Whichever bit of a file is flipped, it is refused or reads as the very same state."""
    content, survivors = encode(STATE), 0
    for index in range(len(content) * 8):
        flipped = bytearray(content)
        flipped[index // 8] ^= 1 << (index % 8)
        try:
            survivors += 1
            assert decode(bytes(flipped), "AAPL") == STATE
        except UnreadableStateError:
            survivors -= 1
    # White space may become other white space; nothing else may pass.
    assert survivors < content.count(b" ") + content.count(b"\n")


@pytest.mark.parametrize("length", [0, 1, 2, 100, 1000, -2])
def test_a_truncated_file_is_refused(length: int) -> None:
    """A file cut anywhere is refused."""
    refused(encode(STATE)[:length], "it is empty|not valid JSON")


ILLEGIBLE = [
    (b"", "it is empty"),
    (b"\0" * 4096, "nothing but zeros"),
    (b"\n \n", "nothing but zeros"),
    (b"null", "not a JSON object"),
    (b"[]", "not a JSON object"),
    (b'"AAPL"', "not a JSON object"),
    (b"{}", "checksum"),
    (b"\xff\xfe\x00", "not valid JSON"),
    (b"[" * 100_000, "not valid JSON"),
    (b'{"a": ' * 40_000, "not valid JSON"),
    (b'{"a": ' * 50_000, "larger than 256 KB"),
    (b'{"a": ' * 900 + b"1" + b"}" * 900, "checksum|not valid JSON"),
    (b"1" * 5000, "not valid JSON|not a JSON object"),
    (encode(STATE).replace(b'"target"', b'"status"'), "stands twice"),
    (encode(STATE).replace(b'"unmanaged_quantity"', b'"quantity"'), "stands twice"),
    (encode(STATE) * 2, "not valid JSON"),
]


@pytest.mark.parametrize(("content", "why"), ILLEGIBLE, ids=range(len(ILLEGIBLE)))
def test_what_is_no_state_is_refused_with_a_reason(content: bytes, why: str) -> None:
    """Empty, zeroed, nested, doubled: each is refused, in words for a person."""
    refused(content, why)


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"symbol": "MSFT"}, "it belongs to MSFT"),
    ({"schema_version": 3}, "schema 3 is newer"),
    ({"schema_version": "1"}, "schema_version"),
    ({"is_in_position": False}, "contradicts position.quantity"),
    ({"is_in_position": 1}, "contradicts position.quantity"),
    ({"target": "NaN"}, "target"),
    ({"target": "Infinity"}, "target"),
    ({"target": float("nan")}, "target"),
    ({"target": float("inf")}, "target"),
    ({"target": "ten"}, "target"),
    ({"target": None}, "target"),
    ({"status": "sleepy"}, "status"),
    ({"sequence": "42"}, "sequence"),
    ({"sequence": 1.5}, "sequence"),
    ({"orders": None}, "orders"),
    ({"orders": [{}]}, "orders"),
    ({"orders": [7]}, "orders"),
    ({"position": {}}, "position"),
    ({"position": {"quantity": [1]}}, "position"),
    ({"reconciled_at": "yesterday"}, "reconciled_at"),
    ({"last_decision": {"signal": "up"}}, "last_decision"),
    ({"rearm": "up"}, "rearm"),
]


@pytest.mark.parametrize(("change", "why"), CHANGES, ids=[str(change) for change, _why in CHANGES])
def test_a_wrong_shape_with_a_right_checksum_is_refused(change: dict[str, Any], why: str) -> None:
    """A valid checksum does not excuse a wrong symbol, a newer schema or a field of the wrong kind."""
    refused(signed({**body(), **change}), why)


def test_a_newer_schema_is_named_before_its_checksum() -> None:
    """A later version's file is told apart from a damaged one, whatever its checksum means."""
    refused(json.dumps({**body(), "schema_version": 9}).encode(), "schema 9 is newer than this version's 2")


@pytest.mark.parametrize("missing", ["symbol", "checksum", "is_in_position"])
def test_a_missing_field_is_refused(missing: str) -> None:
    """What every version has written cannot be missing."""
    document = body()
    del document[missing]
    refused(json.dumps(document).encode() if missing == "checksum" else signed(document), ".")


@pytest.mark.parametrize(
    "change",
    [
        {"reconciled_at": "9999-12-31T23:59:59-14:00"},
        {"saved_at": "0001-01-01T00:00:00+14:00"},
        {"reconciled_at": "2026-11-20T15:00:00"},
        {"target": "9" * 29},
        {"target": "1e41"},
    ],
)
def test_what_the_next_save_could_not_write_is_refused(change: dict[str, Any]) -> None:
    """A time without a zone or at the end of the calendar, and digits that would be rounded away, are no state."""
    refused(signed({**body(), **change}), "beyond all bounds")


def test_an_exact_number_comes_back_exactly() -> None:
    """Decimals are strings of digits on disk: nine decimals and large sums survive, signals are JSON numbers."""
    state = a_state("0.123456789", price="98765432.123456789")
    assert decode(encode(state), "AAPL") == state
    third = a_state(3, price=Decimal(100) / 3)
    assert decode(encode(third), "AAPL").position == third.position


numbers = st.decimals(-(10**9), 10**9, places=9, allow_nan=False)
positive = st.decimals(0, 10**9, places=9, allow_nan=False)
moments = st.integers(-(10**6), 10**6).map(at)
words = st.text(max_size=30)
records = st.builds(
    lambda status, filled, side, role, minute, reason: a_record(
        status.value, filled, minute=minute, side=side, role=role, reason=reason
    ),
    st.sampled_from(OrderStatus), positive, st.sampled_from(Side), st.sampled_from(Role), st.integers(0, 500),
    st.none() | words,
)  # fmt: skip
signals = st.none() | st.floats(-1, 1).map(lambda number: Decimal(repr(round(number, 9))))
states = st.builds(
    a_state, numbers, price=positive, unmanaged=numbers, target=numbers, status=st.sampled_from(Status),
    status_reason=st.none() | words, strategy=words, rearm=st.sampled_from([None, 1, -1]),
    sequence=st.integers(0, 2**62),
    last_decision=st.none() | st.builds(LastDecision, moments, moments, signals, words, words),
    last_correction=st.none() | st.builds(Correction, moments, words, words, words, words),
    reconciled_at=st.none() | moments, saved_at=st.none() | moments, waiting_until=st.none() | moments,
)  # fmt: skip


@given(states, st.lists(records, max_size=3))
def test_any_state_comes_back_as_it_was(state: SymbolState, orders: list[Any]) -> None:
    """Encoding and decoding returns the same state, whatever it holds."""
    full = SymbolState(**{**{name: getattr(state, name) for name in state.__slots__}, "orders": tuple(orders)})
    assert decode(encode(full), "AAPL") == full


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(st.binary(max_size=300) | json_values.map(lambda value: json.dumps(value).encode()))
@example(b'{"checksum":"crc32:00000000","a":1e400}')
def test_any_bytes_are_a_state_or_refused(content: bytes) -> None:
    """Nothing but the one error comes out of any bytes."""
    with pytest.raises(UnreadableStateError):
        decode(content, "AAPL")


@given(st.sampled_from(sorted(json.loads(encode(STATE)))), json_values)
def test_any_value_in_any_field_is_a_state_or_refused(field: str, value: object) -> None:
    """A field with any content and a right checksum gives a valid state or the one error."""
    try:
        state = decode(signed({**body(), field: value}), "AAPL")
    except UnreadableStateError:
        return
    assert decode(encode(state), "AAPL") == state


def test_a_state_names_its_orders() -> None:
    """The records of a decoded file are found by id."""
    assert decode(encode(STATE), "AAPL").order(an_id(59)) == STATE.orders[0]


def test_a_text_that_is_no_unicode_is_saved_all_the_same() -> None:
    """A broker's reason with half a character in it does not keep a state from being saved."""
    state = a_state(10, status=Status.PAUSED, status_reason="half a \ud800 character")
    assert decode(encode(state), "AAPL").position == state.position
