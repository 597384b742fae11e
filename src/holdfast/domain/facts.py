"""Sorting a broker snapshot by symbol: which orders are ours, which changes of a holding are somebody else's."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from holdfast.domain.broker_facts import Activity, BadRow, BrokerPosition, FillActivity, HoldingMoved, Snapshot
from holdfast.domain.order import OrderView
from holdfast.domain.order_id import parse_order_id
from holdfast.domain.reconcile import SymbolFacts
from holdfast.domain.symbols import asset_key

Row = TypeVar("Row", OrderView, Activity, FillActivity)
# Posted hours after the position shows it: the difference itself says it sooner.
_FEE_IN_THE_ASSET = "CFEE"


@dataclass(frozen=True, slots=True)
class SortedSnapshot:
    """A snapshot by symbol. Facts are asked for with `of`.

    Our orders are keyed by the symbol in their id, spelled as config spells it; all else by `asset_key`.
    """

    ours: Mapping[str, tuple[OrderView, ...]]
    holdings: Mapping[str, BrokerPosition]
    foreign: Mapping[str, tuple[Activity, ...]]
    nobodys: Mapping[str, tuple[Activity, ...]]
    our_fills: Mapping[str, tuple[FillActivity, ...]]
    unreadable: Mapping[str, str]
    nameless: str | None
    nameless_order: str | None
    unlisted_value: Decimal | None

    def of(self, symbol: str) -> SymbolFacts:
        """Return the facts about `symbol`, whichever way the broker spells it."""
        key = asset_key(symbol)
        holding = self.holdings.get(key)
        # A row that does not even say its symbol could be this one's: its absence then proves nothing.
        unreadable = self.unreadable.get(key) or (self.nameless if holding is None else None)
        others, nobodys = self.foreign.get(key, ()), self.nobodys.get(key, ())
        return SymbolFacts(
            our_orders=self.ours.get(symbol, ()),
            position=holding,
            activities=others,
            unreadable=unreadable,
            unlisted_value=self.unlisted_value,
            nobodys=nobodys,
            our_fills=self.our_fills.get(key, ()),
            nameless_order=self.nameless_order,
        )

    @property
    def symbols_of_our_orders(self) -> frozenset[str]:
        """The symbols in which the bot ever traded, as far back as the snapshot reaches."""
        return frozenset(self.ours)


def sort_snapshot(snapshot: Snapshot, bot: str, known_broker_ids: Iterable[str]) -> SortedSnapshot:
    """Sort the rows by symbol. An order is ours by its id, a fill by its order."""
    ours = [view for view in snapshot.orders.good if is_ours(view, bot)]
    our_ids = {view.broker_order_id for view in ours} | set(known_broker_ids)
    # A fill whose order nothing shows yet may be of an order of ours.
    nobodys_ids = snapshot.unlisted - our_ids
    foreign = [one for one in snapshot.activities.good if _is_foreign(one, our_ids | nobodys_ids)]
    our_fills = [one for one in snapshot.activities.good if isinstance(one, FillActivity) and _order_of(one) in our_ids]
    nobodys = [one for one in snapshot.activities.good if _order_of(one) in nobodys_ids]
    return SortedSnapshot(
        ours=_grouped(ours, _symbol_of_id),
        holdings={asset_key(position.symbol): position for position in snapshot.positions.good},
        foreign=_grouped(foreign, lambda one: asset_key(one.symbol)),
        nobodys=_grouped(nobodys, lambda one: asset_key(one.symbol)),
        our_fills=_grouped(our_fills, lambda one: asset_key(one.symbol)),
        nameless=next((row.why for row in snapshot.positions.bad if row.symbol is None), None),
        nameless_order=next((row.why for row in snapshot.orders.bad if _is_nameless(row)), None),
        unreadable=_unreadable([*snapshot.orders.bad, *snapshot.positions.bad, *snapshot.activities.bad]),
        unlisted_value=_unlisted_value(snapshot),
    )


def _is_foreign(activity: Activity, ours_or_nobodys: Collection[str]) -> bool:
    if isinstance(activity, HoldingMoved):
        return activity.kind != _FEE_IN_THE_ASSET
    return activity.broker_order_id not in ours_or_nobodys


def _order_of(activity: Activity) -> str | None:
    return None if isinstance(activity, HoldingMoved) else activity.broker_order_id


def _unlisted_value(snapshot: Snapshot) -> Decimal | None:
    """Return the account's market value in USD that no listed position shows; None where a position hides its own."""
    values = [position.market_value for position in snapshot.positions.good]
    listed = [abs(value) for value in values if value is not None]
    if snapshot.positions.bad or len(listed) < len(values):
        return None
    account = snapshot.account
    return account.long_market_value + abs(account.short_market_value) - sum(listed, Decimal(0))


def is_ours(view: OrderView, bot: str) -> bool:
    """Whether the order carries an id of this bot, made for this very asset."""
    parts = parse_order_id(view.client_order_id)
    return parts is not None and parts.bot == bot and asset_key(parts.symbol) == asset_key(view.symbol)


def newest_views(first: Iterable[OrderView], second: Iterable[OrderView]) -> tuple[OrderView, ...]:
    """Merge two reads of the order list; of two views of one order the one that saw more wins."""
    found = {view.broker_order_id: view for view in first}
    for view in second:
        known = found.get(view.broker_order_id)
        if known is None or view.filled_quantity >= known.filled_quantity:
            found[view.broker_order_id] = view
    return tuple(found.values())


def _symbol_of_id(view: OrderView) -> str:
    parts = parse_order_id(view.client_order_id)
    return parts.symbol if parts else view.symbol


def _grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> dict[str, tuple[Row, ...]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return {name: tuple(group) for name, group in groups.items()}


def _unreadable(bad: Iterable[BadRow]) -> dict[str, str]:
    named = [(_symbol_of_bad(row), row.why) for row in bad]
    return {asset_key(symbol): why for symbol, why in named if symbol}


def _symbol_of_bad(row: BadRow) -> str | None:
    """Return the symbol of a row that could not be parsed: its own, or the one that our order's id names."""
    parts = parse_order_id(row.client_order_id or "")
    return row.symbol or (parts.symbol if parts else None)


def _is_nameless(row: BadRow) -> bool:
    """Whether an order that could not be parsed may be any symbol's of ours: neither symbol nor id say otherwise."""
    return _symbol_of_bad(row) is None and row.client_order_id is None
