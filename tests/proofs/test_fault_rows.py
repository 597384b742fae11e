"""The rows of the fault table in docs/reliability.md that no test elsewhere has proven: one sentence each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from adapters.alpaca.alpaca_servers import Reply, broker_at, in_a_loop, refusal, serving
from builders import MINUTE, NOON, SESSION, a_position, an_intent, some_rules
from config.test_load import problems
from fakes.broker import A_PAIR
from fakes.desk import BUY, FLAT, SILENT, a_spec
from holdfast.adapters.alpaca.rows import sessions as parsed_sessions
from holdfast.cli.main import app
from holdfast.config.load import load_config
from holdfast.config.problems import ConfigError
from holdfast.domain.broker_facts import HoldingMoved
from holdfast.domain.errors import CredentialsError, DuplicateOrder, HoldfastError, OutcomeUnknown, Rejected
from holdfast.domain.order import Intent, OrderStatus, Side
from holdfast.domain.order_id import bar_decision, decided_at, order_id
from holdfast.domain.session import Session, session_at
from holdfast.domain.state import Status, SymbolState
from holdfast.engine.approval import SavedIntent
from holdfast.engine.memory import Unreadable
from proofs.crashes import in_position
from proofs.lives import Lives, look_up, meanwhile, minute, never_twice, nothing_more_to_correct, wait

HOUR = timedelta(hours=1)


def holding() -> Lives:
    """Return a bot that was killed with ten of AAPL and ten of MSFT."""
    lives = Lives()
    lives.live(minute(BUY, BUY))
    lives.clock.advance(60)
    return lives


# --- F2 -----------------------------------------------------------------------------------------------------------

DEEDS: dict[str, Callable[[Lives], object]] = {
    "deleted": lambda lives: lives.store.disk.pop("AAPL"),
    "emptied": lambda lives: lives.store.disk.update(AAPL=Unreadable("it is empty", None)),
    "edited": lambda lives: lives.store.disk.update(AAPL=SymbolState("AAPL", sequence=99)),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_file_deleted_or_edited_while_running_is_written_again(deed: str) -> None:
    """F2: What a person does to the file of a running bot changes nothing: its next save is whole, its exit one."""
    lives = holding()
    lives.live(meanwhile(lambda: DEEDS[deed](lives)), minute(FLAT, SILENT))
    assert (lives.sent(), lives.broker.held()) == ([("buy", 10), ("sell", 10)], 0)
    assert (lives.file().position.quantity, lives.statuses()) == (0, ["filled", "filled"])
    nothing_more_to_correct(lives)
    never_twice(lives)


# --- F6 -----------------------------------------------------------------------------------------------------------

HTML = b"<html><body>502 Bad Gateway</body></html>"
ANSWERS: list[tuple[str, Reply, type[HoldfastError]]] = [
    ("401", refusal(401, None, "unauthorized."), CredentialsError),
    ("403 buying power", refusal(403, 40310000, "insufficient buying power"), Rejected),
    ("403 wash trade", refusal(403, 40310000, "potential wash trade detected. use complex orders"), Rejected),
    ("422 wash trade", refusal(422, 42210000, "potential wash trade detected"), Rejected),
    ("403 quantity", refusal(403, 40310000, "insufficient qty available for order"), Rejected),
    ("403 blocked", refusal(403, 40310000, "account is blocked from trading"), Rejected),
    ("404", refusal(404, 40410000, "asset not found for AAPL"), Rejected),
    ("422", refusal(422, 42210000, "asset AAPL is not tradable"), Rejected),
    ("422 duplicate", refusal(422, 40010001, "client_order_id must be unique"), DuplicateOrder),
    ("429", refusal(429, 42910000, "too many requests."), OutcomeUnknown),
    ("500", refusal(500, 50010000, "internal server error occurred"), OutcomeUnknown),
    ("502 as HTML", Reply(HTML, 502), OutcomeUnknown),
    ("503", Reply(b"", 503), OutcomeUnknown),
    ("redirect", Reply(b"", 302, headers={"Location": "/elsewhere"}), OutcomeUnknown),
    ("empty body", Reply(b"", 200), OutcomeUnknown),
]


@pytest.mark.parametrize(("reply", "kind"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
@in_a_loop
async def test_every_status_says_what_to_do_next(reply: Reply, kind: type[HoldfastError]) -> None:
    """F6: An answer to an order is sorted by its status first: rejected, duplicate, credentials, or unknown."""
    with serving(reply) as server:
        async with broker_at(server.url) as broker:
            with pytest.raises(HoldfastError) as caught:
                await broker.submit(SavedIntent(an_intent()))
    assert type(caught.value) is kind
    assert len(server.requests) == 1


@pytest.mark.parametrize("said", ["insufficient buying power", "potential wash trade", "insufficient qty", "blocked"])
def test_a_refused_intent_names_its_reason_and_is_not_sent_again(said: str) -> None:
    """F6: The broker's own words stand in the file, no bar repeats the order, and the symbol beside trades."""

    def refuse(intent: Intent) -> None:
        if intent.symbol == "AAPL":
            lives.broker.received.append(intent)
            raise Rejected(said, status=403)

    lives = Lives()
    lives.broker.witness = refuse
    lives.live(minute(BUY, BUY), wait(60), minute(BUY, FLAT), minute(BUY, FLAT))
    assert (lives.file().orders[0].reason, lives.statuses()) == (said, ["rejected"])
    assert (lives.sent("AAPL"), lives.sent("MSFT")) == ([("buy", 10)], [("buy", 10), ("sell", 10)])
    lives.live(minute(BUY, FLAT))
    assert len(lives.sent()) == 1


