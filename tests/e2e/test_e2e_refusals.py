"""Starts that must not happen: each is refused with its exit code and the next thing to type, never a traceback."""

import json
import signal

from e2e.books import bot_orders
from e2e.harness import Simulator, World, level, until, write_bars

KEYS = {"APCA_API_KEY_ID": "PKTESTE2E0000001", "APCA_API_SECRET_KEY": "odd-secret-of-the-owner-42"}


def market(world: World, name: str = "sim", *flags: str) -> Simulator:
    """Start a simulator on which the symbol stands above its level all day."""
    bars = write_bars(world.folder / "bars", "AAA", [101] * 200)
    return world.simulator(*flags, bars=bars, name=name)


def refusal(world: World, code: int, *flags: str) -> str:
    """Start the bot, expect it to end with the code and without a traceback, and return what it said."""
    bot = world.start_bot(*flags)
    assert bot.ends() == code, bot.output
    assert "Traceback" not in bot.output
    return bot.output


def test_a_second_bot_on_one_state_folder_exits_5_and_names_the_first(world: World) -> None:
    """The first goes on as if nothing had been; killed, it frees the folder by its death."""
    simulator = market(world)
    simulator.hold()
    world.configure([level("AAA")], sim={"url": simulator.url})
    first = world.trading_bot()
    assert f"process {first.pid}" in refusal(world, 5)
    status = json.loads(world.call("status", "--json"))
    assert (status["bot"]["running"], status["bot"]["pid"]) == (True, first.pid)
    assert first.is_running
    first.kill()
    second = world.trading_bot()
    second.signal(signal.SIGTERM)
    assert second.ends() == 0


def test_from_the_simulator_to_paper_the_old_memory_is_archived(world: World) -> None:
    """Another account is not corruption: one line says where the old files went, and the start is fresh."""
    first, second = market(world), market(world, "paper")
    second.hold()
    world.configure([level("AAA")], sim={"url": first.url})
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10), "a position in the simulator's account")
    assert bot.stop() == 0
    old = world.state("AAA")["account_id"]
    world.configure([level("AAA")], broker="paper", paper={"url": second.url})
    bot = world.trading_bot(env=KEYS)
    [archive] = (world.state_dir / ".holdfast" / "archive").glob("sim-*")
    assert str(archive) in bot.says("starting fresh")
    assert json.loads((archive / "AAA.json").read_text())["account_id"] == old
    state = world.state("AAA")
    assert (state["account_id"], state["is_in_position"]) == (second.status()["account_id"], False)
    assert bot.stop() == 0
    assert bot_orders(second, "AAA") == []


def test_from_paper_back_to_the_simulator_is_refused(world: World) -> None:
    """Exit 2 with both account endings and the command that archives; not a byte of the memory moves."""
    first, second = market(world), market(world, "paper")
    first.hold()
    second.hold()
    world.configure([level("AAA")], broker="paper", paper={"url": second.url})
    assert world.trading_bot(env=KEYS).stop() == 0
    before = world.file("AAA").read_bytes()
    world.configure([level("AAA")], sim={"url": first.url})
    said = refusal(world, 2)
    for simulator in (first, second):
        assert simulator.ask("GET", "/v2/account")["account_number"][-4:] in said
    assert "--archive-state" in said
    assert world.file("AAA").read_bytes() == before
    bot = world.trading_bot("--archive-state")
    assert bot.stop() == 0
    assert world.state("AAA")["account_id"] == first.status()["account_id"]


def test_paper_without_keys_exits_4_and_says_where_to_get_them(world: World) -> None:
    """The text names the page, the two variables, and how to try without any."""
    world.configure([level("AAA")], broker="paper")
    said = refusal(world, 4)
    for part in ("https://app.alpaca.markets", "APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "broker: sim"):
        assert part in said
    assert not list(world.state_dir.glob("*.json"))


def test_keys_that_the_broker_refuses_exit_4(world: World) -> None:
    """A simulator that wants one pair is asked with another."""
    simulator = market(world, "sim", "--key", "the-one-key", "--secret", "the-one-secret")
    world.configure([level("AAA")], broker="paper", paper={"url": simulator.url})
    bot = world.start_bot(env=KEYS)
    assert bot.ends() == 4, bot.output
    assert "Traceback" not in bot.output
    assert KEYS["APCA_API_SECRET_KEY"] not in bot.output


def test_live_exits_2(world: World) -> None:
    """This version does not trade real money."""
    world.configure([level("AAA")], broker="live")
    assert "not enabled in this version" in refusal(world, 2)


def test_an_invalid_config_exits_2_with_file_line_and_column(world: World) -> None:
    """All problems at once, each with its place and its line, and no state folder is made."""
    world.config.write_text("broker: sim\nsymbols:\n  - symbol: AAPL\n    qyt: 10\n  - symbol: msft\n    qty: -1\n")
    said = refusal(world, 2)
    for place in ("4:5", "5:13", "6:10"):
        assert f"{world.config}:{place}: " in said, said
    assert "qty" in said
    assert "qyt: 10" in said
    assert not world.state_dir.exists()


def test_a_simulator_that_is_not_there_is_named_with_the_command_that_starts_it(world: World) -> None:
    """Nothing answers at `sim.url`: no trading, no state, and what to type."""
    world.configure([level("AAA")], sim={"url": "http://127.0.0.1:9"})
    said = refusal(world, 2)
    assert "nothing answers at http://127.0.0.1:9" in said
    assert "holdfast simulate" in said
    assert not list(world.state_dir.glob("*.json"))
