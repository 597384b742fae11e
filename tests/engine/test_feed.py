"""The feed: each bar of each symbol once, in order; what the stream does not bring comes from history."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from builders import a_bar, at
from fakes.streams import FakeBarStream, FakeMarketData
from holdfast.domain.bar import Bar
from holdfast.domain.errors import Recoverable, Rejected
from holdfast.engine.feed import STREAM_PATIENCE_S, BarFeed


class Ear:
    """A feed with fakes around it, and what it delivered."""

    def __init__(
        self,
        *history: Bar,
        is_live: bool = True,
        is_paced: bool = False,
        symbols: str = "AAPL",
        patience_s: float = STREAM_PATIENCE_S,
    ) -> None:
        self.stream = FakeBarStream(is_live=is_live)
        self.data = FakeMarketData(*history)
        self.heard: list[Bar] = []
        newest = {symbol: at(0) for symbol in symbols.split()}
        self.feed = BarFeed(self.data, self.stream, newest, self.heard.append, is_paced=is_paced, patience_s=patience_s)
        self.feed.start()

    @property
    def minutes(self) -> list[tuple[str, int]]:
        """What was delivered, as symbol and minute."""
        return [(bar.symbol, round((bar.time - at(0)).total_seconds() / 60)) for bar in self.heard]


def run(work: Callable[[], Awaitable[object]]) -> None:
    """Run one piece of work in a loop."""

    async def main() -> None:
        await work()

    asyncio.run(main())


def test_the_stream_is_asked_for_the_symbols_that_are_followed() -> None:
    """Only followed symbols are subscribed, and bars of others are dropped."""
    ear = Ear(symbols="MSFT AAPL")
    ear.stream.send(a_bar(1, symbol="GOOG"), a_bar(1))
    assert ear.stream.symbols == ["AAPL", "MSFT"]
    assert ear.minutes == [("AAPL", 1)]


def test_a_bar_is_delivered_once_and_never_backwards() -> None:
    """Duplicates, corrections and late bars are dropped (F13)."""
    ear = Ear()
    ear.stream.send(a_bar(1), a_bar(1), a_bar(2), a_bar(1), a_bar(2, 200), a_bar(0))
    assert ear.minutes == [("AAPL", 1), ("AAPL", 2)]


def test_a_silent_stream_is_made_up_for() -> None:
    """While the stream is away, one request brings all symbols' bars in the order of their times."""
    history = [a_bar(minute, symbol=symbol) for symbol in ("MSFT", "AAPL") for minute in (0, 1, 2, 3)]
    ear = Ear(*history, is_live=False, symbols="AAPL MSFT")
    run(lambda: ear.feed.catch_up(at(3)))
    assert ear.minutes == [("AAPL", 1), ("MSFT", 1), ("AAPL", 2), ("MSFT", 2)]
    assert len(ear.data.requests) == 1


def test_an_unfinished_bar_is_not_delivered() -> None:
    """A bar counts from its close on: the running minute's is left out."""
    ear = Ear(a_bar(1), a_bar(2), is_live=False)
    run(lambda: ear.feed.catch_up(at(2, 59)))
    assert ear.minutes == [("AAPL", 1)]


def test_a_live_stream_is_not_polled_but_asked_once_when_it_is_back() -> None:
    """History is asked for while the stream is away and once after it has come back, and then no more."""
    ear = Ear(is_live=False)
    for minute, is_live in enumerate((False, True, True, False, True)):
        ear.stream.is_live = is_live
        if is_live:
            ear.stream.send(a_bar(minute))
        run(lambda: ear.feed.catch_up(at(5)))
    assert len(ear.data.requests) == 4


def test_a_live_stream_that_says_nothing_is_made_up_for() -> None:
    """A stream that took the subscription and has fallen mute is not believed: history brings what it does not (F8)."""
    ear = Ear(a_bar(1), a_bar(2))
    for minute in (2, 3):
        run(partial(ear.feed.catch_up, at(minute)))
    assert ear.minutes == [("AAPL", 1), ("AAPL", 2)]


@pytest.mark.parametrize("failure", [Recoverable("503"), Rejected("no subscription", status=403)])
def test_a_history_that_fails_is_asked_for_later(failure: Recoverable | Rejected) -> None:
    """A failing request ends nothing; the next one brings what is missing."""
    ear = Ear(a_bar(1), is_live=False)
    ear.data.failure = failure
    run(lambda: ear.feed.catch_up(at(3)))
    ear.data.failure = None
    run(lambda: ear.feed.catch_up(at(3)))
    assert ear.minutes == [("AAPL", 1)]


