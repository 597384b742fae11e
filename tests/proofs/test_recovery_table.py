"""The recovery table: what is on disk, what the broker knows, and what a restart makes of it.

One test for each row. Each restarts the whole bot over what a crash has left, beside a symbol that nothing happened to,
and shows the file, that a second reconcile changes not one byte, and that in the end nothing was sent twice.
"""

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from builders import ACCOUNT, a_position, an_intent
from fakes.broker import ASSUMPTIONS, Submit
from fakes.desk import BUY, FLAT, SILENT, a_spec
from holdfast.adapters.state_codec import UnreadableStateError, decode, encode
from holdfast.domain.order import OrderStatus, Side
from holdfast.domain.state import SCHEMA_VERSION, Status, SymbolState
from holdfast.engine.memory import Unreadable
from proofs.crashes import a_bot, corrections, in_entry, in_position, restarted, waits_in_doubt
from proofs.lives import LONGEST_DOUBT_S, look_up, meanwhile, minute, never_twice, nothing_more_to_correct, wait

TWO_READS_S = 3 * ASSUMPTIONS.position_lag_s + 10
PROOF_S = ASSUMPTIONS.absence_proof_s


# --- no intent on disk --------------------------------------------------------------------------------------------


def test_no_intent_and_no_order() -> None:
    """Nothing on disk and nothing at the broker: the start changes nothing."""
    lives = a_bot()
    before = lives.file()
    assert corrections(restarted(lives)) == []
    assert lives.store.disk["AAPL"] is before
    never_twice(lives)


@pytest.mark.parametrize("is_filled", [False, True])
@pytest.mark.parametrize("memory", ["deleted", "deleted with its backup", "older"])
def test_no_intent_and_our_order_at_the_broker(memory: str, is_filled: bool) -> None:  # noqa: FBT001 - a table
    """A lost or older file does not know our order: it is adopted by its id, its fills are booked, entries wait."""
    lives = a_bot()
    older = lives.file()
    lives.broker.fills_at_once = is_filled
    lives.live(minute(BUY, SILENT))
    del lives.store.disk["AAPL"]
    if memory == "older":
        lives.store.disk["AAPL"] = older
    elif memory != "deleted":
        del lives.store.backups["AAPL"]
    restarted(lives, Status.IN_DOUBT)
    assert lives.statuses() == ["filled" if is_filled else "new"]
    assert lives.file().position.quantity == (10 if is_filled else 0)
    never_twice(lives)


def test_an_order_with_our_prefix_that_this_process_did_not_send() -> None:
    """A second bot with our name is trading: its order is booked, entries stop everywhere, exits go on."""
    lives = a_bot()
    lives.live(
        meanwhile(lambda: lives.broker.accept(an_intent(2, quantity=4))), wait(310), minute(BUY, SILENT),
        minute(SILENT, FLAT), minute(SILENT, BUY),
    )  # fmt: skip
    assert lives.file().position.quantity == 4
    assert (lives.sent("AAPL"), lives.sent("MSFT")) == ([], [("buy", 10), ("sell", 10)])
    decision = lives.file("MSFT").last_decision
    assert decision is not None
    assert "another bot with our name" in decision.why
    lives.live()
    nothing_more_to_correct(lives)


# --- an intent on disk: it may have been sent ---------------------------------------------------------------------


def test_an_intent_that_never_arrived() -> None:
    """Nobody knows its id: it is proved absent after the whole window, counted from this start, and not before."""
    lives = in_entry(Submit.LOSE)
    lives.clock.advance(10 * PROOF_S)
    waits_in_doubt(lives, wait(PROOF_S - 70), minute(BUY, SILENT))
    assert lives.statuses() == ["intent"]
    lives.live(wait(PROOF_S + 1))
    assert lives.statuses() == ["absent"]
    restarted(lives)
    lives.broker.fills_at_once = True
    never_twice(lives)
    assert lives.entries() == 2


def test_an_intent_that_arrives_after_the_restart() -> None:
    """A request that was on the wire all the time is found when it has arrived, and was the only one."""
    lives = in_entry(Submit.ARRIVE_LATE)
    waits_in_doubt(lives, wait(100), minute(BUY, SILENT))
    lives.broker.deliver_late()
    restarted(lives)
    assert (lives.statuses(), lives.sent()) == (["new"], [("buy", 10)])
    never_twice(lives)


