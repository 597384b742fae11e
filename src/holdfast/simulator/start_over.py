"""Replacing an account while the market goes on: what a reset at the broker does."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from loguru import logger

from holdfast.exchange.ids import named_uuid
from holdfast.exchange.margin import AccountTerms
from holdfast.simulator.store import AccountStore, SavedAccount, standing_text


def start_over(store: AccountStore, old: SavedAccount, *, cash: Decimal, time: datetime) -> None:
    """Empty the account `old`: `cash` USD, market time `time`; a copy of it is kept.

    Its ids follow from the old ones and the time. What belongs to the market, not to the account, stays: halts are
    its own, while what the owner had switched off is on again.
    """
    standing = replace(old.standing, terms=AccountTerms(old.standing.terms.multiplier_max))
    account_id = named_uuid(f"{old.facts['account_id']}:{time.isoformat()}")
    facts = {
        "account_id": account_id,
        "id_seed": f"{old.facts['id_seed']}|{time.isoformat()}",
        "id_count": "0",
        "cash": str(cash),
        "last_equity": str(cash),
        "started": time.isoformat(),
        "time": time.isoformat(),
        "standing": standing_text(standing),
    }
    logger.info(f"the old simulator account is kept in {store.start_over(facts, datetime.now(UTC))}")
