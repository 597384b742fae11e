"""Each order type with each time in force in each part of the day: the answer, and what becomes of the order.

The market: XYZ on a Monday and a Tuesday (2026-01-05 and 06; times UTC, New York is five hours behind)

    08:55 Mon  night         04:00 New York, five minutes before the pre-market: nothing has traded yet
    12:00 Mon  pre-market    $48
    14:30 Mon  session       $50, and $52 in its last two minutes; it closes at 21:00
    21:00 Mon  post-market   $47, until 01:00
    12:00 Tue  pre-market    $49
    14:30 Tue  session       $54, and $56 in its last two minutes
"""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from alpaca.common.exceptions import APIError

from holdfast.simulator.prices import RecordedPrices
from holdfast.simulator.timetable import MarketHours
from simulator.orders.desk import OPEN, Desk, body_of, minutes, plain

MOMENTS = {
    "night": "2026-01-05T08:55:00Z",
    "before": "2026-01-05T12:01:00Z",
    "session": "2026-01-05T14:31:00Z",
    "after": "2026-01-05T21:01:00Z",
    "evening": "2026-01-06T01:00:00Z",
}
KINDS = {
    "market": "buy 1 XYZ",
    "limit": "buy 1 XYZ limit 60",
    "away": "buy 1 XYZ limit 10",
    "stop": "buy 1 XYZ stop 53",
    "stop_limit": "buy 1 XYZ stop 51 limit 52",
    "trailing": "buy 1 XYZ trail 1.5",
}
TIMES = ("day", "gtc", "ioc", "fok", "opg", "cls")

# One row a rule: when it is placed, kinds, times in force, and the statuses as they are seen, the answer's first.
TABLE = """
night   market,limit  day,gtc,ioc,fok,opg  accepted > new > filled 50 Mon 14:31
night   market,limit  cls                  accepted > new > filled 52 Mon 21:00
night   away          day                  accepted > new > expired Mon 21:00
night   away          gtc                  accepted > new
night   away          ioc,fok,opg          accepted > new > canceled Mon 14:31
night   away          cls                  accepted > new > canceled Mon 21:00
night   stop          day                  accepted > new > expired Mon 21:00
night   stop          gtc                  accepted > new > filled 54 Tue 14:31
night   stop_limit    day,gtc              accepted > new > filled 52 Mon 20:59
night   trailing      day,gtc              accepted > new > filled 52 Mon 20:59

before  market,limit  day,gtc,ioc,fok,opg  accepted > new > filled 50 Mon 14:31
before  market,limit  cls                  accepted > new > filled 52 Mon 21:00
before  away          day                  accepted > new > expired Mon 21:00
before  away          gtc                  accepted > new
before  away          ioc,fok,opg          accepted > new > canceled Mon 14:31
before  away          cls                  accepted > new > canceled Mon 21:00
before  stop          day                  accepted > new > expired Mon 21:00
before  stop          gtc                  accepted > new > filled 54 Tue 14:31
before  stop_limit    day,gtc              accepted > new > filled 52 Mon 20:59
before  trailing      day,gtc              accepted > new > filled 52 Mon 20:59

session market,limit  day,gtc,ioc,fok      pending_new > filled 50 Mon 14:31
session market,limit  cls                  accepted > new > filled 52 Mon 21:00
session away          day                  pending_new > new > expired Mon 21:00
session away          gtc                  pending_new > new
session away          ioc,fok              pending_new > canceled Mon 14:31
session away          cls                  accepted > new > canceled Mon 21:00
session stop          day                  pending_new > new > expired Mon 21:00
session stop          gtc                  pending_new > new > filled 54 Tue 14:31
session stop_limit    day,gtc              pending_new > new > filled 52 Mon 20:59
session trailing      day,gtc              pending_new > new > filled 52 Mon 20:59
session any           opg                  refused: opg orders are not accepted

after   market,limit  day,gtc,ioc,fok      accepted > new > filled 54 Tue 14:31
after   away          day                  accepted > new > expired Tue 21:00
after   away          gtc                  accepted > new
after   away          ioc,fok              accepted > new > canceled Tue 14:31
after   stop          day,gtc              accepted > new > filled 54 Tue 14:31
after   stop_limit    day                  accepted > new > expired Tue 21:00
after   stop_limit    gtc                  accepted > new
after   trailing      day,gtc              accepted > new > filled 56 Tue 20:59
after   any           opg                  refused: opg orders are not accepted
after   any           cls                  refused: cls orders are not accepted

evening market,limit  day,gtc,ioc,fok,opg  accepted > new > filled 54 Tue 14:31
evening market,limit  cls                  accepted > new > filled 56 Tue 21:00
evening away          day                  accepted > new > expired Tue 21:00
evening away          gtc                  accepted > new
evening away          ioc,fok,opg          accepted > new > canceled Tue 14:31
evening away          cls                  accepted > new > canceled Tue 21:00
evening stop          day,gtc              accepted > new > filled 54 Tue 14:31
evening stop_limit    day                  accepted > new > expired Tue 21:00
evening stop_limit    gtc                  accepted > new
evening trailing      day,gtc              accepted > new > filled 56 Tue 20:59
"""
SLEEPERS = {"stop": "stop", "stop_limit": "stop_limit", "trailing": "trailing_stop"}
WHOLE_LIFE = {"day", "gtc"}
SLEEPER_WORDS = {kind: f"refused: {word} orders must be DAY or GTC orders" for kind, word in SLEEPERS.items()}