@pytest.mark.parametrize("fate", [Submit.LOSE, Submit.ARRIVE_LATE, Submit.ACCEPT_AND_TIME_OUT])
def test_an_exit_whose_answer_was_lost(fate: Submit) -> None:
    """An exit on file is found, or proved absent and followed by a new one at a later bar; ten are sold, never more."""
    lives = in_position()
    lives.broker.plan.append(fate)
    lives.live(minute(FLAT, SILENT))
    restarted(lives, Status.ACTIVE if fate is Submit.ACCEPT_AND_TIME_OUT else Status.IN_DOUBT)
    lives.live(wait(100), minute(FLAT, SILENT), meanwhile(lives.broker.deliver_late), wait(LONGEST_DOUBT_S))
    lives.live(minute(FLAT, SILENT))
    sold = [quantity for side, quantity in lives.sent() if side == "sell"]
    assert sold == ([10, 10] if fate is Submit.LOSE else [10])
    assert lives.broker.held() == lives.file().position.quantity == 0
    restarted(lives)
    never_twice(lives)


@pytest.mark.parametrize("filled", [0, 4])
def test_an_intent_that_works_at_the_broker(filled: int) -> None:
    """Its answer was lost with the process: the order is adopted and what has filled so far is booked."""
    lives = in_entry(Submit.ACCEPT_AND_TIME_OUT)
    assert lives.statuses() == ["intent"]
    if filled:
        lives.broker.fill(lives.newest, filled)
    restarted(lives)
    assert lives.statuses() == ["partially_filled" if filled else "new"]
    assert lives.file().position.quantity == filled
    never_twice(lives)


@pytest.mark.parametrize(
    ("ending", "filled"),
    [("filled", 10), ("canceled", 4), ("canceled", 0), ("rejected", 0), ("expired", 0), ("expired", 7)],
)
def test_an_intent_that_has_ended(ending: str, filled: int) -> None:
    """Whatever its ending is called, the quantity that filled is booked and the order settled, in one save."""
    lives = in_entry(Submit.ACCEPT_AND_TIME_OUT)
    if filled:
        lives.broker.fill(lives.newest, filled)
    lives.broker.end(lives.newest, OrderStatus(ending))
    saves = len(lives.store.written)
    restarted(lives)
    assert (lives.statuses(), lives.file().position.quantity) == ([ending], filled)
    assert [state.symbol for state in lives.store.written[saves:]] == ["AAPL"]
    lives.broker.fills_at_once = True
    never_twice(lives)


# --- an order that worked -----------------------------------------------------------------------------------------


def test_a_working_order_that_filled_while_down() -> None:
    """The file has booked four of ten: the difference between the cumulative quantities is booked, six."""
    lives = in_entry()
    lives.broker.fill(lives.newest, 4)
    lives.live(wait(10))
    assert (lives.statuses(), lives.file().position.quantity) == (["partially_filled"], 4)
    lives.broker.fill(lives.newest)
    life = restarted(lives)
    assert (lives.statuses(), lives.file().position) == (["filled"], a_position(10))
    assert corrections(life) == ["AAPL position.quantity: 4 -> 10"]
    never_twice(lives)


def test_a_working_order_that_is_not_found_at_all() -> None:
    """It is never taken for canceled: after the window the symbol halts with the evidence and the command to type."""
    lives = in_entry()
    lives.broker.books.pop(lives.newest)
    restarted(lives)
    lives.live(minute(BUY, SILENT), wait(LONGEST_DOUBT_S))
    assert lives.statuses() == ["new"]
    restarted(lives, Status.HALTED)
    assert f"does not know the order {lives.newest} any more" in (lives.file().status_reason or "")
    assert "holdfast resume AAPL" in (lives.file().status_reason or "")
    never_twice(lives)
    assert lives.sent() == [("buy", 10)]


# --- settled, position 10 -----------------------------------------------------------------------------------------


def test_a_settled_position_that_the_broker_has_too() -> None:
    """Ten on file and ten in the account: not one byte changes."""
    lives = in_position()
    before = lives.file()
    assert corrections(restarted(lives)) == []
    assert lives.store.disk["AAPL"] is before
    never_twice(lives)


