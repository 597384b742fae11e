"""Whole days drawn from a seed: the plan, and the days that follow from it."""

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests

from holdfast.simulator.faults.bad_day import Order, bad_day, table
from holdfast.simulator.faults.kinds import KINDS
from holdfast.simulator.faults.orders import parse
from simulator.sim_client import SimClient

DAY = date(2026, 1, 5)
OPEN = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
LENGTH_S = 6.5 * 3600
SYMBOLS = ["AAPL", "MSFT", "NVDA"]
SEEDS = range(400)


def plan(seed: int, day: date = DAY, *, is_slow: bool = False) -> list[Order]:
    """Return the plan of a session of usual length."""
    return bad_day(seed, SYMBOLS, day, LENGTH_S, is_slow=is_slow)


def test_a_seed_and_a_date_name_a_day() -> None:
    """The same two give the same plan; another seed or another date gives another."""
    assert plan(42) == plan(42)
    assert plan(42) != plan(43)
    assert plan(42) != plan(42, date(2026, 1, 6))


def test_every_kind_that_a_day_may_hold_occurs() -> None:
    """Over some hundred seeds each of them is drawn, and none of the others."""
    drawn = Counter(order["kind"] for seed in SEEDS for order in plan(seed))
    assert set(drawn) == {name for name, kind in KINDS.items() if kind.in_a_day}


def test_days_differ_in_what_can_go_wrong_at_all() -> None:
    """Each row of the fault table is missing on some days and there on others."""
    rows = [{KINDS[order["kind"]].row for order in plan(seed)} for seed in SEEDS]
    for row in {kind.row for kind in KINDS.values() if kind.in_a_day}:
        assert 0 < sum(row in day for day in rows) < len(rows)


@pytest.mark.parametrize("is_slow", [False, True])
def test_every_drawn_order_can_be_ordered_within_the_session(*, is_slow: bool) -> None:
    """Each is read without complaint, begins between open and close, and ends by itself."""
    for seed in SEEDS:
        days = plan(seed, is_slow=is_slow)
        assert [order["after_s"] for order in days] == sorted(order["after_s"] for order in days)
        for order in days:
            fault = parse(order, OPEN)
            assert 0 <= (fault.active_from - OPEN).total_seconds() <= LENGTH_S
            assert fault.count is not None
            assert fault.symbol in {None, *SYMBOLS}


def test_nothing_is_under_way_for_longer_than_is_declared() -> None:
    """2 s for requests, 1 s for lists, positions and everything else; a slow day goes far beyond."""
    limits = {"request_lifetime_s": 2}
    over = []
    for seed in SEEDS:
        for is_slow in (False, True):
            for order in plan(seed, is_slow=is_slow):
                limit = limits.get(KINDS[order["kind"]].raises or "", 1)
                if max(order.get("delay_s", 0), order.get("for_s", 0)) > limit * 0.9:
                    over.append(is_slow)
    assert over
    assert all(over)


def test_a_plan_can_be_read() -> None:
    """One line for each fault: New York time, kind, row, symbol, how often, and the sentence."""
    order = {"kind": "silent_feed", "after_s": 90 * 60, "count": 2, "match": {"symbol": "AAPL"}}
    head, line = table([order], OPEN).splitlines()
    assert head.split()[:5] == ["time", "kind", "row", "symbol", "times"]
    assert line.split()[:5] == ["11:00", "silent_feed", "F13", "AAPL", "2"]
    assert line.endswith("one symbol's bars are not sent")


def waiting(sim: SimClient) -> list[dict[str, Any]]:
    """Return the faults of the plan that are listed, without the order of the bad day itself."""
    return [fault for fault in sim.get("/_sim/faults")["waiting"] if fault["kind"] != "bad_day"]


