"""Reconciliation of one symbol as a pure function: (state, the broker's facts, policy) -> state, corrections, doubt.

Two truths are compared: the ledger (fills of our orders, then what others did) says why a position is what it is; the
bulk position read says what it is, but may lag. Only where both agree, or a second read confirms, is a file moved.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from holdfast.domain import events
from holdfast.domain.broker_facts import Activity, BrokerPosition, FillActivity
from holdfast.domain.decimals import plain
from holdfast.domain.external import (
    Policy,
    after_move,
    after_split,
    halt_reason,
    is_like_a_split,
    is_split,
    said_of,
    with_brokers_average,
)
from holdfast.domain.fee import FEE_WHY, less_fee
from holdfast.domain.order import OrderView
from holdfast.domain.position import ZERO, Position
from holdfast.domain.replay import History, replayed, seen
from holdfast.domain.state import Correction, Ledger, Status, SymbolState

REFRESH_AFTER = timedelta(days=1)
# Prices move between two reads of one snapshot; a holding that is still there shows with most of its value.
_STILL_THERE = Decimal("0.5")
_NOBODYS_FILL = "the broker reports a fill of an order that it does not show: waiting until it does"


@dataclass(frozen=True, slots=True)
class PositionRead:
    """What a position read said, and the ids of what others had done by then, as the activities told it.

    Two of them agree only if both are the same: the later one may lag behind a trade of a moment ago, and a list that
    lacks a row leaves unexplained what was explained before.
    """

    total: Decimal
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SymbolFacts:
    """The broker's truth about one symbol.

    `activities` are what others did, `our_fills` tell when our orders filled, `nobodys` are fills of which nothing
    tells yet who ordered them. `unreadable` says why a row of it could not be parsed, if one could not.
    `nameless_order` says so of an order that may be any symbol's. `unlisted_value` is the market value in USD that the
    account reports and no listed position shows; None where that cannot be told.
    """

    our_orders: tuple[OrderView, ...] = ()
    position: BrokerPosition | None = None
    activities: tuple[Activity, ...] = ()
    unreadable: str | None = None
    unlisted_value: Decimal | None = None
    nobodys: tuple[Activity, ...] = ()
    our_fills: tuple[FillActivity, ...] = ()
    nameless_order: str | None = None

    @property
    def total(self) -> Decimal:
        """The account's signed quantity of the symbol."""
        return self.position.quantity if self.position else ZERO

    @property
    def read(self) -> PositionRead:
        """The position read, to be compared with another one."""
        return PositionRead(self.total, frozenset(one.id for one in self.activities + self.nobodys))


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome: the state to save, what changed in it, and why the symbol is in doubt (None: it is not)."""

    state: SymbolState
    corrections: tuple[Correction, ...] = ()
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """What a state is compared with; `earlier` is a position read that is old enough to be confirmed by this one."""

    facts: SymbolFacts
    policy: Policy
    at: datetime
    earlier: PositionRead | None

    @property
    def total(self) -> Decimal:
        return self.facts.total

    @property
    def is_confirmed(self) -> bool:
        return self.earlier == self.facts.read


def reconcile(
    state: SymbolState,
    facts: SymbolFacts,
    policy: Policy,
    *,
    at: datetime,
    earlier: PositionRead | None = None,
) -> Reconciliation:
    """Compare one symbol's state with the broker's truth and correct the state.

    `earlier` is a position read that is old enough, with no fill since: one that equals it is believed although nothing
    explains it. Applying the function to its own outcome changes nothing (I8).
    """
    if facts.unreadable:
        doubt = f"the broker's answer about {state.symbol} is unreadable: {facts.unreadable}"
        return Reconciliation(state, doubt=doubt)
    if facts.nameless_order and is_new(state):
        # Its own orders are on no file, and it may be the one that cannot be read.
        doubt = f"an order in the broker's answer is unreadable, and may be of {state.symbol}: {facts.nameless_order}"
        return Reconciliation(state, doubt=doubt)
    case = _Case(facts, policy, at, earlier)
    if _news(state, facts.nobodys):
        if not case.is_confirmed:
            return Reconciliation(state, doubt=_NOBODYS_FILL)
        # For longer than a list may lag nobody has shown the order: it cannot be ours.
        case = replace(case, facts=replace(facts, activities=facts.activities + facts.nobodys, nobodys=()))
    return _stamped(state, (_begun if is_new(state) else _continued)(state, case), at)


def is_new(state: SymbolState) -> bool:
    """Whether the file knows nothing yet: it is built from the broker's history, with no memory to continue from."""
    return state.reconciled_at is None and not state.orders and state.ledger == Ledger()


