"""The commands beside `run`, and the surroundings that must not matter: proxies, a refused stream, secrets."""

import json

from e2e.books import bot_orders
from e2e.harness import Simulator, World, level, until, write_bars

UP_DOWN = [*[101] * 30, *[99] * 30]


def market(world: World, name: str = "sim", *flags: str) -> Simulator:
    """Start a simulator on which both symbols stand above their level all day."""
    for symbol in ("AAA", "BBB"):
        bars = write_bars(world.folder / "bars", symbol, [101] * 200)
    return world.simulator(*flags, bars=bars, name=name)


def in_position(world: World, simulator: Simulator) -> None:
    """Let AAA buy, and stop the market and the bot."""
    world.configure([level("AAA")], sim={"url": simulator.url})
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10), "the purchase")
    simulator.hold()
    assert bot.stop() == 0


def test_status_and_why_read_the_files_alone(world: World) -> None:
    """They answer while no bot runs and no broker is there, in a table and in JSON with money as text."""
    simulator = market(world)
    in_position(world, simulator)
    simulator.stop()
    shown = json.loads(world.call("status", "--json"))
    assert shown["bot"] == {
        "running": False,
        "pid": None,
        "broker": "sim",
        "account_id": world.state("AAA")["account_id"],
    }
    assert shown["symbols"]["AAA"] == {**world.state("AAA"), "waiting": None}
    assert shown["symbols"]["AAA"]["position"]["quantity"] == "10"
    [row] = [line.split("\t") for line in world.call("status").splitlines() if line.startswith("AAA\t")]
    assert (row[1], row[2], row[5]) == ("10", "101", "active")
    said = world.call("why", "AAA")
    assert "AAA is active" in said
    assert "order hf.main.AAA." in said
    assert "there is no state of BBB; known: AAA" in world.call("why", "BBB", code=2)


def test_a_dry_reconcile_tells_and_writes_nothing(world: World) -> None:
    """It names the correction that a start would make, counts its calls, and leaves every byte as it was."""
    simulator = market(world)
    in_position(world, simulator)
    simulator.ask("DELETE", "/v2/positions/AAA")
    simulator.trade("BBB", "buy", 3)
    before = world.memory()
    report = json.loads(world.call("reconcile", "--dry-run", "--json"))
    assert world.memory() == before
    [correction] = report["corrections"]
    assert {key: correction[key] for key in ("symbol", "field", "was", "is")} == {
        "symbol": "AAA",
        "field": "position.quantity",
        "was": "10",
        "is": "0",
    }
    assert correction["why"]
    assert report["unmanaged"] == [{"symbol": "BBB", "quantity": "3"}]
    assert (report["discrepancies"], 0 < report["broker_calls"] < 10) == ([], True)


def test_a_used_up_folder_says_so_and_starts_over_with_a_new_account(world: World) -> None:
    """The simulator inside ends with the bars; another run only says how to start over, and that trades again."""
    bars = write_bars(world.folder / "bars", "AAA", UP_DOWN)
    world.configure([level("AAA")])
    flags = ("--bars", str(bars), "--speed", "max")
    for _ in range(2):
        bot = world.start_bot(*flags)
        assert bot.ends(60) == 0, bot.output
        assert "--new-account starts over" in bot.stdout
    assert "AAA: bought" not in bot.output
    old = world.state("AAA")
    bot = world.start_bot(*flags, "--new-account")
    assert bot.ends(60) == 0, bot.output
    assert "AAA: bought 10" in bot.output
    assert "AAA: sold 10" in bot.output
    assert world.state("AAA")["account_id"] != old["account_id"]
    [archive] = (world.state_dir / ".holdfast" / "archive").iterdir()
    assert json.loads((archive / "AAA.json").read_text()) == old


def test_secrets_reach_no_file_and_no_output(world: World) -> None:
    """Odd keys from the environment stand in nothing that was written or printed, refusals and crashes included."""
    key, secret = "PKODDKEY7731", "0dd/secret+of=the~owner"
    env = {"APCA_API_KEY_ID": key, "APCA_API_SECRET_KEY": secret}
    simulator = market(world, "sim", "--key", key, "--secret", secret)
    symbols = [level("AAA"), level("BBB", strategy={"use": "level.py:Broken"})]
    world.configure(symbols, broker="paper", paper={"url": simulator.url})
    simulator.fault("answer_status", match={"path": "/v2/orders", "method": "POST"}, count=1, status=403)
    bot = world.trading_bot("--verbose", env=env)
    bot.says("BBB: quarantined")
    assert bot.stop() == 0
    world.call("reconcile", "--json", env=env)
    written = [path for path in world.folder.rglob("*") if path.is_file() and "sim" not in path.parts[-2:-1]]
    assert len(written) > 5
    for path in written:
        content_ = path.read_bytes()
        assert key.encode() not in content_, path
        assert secret.encode() not in content_, path


def test_a_proxy_in_the_environment_does_not_hijack_loopback(world: World) -> None:
    """HTTP_PROXY points nowhere; the bot reaches its simulator all the same, inside or beside."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"), "http://127.0.0.1:9")
    simulator = market(world)
    world.configure([level("AAA")], sim={"url": simulator.url})
    bot = world.trading_bot(env=nowhere)
    bot.says("bar stream is live")
    bot.says("order stream is live")
    until(lambda: world.holds("AAA", 10), "the purchase")
    assert bot.stop() == 0


def test_a_refused_data_socket_is_polled_for(world: World) -> None:
    """406 as after a crash: the bars come by REST in requests for all symbols, and the bot trades."""
    simulator = market(world)
    simulator.fault("data_406")
    world.configure([level("AAA"), level("BBB")], sim={"url": simulator.url})
    bot = world.trading_bot()
    until(lambda: world.holds("AAA", 10) and world.holds("BBB", 10), "the purchases")
    before = simulator.status()["requests"]["GET /v2/stocks/bars"]
    begun = simulator.now()
    simulator.passes(10)
    assert bot.stop() == 0
    minutes = (simulator.now() - begun).total_seconds() / 60
    polls = simulator.status()["requests"]["GET /v2/stocks/bars"] - before
    assert minutes - 2 <= polls <= minutes + 2
    assert "bar stream is live" not in bot.output
    assert bot_orders(simulator, "AAA") == ["buy filled"]


def test_a_refused_data_socket_is_tried_again(world: World) -> None:
    """Once the place is free the stream comes back by itself."""
    simulator = market(world)
    simulator.fault("data_406", count=1)
    simulator.hold()
    world.configure([level("AAA")], sim={"url": simulator.url})
    bot = world.trading_bot()
    bot.says("bar stream is live")
    simulator.hold(is_held=False)
    until(lambda: world.holds("AAA", 10), "the purchase")
    assert bot.stop() == 0