def test_a_bad_day_can_be_ordered(start_simulator: Any) -> None:  # noqa: ANN401 - the fixture
    """Before the open all of the plan waits, each fault at its own moment of the session."""
    sim = start_simulator()
    sim.fault("bad_day", seed=42, symbols=SYMBOLS)
    expected = plan(42)
    assert [fault["kind"] for fault in waiting(sim)] == [order["kind"] for order in expected]
    begins = [(datetime.fromisoformat(fault["active_from"]) - OPEN).total_seconds() for fault in waiting(sim)]
    assert begins == [order["after_s"] for order in expected]


def test_a_day_ordered_late_leaves_out_what_would_have_been(sim: SimClient) -> None:
    """In the middle of a session only the rest of its plan waits."""
    seed = next(seed for seed in SEEDS if 0 < plan(seed)[0]["after_s"] < 600)
    sim.step(15)
    sim.fault("bad_day", seed=seed, symbols=SYMBOLS)
    gone_s = (datetime.fromisoformat(sim.clock()["time"]) - OPEN).total_seconds()
    assert [fault["kind"] for fault in waiting(sim)] == [o["kind"] for o in plan(seed) if o["after_s"] >= gone_s]


def test_the_next_session_has_a_plan_of_its_own(start_simulator: Any) -> None:  # noqa: ANN401 - the fixture
    """At the close what is left of the day is forgotten, and the plan of the next date waits."""
    sim = start_simulator(bad_day=next(seed for seed in SEEDS if not _stops_the_clock(seed)), bad_day_symbols=("AAPL",))
    first = waiting(sim)
    sim.send("POST", "/_sim/clock", json={"through": "2026-01-05T20:59:59Z"})
    while sim.clock(after=sim.clock()["time"], wait=1)["time"] < "2026-01-05T21":
        pass
    second = waiting(sim)
    assert {fault["active_from"][:10] for fault in first} == {"2026-01-05"}
    assert {fault["active_from"][:10] for fault in second} == {"2026-01-06"}


def _stops_the_clock(seed: int) -> bool:
    """Whether a first day of AAPL shuts the door, so that this test could not drive the clock."""
    return any(order["kind"] == "refuse_connections" for order in bad_day(seed, ["AAPL"], DAY, LENGTH_S))


def test_clearing_ends_the_bad_days(sim: SimClient) -> None:
    """Nothing of the plan waits any more, and the next session is a good one."""
    sim.fault("bad_day", seed=1)
    sim.send("DELETE", "/_sim/faults")
    sim.step(2)
    assert sim.get("/_sim/faults")["waiting"] == []


def lived(sim: SimClient, seed: int) -> tuple[Any, Any]:
    """Trade through the first minutes of a bad day; return the journal and the books."""
    sim.fault("bad_day", seed=seed, symbols=["AAPL"])
    for minute in range(60):
        body = {"symbol": "AAPL", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
        try:
            sim.send("POST", "/v2/orders", json={**body, "client_order_id": f"{minute}"}, timeout=0.2)
            sim.send("GET", "/v2/positions", timeout=0.2)
        except requests.RequestException:
            pass
        sim.step()
    return sim.get("/_sim/faults")["happened"], sim.get("/_sim/status")["books"]


def _rows_before(seed: int, limit_s: float) -> set[str]:
    """Return the rows whose faults begin within `limit_s` of a first day of AAPL."""
    return {KINDS[o["kind"]].row for o in bad_day(seed, ["AAPL"], DAY, LENGTH_S) if o["after_s"] < limit_s}


def test_the_same_seed_gives_the_same_day(start_simulator: Any, tmp_path: Any) -> None:  # noqa: ANN401 - fixtures
    """Two simulators, one client's habits: the same journal and the same books, fault for fault."""
    seed = next(seed for seed in SEEDS if not _stops_the_clock(seed) and _rows_before(seed, 2500) >= {"F5", "F6"})
    days = [lived(start_simulator(data_dir=tmp_path / name), seed) for name in ("first", "second")]
    assert days[0] == days[1]
    assert len(days[0][0]) > 3
