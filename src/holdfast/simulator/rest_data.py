"""Market data of stocks: bars of the past, and the latest bar, quote and trade."""

from collections.abc import Callable
from datetime import timedelta
from itertools import groupby

from starlette.routing import Route

from holdfast.domain.bar import Bar
from holdfast.simulator.calendar import NEW_YORK
from holdfast.simulator.call import Answer, Call
from holdfast.simulator.gate import Gate
from holdfast.simulator.history import Query, page, parse_frame
from holdfast.simulator.market import Market
from holdfast.simulator.wire import Body, bar_body, quote_body, trade_body

_LIMIT_DEFAULT, _LIMIT_MAX = 1000, 10_000


class DataRoutes:
    """Handlers for market data; the same prices as the exchange fills at."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        shown: dict[str, Callable[[Bar], Body]] = {
            "bars": bar_body,
            "quotes": lambda bar: quote_body(bar, self._market.time),
            "trades": lambda bar: trade_body(bar, self._market.time),
        }
        latest = [
            Route(f"/v2/stocks{symbol}/{name}/latest", gate.endpoint(self._latest(name, show)), methods=["GET"])
            for name, show in shown.items()
            for symbol in ("", "/{symbol}")
        ]
        return [
            *latest,
            Route("/v2/stocks/bars", gate.endpoint(self.bars), methods=["GET"]),
            Route("/v2/stocks/{symbol}/bars", gate.endpoint(self.bars), methods=["GET"]),
            Route("/v1beta3/crypto/us/bars", gate.endpoint(_no_crypto, is_public=True), methods=["GET"]),
            Route("/v1beta3/crypto/us/latest/bars", gate.endpoint(_no_crypto, is_public=True), methods=["GET"]),
        ]

    def bars(self, call: Call) -> Answer:
        """Show a page of bars; the limit counts over all symbols, and nothing is from the future."""
        now = self._market.time
        local_midnight = now.astimezone(NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)
        query = Query(
            symbols=_symbols(call),
            frame=parse_frame(call.query.get("timeframe", "1Min")),
            start=call.moment("start") or local_midnight,
            end=call.moment("end") or now + timedelta(days=1),
            limit=call.number("limit", _LIMIT_DEFAULT, _LIMIT_MAX),
            is_newest_first=call.query.get("sort") == "desc",
            page_token=call.query.get("page_token"),
        )
        bars, token = page(self._market.prices, query, now)
        rows = {symbol: [bar_body(bar) for bar in group] for symbol, group in groupby(bars, key=lambda bar: bar.symbol)}
        if (symbol := call.path_values.get("symbol")) is not None:
            return Answer({"bars": rows.get(symbol, []), "symbol": symbol, "next_page_token": token})
        return Answer({"bars": rows, "next_page_token": token})

    def _latest(self, name: str, show: Callable[[Bar], Body]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            known = self._market.latest_bars
            rows = {symbol: show(known[symbol]) for symbol in _symbols(call) if symbol in known}
            if (symbol := call.path_values.get("symbol")) is not None:
                return Answer({name.removesuffix("s"): rows.get(symbol), "symbol": symbol})
            return Answer({name: rows})

        return answer


def _symbols(call: Call) -> list[str]:
    if (symbol := call.path_values.get("symbol")) is not None:
        return [symbol]
    return [symbol for symbol in call.query.get("symbols", "").split(",") if symbol]


def _no_crypto(_call: Call) -> Answer:
    return Answer({"bars": {}, "next_page_token": None})
