"""States of one symbol as a day would make them, from a seed: what the campaign saves."""

from decimal import Decimal
from random import Random

from builders import a_record, a_state
from holdfast.domain.state import Status, SymbolState

SYMBOL = "AAPL"


def some_state(random: Random, sequence: int = 0) -> SymbolState:
    """Return a state: any position, up to three orders, any status."""
    orders = [
        a_record(random.choice(("filled", "intent", "canceled")), minute=minute, price="187.12")
        for minute in range(random.randrange(4))
    ]
    status = random.choice(list(Status))
    reason = None if status is Status.ACTIVE else "word " * random.randrange(1, 200)
    return a_state(Decimal(random.randrange(-50, 50)), *orders, status=status, status_reason=reason, sequence=sequence)
