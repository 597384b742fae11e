"""Replacing an account while the market goes on: what a reset at the broker does."""

from datetime import UTC, datetime
from decimal import Decimal

from loguru import logger

from holdfast.domain.errors import Fatal
from holdfast.exchange.ids import named_uuid
from holdfast.simulator.store import AccountStore, SavedAccount, set_aside


def start_over(store: AccountStore, *, cash: Decimal, time: datetime) -> tuple[AccountStore, SavedAccount]:
    """Set the account of `store` aside; return an empty one of `cash` USD that stands at market time `time`.

    Its id follows from the old one and the time. What belongs to the market and not to the account stays.
    """
    old = _load(store)
    store.close()
    logger.info(f"the old simulator account is kept in {set_aside(store.folder, datetime.now(UTC))}")
    fresh = AccountStore(store.folder)
    account_id = named_uuid(f"{old.facts['account_id']}:{time.isoformat()}")
    of_account = {
        "account_id": account_id,
        "id_seed": f"{old.facts['id_seed']}|{account_id}",
        "id_count": "0",
        "cash": str(cash),
        "last_equity": str(cash),
        "started": time.isoformat(),
        "time": time.isoformat(),
    }
    fresh.create({**old.facts, **of_account})
    return fresh, _load(fresh)


def _load(store: AccountStore) -> SavedAccount:
    account = store.load()
    if account is None:
        raise Fatal(f"the simulator's account in {store.folder} cannot be read back")
    return account
