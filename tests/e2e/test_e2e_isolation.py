"""One symbol's failure harms no other: a strategy that raises, an unknown ticker, files that cannot be written."""

import contextlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.books import assert_files_equal_books, bot_orders
from e2e.harness import Simulator, World, level, until, write_bars

UP_DOWN = [*[101] * 30, *[99] * 30]
GOOD = ("FINE", "WELL")
BROKEN = {"use": "level.py:Broken"}


def market(world: World, *symbols: str) -> Simulator:
    """Start a simulator on which all symbols fall below their level once."""
    for symbol in symbols:
        bars = write_bars(world.folder / "bars", symbol, UP_DOWN)
    return world.simulator(bars=bars)


def assert_the_others_traded_to_the_end(world: World, simulator: Simulator) -> None:
    """Both healthy symbols bought and sold, and their files agree with the books."""
    for symbol in GOOD:
        assert bot_orders(simulator, symbol) == ["buy filled", "sell filled"], symbol
    assert_files_equal_books(world, simulator, GOOD)


def test_the_others_trade_to_the_end(world: World) -> None:
    """A strategy raises, a ticker is unknown, a folder stands in a file's place: each says why, two others trade."""
    simulator = market(world, *GOOD, "ERR", "DIR")
    symbols = [level("ERR", strategy=BROKEN), level("NOPE"), level("FINE"), level("DIR"), level("WELL")]
    world.configure(symbols, sim={"url": simulator.url})
    world.file("DIR").mkdir(parents=True)
    bot = world.trading_bot()
    assert bot.ends(90) == 0, bot.output
    assert_the_others_traded_to_the_end(world, simulator)
    assert (bot_orders(simulator, "ERR"), bot_orders(simulator, "DIR")) == ([], [])
    assert "ERR: quarantined: RuntimeError: this strategy is broken" in bot.output
    assert "NOPE: suspended: the broker does not know NOPE: check the spelling in config.yaml" in bot.output
    assert "DIR: does not start: its state file cannot be read" in bot.output
    assert "Traceback" not in bot.output
    shown = json.loads(world.call("status", "--json", code=3))["symbols"]
    assert shown["ERR"]["status_reason"].startswith("RuntimeError: this strategy is broken")
    assert "does not know NOPE" in shown["NOPE"]["status_reason"]
    assert (shown["DIR"]["status"], "Is a directory" in shown["DIR"]["status_reason"]) == ("unreadable", True)
    assert "ERR is quarantined: RuntimeError: this strategy is broken" in world.call("why", "ERR")


def test_a_quarantined_symbol_trades_again_after_resume(world: World) -> None:
    """The quarantine outlasts a restart; the strategy mended and `holdfast resume` typed, the symbol trades."""
    simulator = market(world, "ERR")
    world.configure([level("ERR", strategy=BROKEN)], sim={"url": simulator.url})
    bot = world.trading_bot()
    bot.says("ERR: quarantined")
    simulator.hold()
    assert bot.stop() == 0
    world.configure([level("ERR")], sim={"url": simulator.url})
    bot = world.trading_bot()
    assert "ERR: quarantined" in bot.says("ERR: quarantined")
    assert bot.stop() == 0
    assert "ERR: was quarantined, is active" in world.call("resume", "ERR")
    bot = world.trading_bot()
    simulator.hold(is_held=False)
    until(lambda: world.holds("ERR", 10) or not bot.is_running, "the purchase")
    assert bot_orders(simulator, "ERR") == ["buy filled"]


@contextlib.contextmanager
def immutable(path: Path) -> Iterator[None]:
    """Let nobody replace the file, not even root; skip where that cannot be had."""
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run([chattr, "+i", str(path)], check=False, capture_output=True).returncode:
        pytest.skip("no chattr +i here: a file that even root cannot replace is not to be had")
    try:
        yield
    finally:
        subprocess.run([chattr, "-i", str(path)], check=True)


def test_a_file_that_cannot_be_replaced_stops_its_symbol_alone(world: World) -> None:
    """No order without a durable intent: the symbol buys nothing and says why, the others trade to the end."""
    simulator = market(world, *GOOD, "ICE")
    simulator.hold()
    world.configure([level(symbol) for symbol in (*GOOD, "ICE")], sim={"url": simulator.url})
    assert world.trading_bot().stop() == 0
    with immutable(world.file("ICE")):
        simulator.hold(is_held=False)
        bot = world.trading_bot()
        assert bot.ends(90) == 0, bot.output
    assert_the_others_traded_to_the_end(world, simulator)
    assert bot_orders(simulator, "ICE") == []
    assert "ICE: " in bot.stderr
    assert "Operation not permitted" in bot.output
