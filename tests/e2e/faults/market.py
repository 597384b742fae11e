"""The recorded session on which faults strike: two mirrored price paths, so that one bar is an entry and an exit.

`RISING` symbols buy where `FALLING` ones sell. Struck pairs have twins, `CALM` and `REST`: same prices, no fault.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from e2e.harness import SESSION_OPEN, level, write_bars

QUANTITY = 10
MINUTES = 40
# Bars at which the signal turns; RISING begins below its level, FALLING above.
TURNS = (4, 12, 20, 28, 32)
STRIKE = 20
STRIKE_AGAIN = 28
RISING, FALLING = "IN", "OUT"
CALM, REST = "CALM", "REST"
# Traded by nobody but the owner: what happens to its order makes the market wait.
CLOCK = "CLOCK"
# Configured and never traded by the bot: a trade of the owner's in it makes the bot reconcile.
BELL = "BELL"


def closes(*, is_rising: bool) -> list[float]:
    """Return the closes of one path; no two of a side are the same, so that a trade's price names its bar."""
    found = []
    for minute in range(MINUTES):
        is_up = is_rising is (sum(turn <= minute for turn in TURNS) % 2 == 1)
        found.append(101 + minute / 100 if is_up else 99 - minute / 100)
    return found


def twin(symbol: str) -> str:
    """Return the untouched symbol with the same prices."""
    return CALM if symbol.startswith(RISING) or symbol == CALM else REST


def write_session(folder: Path, pairs: int) -> Path:
    """Write the bars of `pairs` struck pairs, of their twins and of the clock; return the folder."""
    rising = [CALM, *(f"{RISING}{number}" for number in range(pairs))]
    falling = [REST, *(f"{FALLING}{number}" for number in range(pairs))]
    for symbol in rising:
        write_bars(folder, symbol, closes(is_rising=True))
    for symbol in falling:
        write_bars(folder, symbol, closes(is_rising=False))
    write_bars(folder, BELL, [50.0] * MINUTES)
    return write_bars(folder, CLOCK, [50.0] * MINUTES)


def symbols_of(pairs: int) -> list[str]:
    """Return what the bot trades on a day with so many struck pairs."""
    return [CALM, REST, *(f"{side}{number}" for number in range(pairs) for side in (RISING, FALLING))]


def configured(symbols: Iterable[str]) -> list[Mapping[str, object]]:
    """Return the symbols' part of config.yaml."""
    return [*(level(symbol, QUANTITY) for symbol in symbols), level(BELL, QUANTITY, on_external_change="leave")]


def moment(minute: float) -> datetime:
    """Return the market time `minute` minutes after the open."""
    return SESSION_OPEN + timedelta(minutes=minute)


def seconds_until(minute: float, now: datetime) -> float:
    """Return the market seconds from `now` to that minute: what a fault's `after_s` wants."""
    return (moment(minute) - now).total_seconds()
