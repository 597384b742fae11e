"""What becomes of a request: lost, late, answered for nobody, refused untruly. The world between bot and broker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from campaigns.days.loop import Process, VirtualLoop
from campaigns.days.settings import Settings, dice
from holdfast.domain.errors import HoldfastError, OutcomeUnknown, Recoverable, Rejected

DEADLINE_S = 10.0
Answer = TypeVar("Answer")
Serve = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Way:
    """The way of one request: when it arrives (None: never), and an error in place of its answer, after so long."""

    name: str
    arrives_s: float | None
    answer_s: float
    error: HoldfastError | None = None


class Network:
    """Carries requests. `on_arrival` is told of every request that reaches the broker."""

    def __init__(self, loop: VirtualLoop, settings: Settings, note: Callable[[str], None]) -> None:
        self.loop = loop
        self._random = dice(settings.seed, "network")
        self._note = note
        self._lifetime = settings.assumptions.request_lifetime_s
        self._chances = {
            "lost_read": settings.chance("lost", 0.01),
            "read_error": settings.chance("gateway", 0.01),
            "account": settings.chance("account", 0.05),
            "read_throttled": settings.chance("throttle", 0.008),
            "slow": settings.chance("slow", 0.03),
            "lost_request": settings.chance("lost", 0.03),
            "lost_answer": settings.chance("lost", 0.03),
            "late": settings.chance("late", 0.04),
            "gateway_accepted": settings.chance("gateway", 0.03),
            "gateway_before": settings.chance("gateway", 0.02),
            "throttled": settings.chance("throttle", 0.02),
            "unreadable": settings.chance("gateway", 0.03),
            "untrue_refusal": settings.chance("untrue", 0.05),
        }
        self.is_away = False
        self.is_calm = False

    def _hits(self, name: str) -> bool:
        chance = self._chances[name]
        if not chance or self.is_calm or self._random.random() >= chance:
            return False
        self._note(name)
        return True

    def _latency(self) -> float:
        return 0.005 + self._random.random() * 0.06

    def read_way(self, kind: str) -> Way:
        """Draw the way of a read."""
        up = self._latency()
        if self.is_away:
            return Way("outage", None, DEADLINE_S, Recoverable("no answer within 10 s"))
        if self._hits("lost_read") or (kind == "account" and self._hits("account")):
            return Way("lost", None, DEADLINE_S, Recoverable("no answer within 10 s"))
        if self._hits("read_error"):
            return Way("error", up, 2 * up, Recoverable("the broker answered 502"))
        if self._hits("read_throttled"):
            return Way("throttled", None, 2 * up, Recoverable("the broker answered 429"))
        slow = self._random.uniform(0.2, 4.5) if self._hits("slow") else 0.0
        return Way("fine", up + slow, 2 * (up + slow))

    def post_way(self) -> Way:
        """Draw the way of an order's POST."""
        up = self._latency()
        silence = OutcomeUnknown("no answer within 10 s")
        if self.is_away:
            arrives = up if self._random.random() < 0.3 else None
            return Way("outage", arrives, DEADLINE_S, silence)
        if self._hits("lost_request"):
            return Way("lost_request", None, DEADLINE_S, silence)
        if self._hits("late"):
            # The request may live on for so long after it has been given up.
            return Way("late", self._random.uniform(1, DEADLINE_S + self._lifetime), DEADLINE_S, silence)
        if self._hits("lost_answer"):
            return Way("lost_answer", up, DEADLINE_S, silence)
        return self._answered(up)

    def _answered(self, up: float) -> Way:
        slow = self._random.uniform(0.2, 4.5) if self._hits("slow") else 0.0
        up, answer = up + slow, 2 * (up + slow)
        if self._hits("gateway_accepted"):
            return Way("gateway_accepted", up, answer, OutcomeUnknown("the broker answered 504"))
        if self._hits("gateway_before"):
            return Way("gateway_before", None, answer, OutcomeUnknown("the broker answered 503"))
        if self._hits("throttled"):
            return Way("throttled", None, answer, OutcomeUnknown("the broker answered 429"))
        if self._hits("unreadable"):
            return Way("unreadable", up, answer, OutcomeUnknown("no readable answer"))
        if self._hits("untrue_refusal"):
            return Way("untrue_refusal", up, answer, Rejected("potential wash trade detected", status=403))
        return Way("fine", up, answer)

    def send(
        self,
        process: Process,
        way: Way,
        serve: Serve,
        on_arrival: Callable[[], object] = lambda: None,
        on_answer: Callable[[], object] = lambda: None,
    ) -> Any:  # noqa: ANN401 - a future of whatever `serve` returns
        """Send a request on its way; return the future of its answer."""
        sent = _Sent(self.loop, process, way, serve, on_arrival, on_answer)
        if way.arrives_s is not None:
            self.loop.outside(way.arrives_s, sent.arrive)
        if way.error is not None:
            self.loop.outside(way.answer_s, sent.answered, None, way.error)
        return sent.future


class _Sent:
    """One request under way."""

    __slots__ = ("_loop", "_on_answer", "_on_arrival", "_process", "_serve", "_way", "future")

    def __init__(
        self,
        loop: VirtualLoop,
        process: Process,
        way: Way,
        serve: Serve,
        on_arrival: Callable[[], object],
        on_answer: Callable[[], object],
    ) -> None:
        self.future = loop.create_future()
        self._loop = loop
        self._process = process
        self._way = way
        self._serve = serve
        self._on_arrival = on_arrival
        self._on_answer = on_answer

    def arrive(self) -> None:
        """Let the broker do what is asked, whether or not anybody hears of it."""
        answer, error = None, None
        try:
            answer = self._serve()
        except HoldfastError as refused:
            error = refused
        self._on_arrival()
        if self._way.error is None:
            self._loop.outside(self._way.answer_s - (self._way.arrives_s or 0), self.answered, answer, error)

    def answered(self, answer: Any, error: HoldfastError | None) -> None:  # noqa: ANN401 - whatever was asked for
        """Hand the answer to the process, if there still is one that waits."""
        if self._process.is_dead or self.future.done():
            return
        if error is not None:
            self.future.set_exception(error)
            return
        self._on_answer()
        if not self._process.is_dead:
            self.future.set_result(answer)
