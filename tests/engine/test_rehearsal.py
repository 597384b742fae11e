"""The rehearsal of a start: what a restart would do, said without doing it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from builders import ACCOUNT, a_record, a_state, an_id, an_intent
from fakes.broker import ASSUMPTIONS, UNREACHABLE
from fakes.desk import Desk, a_spec
from fakes.streams import FakeMarketData
from holdfast.domain.errors import Recoverable
from holdfast.domain.order import Side
from holdfast.domain.state import Status
from holdfast.engine.chronicle import Chronicle
from holdfast.engine.memory import Unreadable
from holdfast.engine.outside import Identity, Outside
from holdfast.engine.rehearsal import Before, Rehearsal, rehearse
from holdfast.engine.verdict import as_data, ending, lines, sections, verdict

IDENTITY = Identity("main", ACCOUNT.id, is_simulated=True)
NOTHING = "a restart now would correct nothing and send nothing"


def rehearsed(desk: Desk, *symbols: str, before: Mapping[str, Before] | None = None) -> Rehearsal:
    """Rehearse a start of these symbols on the desk's files."""
    outside = Outside(desk.broker, FakeMarketData(), desk.store, desk.clock, Chronicle(desk.journal))
    was = before or {name: state for name, state in desk.store.disk.items()}  # noqa: C416 - as it is before the start
    return asyncio.run(rehearse([a_spec(symbol) for symbol in symbols or ("AAPL",)], outside, IDENTITY, was))


def table(rehearsal: Rehearsal, title: str = "A restart now") -> list[tuple[str, ...]]:
    """Return the columns and rows of one table."""
    [section] = [one for one in sections(rehearsal) if one.title == title]
    return [section.columns, *section.rows]


def test_a_memory_that_is_true_starts_clean() -> None:
    """Nothing is corrected, nobody waits, nothing would be sent; columns without a word are left out."""
    done = rehearsed(Desk())
    assert done.is_clean
    assert verdict(done) == NOTHING
    assert table(done) == [("symbol", "on file", "after", "status"), ("AAPL", "no file", "0", "active")]
    assert list(lines(done)) == ["AAPL: no file, 0 after: active"]
    assert list(ending(done)) == ["7 broker calls, all of them reads, in 0.00 s", NOTHING]


def test_what_a_start_would_correct_is_told_and_is_no_blemish() -> None:
    """The owner's sale is booked in the rehearsal: position before and after, what it was, what it is, and why."""
    desk = Desk(a_state(10, a_record()))
    desk.broker.accept(an_intent())
    desk.broker.trade_by_hand(Side.SELL, 10)
    done = rehearsed(desk)
    assert done.is_clean
    assert verdict(done) == "a restart now would correct 1 symbol and send nothing"
    assert table(done)[1] == ("AAPL", "10", "0", "active")
    [row] = table(done, "Would be corrected")[1:]
    assert row[:4] == ("AAPL", "position.quantity", "10", "0")
    assert any(line.startswith("AAPL: would correct position.quantity: was 10, is 0: ") for line in lines(done))


def test_an_order_whose_fate_is_unknown_would_be_waited_for() -> None:
    """The verdict names the longest wait; the broker's word says that it does not know the id."""
    done = rehearsed(Desk(a_state(0, a_record("intent"))))
    wait = round(ASSUMPTIONS.absence_proof_s)
    assert not done.is_clean
    assert verdict(done) == f"a restart now would correct nothing, keep 1 waiting for up to {wait} s, and send nothing"
    assert table(done)[1][3:5] == ("in_doubt", f"{wait} s")
    said = ("AAPL", an_id(), "buy 10", "intent", "unknown; a restart waits, then settles it as never arrived")
    assert table(done, "Open orders")[1] == said
    assert as_data(done)["symbols"]["AAPL"]["orders"][0]["broker"] is None