def test_with_no_symbol_to_follow_nothing_is_asked() -> None:
    """A bot whose symbols are all suspended or retired goes on quietly."""
    ear = Ear(is_live=False, symbols="")
    run(lambda: ear.feed.catch_up(at(3)))
    assert ear.data.requests == []


def test_a_paced_bar_waits_for_its_instant() -> None:
    """In lockstep a bar that comes early is delivered when the clock has reached its close, not before."""
    ear = Ear(is_paced=True)
    ear.stream.send(a_bar(1), a_bar(2))
    assert ear.minutes == []
    run(lambda: ear.feed.bring({"AAPL"}, at(2)))
    assert ear.minutes == [("AAPL", 1)]
    run(lambda: ear.feed.bring({"AAPL"}, at(3)))
    assert ear.minutes == [("AAPL", 1), ("AAPL", 2)]


def test_bring_waits_for_the_stream() -> None:
    """The instant is over when the stream has brought its bars: nothing is asked of history."""
    ear = Ear(is_paced=True, symbols="AAPL MSFT")

    async def work() -> None:
        await ear.feed.bring(set(), at(1))
        waiting = asyncio.create_task(ear.feed.bring({"AAPL", "MSFT"}, at(2)))
        await asyncio.sleep(0)
        ear.stream.send(a_bar(1))
        await asyncio.sleep(0)
        assert not waiting.done()
        ear.stream.send(a_bar(1, symbol="MSFT"))
        await waiting

    asyncio.run(work())
    assert sorted(ear.minutes) == [("AAPL", 1), ("MSFT", 1)]
    assert ear.data.requests == []


def test_bring_asks_history_when_the_stream_is_away() -> None:
    """A stream that is not live is not waited for."""
    ear = Ear(a_bar(1), is_live=False, is_paced=True)
    run(lambda: ear.feed.bring({"AAPL", "UNFOLLOWED"}, at(2)))
    assert ear.minutes == [("AAPL", 1)]


def test_bring_waits_in_vain_once() -> None:
    """A symbol that the living stream does not bring is asked for at once from then on, until the stream brings it."""
    ear = Ear(*(a_bar(minute) for minute in (1, 2, 3)), is_paced=True, patience_s=0.01)

    async def work() -> None:
        await ear.feed.bring(set(), at(1))
        await ear.feed.bring({"AAPL"}, at(2))
        at_once = asyncio.create_task(ear.feed.bring({"AAPL"}, at(3)))
        await asyncio.sleep(0)
        assert ear.minutes == [("AAPL", 1), ("AAPL", 2)]
        await at_once
        ear.stream.send(a_bar(2))
        waiting = asyncio.create_task(ear.feed.bring({"AAPL"}, at(4)))
        await asyncio.sleep(0)
        assert ear.minutes == [("AAPL", 1), ("AAPL", 2)]
        await waiting

    asyncio.run(work())
    assert ear.minutes == [("AAPL", 1), ("AAPL", 2), ("AAPL", 3)]


def test_stopping_ends_the_stream() -> None:
    """The stream is told to end."""
    ear = Ear()
    run(ear.feed.stop)
    assert ear.stream.stopped


def test_each_market_is_asked_for_from_its_own_newest_bar() -> None:
    """A stock that closed on Friday does not make a pair's whole week-end be read again."""
    ear = Ear(a_bar(700, symbol="BTC/USD"), is_live=False, symbols="AAPL BTC/USD")
    ear.stream.send(a_bar(699, symbol="BTC/USD"))
    run(lambda: ear.feed.catch_up(at(701)))
    assert [(symbols, start) for symbols, start, _end in ear.data.requests] == [
        (("AAPL",), at(1)),
        (("BTC/USD",), at(700)),
    ]
    assert ear.minutes == [("BTC/USD", 699), ("BTC/USD", 700)]


def test_a_clock_set_back_does_not_hide_the_bars_to_come() -> None:
    """Started with the clock an hour ahead, the feed knows no bar that has not opened yet once the clock is right."""
    stream, heard = FakeBarStream(), list[Bar]()
    feed = BarFeed(FakeMarketData(), stream, {"AAPL": at(60)}, heard.append, is_paced=False)
    feed.start()
    stream.send(a_bar(1))
    assert heard == []
    feed.rewind(at(2))
    stream.send(a_bar(1), a_bar(2))
    assert [one.time for one in heard] == [at(2)]
