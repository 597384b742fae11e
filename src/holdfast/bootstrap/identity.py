"""Whose memory this is: the state folder belongs to one account, and another account is not corruption."""

from pathlib import Path

from loguru import logger

from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.domain.broker_facts import Account
from holdfast.domain.errors import UsageError
from holdfast.engine.ports import Clock


def claim_folder(folder: StateFolder, broker: str, account: Account, clock: Clock, *, archive: bool) -> Path | None:
    """Make the folder this account's; what belonged to another moves to the archive as a whole.

    Coming from the simulator that happens by itself; coming from paper only with `archive`.

    Returns:
        Where the old memory went, or None.

    Raises:
        UsageError: the folder belongs to another account, and nobody said that it may be archived.
    """
    stamp = folder.stamp()
    mine = AccountStamp(broker, account.id, account.ending)
    if stamp == mine:
        return None
    moved = None
    if stamp is not None and stamp.account_id != account.id:
        if stamp.broker != "sim" and not archive:
            raise UsageError(
                f"{folder.root} belongs to the {stamp.broker} account ending {stamp.ending}; the broker answers for "
                f"the account ending {account.ending}. Check broker and keys, or move the old memory away and start "
                "fresh: holdfast run --archive-state"
            )
        moved = folder.archive(stamp.broker, clock.wall())
        logger.warning(
            "the account changed from {} ({}) to {} ({}): the old memory is archived in {}, starting fresh",
            stamp.broker, stamp.ending, broker, account.ending, moved,
        )  # fmt: skip
    folder.write_stamp(mine)
    return moved
