"""Market data of crypto pairs: no credentials are needed, days begin at midnight UTC, quotes have two sides only."""

import re
from collections.abc import Callable
from datetime import datetime

from starlette.routing import Route

from holdfast.domain.bar import Bar
from holdfast.exchange.matching import quote_of
from holdfast.simulator.call import Answer, Call, Handler
from holdfast.simulator.gate import Gate
from holdfast.simulator.history import page
from holdfast.simulator.market import Market
from holdfast.simulator.rest_data import by_symbol, invalid_symbol, query_of, symbols_of
from holdfast.simulator.wire import Body, bar_body, stamp

_ROOT = "/v1beta3/crypto/us"
_GRAMMAR = "^[A-Z]+x?/[A-Z]+$"


class CryptoRoutes:
    """Handlers for pairs' bars, and for the latest bar, quote and trade. An unknown pair is simply absent."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        handlers = {
            "bars": self.bars,
            "latest/bars": self._latest("bars", bar_body),
            "latest/quotes": self._latest("quotes", lambda bar: crypto_quote_body(bar, self._market.time)),
            "latest/trades": self._latest("trades", lambda bar: crypto_trade_body(bar, self._market.time)),
        }
        return [
            Route(f"{_ROOT}/{path}", gate.endpoint(_checked(handler), is_public=True), methods=["GET"])
            for path, handler in handlers.items()
        ]

    def bars(self, call: Call) -> Answer:
        """Show a page of bars; the limit counts over all pairs, and nothing is from the future."""
        bars, token = page(self._market.prices, query_of(call, symbols_of(call), self._market.time), self._market.time)
        return Answer({"bars": by_symbol(bars), "next_page_token": token})

    def _latest(self, name: str, show: Callable[[Bar], Body]) -> Handler:
        def answer(call: Call) -> Answer:
            known = self._market.latest_bars
            return Answer({name: {symbol: show(known[symbol]) for symbol in symbols_of(call) if symbol in known}})

        return answer


def _checked(handler: Handler) -> Handler:
    """Refuse names that no pair can have, in Alpaca's words."""

    def answer(call: Call) -> Answer:
        for symbol in symbols_of(call):
            if not re.fullmatch(_GRAMMAR, symbol):
                return invalid_symbol(f"{symbol} does not match {_GRAMMAR}")
        return handler(call)

    return answer


def crypto_quote_body(bar: Bar, time: datetime) -> Body:
    """Write the quote that a pair's bar leaves behind, in numbers; sizes in coins."""
    quote, size = quote_of(bar), float(bar.volume)
    return {"t": stamp(time), "bp": float(quote.bid), "bs": size, "ap": float(quote.ask), "as": size}


def crypto_trade_body(bar: Bar, time: datetime) -> Body:
    """Write the last trade of a pair's bar, in numbers: bought where the bar rose, sold where it fell."""
    side = "B" if bar.close >= bar.open else "S"
    return {"t": stamp(time), "p": float(bar.close), "s": float(bar.volume), "i": int(time.timestamp()), "tks": side}
