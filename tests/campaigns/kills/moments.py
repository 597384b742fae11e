"""Names for the moment of a kill: what the disk said, what the broker knew, and what the bot was about to do.

The crash points are those of the reliability study, c1 (before the intent is saved) to c13 (during a rebuild); c5 and
c6, where the answer waits in the kernel or not yet, look the same from outside.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from campaigns.kills.calls import ON_DISK, Kind
from campaigns.kills.checks import OURS, SETTLED, WORKING, Seen
from campaigns.kills.scenarios import DELETE, Scenario
from campaigns.kills.tracer import POST, Stop, Traced

Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """One symbol at a kill.

    `sent` is the last request of this life that writes. `disk` and `staged` are the newest order in the version of the
    file that counts, and in the one that was just being written.
    """

    disk: str
    staged: str
    broker: str
    sent: str
    struck: Stop
    is_saving: bool
    is_rebuilt: bool

    @property
    def is_unread(self) -> bool:
        """Whether the bot was about to read the answer to its order."""
        return (self.struck.kind, self.struck.what) == (Kind.RECEIVE, POST)


Rule = Callable[[Moment], bool]
# The first that is true names the moment.
CRASH_POINTS: Mapping[str, Rule] = {
    "c13 during a rebuild": lambda m: m.is_rebuilt and m.is_saving,
    "c12 after the DELETE was sent": lambda m: m.sent == DELETE and m.disk == "acknowledged",
    "c2 inside the save of an intent": lambda m: (
        m.is_saving and m.broker == "nothing" and "intent" in (m.disk, m.staged)
    ),
    "c4 sent and not accepted": lambda m: m.disk == "intent" and m.broker == "nothing" and m.is_unread,
    "c3 saved and not sent": lambda m: m.disk == "intent" and m.broker == "nothing",
    "c5 accepted and the answer not read": lambda m: m.disk == "intent" and m.is_unread,
    "c7 answer read and not saved": lambda m: m.disk == "intent",
    "c8 partly filled and not saved": lambda m: m.disk == "acknowledged" and m.broker == "partly filled",
    "c10 inside the save that settles": lambda m: m.is_saving and m.staged == "settled" and m.disk == "acknowledged",
    "c9 ended and not settled": lambda m: m.disk == "acknowledged" and m.broker == "ended",
    "c11 settled and the next decision not taken": lambda m: m.disk == "settled" and m.sent == POST,
    "c1 before the intent is saved": lambda m: m.disk in ("idle", "settled"),
}


def moments(scenario: Scenario, traced: Traced, struck: Stop, now: Seen, *, is_recovery: bool) -> Iterator[str]:
    """Yield the coverage names of one kill."""
    yield f"scenario {scenario.name}"
    yield f"call {struck.kind}"
    if is_recovery:
        yield "killed again in the recovery"
    seen = {symbol: _moment(scenario, symbol, traced, struck, now) for symbol in scenario.closes}
    for moment in seen.values():
        yield f"row {moment.disk} on disk, {moment.broker} at the broker"
    about = next((symbol for symbol in seen if f"{symbol}.json" in struck.what), next(iter(seen)))
    name = next((name for name, rule in CRASH_POINTS.items() if rule(seen[about])), None)
    if name is not None:
        yield name


def _moment(scenario: Scenario, symbol: str, traced: Traced, struck: Stop, now: Seen) -> Moment:
    document = now.documents.get(symbol)
    newest = _newest(document)
    at_broker = next(
        (row for row in now.of(symbol) if newest and row["client_order_id"] == newest["client_order_id"]), None
    )
    unknown = newest is None and bool(now.of(symbol))
    return Moment(
        disk=_status(document) if document else "unreadable" if symbol in now.files else "missing",
        staged=_status(_staged(now, symbol)),
        broker="not on file" if unknown else _at_broker(at_broker),
        sent=next((stop.what for stop in reversed(traced.stops[:-1]) if stop.what in (POST, DELETE)), ""),
        struck=struck,
        is_saving=struck.kind in ON_DISK and (f"{symbol}.json" in struck.what or _is_folder(struck)),
        is_rebuilt=scenario.loses_memory,
    )


def _is_folder(struck: Stop) -> bool:
    """Whether the call makes the state folder's names durable: the last of a save."""
    return struck.kind is Kind.FSYNC and struck.what.endswith("/state")


def _staged(now: Seen, symbol: str) -> Mapping[str, Any]:
    try:
        document: Mapping[str, Any] = json.loads(now.staged.get(symbol, b"{}"))
    except ValueError:
        return {}
    return document


def _newest(document: Mapping[str, Any] | None) -> Order | None:
    orders: list[Order] = [] if document is None else document.get("orders", [])
    ours = [order for order in orders if order["client_order_id"].startswith(OURS)]
    return ours[-1] if ours else None


def _status(document: Mapping[str, Any] | None) -> str:
    """Return what a version of a file says of its newest order."""
    order = _newest(document)
    if order is None:
        return "idle"
    if order["status"] in SETTLED:
        return "settled"
    return "intent" if order["status"] in ("intent", "refused") else "acknowledged"


def _at_broker(order: Order | None) -> str:
    if order is None:
        return "nothing"
    if order["status"] in WORKING:
        return "partly filled" if Decimal(order["filled_qty"]) else "working"
    return "ended"
