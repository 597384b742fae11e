"""`holdfast drill` against real processes: it says what a restart would do, does none of it, and is right."""

import json
from typing import Any

from e2e.harness import Simulator, World, level, until, write_bars

Leaf = tuple[bytes | None, int]


def tree(world: World) -> dict[str, Leaf]:
    """Return every file and folder of the memory, log and lock included: its bytes, and when it was changed."""
    found = (world.state_dir, *sorted(world.state_dir.rglob("*")))
    return {str(path): (path.read_bytes() if path.is_file() else None, path.stat().st_mtime_ns) for path in found}


def drilled(world: World, simulator: Simulator, code: int) -> dict[str, Any]:
    """Drill, and see that nothing was written here and nothing was sent there; return what it said."""
    before, writes = tree(world), simulator.writes()
    said = json.loads(world.call("drill", "--json", code=code))
    assert tree(world) == before
    assert simulator.writes() == writes
    return dict(said)


def trading(world: World) -> Simulator:
    """Let a bot buy AAA and BBB, and hold the market; the bot runs on."""
    for symbol in ("AAA", "BBB"):
        bars = write_bars(world.folder / "bars", symbol, [101] * 200)
    simulator = world.simulator(bars=bars)
    world.configure([level("AAA"), level("BBB")], sim={"url": simulator.url})
    return simulator


def test_a_restart_does_what_the_drill_has_said(world: World) -> None:
    """Killed, sold behind its back, a file lost: the drill names each correction, and the restart makes just these."""
    simulator = trading(world)
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10) and world.holds("BBB", 10), "the purchases")
    simulator.hold()
    # A process that stands still holds the folder as one that runs, and what changes then is the drill's doing.
    bot.freeze()
    calm = drilled(world, simulator, 0)
    assert calm["bot"] == {"running": True, "pid": bot.pid}
    assert calm["verdict"] == "a restart now would correct nothing and send nothing"
    bot.kill()
    world.file("BBB").unlink()
    simulator.ask("DELETE", "/v2/positions/AAA")
    simulator.hold(is_held=False)
    until(lambda: "AAA" not in simulator.positions(), "the owner's sale")
    simulator.hold()
    said = drilled(world, simulator, 1)
    assert said["bot"]["running"] is False
    assert said["verdict"].startswith("a restart now would correct 2 symbols, keep 1 waiting for up to ")
    assert (said["symbols"]["AAA"]["before"]["quantity"], said["symbols"]["AAA"]["after"]["quantity"]) == ("10", "0")
    assert (said["symbols"]["BBB"]["before"], said["symbols"]["BBB"]["after"]["quantity"]) == (None, "10")
    plain = world.call("drill", code=1)
    again = world.trading_bot()
    for one in said["corrections"]:
        change = f"{one['field']}: was {one['was']}, is {one['is']}: {one['why']}"
        assert f"{one['symbol']}: corrected {change}" in again.output
        assert f"{one['symbol']}: would correct {change}" in plain
    assert again.output.count(": corrected ") == len(said["corrections"]) == 2
    assert again.stop() == 0


def test_an_order_that_may_have_left_is_looked_up_and_a_cancel_is_not_sent(world: World) -> None:
    """The broker's word on the open order of a symbol taken out of config; a restart would cancel it, the drill not."""
    simulator = trading(world)
    simulator.fault("hold_fills", match={"symbol": "BBB"})
    bot = world.trading_bot()
    until(lambda: simulator.orders("BBB", "open"), "the entry that works")
    until(lambda: world.holds("AAA", 10), "the other purchase")
    simulator.hold()
    bot.kill()
    world.configure([level("AAA")], sim={"url": simulator.url})
    said = drilled(world, simulator, 0)
    [order] = said["symbols"]["BBB"]["orders"]
    assert order["broker"] == {"status": "new", "filled_quantity": "0", "filled_average_price": None}
    assert said["symbols"]["BBB"]["after"]["status"] == "retired"
    [row] = simulator.orders("BBB", "open")
    assert said["would_send"] == [f"cancel the order {row['id']}"]


def test_the_simulator_inside_is_copied_with_its_account(world: World) -> None:
    """While the bot runs the account is its own, and the drill says what to type; afterwards it works on a copy."""
    bars = write_bars(world.folder / "bars", "AAA", [101] * 200)
    world.configure([level("AAA")], sim={"bars": str(bars), "speed": 60})
    bot = world.trading_bot()
    refused = world.call("drill", code=2)
    assert f"process {bot.pid}" in refused
    assert "stop the bot and type holdfast drill again" in refused
    bot.kill()
    before = tree(world)
    said = json.loads(world.call("drill", "--json", code=0))
    assert tree(world) == before
    assert set(said["symbols"]) == {"AAA"}


def test_a_drill_that_cannot_be_held_says_why(world: World) -> None:
    """Without keys it exits 4, without a broker 2, and on a fresh folder it makes none."""
    world.configure([level("AAA")], broker="paper")
    assert "APCA_API_KEY_ID" in world.call("drill", code=4)
    world.configure([level("AAA")], sim={"url": "http://127.0.0.1:9"})
    assert "nothing answers at http://127.0.0.1:9" in world.call("drill", code=2)
    assert not world.state_dir.exists()
