"""The account's cash as approvals see it: what is there, less what unsettled entries have claimed (no leverage)."""

from decimal import Decimal


class Purse:
    """One purse for the whole portfolio; every worker's approval goes through it, one at a time."""

    def __init__(self, cash: Decimal) -> None:
        self._cash = cash
        self._reserved: dict[str, Decimal] = {}

    @property
    def free(self) -> Decimal:
        """Cash in USD that no unsettled entry has claimed."""
        return self._cash - sum(self._reserved.values(), Decimal(0))

    def reserve(self, client_order_id: str, amount: Decimal) -> None:
        """Claim cash for an order until it is settled."""
        self._reserved[client_order_id] = amount

    def release(self, client_order_id: str) -> None:
        """Give an order's claim back."""
        self._reserved.pop(client_order_id, None)

    def spend(self, amount: Decimal) -> None:
        """Take the cost of a fill out (negative: proceeds come in)."""
        self._cash -= amount

    def recount(self, cash: Decimal) -> None:
        """Take the broker's word for the cash."""
        self._cash = cash
