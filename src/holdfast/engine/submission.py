"""Sending one order, once: the send guard, the POST, and what its answer means (DESIGN part 5, FAULTS part 1)."""

from loguru import logger

from holdfast.domain import events
from holdfast.domain.errors import DuplicateOrder, OutcomeUnknown, Recoverable, Rejected
from holdfast.domain.order import Intent, OrderRecord, OrderStatus, OrderView, Role
from holdfast.domain.state import SymbolState
from holdfast.domain.symbols import asset_key
from holdfast.engine.approval import SavedIntent
from holdfast.engine.memory import StateStore
from holdfast.engine.ports import Broker


class IdCollisionError(Exception):
    """The broker holds an order under our id that is not the one we meant."""


async def send(intent: Intent, account_id: str, store: StateStore, broker: Broker) -> events.Event | None:
    """Send a saved intent and return what is known then; None while the outcome is unknown.

    Raises:
        IdCollisionError: the id is taken by a different order; the symbol must halt.
    """
    saved = await _guard(intent, account_id, store)
    if isinstance(saved, str):
        logger.warning("{}: {} was not sent: {}", intent.symbol, intent.client_order_id, saved)
        return events.OrderProvedAbsent(intent.client_order_id)
    try:
        view = await broker.submit(saved)
    except DuplicateOrder:
        return await _adopt(intent, broker)
    except Rejected as refusal:
        return events.OrderRefused(intent.client_order_id, refusal.reason)
    except OutcomeUnknown as error:
        logger.warning("{}: no clear answer to {}: {}; looking it up", intent.symbol, intent.client_order_id, error)
        return None
    return events.OrderSeen(view, intent.role)


async def _guard(intent: Intent, account_id: str, store: StateStore) -> SavedIntent | str:
    """The last code before the wire: believe nothing but the bytes on the disk."""
    trouble = store.trouble()
    if trouble:
        return trouble
    stopped = store.entries_stopped() if intent.role is Role.ENTRY else None
    if stopped:
        return stopped
    on_disk = await store.load(intent.symbol)
    record = on_disk.order(intent.client_order_id) if isinstance(on_disk, SymbolState) else None
    if not isinstance(on_disk, SymbolState) or record is None or record.status is not OrderStatus.INTENT:
        return "its intent is not in the state file"
    if on_disk.account_id != account_id:
        return "the state file belongs to another account"
    return SavedIntent(intent)


async def _adopt(intent: Intent, broker: Broker) -> events.Event | None:
    """The id is taken: good news, the order exists. It is ours if it says what we meant to say."""
    try:
        view = await broker.order_by_client_id(intent.client_order_id)
    except (Recoverable, Rejected):
        return None
    if view is None:
        return None
    if not says_the_same(view, intent.symbol, intent):
        raise IdCollisionError(f"the broker holds another order under {intent.client_order_id}")
    return events.OrderSeen(view, intent.role)


def says_the_same(view: OrderView, symbol: str, meant: Intent | OrderRecord) -> bool:
    """Whether the broker's order is the one that we meant to send."""
    is_same_asset = asset_key(view.symbol) == asset_key(symbol)
    return is_same_asset and (view.side, view.quantity) == (meant.side, meant.quantity)
