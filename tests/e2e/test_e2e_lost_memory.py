"""State files that were lost, damaged or lied to: corrected from the broker, said aloud, and no other symbol touched.

One world has a symbol for every damage, once in a position and once flat after a round trip, and two healthy ones.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from e2e.books import assert_files_equal_books, bot_orders
from e2e.harness import LEVEL, Process, Simulator, World, level, until, write_bars
from holdfast.adapters.state_codec import checksum

HELD, FLAT = [101] * 150, [101, 101, 101, *[99] * 147]
ASIDE_S = 20.0


def delete(path: Path) -> None:
    """Leave no file."""
    path.unlink()


def truncate(path: Path) -> None:
    """Leave the first 200 bytes."""
    path.write_bytes(path.read_bytes()[:200])


def empty(path: Path) -> None:
    """Leave a file without a byte."""
    path.write_bytes(b"")


def zeros(path: Path) -> None:
    """Leave as many zero bytes."""
    path.write_bytes(bytes(len(path.read_bytes())))


def lie(path: Path) -> None:
    """Claim the opposite, under the checksum of the truth."""
    path.write_text(json.dumps(opposite(path), indent=2))


def lie_well(path: Path) -> None:
    """Claim the opposite, under a checksum that fits."""
    document = opposite(path)
    path.write_text(json.dumps({**document, "checksum": checksum(document)}, indent=2))


def belong_to_another(path: Path) -> None:
    """Put a healthy symbol's file in the place."""
    path.write_bytes((path.parent / "OK1.json").read_bytes())


def opposite(path: Path) -> dict[str, Any]:
    """Return the file's content with the claim about the position turned round."""
    document: dict[str, Any] = json.loads(path.read_bytes())
    was = document["is_in_position"]
    document["is_in_position"] = not was
    document["position"]["quantity"] = "0" if was else "10"
    document["position"]["average_entry_price"] = None if was else "101"
    return document


DAMAGES: dict[str, Callable[[Path], None]] = {
    "DEL": delete,
    "TRU": truncate,
    "EMP": empty,
    "ZER": zeros,
    "LIE": lie,
    "LYW": lie_well,
    "OTH": belong_to_another,
}
DAMAGED = [f"{name}{kind}" for name in DAMAGES for kind in "HF"]
HEALTHY = ["OK1", "OK2"]
SYMBOLS = [*DAMAGED, *HEALTHY]
WITH_BYTES = [symbol for symbol in DAMAGED if not symbol.startswith("DEL")]


@dataclass
class Aftermath:
    """What was on disk after the damage, and the bot that then started on a market that stands still."""

    world: World
    simulator: Simulator
    damaged: dict[str, bytes]
    healthy: dict[str, bytes]
    bot: Process


def quantity(symbol: str) -> int:
    """Return what the symbol holds at the broker."""
    return 0 if symbol.endswith(("F", "2")) else 10


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    """Trade, stop, damage the files, and start again."""
    world = World(tmp_path_factory.mktemp("lost"))
    try:
        (world.folder / "level.py").write_text(LEVEL)
        simulator = trade_and_stop(world)
        for symbol in DAMAGED:
            DAMAGES[symbol[:3]](world.file(symbol))
        damaged = {symbol: world.file(symbol).read_bytes() for symbol in WITH_BYTES}
        healthy = {symbol: world.file(symbol).read_bytes() for symbol in HEALTHY}
        bot = world.trading_bot()
        until(lambda: all(is_active(world, symbol) for symbol in SYMBOLS), "every symbol active again", ASIDE_S)
        yield Aftermath(world, simulator, damaged, healthy, bot)
    finally:
        world.close()


def trade_and_stop(world: World) -> Simulator:
    """Let every symbol buy, and every second one sell again; stop the bot and the market."""
    for symbol in SYMBOLS:
        bars = write_bars(world.folder / "bars", symbol, HELD if quantity(symbol) else FLAT)
    simulator = world.simulator(bars=bars)
    world.configure([level(symbol) for symbol in SYMBOLS], sim={"url": simulator.url})
    bot = world.trading_bot()
    simulator.passes(10)
    simulator.hold()
    until(lambda: all(world.holds(symbol, quantity(symbol)) for symbol in SYMBOLS), "what each symbol is to hold")
    assert bot.stop() == 0
    return simulator


def is_active(world: World, symbol: str) -> bool:
    """Whether the symbol has a file that says so."""
    return world.file(symbol).exists() and world.state(symbol)["status"] == "active"


@pytest.mark.parametrize("symbol", DAMAGED)
def test_the_file_is_corrected_from_the_broker(aftermath: Aftermath, symbol: str) -> None:
    """Whatever was done to the file, it says what the broker says, and nothing was traded to get there."""
    state = aftermath.world.state(symbol)
    assert Decimal(state["position"]["quantity"]) == quantity(symbol)
    assert state["position"]["unmanaged_quantity"] == "0"
    assert state["is_in_position"] is (quantity(symbol) != 0)
    expected = ["buy filled"] if quantity(symbol) else ["buy filled", "sell filled"]
    assert bot_orders(aftermath.simulator, symbol) == expected
    assert_files_equal_books(aftermath.world, aftermath.simulator, [symbol])


@pytest.mark.parametrize("symbol", DAMAGED)
def test_the_correction_is_shown(aftermath: Aftermath, symbol: str) -> None:
    """The output and the file say what it was, what it is, and why."""
    correction = aftermath.world.state(symbol)["last_correction"]
    assert correction is not None
    line = f"{symbol}: corrected {correction['field']}: was {correction['was']}, is {correction['is']}"
    assert f"{line}: {correction['why']}" in aftermath.bot.output
    assert correction["why"]


@pytest.mark.parametrize("symbol", WITH_BYTES)
def test_the_old_bytes_are_kept_aside(aftermath: Aftermath, symbol: str) -> None:
    """What could not be believed is kept, never deleted; also a lie under a checksum that fits."""
    kept = [path.read_bytes() for path in aftermath.world.aside.glob(f"{symbol}.*")]
    assert aftermath.damaged[symbol] in kept


def test_every_other_file_is_the_same_to_the_byte(aftermath: Aftermath) -> None:
    """Two healthy symbols beside fourteen damaged ones are not written, and nothing of theirs is traded."""
    assert {symbol: aftermath.world.file(symbol).read_bytes() for symbol in HEALTHY} == aftermath.healthy
    assert bot_orders(aftermath.simulator, "OK1") == ["buy filled"]
    assert not any(f"{symbol}: corrected" in aftermath.bot.output for symbol in HEALTHY)
