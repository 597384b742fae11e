"""What one seed decides before its day begins: length, symbols, policies, which faults, how many (a swarm)."""

import math
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from holdfast.engine.ports import Assumptions

CLASSES = (
    "crash", "power", "term", "freeze", "lost", "late", "gateway", "throttle", "untrue", "slow", "outage",
    "listing", "stale", "positions_lag", "activities_lag", "empty", "missing", "unparsable", "account",
    "updates", "stream_away", "bars", "bars_away", "disk", "files", "lock", "second",
    "hand_trade", "hand_cancel", "transfer", "split", "liquidate", "halt", "delist", "block",
    "clock", "partial", "frozen", "rejected", "stuck", "strategy", "nights", "shorts", "replace", "config",
)  # fmt: skip
SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE")
POLICIES = ("adopt", "adopt", "leave", "halt")
ALPACA = Assumptions(request_lifetime_s=150, listing_lag_s=40, position_lag_s=10)
# Short windows let a short day hold many unknown outcomes.
WINDOWS = (ALPACA, Assumptions(60, 15, 10), Assumptions(25, 10, 6), Assumptions(8, 4, 3))


def dice(seed: int, name: str) -> Random:
    """Return one concern's own stream of random numbers: the same on every machine."""
    return Random(f"{seed}/{name}")  # noqa: S311 - a simulation must repeat itself


@dataclass(frozen=True, slots=True)
class Symbol:
    """One configured symbol."""

    name: str
    quantity: Decimal
    policy: str
    may_short: bool
    is_fractionable: bool
    restlessness: float


@dataclass(frozen=True, slots=True)
class Settings:
    """One day. `faults` are the classes that are on, `intensity` multiplies how often they strike."""

    seed: int
    minutes: int
    nights: int
    symbols: tuple[Symbol, ...]
    faults: frozenset[str]
    intensity: float
    assumptions: Assumptions
    participation: Decimal | None
    reconcile_every_s: float
    cash: Decimal
    is_simulated: bool
    is_shuffled: bool

    def chance(self, fault: str, base: float) -> float:
        """Return how likely `fault` strikes at one occasion; zero while its class is off."""
        return min(0.5, base * self.intensity) if fault in self.faults else 0.0

    def count(self, fault: str, times: float, random: Random) -> int:
        """Draw how often `fault` happens, if it does so many `times` on a day like others."""
        if fault not in self.faults:
            return 0
        expected = times * self.intensity
        whole = int(expected)
        return whole + (random.random() < expected - whole)


def draw(seed: int, *, off: frozenset[str] = frozenset(), on: frozenset[str] | None = None) -> Settings:
    """Draw the day of a seed. `off` names classes that never strike, `on` the only ones that may."""
    random = dice(seed, "settings")
    share = random.choice((0.15, 0.35, 0.6, 0.9))
    faults = frozenset(name for name in CLASSES if random.random() < share)
    # Without deaths there is no recovery: they are seldom left out.
    faults |= {"crash"} if random.random() < 0.7 else set()
    faults = faults - off if on is None else (frozenset(CLASSES) & on) - off
    count = random.choice((1, 1, 1, 1, 1, 1, 2, 2, 3, 5) if random.random() < 0.5 else (1, 1, 2))
    return Settings(
        seed=seed,
        minutes=int(min(390, 8 * math.exp(random.expovariate(1 / 0.5)))),
        nights=random.choice((1, 1, 2)) if "nights" in faults else 0,
        symbols=tuple(_symbol(name, faults, random) for name in SYMBOLS[:count]),
        faults=faults,
        intensity=math.exp(random.uniform(math.log(0.3), math.log(6))),
        assumptions=random.choice(WINDOWS),
        participation=Decimal(random.choice(("0.002", "0.005", "0.02"))) if "partial" in faults else None,
        reconcile_every_s=random.choice((60.0, 120.0, 300.0)),
        cash=Decimal(random.choice((100_000, 100_000, 100_000, 1_500 * count))),
        is_simulated=random.random() < 0.5,
        is_shuffled=random.random() < 0.8,
    )


def _symbol(name: str, faults: frozenset[str], random: Random) -> Symbol:
    return Symbol(
        name=name,
        quantity=Decimal(random.choice((1, 5, 10, 10, 13))),
        policy=random.choice(POLICIES),
        may_short="shorts" in faults and random.random() < 0.5,
        is_fractionable=random.random() < 0.4,
        restlessness=random.choice((0.3, 0.6, 0.95)),
    )
