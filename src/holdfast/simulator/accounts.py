"""Opening the data folder: the account it holds, or a new one, and never one whose time would go back."""

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from loguru import logger

from holdfast.domain.errors import UsageError
from holdfast.exchange.margin import AccountTerms
from holdfast.exchange.standing import Standing
from holdfast.simulator.market import facts_of_new_account
from holdfast.simulator.prices import PriceSource
from holdfast.simulator.splits import PlannedSplit, arrange, splits_of
from holdfast.simulator.store import AccountStore, SavedAccount, reloaded, set_aside


def open_account(
    folder: Path,
    prices: PriceSource,
    *,
    cash: Decimal,
    multiplier: int,
    new_account: bool,
    splits: Iterable[PlannedSplit] = (),
) -> tuple[AccountStore, SavedAccount]:
    """Open the account in `folder`, made with `cash` USD if there is none or if `new_account` asks for it.

    A new one may buy for `multiplier` times its equity. `splits` are written down beside it.

    Raises:
        UsageError: the prices end before the account's time, or a split cannot happen any more.
    """
    if new_account and (target := set_aside(folder, datetime.now(UTC))):
        logger.info(f"the old simulator account is kept in {target}")
    store = AccountStore(folder)
    try:
        account = _load_or_create(store, prices, cash, multiplier)
        return store, _with_splits(store, account, prices, splits)
    except BaseException:
        store.close()
        raise


def _load_or_create(store: AccountStore, prices: PriceSource, cash: Decimal, multiplier: int) -> SavedAccount:
    source = json.dumps(dict(prices.description), sort_keys=True)
    account = store.load()
    if account is None:
        facts = facts_of_new_account(prices, account_id=str(uuid.uuid4()), cash=cash)
        store.create({**facts, "source": source}, Standing(AccountTerms(multiplier_max=multiplier)))
        return reloaded(store)
    _check_time(account, prices, store.folder)
    if account.facts["source"] != source:
        logger.warning(f"the account goes on with other prices: {source}, before {account.facts['source']}")
        store.remember({"source": source})
    return account


def _with_splits(
    store: AccountStore, account: SavedAccount, prices: PriceSource, plans: Iterable[PlannedSplit]
) -> SavedAccount:
    """Write down what is planned and return the account as it then is."""
    known = splits_of(account.facts)
    for plan in plans:
        split = arrange(prices, plan, known, datetime.fromisoformat(account.facts["time"]))
        if split is not None:
            store.remember({"splits": known.json_with(split)})
            known.add(split)
    return reloaded(store)


def _check_time(account: SavedAccount, prices: PriceSource, folder: Path) -> None:
    time = datetime.fromisoformat(account.facts["time"])
    last = prices.last_stretch
    if last is not None and last.end < time:
        raise UsageError(
            f"the simulator's account in {folder} stands at {time:%Y-%m-%d %H:%M} UTC, but these bars end at "
            f"{last.end:%Y-%m-%d %H:%M} UTC, and its time never goes back: use --new-account to start over, "
            f"or another --data-dir"
        )