# The same for orders that may trade in extended hours.
EXTENDED_TABLE = """
night   limit  day,gtc  accepted > filled 48 Mon 12:01
night   away   day      accepted > new > expired Tue 01:00
night   away   gtc      accepted > new
before  limit  day,gtc  pending_new > filled 48 Mon 12:01
before  away   day      pending_new > new > expired Tue 01:00
before  away   gtc      pending_new > new
session limit  day,gtc  pending_new > filled 50 Mon 14:31
session away   day      pending_new > new > expired Tue 01:00
session away   gtc      pending_new > new
after   limit  day,gtc  pending_new > filled 47 Mon 21:01
after   away   day      pending_new > new > expired Tue 01:00
after   away   gtc      pending_new > new
evening limit  day,gtc  accepted > filled 49 Tue 12:01
evening away   day      accepted > new > expired Wed 01:00
evening away   gtc      accepted > new
"""
NEVER_LATE = "refused: extended hours order must be DAY or GTC limit orders"


def two_days() -> RecordedPrices:
    """Return the market of this file."""
    bars = []
    for day, (early, opened, late, post) in enumerate([("48", "50", "52", "47"), ("49", "54", "56", "55")]):
        start = OPEN + timedelta(days=day)
        for offset, price, count in [(-150, early, 3), (0, opened, 4), (388, late, 2), (390, post, 3)]:
            bars += minutes("XYZ", [price] * count, start + timedelta(minutes=offset))
    return RecordedPrices({"XYZ": bars}, MarketHours.EXTENDED)


def rows(table: str) -> dict[tuple[str, str, str], str]:
    """Read a table: moment, kind and time in force to what is seen."""
    found = {}
    for line in filter(None, table.splitlines()):
        moment, kinds, times, seen = line.split(maxsplit=3)
        for kind, lasts in product(KINDS if kinds == "any" else kinds.split(","), times.split(",")):
            found[moment, kind, lasts] = seen
    return found


def expected(moment: str) -> dict[tuple[str, str], str]:
    """Return what is to be seen of all orders placed at a moment: the table's, and the rule for sleeping orders."""
    table = {(kind, lasts): seen for (when, kind, lasts), seen in rows(TABLE).items() if when == moment}
    sleepers = {(kind, lasts): SLEEPER_WORDS[kind] for kind in SLEEPERS for lasts in TIMES if lasts not in WHOLE_LIFE}
    return {**table, **sleepers}


def place(desk: Desk, text: str) -> tuple[str | None, str]:
    """Place an order; return its id and the answer's status, or None and the refusal."""
    try:
        order = desk.place(text)
    except APIError as error:
        body = body_of(error)
        assert (body["status"], body["code"]) == (422, 42210000)
        return None, f"refused: {body['message']}"
    return str(order.id), order.status.value


def lives(desk: Desk, texts: dict[Any, str]) -> dict[Any, str]:
    """Place orders, let the two days pass, and return what was seen of each at every instant."""
    ids, seen = {}, {}
    for key, text in texts.items():
        ids[key], first = place(desk, text)
        seen[key] = [first]
    while True:
        clock = desk.sim.clock()
        now = datetime.fromisoformat(clock["time"])
        orders = {str(order.id): order for order in desk.orders()}
        for key, order_id in ids.items():
            if order_id is None:
                continue
            order = orders[order_id]
            status = order.status.value
            if not seen[key][-1].startswith(status):
                price = f" {plain(order.filled_avg_price)}" if order.filled_avg_price else ""
                ended = f"{price} {now:%a %H:%M}" if status in {"filled", "expired", "canceled"} else ""
                seen[key].append(status + ended)
        if clock["finished"]:
            return {key: " > ".join(words) for key, words in seen.items()}
        desk.step()


@pytest.fixture
def two_day_desk(start_simulator: Any) -> Desk:  # noqa: ANN401 - a factory
    """A desk at the market of this file."""
    return Desk(start_simulator(two_days()))


def compare(seen: dict[Any, str], wanted: dict[Any, str]) -> None:
    """Compare rows; of a refusal the beginning of its words."""
    assert set(seen) == set(wanted)
    wrong = {
        key: (seen[key], words)
        for key, words in wanted.items()
        if not (seen[key].startswith(words) if words.startswith("refused") else seen[key] == words)
    }
    assert wrong == {}


@pytest.mark.parametrize("moment", MOMENTS)
def test_every_type_and_time_in_force(two_day_desk: Desk, moment: str) -> None:
    """Each of the 36 kinds of orders is answered, filled, expired, canceled or refused as its row says."""
    two_day_desk.sim.run_to(MOMENTS[moment])
    wanted = expected(moment)
    assert set(wanted) == set(product(KINDS, TIMES))
    compare(lives(two_day_desk, {(kind, lasts): f"{KINDS[kind]} {lasts}" for kind, lasts in wanted}), wanted)


@pytest.mark.parametrize("moment", MOMENTS)
def test_extended_hours(two_day_desk: Desk, moment: str) -> None:
    """Only limit orders for the day or good till canceled trade before and after the session; all others are 422."""
    two_day_desk.sim.run_to(MOMENTS[moment])
    table = {(kind, lasts): seen for (when, kind, lasts), seen in rows(EXTENDED_TABLE).items() if when == moment}
    never = {(kind, lasts): NEVER_LATE for kind in ("market", "limit", "away") for lasts in TIMES}
    wanted = {**never, **table, **{(kind, lasts): NEVER_LATE for kind in SLEEPERS for lasts in WHOLE_LIFE}}
    compare(lives(two_day_desk, {(kind, lasts): f"{KINDS[kind]} {lasts} ext" for kind, lasts in wanted}), wanted)
