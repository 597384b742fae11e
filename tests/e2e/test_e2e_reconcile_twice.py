"""Reconcile twice, in real processes: the second run changes not one byte and sends no request that writes (I8).

Left out of the comparison are the log, the process id of whoever holds the folder, and the page that every run leaves.
"""

import json
from datetime import timedelta
from typing import Any

from e2e.faults.test_e2e_split import write_two_days
from e2e.harness import SESSION_OPEN, Simulator, World, level, until, write_bars

SPOKEN = ("holdfast.log", "holder.json", "reports")


def reconciled_twice(world: World, simulator: Simulator) -> dict[str, Any]:
    """Reconcile, reconcile again and compare; return what the first run reported."""
    first = json.loads(world.call("reconcile", "--json", code=None))
    memory, writes = world.memory(but=SPOKEN), simulator.writes()
    second = json.loads(world.call("reconcile", "--json", code=None))
    assert second["corrections"] == []
    assert reasons(second) == reasons(first)
    assert world.memory(but=SPOKEN) == memory
    assert simulator.writes() == writes
    assert len(list((world.state_dir / ".holdfast" / "reports").iterdir())) >= 2
    return dict(first)


def traded(world: World) -> Simulator:
    """Let AAA be bought, and BBB be bought and sold again; stop the bot and the market."""
    write_bars(world.folder / "bars", "AAA", [101] * 200)
    bars = write_bars(world.folder / "bars", "BBB", [101, 101, 101, *[99] * 197])
    simulator = world.simulator(bars=bars)
    world.configure([level("AAA"), level("BBB")], sim={"url": simulator.url})
    bot = world.trading_bot()
    until(lambda: simulator.positions() == {"AAA": 10} and len(simulator.orders("BBB")) == 2, "a round trip")
    simulator.hold()
    until(lambda: world.holds("AAA", 10) and world.holds("BBB", 0), "both on file")
    assert bot.stop() == 0
    return simulator


def reasons(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return which symbols could not be explained, and why."""
    return [(one["symbol"], one["why"]) for one in report["discrepancies"]]


def fields(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return which field of which symbol was corrected."""
    return [(one["symbol"], one["field"]) for one in report["corrections"]]


def test_a_fresh_folder_is_made_once(world: World) -> None:
    """The first run makes the files, with nothing to correct; the second finds them as they should be."""
    simulator = world.simulator(bars=write_bars(world.folder / "bars", "AAA", [101] * 20))
    world.configure([level("AAA")], sim={"url": simulator.url})
    assert fields(reconciled_twice(world, simulator)) == []
    assert world.holds("AAA", 0)


def test_after_trades_there_is_nothing_to_do(world: World) -> None:
    """What the bot itself has bought and sold is on file already."""
    assert fields(reconciled_twice(world, traded(world))) == []


def test_what_the_owner_sold_is_corrected_once(world: World) -> None:
    """A manual sale while the bot is down is booked by the first run, with the reason, and the page tells of it."""
    simulator = traded(world)
    simulator.trade("AAA", "sell", 4)
    simulator.hold(is_held=False)
    until(lambda: simulator.positions()["AAA"] == 6, "the owner's sale")
    assert fields(reconciled_twice(world, simulator)) == [("AAA", "position.quantity")]
    assert world.holds("AAA", 6)
    pages = [path.read_text() for path in sorted((world.state_dir / ".holdfast" / "reports").iterdir())]
    assert "| AAA | position.quantity | 10 | 6 |" in pages[-2]
    assert "Nothing had to be corrected." in pages[-1]


def test_files_are_rebuilt_once(world: World) -> None:
    """A lost file and a damaged one are rebuilt and doubted for a while; the second run saves nothing."""
    simulator = traded(world)
    world.file("AAA").unlink()
    world.file("BBB").write_text("{")
    report = reconciled_twice(world, simulator)
    assert fields(report) == [("AAA", "file"), ("BBB", "file")]
    assert [symbol for symbol, _why in reasons(report)] == ["AAA", "BBB"]
    assert world.holds("AAA", 10)
    assert world.holds("BBB", 0)


def test_a_split_is_booked_once(world: World) -> None:
    """Two new shares for each old one overnight, while no bot runs: found once, and never again."""
    bars = write_two_days(world.folder / "bars", "SPLT", [204.0] * 10)
    simulator = world.simulator(bars=bars)
    world.configure([level("SPLT", on_external_change="leave")], sim={"url": simulator.url})
    bot = world.trading_bot()
    until(lambda: world.holds("SPLT", 10), "the purchase")
    simulator.hold()
    simulator.fault("split_symbol", match={"symbol": "SPLT"}, ratio="2")
    assert bot.stop() == 0
    simulator.hold(is_held=False)
    goal = SESSION_OPEN + timedelta(days=1, minutes=5)
    until(lambda: stepped(simulator) >= goal, "the next morning")
    assert simulator.positions() == {"SPLT": 20}
    assert ("SPLT", "position.quantity") in fields(reconciled_twice(world, simulator))
    assert world.holds("SPLT", 20)


def stepped(simulator: Simulator) -> Any:  # noqa: ANN401 - a time
    """Let the market take its next step, as a client in lockstep does; return its time."""
    now = simulator.now()
    simulator.ask("POST", "/_sim/clock", {"through": now.isoformat()})
    return now
