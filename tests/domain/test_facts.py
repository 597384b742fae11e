"""Sorting a snapshot: whose orders, whose fills, and what a strange row may cost."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_fill, a_holding, a_snapshot, an_id, an_order_view
from holdfast.domain.broker_facts import BadRow, Rows
from holdfast.domain.facts import SortedSnapshot, is_ours, newest_views, sort_snapshot
from holdfast.domain.order import OrderView, Side

PAIR = "BTC/USD"


def by_hand(broker_order_id: str, symbol: str = "AAPL") -> OrderView:
    """Return an order that somebody else placed."""
    return replace(an_order_view(name="by-hand", symbol=symbol), broker_order_id=broker_order_id)


def test_rows_are_found_by_symbol_however_it_is_spelled() -> None:
    """BTCUSD's position, BTC/USD's order and BTC/USD's fill are facts about one asset."""
    snapshot = a_snapshot(
        an_order_view(symbol=PAIR),
        by_hand("somebody-else", PAIR),
        holdings=[a_holding(10, symbol="BTCUSD")],
        fills=[a_fill(1, symbol=PAIR)],
    )
    facts = sort_snapshot(snapshot, "main", []).of(PAIR)
    assert (len(facts.our_orders), facts.total, len(facts.activities)) == (1, 10, 1)
    assert sort_snapshot(snapshot, "main", []).symbols_of_our_orders == {PAIR}


def test_a_symbol_without_rows_has_empty_facts() -> None:
    """No row means no orders, no fills and a total of zero."""
    facts = sort_snapshot(a_snapshot(an_order_view()), "main", []).of("MSFT")
    assert (facts.our_orders, facts.total, facts.activities, facts.unreadable) == ((), 0, (), None)


@pytest.mark.parametrize(
    ("view", "ours"),
    [
        (an_order_view(), True),
        (an_order_view(symbol=PAIR), True),
        (replace(an_order_view(symbol=PAIR), symbol="BTCUSD"), True),
        (an_order_view(name="by-hand-7"), False),
        (an_order_view(name=an_id().replace("main", "other")), False),
        (an_order_view(name=an_id(symbol="MSFT")), False),
        (an_order_view(name=""), False),
    ],
)
def test_an_order_is_ours_by_its_id(view: OrderView, ours: bool) -> None:  # noqa: FBT001 - a table
    """Only an id of this very bot, made for this very asset, makes an order ours."""
    assert is_ours(view, "main") == ours
    facts = sort_snapshot(a_snapshot(view), "main", []).of(view.symbol.replace("BTCUSD", PAIR))
    assert (facts.our_orders == (view,)) == ours


def test_an_order_belongs_to_the_spelling_of_its_id() -> None:
    """A file under a pair's other spelling, left by a config that was wrong, never claims the pair's orders."""
    sorted_ = sort_snapshot(a_snapshot(replace(an_order_view(symbol=PAIR), symbol="BTCUSD")), "main", [])
    assert (len(sorted_.of(PAIR).our_orders), sorted_.of("BTCUSD").our_orders) == (1, ())
    assert sorted_.symbols_of_our_orders == {PAIR}


def test_fills_of_our_orders_are_not_foreign() -> None:
    """A fill is ours if its order is listed as ours or a file knows the order's broker id."""
    listed = an_order_view()
    fills = [a_fill(1, order=listed.broker_order_id), a_fill(2, order="on-file"), a_fill(3, order="by-hand")]
    facts = sort_snapshot(a_snapshot(listed, by_hand("by-hand"), fills=fills), "main", ["on-file"]).of("AAPL")
    assert [fill.quantity for fill in facts.activities] == [3]
    assert [fill.quantity for fill in facts.our_fills] == [1, 2]


def test_a_fill_of_an_unlisted_order_is_nobodys_yet() -> None:
    """An order of ours may fill before anything shows it: its fill is not somebody else's, and is not forgotten."""
    fill = a_fill(10, order="somebody-else")
    unlisted = replace(a_snapshot(fills=[fill]), unlisted=frozenset({"somebody-else"}))
    facts = sort_snapshot(unlisted, "main", []).of("AAPL")
    assert (facts.activities, facts.nobodys) == ((), (fill,))
    facts = sort_snapshot(unlisted, "main", ["somebody-else"]).of("AAPL")
    assert (facts.activities, facts.nobodys) == ((), ())


@pytest.mark.parametrize("list_", ["orders", "positions", "activities"])
def test_a_strange_row_costs_one_symbol(list_: str) -> None:
    """A row that cannot be parsed makes its symbol unreadable and leaves the others alone."""
    snapshot = replace(a_snapshot(), **{list_: Rows((), (BadRow("AAPL", "qty: 'ten' is no number"),))})
    sorted_ = sort_snapshot(snapshot, "main", [])
    assert sorted_.of("AAPL").unreadable == "qty: 'ten' is no number"
    assert sorted_.of("MSFT").unreadable is None


def test_a_nameless_row_makes_absence_prove_nothing() -> None:
    """Where a row does not even say its symbol, a symbol with a row is believed and one without is not."""
    positions = Rows((a_holding(10),), (BadRow(None, "symbol: missing"),))
    sorted_ = sort_snapshot(replace(a_snapshot(), positions=positions), "main", [])
    assert sorted_.of("AAPL").unreadable is None
    assert sorted_.of("MSFT").unreadable == "symbol: missing"


def test_an_order_that_says_neither_symbol_nor_id_may_be_anybodys() -> None:
    """Ours names its symbol by its id; an id that is not ours, as of an order of several legs, is nobody's business."""

    def sorted_with(client_order_id: str | None) -> SortedSnapshot:
        orders = Rows((), (BadRow(None, "symbol: missing", client_order_id),))
        return sort_snapshot(replace(a_snapshot(), orders=orders), "main", [])

    assert sorted_with(None).of("AAPL").nameless_order == "symbol: missing"
    ours = sorted_with(an_id())
    assert (ours.of("AAPL").unreadable, ours.of("MSFT").unreadable) == ("symbol: missing", None)
    assert {one.of("AAPL").nameless_order for one in (ours, sorted_with("by-hand"))} == {None}
    assert sorted_with("by-hand").of("AAPL").unreadable is None


def test_of_two_reads_the_one_that_saw_more_wins() -> None:
    """A fill seen in either read is kept; of equal views the later one counts."""
    new, part, done = an_order_view("new"), an_order_view("partially_filled", 4), an_order_view("filled")
    other = an_order_view("new", side=Side.SELL)
    assert newest_views([part], [new]) == (part,)
    assert newest_views([new], [done]) == (done,)
    assert newest_views([new], [an_order_view("canceled", 0)]) == (an_order_view("canceled", 0),)
    assert newest_views([new], [other]) == (new, other)


@given(st.lists(st.sampled_from([0, 2, 4, 10]), min_size=1, max_size=4))
def test_merging_never_loses_a_fill(quantities: list[int]) -> None:
    """However two reads are split, the merged view has the most that any of them saw."""
    views = [an_order_view("partially_filled", quantity) for quantity in quantities]
    for cut in range(len(views) + 1):
        merged = newest_views(newest_views([], views[:cut]), views[cut:])
        assert [view.filled_quantity for view in merged] == [max(quantities)]