# --- F11 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("policy", "sold"), [("leave", 10), ("adopt", 10)])
def test_another_bot_in_the_same_account_keeps_its_shares(policy: str, sold: int) -> None:
    """F11: Orders of a bot with another name are somebody else's: an exit sells our ten, and its seven stay."""
    lives = Lives(a_spec("AAPL", policy=policy), a_spec("MSFT"))
    lives.live(minute(BUY, BUY))
    theirs = replace(an_intent(quantity=7), client_order_id=order_id("other", "AAPL", "1m20261120T1509", Side.BUY))
    lives.live(wait(60), meanwhile(lambda: lives.broker.accept(theirs)), wait(310), minute(FLAT, BUY))
    assert lives.sent() == [("buy", 10), ("sell", sold)]
    assert (lives.broker.held(), lives.file().position.unmanaged_quantity) == (7, 7)
    assert lives.sent("MSFT") == [("buy", 10)]


def test_a_symbol_that_was_renamed_is_flat_and_suspended() -> None:
    """F11: The shares move to a new name: the old symbol is flat, the new one reported and left, others trade."""
    lives = holding()
    lives.broker.listed.remove("AAPL")
    lives.broker.executions += [
        HoldingMoved("nc-1", "NC", "AAPL", Decimal(-10), lives.clock.now()),
        HoldingMoved("nc-2", "NC", "APPL", Decimal(10), lives.clock.now()),
    ]
    lives.broker.hand_over(0, "AAPL")
    lives.broker.hand_over(10, "APPL")
    life = lives.live(minute(BUY, FLAT))
    assert (lives.file().position.quantity, lives.file().status) == (0, Status.SUSPENDED)
    assert [(one.symbol, one.quantity) for one in life.report.unmanaged] == [("APPL", 10)]
    assert (lives.sent("AAPL"), lives.sent("MSFT")) == ([("buy", 10)], [("buy", 10), ("sell", 10)])
    lives.live()
    nothing_more_to_correct(lives)


def test_everything_closed_by_hand_while_running_is_not_bought_back() -> None:
    """F11: The owner closes all positions: both files are flat within a reconcile, and no bar buys them back."""
    lives = holding()

    def close_all() -> None:
        for symbol in ("AAPL", "MSFT"):
            lives.broker.trade_by_hand(Side.SELL, 10, symbol)

    lives.live(meanwhile(close_all), wait(310), minute(BUY, BUY), minute(BUY, BUY))
    assert lives.sent("AAPL") == lives.sent("MSFT") == [("buy", 10)]
    assert lives.file("AAPL").position.quantity == lives.file("MSFT").position.quantity == 0


