"""Planted bugs around the broker's truth: what is read of it, and what is made of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from campaigns.days.wire import WireBroker
from campaigns.planted.hands import StrangeRow
from holdfast.domain.broker_facts import Activity, BrokerPosition, Rows, Snapshot
from holdfast.domain.errors import Recoverable
from holdfast.domain.external import Policy, after_activity
from holdfast.domain.facts import SortedSnapshot, sort_snapshot
from holdfast.domain.order import OrderView
from holdfast.domain.reconcile import PositionRead, Reconciliation, SymbolFacts, reconcile
from holdfast.domain.replay import History, seen
from holdfast.domain.state import SymbolState
from holdfast.engine.reconciler import Loaded, Reconciler

PAGE = 4


class FirstPageOnly(WireBroker):
    """Reads the first page of every list, and no other."""

    async def orders(self, *, after: datetime | None, open_only: bool = False) -> Rows[OrderView]:
        """Read the orders."""
        found = await super().orders(after=after, open_only=open_only)
        return Rows(found.good[:PAGE], found.bad)

    async def activities(self, after: datetime) -> Rows[Activity]:
        """Read the activities."""
        found = await super().activities(after)
        return Rows(found.good[:PAGE], found.bad)


class SinksTheList(StrangeRow):
    """Fails as a whole when one row cannot be read."""

    async def positions(self) -> Rows[BrokerPosition]:
        """Read every position."""
        found = await super().positions()
        raise Recoverable(f"the list of positions is unreadable: {found.bad[0].why}")


class DropsOpenOrders(Reconciler):
    """Forgets at the start what was working, as a bot that keeps positions alone."""

    async def _load_all(self, *parts: Any) -> tuple[dict[str, Loaded], dict[str, str]]:  # noqa: ANN401 - passed on
        loaded, failed = await super()._load_all(*parts)
        for symbol, state in loaded.items():
            if isinstance(state, SymbolState):
                loaded[symbol] = replace(state, orders=())
        return loaded, failed


def without_orders(snapshot: Snapshot, bot: str, known: Sequence[str]) -> SortedSnapshot:
    """Sort a snapshot and overlook our own orders."""
    return replace(sort_snapshot(snapshot, bot, known), ours={})


def empty_is_true(
    state: SymbolState, facts: SymbolFacts, policy: Policy, *, at: datetime, earlier: PositionRead | None = None
) -> Reconciliation:
    """Reconcile, and believe at once that nothing is held any more."""
    seen = facts.read if facts.position is None else earlier
    return reconcile(state, facts, policy, at=at, earlier=seen)


def without_others(
    state: SymbolState, facts: SymbolFacts, policy: Policy, *, at: datetime, earlier: PositionRead | None = None
) -> Reconciliation:
    """Reconcile as if nobody else ever traded in the account."""
    blind = replace(facts, activities=())
    ours = reconcile(state, blind, policy, at=at, earlier=earlier and replace(earlier, others=blind.read.others))
    return ours if not ours.doubt else replace(ours, doubt=None)


def all_orders(state: SymbolState, views: Sequence[OrderView]) -> list[OrderView]:
    """Return every order that the broker lists, booked and dropped long ago or not."""
    del state
    return sorted(views, key=lambda view: view.submitted_at)


def others_last(state: SymbolState, history: History, policy: Policy) -> SymbolState:
    """Return the state after our own orders, and then what others did."""
    for view in history.ours:
        state = seen(state, view)
    for one in history.others:
        state = after_activity(state, one, policy)
    return state


def never(*_parts: object) -> None:
    """Find nothing to say against an order."""
