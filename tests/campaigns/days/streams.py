"""The streams of one process: updates may be dropped, doubled, late or out of order, and sockets go away."""

from collections.abc import Callable, Iterable
from contextvars import Context
from typing import Any

from campaigns.days.loop import Process, VirtualLoop
from campaigns.days.settings import Settings, dice
from holdfast.domain.bar import Bar
from holdfast.domain.order import OrderView

CONNECT_S = 0.4


class VirtualStream:
    """One websocket: `publish` sends to it; what arrives is handed to the process in its own context."""

    def __init__(self, hub: "Hub", process: Process, context: Context) -> None:
        self._hub = hub
        self._process = process
        self._context = context
        self._deliver: Callable[[Any], None] | None = None
        self._due = 0.0
        self._is_open = False
        self.is_live = False
        self.connections = 0

    def _open(self, deliver: Callable[[Any], None]) -> None:
        self._deliver = deliver
        self._is_open = True
        self._hub.loop.call_later(CONNECT_S, self.connect, context=self._context)

    def connect(self) -> None:
        """Let the subscription take effect, unless the other side is away."""
        if self._is_open and not self.is_live and not self._hub.is_away:
            self.is_live = True
            self.connections += 1

    def publish(self, item: object, delays_s: Iterable[float]) -> None:
        """Deliver `item` after each of the delays, in the order of sending where they do not say otherwise."""
        loop = self._hub.loop
        for delay in delays_s:
            due = max(self._due, loop.time() + delay) if delay < self._hub.orderly_s else loop.time() + delay
            if delay < self._hub.orderly_s:
                self._due = due
            loop.call_at(due, self._arrive, item, context=self._context)

    def _arrive(self, item: object) -> None:
        if self._is_open and self._deliver is not None:
            self._hub.on_delivery(self._process, item)
            self._deliver(item)

    async def stop(self) -> None:
        """End."""
        self._is_open = self.is_live = False


class BarSocket(VirtualStream):
    """The BarStream port."""

    def start(self, symbols: Iterable[str], on_bar: Callable[[Bar], None]) -> None:
        """Connect in the background."""
        wanted = frozenset(symbols)
        self._open(lambda bar: on_bar(bar) if bar.symbol in wanted else None)


class OrderSocket(VirtualStream):
    """The OrderStream port."""

    def start(self, on_update: Callable[[OrderView], None]) -> None:
        """Connect in the background."""
        self._open(on_update)


class Hub:
    """The other side of one kind of stream: who listens, what is lost on the way, when it is away."""

    orderly_s = 1.0

    def __init__(
        self,
        loop: VirtualLoop,
        settings: Settings,
        kind: tuple[str, str],
        note: Callable[[str], None],
    ) -> None:
        """`kind` names the stream and the class of its faults."""
        self.loop = loop
        self._name, fault = kind
        self._random = dice(settings.seed, f"stream/{self._name}")
        self._note = note
        self._chance = settings.chance(fault, 0.04)
        self.is_away = False
        self.is_calm = False
        self.sockets: list[VirtualStream] = []
        self.on_delivery: Callable[[Process, Any], None] = lambda _process, _item: None

    def publish(self, item: object) -> None:
        """Send to everybody who listens now."""
        for socket in self.sockets:
            if socket.is_live:
                socket.publish(item, self._delays())

    def _delays(self) -> Iterable[float]:
        random = self._random
        normal = 0.002 + random.random() * 0.15
        if self.is_calm or not self._chance or random.random() >= 4 * self._chance:
            return (normal,)
        fate = random.choice(("dropped", "doubled", "delayed", "reordered"))
        self._note(f"{self._name}_{fate}")
        if fate == "dropped":
            return ()
        if fate == "doubled":
            return (normal, normal + random.random() * 3)
        return (self.orderly_s + random.expovariate(1 / (20 if fate == "delayed" else 1.5)),)

    def leave(self) -> None:
        """Close every connection and take no new one."""
        self.is_away = True
        for socket in self.sockets:
            socket.is_live = False

    def come_back(self) -> None:
        """Let everybody connect again."""
        self.is_away = False
        for socket in self.sockets:
            socket.connect()