def test_our_own_exit_explains_the_position() -> None:
    """The exit filled after the crash: the file is flat at once, and so is the order."""
    lives = in_position()
    lives.broker.fills_at_once = False
    lives.live(minute(FLAT, SILENT))
    lives.broker.fill(lives.newest)
    restarted(lives)
    assert (lives.statuses(), lives.file().position.quantity) == (["filled", "filled"], 0)
    assert lives.sent() == [("buy", 10), ("sell", 10)]
    lives.broker.fills_at_once = True
    never_twice(lives)


FOREIGN = [
    # what the owner traded, the policy, what is managed and what is not, the status
    (Side.SELL, 10, "adopt", 0, 0, Status.ACTIVE),
    (Side.SELL, 10, "leave", 0, 0, Status.ACTIVE),
    (Side.SELL, 10, "halt", 0, 0, Status.HALTED),
    (Side.BUY, 5, "adopt", 10, 5, Status.ACTIVE),
    (Side.BUY, 5, "leave", 10, 5, Status.ACTIVE),
    (Side.BUY, 5, "halt", 10, 5, Status.HALTED),
    (Side.SELL, 20, "adopt", 0, -10, Status.HALTED),
]


@pytest.mark.parametrize(("side", "quantity", "policy", "managed", "unmanaged", "status"), FOREIGN)
def test_activities_explain_the_position(
    side: Side, quantity: int, policy: str, managed: int, unmanaged: int, status: Status
) -> None:
    """What others traded stands in the activities: corrected at once, then `on_external_change` decides."""
    lives = in_position(policy)
    lives.broker.trade_by_hand(side, quantity)
    life = restarted(lives, status)
    position = lives.file().position
    assert (position.quantity, position.unmanaged_quantity) == (managed, unmanaged)
    assert all("not ours" in one.why for _symbol, one in life.report.corrections)
    never_twice(lives, most=managed + abs(unmanaged) + (10 if not managed else 0))
    assert lives.entries() == 1


@pytest.mark.parametrize("is_told", [True, False])
def test_a_split_explains_the_position(is_told: bool) -> None:  # noqa: FBT001 - a table
    """Seventy shares at a seventh of the price, with or without its activity, are the same ten: all managed."""
    lives = in_position(price=700)
    lives.broker.price = Decimal(100)
    if is_told:
        lives.broker.split(7)
        restarted(lives)
    else:
        lives.broker.hand_over(70)
        restarted(lives, Status.IN_DOUBT)
        lives.live(wait(TWO_READS_S))
    assert lives.file().position == a_position(70, 100)
    lives.live(minute(BUY, SILENT))
    assert lives.sent() == [("buy", 10)]
    lives.live(minute(FLAT, SILENT))
    assert (lives.sent(), lives.broker.held()) == ([("buy", 10), ("sell", 70)], 0)
    lives.broker.price = Decimal(100)
    restarted(lives)
    never_twice(lives)


UNEXPLAINED = [
    # what the account holds, the policy, what is managed and what is not, the status
    (0, "adopt", 0, 0, Status.ACTIVE),
    (15, "adopt", 10, 5, Status.ACTIVE),
    (15, "halt", 10, 5, Status.HALTED),
    (-10, "adopt", 0, -10, Status.HALTED),
]


@pytest.mark.parametrize(("held", "policy", "managed", "unmanaged", "status"), UNEXPLAINED)
def test_nothing_explains_the_position(held: int, policy: str, managed: int, unmanaged: int, status: Status) -> None:
    """In doubt, without any order, until a second position read three lags later agrees; then the policy decides."""
    lives = in_position(policy)
    lives.broker.hand_over(held)
    lives.clock.advance(40)
    waits_in_doubt(lives, minute(FLAT, SILENT))
    assert lives.file().position.quantity == 10
    assert lives.store.aside
    lives.live(wait(TWO_READS_S))
    restarted(lives, status)
    position = lives.file().position
    assert (position.quantity, position.unmanaged_quantity) == (managed, unmanaged)
    assert lives.sent() == [("buy", 10)]
    never_twice(lives, most=max(held, 10))


# --- a file that cannot be used -----------------------------------------------------------------------------------


