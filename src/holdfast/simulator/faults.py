"""Faults on command: a table of named kinds, and the list of those that wait to happen."""

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from loguru import logger

ORDERS = "/v2/orders"

KINDS: Mapping[str, str] = {
    "accept_no_answer": "the order is accepted and its POST is never answered",
    "lose_request": "the request never reaches the exchange and is never answered",
    "hold_fills": "orders are accepted but not filled until the faults are cleared",
    "answer_status": "the request is answered with `status` and has no effect",
    "data_406": "the data stream is refused: connection limit exceeded",
}
_POSTED_ORDERS = frozenset({"accept_no_answer", "lose_request", "hold_fills"})


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is about to happen, for faults to match: a request or a connection."""

    method: str
    path: str
    symbols: frozenset[str] = frozenset()


@dataclass(slots=True)
class Fault:
    """One ordered fault. `count` is how often it still happens, None for ever; `active_from` is market time."""

    kind: str
    method: str | None
    path: str | None
    symbol: str | None
    count: int | None
    active_from: datetime
    seed: int | None = None
    status: int = 500
    happened: int = field(default=0)

    def fits(self, occasion: Occasion) -> bool:
        """Whether the occasion is one of those it waits for."""
        return (
            (self.method is None or self.method == occasion.method)
            and (self.path is None or fnmatch.fnmatchcase(occasion.path, self.path))
            and (self.symbol is None or self.symbol in occasion.symbols)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as `GET /_sim/faults` shows it."""
        return {**asdict(self), "active_from": self.active_from.isoformat()}


class Faults:
    """The faults that wait; each is used up by what it happens to."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.waiting: list[Fault] = []

    def order(self, body: Mapping[str, Any]) -> Fault:
        """Add a fault from the body of `POST /_sim/faults`.

        Raises:
            ValueError: with what is wrong.
        """
        fault = _parse(body, self._clock())
        logger.info(f"fault ordered: {fault.as_dict()}")
        self.waiting.append(fault)
        return fault

    def take(self, kind: str, occasion: Occasion) -> Fault | None:
        """Return the fault of `kind` that happens now, counted; None if none does."""
        now = self._clock()
        for fault in self.waiting:
            if fault.kind == kind and fault.active_from <= now and fault.count != 0 and fault.fits(occasion):
                fault.happened += 1
                fault.count = None if fault.count is None else fault.count - 1
                logger.info(f"fault {kind} (seed {fault.seed}) happens to {occasion.method} {occasion.path}")
                return fault
        return None

    def clear(self) -> None:
        """Forget all of them."""
        self.waiting.clear()


def _parse(body: Mapping[str, Any], now: datetime) -> Fault:
    kind = str(body.get("kind"))
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    unknown = set(body) - {"kind", "match", "count", "after_s", "seed", "status"}
    match = body.get("match") or {}
    if unknown or not isinstance(match, dict) or set(match) - {"method", "path", "symbol"}:
        raise ValueError("a fault has kind, match {method, path, symbol}, count, after_s, seed, status")
    count = body.get("count")
    if count is not None and (not isinstance(count, int) or count < 1):
        raise ValueError("count must be a positive integer or null")
    posted = kind in _POSTED_ORDERS and "path" not in match
    return Fault(
        kind=kind,
        method=match.get("method") or ("POST" if posted else None),
        path=match.get("path") or (ORDERS if posted else None),
        symbol=match.get("symbol"),
        count=count,
        active_from=now + timedelta(seconds=float(body.get("after_s") or 0)),
        seed=body.get("seed"),
        status=int(body.get("status") or 500),
    )
