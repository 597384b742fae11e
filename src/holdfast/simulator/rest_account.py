"""`/v2/account` and its activities."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.routing import Route

from holdfast.exchange.activity import Activity, ActivityType
from holdfast.exchange.margin import AccountTerms
from holdfast.exchange.order import Fill, OrderEvent
from holdfast.exchange.refusal import malformed
from holdfast.simulator.calendar import NEW_YORK
from holdfast.simulator.call import Answer, Call
from holdfast.simulator.gate import Gate
from holdfast.simulator.market import Market
from holdfast.simulator.wire import Body, activity_body, fill_body, stamp, text

_PAGE_MAX = 100
_MULTIPLIERS = {"1", "2", "4"}


class AccountRoutes:
    """Handlers for the account and what happened to it."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def routes(self, gate: Gate) -> list[Route]:
        """Return the routes of these handlers."""
        return [
            Route("/v2/account", gate.endpoint(self.account), methods=["GET"]),
            Route("/v2/account/configurations", gate.endpoint(self.configurations), methods=["GET"]),
            Route("/v2/account/configurations", gate.endpoint(self.configure), methods=["PATCH"]),
            Route("/v2/account/activities", gate.endpoint(self.activities), methods=["GET"]),
            Route("/v2/account/activities/{type}", gate.endpoint(self.activities), methods=["GET"]),
        ]

    def account(self, _call: Call) -> Answer:
        """Show the account at market."""
        market = self._market
        value, terms = market.exchange.value, market.exchange.standing.terms
        equity = text(value.equity)
        return Answer(
            {
                "id": market.account_id,
                "account_number": account_number(market.account_id),
                "status": "ACTIVE",
                "crypto_status": "ACTIVE",
                "crypto_tier": 1,
                "currency": "USD",
                "options_approved_level": 0,
                "options_trading_level": 0,
                "buying_power": text(value.buying_power),
                "regt_buying_power": text(value.overnight_buying_power),
                "effective_buying_power": text(value.buying_power),
                "non_marginable_buying_power": text(value.cash_buying_power),
                "options_buying_power": "0",
                "cash": text(value.cash),
                "accrued_fees": "0",
                "portfolio_value": equity,
                "equity": equity,
                "last_equity": text(market.last_equity),
                "position_market_value": text(value.long_value + value.short_value),
                "long_market_value": text(value.long_value),
                "short_market_value": text(value.short_value),
                "initial_margin": text(value.initial_margin),
                "maintenance_margin": text(value.maintenance_margin),
                "last_maintenance_margin": "0",
                "sma": "0",
                "multiplier": str(value.multiplier),
                "balance_asof": market.time.astimezone(NEW_YORK).date().isoformat(),
                "intraday_adjustments": "0",
                "pending_reg_taf_fees": "0",
                "shorting_enabled": terms.may_short(value.equity),
                "trading_blocked": terms.is_blocked,
                "transfers_blocked": False,
                "account_blocked": terms.is_blocked,
                "trade_suspended_by_user": terms.suspend_trade,
                "created_at": stamp(market.created_at),
                "admin_configurations": {},
                "user_configurations": None,
            }
        )

    def configurations(self, _call: Call) -> Answer:
        """Show what the owner has switched on and off."""
        return Answer(configurations_body(self._market.exchange.standing.terms))

    def configure(self, call: Call) -> Answer:
        """Switch something on or off; what is not named stays as it is."""
        standing = self._market.exchange.standing
        terms = parse_configurations(call.body, standing.terms)

        def change(_at: datetime) -> list[OrderEvent]:
            standing.terms = terms
            return []

        self._market.step(change)
        return self.configurations(call)

    def activities(self, call: Call) -> Answer:
        """List what happened, newest first unless asked otherwise."""
        size = call.number("page_size", _PAGE_MAX, _PAGE_MAX)
        rows = [body for _, body in sorted(self._chosen(call), key=lambda row: row[0])]
        if call.word("direction", {"asc", "desc"}) != "asc":
            rows.reverse()
        token = call.query.get("page_token")
        if token:
            ids = [row["id"] for row in rows]
            if token not in ids:
                raise malformed(f"invalid page_token: {token}")
            rows = rows[ids.index(token) + 1 :]
        return Answer(rows[:size])

    def _chosen(self, call: Call) -> Iterator[tuple[tuple[datetime, int], Body]]:
        """Yield the rows that were asked for, each with its place in time."""
        wanted = _types(call)
        after, until, day = call.moment("after"), call.moment("until"), call.day("date")
        books = self._market.exchange.books
        entries: list[Fill | Activity] = [*books.fills, *books.activities]
        for number, entry in enumerate(entries):
            name = "FILL" if isinstance(entry, Fill) else entry.type.value
            if (
                (wanted is None or name in wanted)
                and (after is None or entry.time > after)
                and (until is None or entry.time < until)
                and (day is None or entry.time.astimezone(NEW_YORK).date() == day)
            ):
                row = fill_body(entry) if isinstance(entry, Fill) else activity_body(entry)
                yield (entry.time, number), row


def configurations_body(terms: AccountTerms) -> Body:
    """Write the account's terms as Alpaca shows them."""
    return {
        "disable_overnight_trading": False,
        "fractional_trading": terms.fractional_trading,
        "max_margin_multiplier": str(terms.multiplier_max),
        "no_shorting": terms.no_shorting,
        "suspend_trade": terms.suspend_trade,
        "trade_confirm_email": "all",
        "ptp_no_exception_entry": False,
        "max_options_trading_level": 0,
    }


def parse_configurations(body: Mapping[str, Any], terms: AccountTerms) -> AccountTerms:
    """Read the body of a PATCH over the terms so far.

    Raises:
        Refusal: 422 for a value that cannot be.
    """
    switches = {"no_shorting": bool, "fractional_trading": bool, "suspend_trade": bool}
    given = {name: body[name] for name in switches if body.get(name) is not None}
    for name, value in given.items():
        if not isinstance(value, bool):
            raise malformed(f"invalid {name}: {value}")
    multiplier = body.get("max_margin_multiplier")
    if multiplier is not None:
        if str(multiplier) not in _MULTIPLIERS:
            raise malformed(f"invalid max_margin_multiplier: {multiplier}")
        given["multiplier_max"] = int(str(multiplier))
    return replace(terms, **given)


def account_number(account_id: str) -> str:
    """Return the number a person would see, shaped like a paper account's."""
    return f"PA{account_id.replace('-', '')[:10].upper()}"


def _types(call: Call) -> set[str] | None:
    """Return the activity types that were asked for; None for all."""
    named = call.path_values.get("type") or call.query.get("activity_types")
    category = call.word("category", {"trade_activity", "non_trade_activity"})
    if named and category:
        raise malformed("only one of activity_types and category is accepted")
    if category:
        return {"FILL"} if category == "trade_activity" else {kind.value for kind in ActivityType}
    return set(named.split(",")) if named else None
