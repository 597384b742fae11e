"""Findings: what a reconcile has to tell, the same in lines, tables, data and on the kept page."""

from datetime import timedelta
from decimal import Decimal

from builders import NOON, a_holding
from holdfast.domain.state import Correction, Status
from holdfast.engine.findings import Findings, Occasion, Standing, as_data, lines, markdown, sections

CORRECTION = Correction(NOON, "position.quantity", "10", "0", "sold by | hand\nin the app")
DOUBT = Standing("MSFT", Status.IN_DOUBT, "an order may arrive", 209.6)
HALTED = Standing("GOOG", Status.HALTED, "look at the account")
CALM = Findings(Occasion.START, NOON, "3 symbols", 5, 0.126)
FULL = Findings(
    Occasion.RUNNING,
    NOON,
    "3 symbols",
    5,
    0.126,
    (("AAPL", CORRECTION),),
    (HALTED, DOUBT),
    (("SPY", "its state file cannot be read"),),
    (a_holding(Decimal(3), symbol="TSLA"),),
)


def test_nothing_to_tell_is_one_line() -> None:
    """A calm reconcile says what it compared, how many calls that took and how long, and nothing else."""
    assert list(lines(CALM)) == ["3 symbols in 0.13 s"]
    assert list(sections(CALM)) == []
    assert markdown(CALM, NOON) == (
        "# Reconcile, 2026-11-20 15:00:00 UTC\n\nRan at a start: 3 symbols in 0.13 s.\n\nNothing had to be corrected.\n"
    )


def test_everything_found_is_told_in_lines() -> None:
    """Corrections, doubts with the seconds left, what stands, what failed and what is left alone, a line each."""
    assert list(lines(FULL)) == [
        f"AAPL: corrected position.quantity: was 10, is 0: {CORRECTION.why}",
        "GOOG: halted: look at the account",
        "MSFT: not explained: an order may arrive (waits up to 210 s)",
        "SPY: not explained: its state file cannot be read",
        "TSLA: 3 in the account and not in config.yaml: left alone",
        "3 symbols in 0.13 s",
    ]
    assert next(lines(FULL, is_dry=True)).startswith("AAPL: would correct position.quantity: ")


def test_the_page_says_the_same_in_tables_that_no_text_can_break() -> None:
    """A bar or a line break in a reason stays inside its cell, and a market in another time says its own."""
    page = markdown(FULL, NOON + timedelta(days=1))
    assert "| AAPL | position.quantity | 10 | 0 | sold by \\| hand in the app |" in page
    assert "| MSFT | in_doubt | 210 s | an order may arrive |" in page
    assert "| SPY | failed |  | its state file cannot be read |" in page
    assert "| TSLA | 3 |" in page
    assert "Ran while running" in page
    assert "The market's time was 2026-11-20 15:00:00 UTC." in page


def test_the_data_keeps_its_agreed_shape() -> None:
    """Money and quantities are text; doubts and failures are discrepancies, other statuses are not."""
    data = as_data(FULL)
    assert data["corrections"] == [
        {"symbol": "AAPL", "field": "position.quantity", "was": "10", "is": "0", "why": CORRECTION.why}
    ]
    assert [(one["symbol"], one["seconds_left"]) for one in data["discrepancies"]] == [("MSFT", 209.6), ("SPY", None)]
    assert data["stopped"] == [{"symbol": "GOOG", "status": "halted", "why": "look at the account"}]
    assert data["unmanaged"] == [{"symbol": "TSLA", "quantity": "3"}]
    assert (data["broker_calls"], data["duration_s"]) == (5, 0.126)


def test_what_is_unexplained_calls_for_a_person() -> None:
    """A doubt or a failed file does, a halt that somebody knows of does not."""
    assert FULL.unexplained
    assert not CALM.unexplained
    assert not Findings(Occasion.START, NOON, "", 5, 0.1, standings=(HALTED,)).unexplained