def _begun(state: SymbolState, case: _Case) -> Reconciliation:
    """Build a state from the history: what is ours by our own orders, less what others took of it.

    What was held before our first order is the opening balance; the policy says at the end what is managed.
    """
    activities = case.facts.activities
    ours = sorted(case.facts.our_orders, key=lambda view: view.submitted_at)
    begun = ours[0].submitted_at if ours else case.at
    opening = sum((one.change for one in activities if one.time < begun), ZERO)
    others = [one for one in activities if one.time >= begun]
    opened = replace(state, position=replace(state.position, unmanaged_quantity=opening))
    ledger = replayed(opened, History(ours, others, case.facts.our_fills), case.policy)
    ledger = less_fee(ledger, case.total)
    if activities:
        ledger = ledger.apply(events.ActivitiesBooked(max(one.time for one in activities)))
    is_explained = case.total == ledger.position.total_quantity
    if not is_explained and not case.is_confirmed:
        # Nothing is kept of it: a list may have lacked a row, and the whole history is read again.
        return Reconciliation(state, doubt=_second_read(ledger, case))
    if is_explained and not opening and not others:
        return Reconciliation(ledger)
    outcome = _moved(Reconciliation(state), after_move(ledger, case.total, case.policy), case, "the account's history")
    return _halted_by_policy(outcome, case)


def _continued(state: SymbolState, case: _Case) -> Reconciliation:
    """Bring a state up to date: first our own fills, then what others did, if the position read agrees."""
    ours, others = news_of_ours(state, case.facts.our_orders), _news(state, case.facts.activities)
    outcome = _book(state, ours, case.at)
    booked = outcome.state
    if not others and case.total == booked.position.total_quantity:
        return outcome
    awaited = _awaited(booked, case.facts)
    if awaited:
        # The difference may be this very order, filled and not listed yet: booking it twice would follow.
        return replace(outcome, doubt=f"the positions differ and the broker's word on {awaited[0]} is awaited")
    history = History(ours, others, case.facts.our_fills)
    ledger = less_fee(replayed(state, history, case.policy), case.total)
    if ledger.position.total_quantity == case.total:
        if not others:
            return _moved(outcome, ledger, case, FEE_WHY)
        if not all(map(is_split, others)):
            ledger = after_move(ledger, case.total, case.policy)
        ledger = ledger.apply(events.ActivitiesBooked(others[-1].time))
        return _halted_by_policy(_moved(outcome, ledger, case, said_of(others)), case)
    # An earlier read confirms nothing when a fill came in between.
    return _unexplained(outcome, case, is_confirmed=case.is_confirmed and booked.position == state.position)


def _awaited(state: SymbolState, facts: SymbolFacts) -> list[str]:
    """Return the ids of the orders that may have filled without a word in these facts."""
    shown = {view.client_order_id for view in facts.our_orders}
    return [order.client_order_id for order in state.unsettled if order.client_order_id not in shown]


def _unexplained(outcome: Reconciliation, case: _Case, *, is_confirmed: bool) -> Reconciliation:
    """Believe a position read that no ledger explains when a second one agrees and nothing contradicts it."""
    booked = outcome.state
    if not is_confirmed:
        return replace(outcome, doubt=_second_read(booked, case))
    if _is_still_there(booked, case):
        why = "the positions do not show what the account's market value says is still there"
        return replace(outcome, doubt=f"{why}: waiting until they agree")
    if is_like_a_split(booked.position, case.facts.position):
        moved, why = after_split(booked, case.total), "the same cost in another count: a split"
    else:
        moved, why = after_move(booked, case.total, case.policy), "two position reads agree and nothing explains it"
    if case.facts.activities:
        # By the broker's clock, since ours may be wrong: one that is listed later is doubted once more, and dropped.
        moved = moved.apply(events.ActivitiesBooked(max(one.time for one in case.facts.activities)))
    return _halted_by_policy(_moved(outcome, moved, case, why), case)


def news_of_ours(state: SymbolState, views: Sequence[OrderView]) -> list[OrderView]:
    """Return the orders of ours that the file lists or has never heard of, oldest first."""
    through = state.ledger.orders_through
    news = [
        view
        for view in views
        if state.order(view.client_order_id) is not None or through is None or view.submitted_at > through
    ]
    return sorted(news, key=lambda view: view.submitted_at)