def test_an_exit_that_others_made_too_large_is_canceled_and_its_books_stay_right() -> None:
    """F11: Shares leave while an exit works: it is canceled; the books stay right even where it fills."""
    lives = in_position("leave")
    lives.broker.fills_at_once = False
    lives.live(minute(FLAT, SILENT))
    exit_ = lives.newest

    def fills_in_spite_of_it() -> None:
        assert set(lives.broker.canceled) == {f"broker-{exit_}"}
        assert lives.file().position == a_position(6)
        lives.broker.trade_by_hand(Side.BUY, 5)
        lives.broker.fill(exit_)

    lives.live(
        meanwhile(lambda: lives.broker.hand_over(6)), wait(360), look_up,
        meanwhile(lambda: lives.broker.end(exit_, OrderStatus.PENDING_CANCEL)), look_up,
        meanwhile(fills_in_spite_of_it), wait(360),
    )  # fmt: skip
    position = lives.file().position
    assert (position.quantity, position.unmanaged_quantity, lives.broker.held()) == (0, 1, 1)
    assert lives.file().status is Status.ACTIVE
    nothing_more_to_correct(lives)


# --- F14 ----------------------------------------------------------------------------------------------------------

DAYS = [
    # the day, its opening hours in New York, and in UTC
    ("2026-03-06", "09:30", "16:00", "2026-03-06T14:30", "2026-03-06T21:00"),
    ("2026-03-09", "09:30", "16:00", "2026-03-09T13:30", "2026-03-09T20:00"),
    ("2026-10-30", "09:30", "16:00", "2026-10-30T13:30", "2026-10-30T20:00"),
    ("2026-11-02", "09:30", "16:00", "2026-11-02T14:30", "2026-11-02T21:00"),
    ("2026-11-27", "09:30", "13:00", "2026-11-27T14:30", "2026-11-27T18:00"),
    ("2028-02-29", "09:30", "16:00", "2028-02-29T14:30", "2028-02-29T21:00"),
]


@pytest.mark.parametrize(("day", "opens", "closes", "opens_utc", "closes_utc"), DAYS)
def test_hours_come_from_the_brokers_calendar(
    day: str, opens: str, closes: str, opens_utc: str, closes_utc: str
) -> None:
    """F14: Across both clock changes, on a half day and on a leap day the session is what the calendar says."""
    (session,) = parsed_sessions([{"date": day, "open": opens, "close": closes}])
    expected = (datetime.fromisoformat(f"{text}+00:00") for text in (opens_utc, closes_utc))
    assert session == Session(*expected)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 20, 23, 58, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 58, tzinfo=UTC),
        datetime(2028, 2, 28, 23, 58, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 58, tzinfo=UTC),
        datetime(2026, 3, 8, 6, 58, tzinfo=UTC),
        datetime(2026, 11, 1, 5, 58, tzinfo=UTC),
    ],
)
def test_no_two_minutes_share_an_order_id(moment: datetime) -> None:
    """F14: Across midnight UTC, a leap day and both clock changes each bar has an id of its own, which names it."""
    minutes = [moment + count * MINUTE.length for count in range(124)]
    names = [order_id("main", "AAPL", bar_decision(MINUTE, one), Side.BUY) for one in minutes]
    assert len(set(names)) == len(minutes)
    assert [decided_at(name) for name in names] == minutes