def test_the_brokers_word_on_a_working_order_is_told() -> None:
    """An order that works is looked up by its id: its status, what it has filled and at which price."""
    desk = Desk(a_state(0, a_record("new")))
    desk.broker.fills_at_once = False
    desk.broker.accept(an_intent())
    desk.broker.fill(an_id(), 4)
    done = rehearsed(desk)
    assert table(done, "Open orders")[1][2:] == ("buy 10", "new", "partially_filled, 4 filled at 100")
    [order] = as_data(done)["symbols"]["AAPL"]["orders"]
    assert order["broker"] == {"status": "partially_filled", "filled_quantity": "4", "filled_average_price": "100"}


def test_an_order_that_no_file_knows_is_told_as_such() -> None:
    """A start would adopt it; it stands among the open orders as not known on file."""
    desk = Desk()
    desk.broker.fills_at_once = False
    desk.broker.accept(an_intent())
    assert table(rehearsed(desk), "Open orders")[1][2:] == ("buy 10", "not known", "new, 0 filled")


def test_a_cancel_that_a_start_would_send_is_told_and_not_sent() -> None:
    """The working entry of a removed symbol would be canceled; the broker is asked for nothing of the kind."""
    desk = Desk()
    desk.store.disk["MSFT"] = a_state(0, a_record("new", symbol="MSFT"), symbol="MSFT")
    desk.broker.fills_at_once = False
    desk.broker.accept(an_intent(symbol="MSFT"))
    done = rehearsed(desk)
    assert desk.broker.canceled == []
    assert list(done.withheld) == [f"cancel the order broker-{an_id(symbol='MSFT')}"]
    assert verdict(done).endswith("and send 1 request")
    assert next(ending(done)) == f"would {done.withheld[0]}"


def test_a_halted_symbol_and_one_that_cannot_start_need_a_person() -> None:
    """Both are counted in the verdict, and the reason stands beside the symbol."""
    desk = Desk(a_state(0, status=Status.HALTED, status_reason="look"))
    desk.store.failing.add("MSFT")
    done = rehearsed(desk, "AAPL", "MSFT")
    assert not done.is_clean
    assert verdict(done) == ("a restart now would correct nothing, keep 1 halted, fail to start 1, and send nothing")
    rows: dict[str, Any] = {row[0]: row for row in table(done)[1:]}
    assert rows["AAPL"][3:] == ("halted", "look")
    assert "cannot be written" in rows["MSFT"][-1]
    assert as_data(done)["symbols"]["MSFT"]["after"] is None


def test_the_memory_of_another_account_is_no_clean_start() -> None:
    """Where a restart would move the memory away, the verdict begins with that, whatever the fresh files say."""
    done = replace(rehearsed(Desk()), is_archived=True)
    assert not done.is_clean
    assert verdict(done).startswith(
        "a restart now would archive this memory, which is another account's, and start fresh"
    )


def test_an_unreadable_file_is_called_so() -> None:
    """What stood on file is not guessed."""
    desk = Desk()
    desk.store.disk["AAPL"] = Unreadable("damaged", None)
    done = rehearsed(desk)
    assert table(done)[1][1] == "unreadable file"
    assert as_data(done)["symbols"]["AAPL"]["before"] is None


def test_a_broker_that_does_not_answer_the_look_up_is_no_unknown_order() -> None:
    """A look-up without an answer says so; the rehearsal goes on."""
    desk = Desk(a_state(0, a_record("intent")))
    look_up = desk.broker.order_by_client_id

    async def silent(name: str) -> None:
        await look_up(name)
        raise UNREACHABLE

    desk.broker.order_by_client_id = silent  # type: ignore[method-assign]
    assert table(rehearsed(desk), "Open orders")[1][4] == f"no answer: {UNREACHABLE}"


def test_without_a_broker_there_is_no_rehearsal() -> None:
    """A start that could not begin is not shown as one that went well."""
    desk = Desk()
    desk.broker.reads_failing = UNREACHABLE
    with pytest.raises(Recoverable):
        rehearsed(desk)
