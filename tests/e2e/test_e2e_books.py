"""The books agree: the bot's files and the simulator's account, to the cent, with and without a restart on the way."""

from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.books import assert_bought_once, assert_files_equal_books
from e2e.harness import Process, Simulator, World

MINUTE_BARS = Path(__file__).parents[3] / "shared" / "bars" / "minute"
QUANTITIES = {"SPY": 4, "IBM": 7, "BAC": 100, "AIG": 13}
STRATEGIES: dict[str, object] = {
    "SPY": {"name": "sma_cross", "fast": 5, "slow": 15},
    "IBM": {"name": "rsi_reversion", "period": 7, "oversold": 40, "overbought": 60},
    "BAC": {"name": "breakout", "entry": 10, "exit": 5},
    "AIG": {"name": "sma_cross", "fast": 3, "slow": 8},
}
HALF_S = 60.0


def configure(world: World, simulator: Simulator) -> None:
    """Give four symbols strategies that trade often."""
    symbols = [
        {"symbol": symbol, "qty": quantity, "strategy": STRATEGIES[symbol]} for symbol, quantity in QUANTITIES.items()
    ]
    world.configure(symbols, sim={"url": simulator.url})


def go_on(_world: World, bot: Process, _simulator: Simulator) -> Process:
    """Let the bot run through."""
    return bot


def stop_and_kill(world: World, bot: Process, simulator: Simulator) -> Process:
    """Stop the bot cleanly, and a while later kill the next one; return the third."""
    assert bot.stop() == 0
    bot = world.trading_bot()
    simulator.passes(100, HALF_S)
    bot.kill()
    return world.trading_bot()


@pytest.mark.skipif(not MINUTE_BARS.is_dir(), reason=f"the recorded bars are not here: {MINUTE_BARS}")
@pytest.mark.parametrize("middle", [go_on, stop_and_kill])
def test_two_real_days_end_with_the_books_of_the_simulator(
    world: World, middle: Callable[[World, Process, Simulator], Process]
) -> None:
    """Two days of October 2013 are replayed to the last bar; quantities and realised profit agree."""
    simulator = world.simulator(bars=MINUTE_BARS)
    configure(world, simulator)
    bot = world.trading_bot()
    simulator.passes(200, HALF_S)
    bot = middle(world, bot, simulator)
    assert bot.ends(HALF_S) == 0, bot.output
    assert simulator.status()["finished"] is True
    assert_bought_once(simulator, QUANTITIES)
    assert_files_equal_books(world, simulator, list(QUANTITIES))
    assert all(simulator.orders(symbol) for symbol in QUANTITIES)