@pytest.mark.parametrize(
    "session",
    [Session(SESSION.open, NOON + timedelta(minutes=2)), Session(SESSION.open + 24 * HOUR, SESSION.close + 24 * HOUR)],
    ids=["half day", "holiday"],
)
def test_a_bar_outside_the_session_is_not_traded(session: Session) -> None:
    """F14: After the early close of a half day, and on a holiday, a bar decides to wait: the market is closed."""
    lives = Lives()

    async def calendar(_start: date, _end: date) -> list[Session]:
        return [session]

    lives.broker.sessions = calendar  # type: ignore[method-assign]
    lives.live(minute(BUY, BUY))
    assert session_at([session], lives.clock.now()) is None
    decision = lives.file().last_decision
    assert (decision.why if decision else None) == "the market is closed"
    assert lives.broker.received == []


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_after_a_sleep_nothing_is_decided_from_an_old_memory(jump: timedelta) -> None:
    """F14: The laptop slept, or a clock was set: the first bar afterwards is decided on a file compared anew."""
    lives = holding()

    def asleep() -> None:
        lives.clock.jump(jump.total_seconds())
        lives.broker.trade_by_hand(Side.SELL, 4)

    lives.live(meanwhile(asleep), minute(FLAT, BUY))
    assert (lives.sent(), lives.broker.held()) == ([("buy", 10), ("sell", 6)], 0)
    nothing_more_to_correct(lives)
    never_twice(lives)


# --- F16 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lot", "sold", "dust"), [("0.0001", "0.9975", "0"), ("0.001", "0.997", "0.0005")])
def test_coins_are_what_the_broker_shows_and_dust_is_not_looped_on(lot: str, sold: str, dust: str) -> None:
    """F16: The fee leaves 0.9975 of one coin: that is on file, that much is sold, and dust stays with its reason."""
    lives = Lives(a_spec("BTC/USD", rules=some_rules(1)))
    lives.broker.pairs_listed["BTC/USD"] = replace(A_PAIR, lot=Decimal(lot))
    lives.live(minute(BUY), wait(60))
    assert (lives.file("BTC/USD").position.quantity, lives.file("BTC/USD").status) == (Decimal("0.9975"), Status.ACTIVE)
    nothing_more_to_correct(lives)
    lives.live(minute(BUY), minute(FLAT), minute(FLAT), minute(FLAT))
    assert lives.sent("BTC/USD") == [("buy", 1), ("sell", Decimal(sold))]
    assert lives.file("BTC/USD").position.quantity == lives.broker.held("BTC/USD") == Decimal(dust)
    decision = lives.file("BTC/USD").last_decision
    assert decision is not None
    assert ("dust" in decision.why) is (dust != "0")


def test_both_spellings_of_a_pair_are_one_symbol(tmp_path: Path) -> None:
    """F16, F18: BTCUSD beside BTC/USD in config.yaml is one asset twice, and refused at load."""
    (problem,) = problems(tmp_path, "symbols:\n- {symbol: BTC/USD, qty: 1}\n- {symbol: BTCUSD, qty: 1}\n")
    assert "BTC/USD" in problem


# --- F18, F19 -----------------------------------------------------------------------------------------------------


@in_a_loop
async def test_no_name_makes_a_url_of_its_own() -> None:
    """F18: A name that is no symbol sends no request at all, whatever path it would have made."""
    names = ["../../etc/passwd", "../orders", "", "a/b/c", "A" * 300, "🚀", "aapl", ".", "?", "#"]
    with serving(Reply([])) as server:
        async with broker_at(server.url) as broker:
            for name in names:
                with pytest.raises((HoldfastError, ValueError)):
                    await broker.submit(SavedIntent(replace(an_intent(), symbol=name)))
                with pytest.raises((HoldfastError, ValueError)):
                    await broker.position(name)
    assert server.requests == []


def test_no_command_takes_a_secret_as_a_flag() -> None:
    """F19: Keys stand in no process title: only `simulate`, whose keys are made up, has flags for them."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    words = {name: " ".join(param.name for param in one.params).lower() for name, one in commands.items()}
    assert {name for name, text in words.items() if "secret" in text or "key" in text.split()} == {"simulate"}


def test_a_config_of_a_hundred_megabytes_is_refused(tmp_path: Path) -> None:
    """F19: A huge file is one problem, told with the size that is allowed."""
    path = tmp_path / "config.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    (problem,) = caught.value.problems
    assert "larger than 256 KB" in problem.message
