"""Assets, clock and calendar."""

from datetime import date, datetime, timedelta
from itertools import pairwise

from starlette.routing import Route

from holdfast.exchange.refusal import not_found
from holdfast.simulator.calendar import NEW_YORK, midnight, session_date, session_opening_after, sessions_between
from holdfast.simulator.call import Answer, Call
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.wire import asset_body, symbol_of_asset

# No two sessions lie further apart, New York's longest closures of these years included.
_HOLIDAYS_MAX = timedelta(days=8)


class ReferenceRoutes:
    """Handlers for what may be traded, and when."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        return [
            Route("/v2/assets", gate.endpoint(self.assets), methods=["GET"]),
            Route("/v2/assets/{symbol:path}", gate.endpoint(self.asset), methods=["GET"]),
            Route("/v2/clock", gate.endpoint(self.clock), methods=["GET"]),
            Route("/v2/calendar", gate.endpoint(self.calendar), methods=["GET"]),
        ]

    def assets(self, call: Call) -> Answer:
        """List the assets of this market, stocks unless asked otherwise."""
        status, exchange = call.word("status", {"active", "inactive"}), call.query.get("exchange")
        asset_class = call.query.get("asset_class") or "us_equity"
        listed = sorted(self._market.exchange.instruments.values(), key=lambda each: each.symbol)
        return Answer(
            [
                asset_body(each)
                for each in listed
                if each.asset_class == asset_class
                and exchange in (None, each.exchange)
                and (status is None or each.is_active is (status == "active"))
            ]
        )

    def asset(self, call: Call) -> Answer:
        """Show one asset, by symbol, by a pair's name with or without its slash, or by id."""
        given, exchange = call.path_values["symbol"], self._market.exchange
        found = exchange.instruments.get(exchange.canonical(symbol_of_asset(given, exchange.instruments)))
        if found is None:
            raise not_found(f"asset not found for {given}")
        return Answer(asset_body(found))

    def clock(self, _call: Call) -> Answer:
        """Tell the market's time, in New York's."""
        market = self._market
        following = session_opening_after(market.time)
        return Answer(
            {
                "timestamp": _local(market.time),
                "is_open": market.is_open,
                "next_open": _local(following.open),
                "next_close": _local(market.session.close if market.is_open else following.close),
            }
        )

    def calendar(self, call: Call) -> Answer:
        """List the trading days of a span, both ends included."""
        start, end = call.day("start") or date.min, call.day("end") or date.max - _HOLIDAYS_MAX
        sessions = sessions_between(midnight(start), midnight(end + _HOLIDAYS_MAX))
        dated = [(session_date(session), session) for session in sessions]
        return Answer(
            [
                {
                    "date": day.isoformat(),
                    "open": f"{session.open.astimezone(NEW_YORK):%H:%M}",
                    "close": f"{session.close.astimezone(NEW_YORK):%H:%M}",
                    "session_open": "0400",
                    "session_close": "2000",
                    "settlement_date": following.isoformat(),
                }
                for (day, session), (following, _) in pairwise(dated)
                if day <= end
            ]
        )


def _local(moment: datetime) -> str:
    return moment.astimezone(NEW_YORK).isoformat()