def unreadable(content: bytes) -> Unreadable:
    """Return what the store makes of these bytes in AAPL's file, with no backup left either."""
    with pytest.raises(UnreadableStateError) as refused:
        decode(content, "AAPL")
    return Unreadable(str(refused.value), None)


def newer(state: SymbolState) -> bytes:
    """Return the file of a later version."""
    return json.dumps({**json.loads(encode(state)), "schema_version": SCHEMA_VERSION + 1}).encode()


DAMAGE: dict[str, Callable[[SymbolState, SymbolState], Unreadable | SymbolState | None]] = {
    "missing": lambda _aapl, _msft: None,
    "zero bytes": lambda _aapl, _msft: unreadable(b""),
    "zeros": lambda aapl, _msft: unreadable(b"\0" * len(encode(aapl))),
    "truncated": lambda aapl, _msft: unreadable(encode(aapl)[:200]),
    "edited": lambda aapl, _msft: unreadable(encode(aapl).replace(b'"quantity": "10"', b'"quantity": "90"')),
    "other symbol": lambda _aapl, msft: unreadable(encode(msft)),
    "newer schema": lambda aapl, _msft: unreadable(newer(aapl)),
    "other account": lambda _aapl, _msft: SymbolState("AAPL", account_id="account-2"),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("broker", ["in position", "entry working", "sold again", "owner sold and bought again"])
def test_a_file_that_cannot_be_used(damage: str, broker: str) -> None:
    """It is set aside and rebuilt from our orders, the activities and the position; nothing is assumed flat."""
    lives = in_position() if broker != "entry working" else in_entry()
    held = 10
    if broker == "sold again":
        lives.live(minute(FLAT, SILENT))
        held = 0
    elif broker == "entry working":
        lives.broker.fill(lives.newest, 4)
        held = 4
    elif broker == "owner sold and bought again":
        lives.broker.trade_by_hand(Side.SELL, 10)
        lives.clock.advance(60)
        lives.broker.trade_by_hand(Side.BUY, 10)
    content = DAMAGE[damage](lives.file(), lives.file("MSFT"))
    del lives.store.disk["AAPL"]
    lives.store.backups.pop("AAPL", None)
    if content is not None:
        lives.store.disk["AAPL"] = content
    life = restarted(lives, Status.IN_DOUBT)
    assert lives.file().position.quantity == lives.broker.held() == held
    assert lives.file().account_id == ACCOUNT.id
    assert corrections(life)[0].startswith("AAPL file: ")
    assert len(lives.store.aside) == (content is not None)
    lives.live(minute(BUY, SILENT))
    assert lives.entries() == 1, "an entry while one may be on the wire"
    lives.broker.fills_at_once = True
    never_twice(lives)


def test_a_file_is_lost_and_the_order_list_lacks_a_row() -> None:
    """The fill tells of the order: it is looked up, and what the owner bought instead of it is not claimed."""
    lives = in_position()
    lives.specs = (a_spec("AAPL", policy="leave"), a_spec("MSFT"))
    lives.clock.advance(60)
    lives.broker.trade_by_hand(Side.SELL, 10)
    lives.clock.advance(60)
    lives.broker.trade_by_hand(Side.BUY, 13)
    del lives.store.disk["AAPL"]
    lives.store.backups.pop("AAPL", None)
    lives.broker.left_out.add(lives.newest)
    restarted(lives, Status.IN_DOUBT)
    lives.broker.left_out.clear()
    lives.live(wait(LONGEST_DOUBT_S))
    position = lives.file().position
    assert (position.quantity, position.unmanaged_quantity) == (0, 13)
    nothing_more_to_correct(lives)


# --- a symbol that config does not name any more ------------------------------------------------------------------


def test_a_removed_symbols_entry_is_canceled() -> None:
    """Its working entry is asked to be canceled until that is heard; a start that finds it pending sends nothing."""
    lives = in_entry()
    lives.specs = (a_spec("MSFT"),)
    lives.live(look_up)
    assert set(lives.broker.canceled) == {f"broker-{lives.newest}"}
    lives.broker.end(lives.newest, OrderStatus.PENDING_CANCEL)
    asked = len(lives.broker.canceled)
    restarted(lives, Status.RETIRED)
    assert len(lives.broker.canceled) == asked
