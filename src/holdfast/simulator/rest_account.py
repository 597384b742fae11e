"""`/v2/account` and its activities."""

from collections.abc import Iterator
from datetime import date

from starlette.routing import Route

from holdfast.exchange.order import Fill
from holdfast.exchange.refusal import malformed
from holdfast.simulator.calendar import NEW_YORK
from holdfast.simulator.call import Answer, Call
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.wire import activity_body, activity_id, stamp, text

_PAGE_MAX = 100


class AccountRoutes:
    """Handlers for the account and what happened to it."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        return [
            Route("/v2/account", gate.endpoint(self.account), methods=["GET"]),
            Route("/v2/account/activities", gate.endpoint(self.activities), methods=["GET"]),
            Route("/v2/account/activities/{type}", gate.endpoint(self.activities), methods=["GET"]),
        ]

    def account(self, _call: Call) -> Answer:
        """Show the account: it trades with cash alone."""
        market = self._market
        cash, value, power = market.exchange.ledger.cash, market.market_value, market.exchange.buying_power
        equity = text(cash + value)
        powers = ("buying_power", "regt_buying_power", "effective_buying_power", "non_marginable_buying_power")
        flags = ("trading_blocked", "transfers_blocked", "account_blocked", "trade_suspended_by_user")
        return Answer(
            {
                "id": market.account_id,
                "account_number": account_number(market.account_id),
                "status": "ACTIVE",
                "crypto_status": "ACTIVE",
                "currency": "USD",
                **dict.fromkeys(powers, text(power)),
                "options_buying_power": "0",
                "cash": text(cash),
                "accrued_fees": "0",
                "portfolio_value": equity,
                "equity": equity,
                "last_equity": text(market.last_equity),
                "position_market_value": text(value),
                "long_market_value": text(value),
                "short_market_value": "0",
                "initial_margin": text(value),
                "maintenance_margin": text(value),
                "last_maintenance_margin": "0",
                "sma": "0",
                "multiplier": "1",
                "balance_asof": market.time.astimezone(NEW_YORK).date().isoformat(),
                "intraday_adjustments": "0",
                "pending_reg_taf_fees": "0",
                "shorting_enabled": False,
                **dict.fromkeys(flags, False),
                "created_at": stamp(market.created_at),
                "admin_configurations": {},
                "user_configurations": None,
            }
        )

    def activities(self, call: Call) -> Answer:
        """List what happened, newest first unless asked otherwise: this account only ever has fills."""
        size = call.number("page_size", _PAGE_MAX, _PAGE_MAX)
        fills = list(self._chosen(call))
        if call.query.get("direction", "desc") != "asc":
            fills.reverse()
        token = call.query.get("page_token")
        if token:
            ids = [activity_id(fill) for fill in fills]
            if token not in ids:
                raise malformed(f"invalid page_token: {token}")
            fills = fills[ids.index(token) + 1 :]
        return Answer([activity_body(fill) for fill in fills[:size]])

    def _chosen(self, call: Call) -> Iterator[Fill]:
        types = call.path_values.get("type") or call.query.get("activity_types") or "FILL"
        if "FILL" not in types.split(",") or call.query.get("category") == "non_trade_activity":
            return
        after, until, day = call.moment("after"), call.moment("until"), _day(call)
        for fill in self._market.exchange.fills:
            if (
                (after is None or fill.time > after)
                and (until is None or fill.time < until)
                and (day is None or fill.time.astimezone(NEW_YORK).date() == day)
            ):
                yield fill


def account_number(account_id: str) -> str:
    """Return the number a person would see, shaped like a paper account's."""
    return f"PA{account_id.replace('-', '')[:10].upper()}"


def _day(call: Call) -> date | None:
    given = call.query.get("date")
    if not given:
        return None
    try:
        return date.fromisoformat(given[:10])
    except ValueError:
        raise malformed(f"invalid date: {given}") from None
