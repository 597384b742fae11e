"""A state file in words: its fields in one table, two versions side by side, and what a save changed in a line."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holdfast.adapters.journal_lines import Version

Document = Mapping[str, Any]
Change = tuple[str, Any, Any]
Row = tuple[str, ...]
# They change with every save and say nothing about it.
BOOKKEEPING = ("checksum", "saved_at", "sequence", "schema_version", "is_in_position")
# A journal's line has its keys in the order of the alphabet; people look for these first.
_FIRST = ("position", "target", "status", "status_reason", "orders", "last_decision")
_ORDER = ("client_order_id", "role", "side", "quantity", "status", "filled_quantity", "filled_average_price", "reason")


def file_rows(document: Document) -> list[Row]:
    """Return every field but the orders, nested ones with a dot."""
    flat = _flat({key: value for key, value in document.items() if key != "orders"})
    return [(name, "" if value is None else str(value)) for name, value in flat.items()]


def order_rows(orders: Iterable[Document]) -> list[Row]:
    """Return one row per order."""
    return [tuple("" if order.get(name) is None else str(order[name]) for name in _ORDER) for order in orders]


def _flat(value: Any, name: str = "") -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the leaves of a document by path; an order's path holds its id."""
    if isinstance(value, Mapping):
        parts: Iterable[tuple[str, Any]] = ((f"{name}.{key}" if name else key, one) for key, one in value.items())
    elif isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        parts = ((f"{name}[{one.get('client_order_id', number)}]", one) for number, one in enumerate(value))
    else:
        return {name: value}
    return {path: leaf for part, one in parts for path, leaf in _flat(one, part).items()}


def differences(was: Document, now: Document) -> list[Change]:
    """Return what differs between two versions: path, what it was, what it is; absent is None."""
    old, new = _flat(was), _flat(now)
    paths = [path for path in (*new, *(path for path in old if path not in new)) if path not in BOOKKEEPING]
    found = [(path, old.get(path), new.get(path)) for path in sorted(paths, key=_rank)]
    return [change for change in found if change[1] != change[2]]


def _rank(path: str) -> int:
    name = path.partition("[")[0].partition(".")[0]
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def history_of(versions: "Iterable[Version]") -> Iterator[dict[str, Any]]:
    """Return one row per save: number, time, what changed (in words and as data) and why."""
    before: Document | None = None
    for version in versions:
        now = version.document or {**(before or {}), **version.changed}
        changes = differences(before, now) if before is not None else []
        yield {
            "sequence": version.sequence,
            "at": version.at,
            "what": _what(changes, now) if before is not None else "the journal begins",
            "why": _why(version.changed, before),
            "changes": [{"field": field, "was": old, "is": new} for field, old, new in changes],
        }
        before = now


def _what(changes: list[Change], now: Document) -> str:
    """Say in a line what changed: an order as a whole, other fields by their name."""
    said = dict.fromkeys(_said(change, now) for change in changes)
    return "; ".join(one for one in said if one) or "nothing but its number"


def _said(change: Change, now: Document) -> str:
    path, was, new = change
    if path.startswith("orders["):
        return _order(path, now)
    if path.startswith("last_decision."):
        return f"decided: {(now.get('last_decision') or {}).get('action')}"
    if path.startswith("last_correction."):
        return f"corrected {(now.get('last_correction') or {}).get('field')}"
    if path == "reconciled_at" or path.startswith("ledger."):
        return "reconciled"
    if path == "status_reason":
        return ""
    name = "position" if path == "position.quantity" else path.rpartition(".")[2]
    return f"{name} {_short(was)} -> {_short(new)}"


def _order(path: str, now: Document) -> str:
    name = path[len("orders[") :].partition("]")[0]
    order = next((one for one in now.get("orders", []) if one.get("client_order_id") == name), None)
    if order is None:
        return f"{name} dropped"
    filled = f" {order.get('filled_quantity')}" if order.get("filled_quantity") not in (None, "0") else ""
    return f"{name} {order.get('status')}{filled}"


def _short(value: object) -> str:
    return "none" if value is None else str(value)


def _why(changed: Mapping[str, Any], before: Document | None) -> str | None:
    """Return the reason that the save itself gives: of its correction, of its status, of its decision."""
    old = before or {}
    for name, reason in (("last_correction", "why"), ("status_reason", None), ("last_decision", "why")):
        value = changed.get(name)
        if value and value != old.get(name):
            return str(value[reason] if reason else value)
    return None
