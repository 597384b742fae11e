"""What happens to messages on their way into the streams: order updates and bars."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from holdfast.domain.bar import Bar
from holdfast.simulator.faults.fault import Fault, Occasion
from holdfast.simulator.faults.faults import Faults
from holdfast.simulator.faults.kinds import Place
from holdfast.simulator.faults.under_way import UnderWay

Message = dict[str, Any]
Send = Callable[[Message], None]
_ZERO = Decimal(0)
_WRONG_BY = Decimal("1.01")


class UpdateFaults:
    """Passes order updates on to `send`, or does to them what the faults say."""

    def __init__(self, faults: Faults, under_way: UnderWay) -> None:
        self._faults = faults
        self._under_way = under_way
        self._held: list[Callable[[], None]] = []

    def pass_on(self, message: Message, send: Send) -> None:
        """Send one update, or what becomes of it."""
        order = message["data"]["order"]
        what = Occasion(message["data"]["event"], order["client_order_id"], frozenset({order["symbol"]}))
        fault = self._faults.take(Place.UPDATE, what)
        waiting, self._held = self._held, []
        if fault is None:
            send(message)
        else:
            UPDATES[fault.kind](self, fault, message, send)
        for release in waiting:
            release()

    def drop(self, _fault: Fault, _message: Message, _send: Send) -> None:
        """Send nothing."""

    def duplicate(self, _fault: Fault, message: Message, send: Send) -> None:
        """Send it twice."""
        send(message)
        send(message)

    def delay(self, fault: Fault, message: Message, send: Send) -> None:
        """Send it later; what comes after it overtakes it."""
        self._under_way.later(fault.options["delay_s"], lambda: send(message))

    def swap(self, fault: Fault, message: Message, send: Send) -> None:
        """Send it after the next one, or when its time is up."""
        is_sent = False

        def release() -> None:
            nonlocal is_sent
            if not is_sent:
                is_sent = True
                call_off()
                send(message)

        call_off = self._under_way.later(fault.options["delay_s"], release)
        self._held.append(release)

    def null(self, _fault: Fault, message: Message, send: Send) -> None:
        """Say nothing at all, in many words."""
        send({**message, "data": None})

    def strange_status(self, _fault: Fault, message: Message, send: Send) -> None:
        """Give the order a status that nobody knows."""
        data = message["data"]
        send({**message, "data": {**data, "order": {**data["order"], "status": "xunknown"}}})

    def strange_event(self, _fault: Fault, message: Message, send: Send) -> None:
        """Call it an event that nobody knows."""
        send({**message, "data": {**message["data"], "event": "xunknown"}})


UPDATES: Mapping[str, Callable[[UpdateFaults, Fault, Message, Send], None]] = {
    "drop_update": UpdateFaults.drop,
    "duplicate_update": UpdateFaults.duplicate,
    "delay_update": UpdateFaults.delay,
    "swap_updates": UpdateFaults.swap,
    "null_update": UpdateFaults.null,
    "unknown_status": UpdateFaults.strange_status,
    "unknown_event": UpdateFaults.strange_event,
}


@dataclass(slots=True)
class News:
    """What the data streams are told at one instant: bars, and corrections of earlier ones."""

    bars: list[Bar] = field(default_factory=list)
    corrections: list[Bar] = field(default_factory=list)


class BarFaults:
    """Turns the bars of an instant into what the streams are told, or into what the faults make of it."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._late = News()

    def news(self, bars: list[Bar]) -> News:
        """Return what is sent at this instant."""
        news, self._late = self._late, News()
        if not self._faults.has(Place.BAR):
            news.bars.extend(bars)
            return news
        for bar in bars:
            fault = self._faults.take(Place.BAR, Occasion("bar", bar.time.isoformat(), frozenset({bar.symbol})))
            sent = (bar,) if fault is None else BARS[fault.kind](bar, self._late)
            news.bars.extend(sent)
        return news


def _no_bar(_bar: Bar, _late: News) -> tuple[Bar, ...]:
    return ()


def _two_bars(bar: Bar, _late: News) -> tuple[Bar, ...]:
    return (bar, bar)


def _late_bar(bar: Bar, late: News) -> tuple[Bar, ...]:
    late.bars.append(bar)
    return ()


def _zero_bar(bar: Bar, _late: News) -> tuple[Bar, ...]:
    return (replace(bar, open=_ZERO, high=_ZERO, low=_ZERO, close=_ZERO),)


def _wrong_bar(bar: Bar, late: News) -> tuple[Bar, ...]:
    late.corrections.append(bar)
    close = round(bar.close * _WRONG_BY, 2)
    return (replace(bar, close=close, high=max(bar.high, close)),)


BARS: Mapping[str, Callable[[Bar, News], tuple[Bar, ...]]] = {
    "drop_bar": _no_bar,
    "duplicate_bar": _two_bars,
    "delay_bar": _late_bar,
    "zero_bar": _zero_bar,
    "correct_bar": _wrong_bar,
    "silent_feed": _no_bar,
}
