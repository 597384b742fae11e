"""Bots that were killed at a known point, and what their next start must do in every case."""

from decimal import Decimal

from builders import a_position
from fakes.broker import Submit
from fakes.desk import BUY, FLAT, SILENT, a_spec
from holdfast.domain.state import Status
from proofs.lives import Life, Lives, Step, minute, nothing_more_to_correct, written_and_sent


def a_bot(policy: str = "adopt") -> Lives:
    """Return a bot that was killed with AAPL flat and MSFT in a position."""
    lives = Lives(a_spec("AAPL", policy=policy), a_spec("MSFT"))
    lives.live(minute(FLAT, BUY))
    return lives


def in_position(policy: str = "adopt", price: int = 100) -> Lives:
    """Return a bot that was killed with ten of AAPL bought, settled and on file."""
    lives = a_bot(policy)
    lives.broker.price = Decimal(price)
    lives.live(minute(BUY, SILENT))
    assert (lives.statuses(), lives.file().position) == (["filled"], a_position(10, price))
    lives.clock.advance(60)
    return lives


def in_entry(fate: Submit = Submit.ACCEPT) -> Lives:
    """Return a bot that was killed after the POST of an entry which `fate` befell; nothing fills by itself any more."""
    lives = a_bot()
    lives.broker.fills_at_once = False
    lives.broker.plan.append(fate)
    lives.live(minute(BUY, SILENT))
    return lives


def restarted(lives: Lives, status: Status = Status.ACTIVE) -> Life:
    """Start the bot anew; the start writes nothing of the symbol beside, and a second one has nothing more to do."""
    beside = lives.store.disk["MSFT"]
    life = lives.live()
    assert lives.store.disk["MSFT"] is beside
    assert lives.file().status is status, lives.file().status_reason
    nothing_more_to_correct(lives)
    return life


def waits_in_doubt(lives: Lives, *steps: Step) -> None:
    """Start the bot in a doubt that stands after these steps, and at the start after them."""
    restarted(lives, Status.IN_DOUBT)
    sent = written_and_sent(lives)["orders"]
    lives.live(*steps)
    restarted(lives, Status.IN_DOUBT)
    assert written_and_sent(lives)["orders"] == sent


def corrections(life: Life) -> list[str]:
    """Return what the start has corrected, as people read it."""
    return [f"{symbol} {one.field}: {one.was} -> {one.now}" for symbol, one in life.report.corrections]
