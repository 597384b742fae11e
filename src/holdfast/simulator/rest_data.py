"""Market data of stocks: bars of the past, and the latest bar, quote and trade."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from starlette.routing import Route

from holdfast.domain.bar import Bar
from holdfast.domain.symbols import is_pair
from holdfast.exchange.refusal import malformed
from holdfast.simulator.asset_days import midnight_before, zone_of
from holdfast.simulator.call import Answer, Call, Handler
from holdfast.simulator.gate import Gate
from holdfast.simulator.history import Query, page, parse_frame
from holdfast.simulator.market import Market
from holdfast.simulator.wire import Body, bar_body, quote_body, trade_body

_LIMIT_DEFAULT, _LIMIT_MAX = 1000, 10_000
_BAD_REQUEST = 400
# There is no bar before it, and room enough to count back from it.
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_ADJUSTMENTS = {"raw", "split", "dividend", "spin-off", "all"}


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
        handlers = {f"{name}/latest": self._latest(name, show) for name, show in shown.items()} | {"bars": self.bars}
        return [
            Route(f"/v2/stocks{symbol}/{path}", gate.endpoint(_of_stocks(handler)), methods=["GET"])
            for path, handler in handlers.items()
            for symbol in ("", "/{symbol}")
        ]

    def bars(self, call: Call) -> Answer:
        """Show a page of bars; the limit counts over all symbols, and nothing is from the future."""
        now = self._market.time
        prices = self._market.prices.adjusted(now) if _is_adjusted(call) else self._market.prices
        bars, token = page(prices, query_of(call, symbols_of(call), now), now)
        rows = by_symbol(bars)
        if (symbol := call.path_values.get("symbol")) is not None:
            return Answer({"bars": rows.get(symbol, []), "symbol": symbol, "next_page_token": token})
        return Answer({"bars": rows, "next_page_token": token})

    def _latest(self, name: str, show: Callable[[Bar], Body]) -> Callable[[Call], Answer]:
        def answer(call: Call) -> Answer:
            known = self._market.latest_bars
            rows = {symbol: show(known[symbol]) for symbol in symbols_of(call) if symbol in known}
            if (symbol := call.path_values.get("symbol")) is not None:
                return Answer({name.removesuffix("s"): rows.get(symbol), "symbol": symbol})
            return Answer({name: rows})

        return answer


def _of_stocks(handler: Handler) -> Handler:
    """Refuse names of pairs: their prices stand elsewhere."""

    def answer(call: Call) -> Answer:
        pairs = [symbol for symbol in symbols_of(call) if is_pair(symbol)]
        return invalid_symbol(pairs[0]) if pairs else handler(call)

    return answer


def invalid_symbol(words: str) -> Answer:
    """Answer a request for a name that cannot be one; data errors have no code."""
    return Answer({"message": f"invalid symbol: {words}"}, _BAD_REQUEST)


def _is_adjusted(call: Call) -> bool:
    """Whether bars before a split are asked for in today's shares.

    Raises:
        Refusal: 422 for an adjustment that there is not.
    """
    asked = set(call.query.get("adjustment", "raw").split(","))
    if asked - _ADJUSTMENTS:
        raise malformed(f"invalid adjustment: {call.query['adjustment']}")
    return bool(asked & {"split", "all"})


def query_of(call: Call, symbols: Sequence[str], now: datetime) -> Query:
    """Read which bars are asked for; they begin with today, unless it is said otherwise.

    Raises:
        Refusal: 422 for a timeframe, a time, a limit or a token that cannot be read.
    """
    zone = zone_of(symbols[0]) if symbols else UTC
    return Query(
        symbols=symbols,
        frame=parse_frame(call.query.get("timeframe", "1Min")),
        start=max(call.moment("start") or midnight_before(now, zone), _BEGINNING),
        end=min(call.moment("end") or now + timedelta(days=1), now + timedelta(days=1)),
        limit=call.number("limit", _LIMIT_DEFAULT, _LIMIT_MAX),
        is_newest_first=call.query.get("sort") == "desc",
        page_token=call.query.get("page_token"),
    )


def by_symbol(bars: Iterable[Bar]) -> dict[str, list[Body]]:
    """Write bars, sorted by symbol, as rows of each."""
    return {symbol: [bar_body(bar) for bar in group] for symbol, group in groupby(bars, key=lambda bar: bar.symbol)}


def symbols_of(call: Call) -> list[str]:
    """Return the symbols of a request, from its path or its query."""
    if (symbol := call.path_values.get("symbol")) is not None:
        return [symbol]
    return [symbol for symbol in call.query.get("symbols", "").split(",") if symbol]