def _news(state: SymbolState, activities: Sequence[Activity]) -> list[Activity]:
    """Return what is not in the position yet, oldest first."""
    through = state.ledger.activities_through
    news = [one for one in activities if through is None or one.time > through]
    return sorted(news, key=lambda one: one.time)


def _book(state: SymbolState, ours: Sequence[OrderView], at: datetime) -> Reconciliation:
    corrections: list[Correction] = []
    for view in ours:
        after = seen(state, view)
        corrections += _booking_corrections(state, after, view, at)
        state = after
    return Reconciliation(state, tuple(corrections))


def _booking_corrections(before: SymbolState, after: SymbolState, view: OrderView, at: datetime) -> list[Correction]:
    name = view.client_order_id
    beyond = traded_beyond(before, after, name, at)
    if before.position.quantity != after.position.quantity:
        why = f"our order {name} filled {plain(view.filled_quantity)} that the file had not booked"
        return [_quantity_correction(before.position, after.position, why, at), *beyond]
    if beyond:
        return beyond
    if before.order(name) is None:
        why = "an order of ours that the file had lost"
        return [Correction(at, "orders", "unknown", f"{name} {view.status.value}", why)]
    return []


def traded_beyond(before: SymbolState, after: SymbolState, name: str, at: datetime) -> list[Correction]:
    """Say that a fill of the order `name` has taken unmanaged shares, if it has: others moved shares meanwhile."""
    was, now = before.position.unmanaged_quantity, after.position.unmanaged_quantity
    why = f"our order {name} filled more than was managed"
    return [Correction(at, "position.unmanaged_quantity", plain(was), plain(now), why)] if was != now else []


def _quantity_correction(before: Position, after: Position, why: str, at: datetime) -> Correction:
    return Correction(at, "position.quantity", plain(before.quantity), plain(after.quantity), why)


def _second_read(state: SymbolState, case: _Case) -> str:
    held, known = plain(case.total), plain(state.position.total_quantity)
    if held == known:
        return f"the broker holds {held}, and what others did is not in it yet: waiting for a second position read"
    return f"the broker holds {held}, the file explains {known}: waiting for a second position read"


def _is_still_there(state: SymbolState, case: _Case) -> bool:
    """Whether the account's market value has room for what the positions do not show any more."""
    known, unlisted, holding = state.position.total_quantity, case.facts.unlisted_value, case.facts.position
    missing = abs(known) - abs(case.total) if known * case.total >= 0 else abs(known)
    price = holding.current_price if holding else state.position.average_entry_price
    if unlisted is None or missing <= 0 or not price:
        return False
    return unlisted >= missing * price * _STILL_THERE


def _moved(outcome: Reconciliation, after: SymbolState, case: _Case, why: str) -> Reconciliation:
    """Return the outcome with the position that others moved, told in words."""
    after = with_brokers_average(outcome.state, after, case.facts.position)
    was, now = outcome.state.position, after.position
    corrections = [*outcome.corrections]
    if now.quantity != was.quantity:
        corrections.append(_quantity_correction(was, now, why, case.at))
    if now.unmanaged_quantity != was.unmanaged_quantity:
        change = plain(was.unmanaged_quantity), plain(now.unmanaged_quantity)
        corrections.append(Correction(case.at, "position.unmanaged_quantity", *change, why))
    return Reconciliation(after, tuple(corrections))


def _halted_by_policy(outcome: Reconciliation, case: _Case) -> Reconciliation:
    reason = halt_reason(outcome.state.symbol, case.total, case.policy)
    if reason is None:
        return outcome
    return replace(outcome, state=outcome.state.apply(events.StatusSet(Status.HALTED, reason)))


def _stamped(before: SymbolState, outcome: Reconciliation, at: datetime) -> Reconciliation:
    """Note the corrections and move `reconciled_at`, but only when there is something to write (I8)."""
    state = outcome.state
    if outcome.corrections:
        state = state.apply(outcome.corrections[-1].noted)
    if outcome.doubt is None and (state != before or _is_due(state, at)):
        state = state.apply(events.Reconciled(at))
    return replace(outcome, state=state)


def _is_due(state: SymbolState, at: datetime) -> bool:
    return state.reconciled_at is None or at - state.reconciled_at > REFRESH_AFTER
