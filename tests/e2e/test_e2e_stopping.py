"""Stopping: within seconds, with exit 0, valid files, and every working order known to its file."""

import signal
import time

import pytest

from e2e.harness import Process, Simulator, World, level, open_orders, until, write_bars
from holdfast.adapters.state_codec import decode

STOP_S_MAX = 15.0
SYMBOLS = ("AAA", "BBB")
SIGNALS = [signal.SIGINT, signal.SIGTERM]


def market(world: World) -> Simulator:
    """Start a simulator on which both symbols want to be long, and configure them."""
    for symbol in SYMBOLS:
        bars = write_bars(world.folder / "bars", symbol, [101] * 200)
    simulator = world.simulator(bars=bars)
    world.configure([level(symbol) for symbol in SYMBOLS], sim={"url": simulator.url})
    return simulator


def stopped(bot: Process, number: signal.Signals) -> None:
    """Send the signal; the bot ends within the bound, cleanly and with its summary."""
    begun = time.monotonic()
    bot.signal(number)
    assert bot.ends(STOP_S_MAX) == 0, bot.output
    assert time.monotonic() - begun < STOP_S_MAX
    assert "Traceback" not in bot.output
    assert "maximum drawdown" in bot.stdout


def assert_valid(world: World, simulator: Simulator) -> None:
    """Every file decodes, and every order that works at the broker stands in its file."""
    for symbol in SYMBOLS:
        decode(world.file(symbol).read_bytes(), symbol)
        working = {row["client_order_id"] for row in simulator.orders(symbol, "open")}
        assert working == set(open_orders(world.state(symbol))), symbol


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_stops_the_bot_in_mid_session(world: World, number: signal.Signals) -> None:
    """Nothing is open: the files hold the positions, and no order is left behind."""
    simulator = market(world)
    bot = world.trading_bot()
    until(lambda: all(world.holds(symbol, 10) for symbol in SYMBOLS), "the purchases")
    stopped(bot, number)
    assert_valid(world, simulator)
    assert simulator.positions() == dict.fromkeys(SYMBOLS, 10)


def test_sigterm_leaves_working_orders_on_file(world: World) -> None:
    """An order that is accepted and not filled stays at the broker and is known to the file."""
    simulator = market(world)
    simulator.fault("hold_fills")
    bot = world.trading_bot()
    until(lambda: len(simulator.orders(status="open")) == len(SYMBOLS), "the working orders")
    until(lambda: all(world.file(symbol).exists() for symbol in SYMBOLS), "the files")
    stopped(bot, signal.SIGTERM)
    assert len(simulator.orders(status="open")) == len(SYMBOLS)
    assert_valid(world, simulator)


def test_ctrl_c_while_an_answer_is_awaited_leaves_the_order_on_file(world: World) -> None:
    """The order's outcome is unknown: the bot does not wait for ever, and its file says that it may have been sent."""
    simulator = market(world)
    simulator.fault("hold_fills", match={"symbol": "AAA"})
    simulator.fault("accept_no_answer", match={"symbol": "AAA"})
    bot = world.trading_bot()
    until(lambda: simulator.orders("AAA"), "the order at the broker")
    stopped(bot, signal.SIGINT)
    assert_valid(world, simulator)
    assert len(simulator.orders("AAA", "open")) == 1


def test_a_second_ctrl_c_leaves_at_once(world: World) -> None:
    """The first one waits for an order's answer; the second ends the process with 130, and the file stays valid."""
    simulator = market(world)
    simulator.fault("accept_no_answer", match={"symbol": "AAA"})
    bot = world.trading_bot()
    until(lambda: simulator.orders("AAA"), "the order at the broker")
    bot.signal(signal.SIGINT)
    bot.says("press Ctrl-C again")
    bot.signal(signal.SIGINT)
    assert bot.ends(5) == 130
    for symbol in SYMBOLS:
        decode(world.file(symbol).read_bytes(), symbol)
