"""Replacing an account while the market goes on: what a reset at the broker does."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from loguru import logger

from holdfast.exchange.ids import named_uuid
from holdfast.simulator.store import AccountStore


def start_over(store: AccountStore, old: Mapping[str, str], *, cash: Decimal, time: datetime) -> None:
    """Empty the account whose facts are `old`: `cash` USD, market time `time`; a copy of it is kept.

    Its id follows from the old one and the time. What belongs to the market and not to the account stays.
    """
    account_id = named_uuid(f"{old['account_id']}:{time.isoformat()}")
    facts = {
        "account_id": account_id,
        "id_seed": f"{old['id_seed']}|{account_id}",
        "id_count": "0",
        "cash": str(cash),
        "last_equity": str(cash),
        "started": time.isoformat(),
        "time": time.isoformat(),
    }
    logger.info(f"the old simulator account is kept in {store.start_over(facts, datetime.now(UTC))}")
