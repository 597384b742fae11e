"""Whose memory this is: the state folder belongs to one account, and another account is not corruption."""

from loguru import logger

from holdfast.adapters.state_folder import AccountStamp, StateFolder
from holdfast.domain.broker_facts import Account
from holdfast.domain.errors import UsageError
from holdfast.engine.ports import Clock


def claim_folder(
    folder: StateFolder,
    broker: str,
    account: Account,
    clock: Clock,
    *,
    archive: bool,
    is_dry: bool = False,
    compares_only: bool = False,
) -> None:
    """Make the folder this account's; what belonged to another moves to the archive as a whole.

    Coming from the simulator that happens by itself, coming from paper only with `archive`; never with `is_dry`, and
    never for a command that only compares.

    Raises:
        UsageError: the folder belongs to another account, and it may not be archived now.
    """
    stamp = folder.stamp()
    is_other = stamp is not None and stamp.account_id != account.id
    stays = is_dry or compares_only
    if stamp is not None and is_other and (stays or (stamp.broker != "sim" and not archive)):
        raise UsageError(_whose(folder, stamp, account, stays=stays))
    if is_dry:
        return
    if stamp is not None and is_other:
        moved = folder.archive(stamp.broker, clock.wall())
        logger.warning(
            "the account changed from {} ({}) to {} ({}): the old memory is archived in {}, starting fresh",
            stamp.broker, stamp.ending, broker, account.ending, moved,
        )  # fmt: skip
    folder.write_stamp(AccountStamp(broker, account.id, account.ending))


def _whose(folder: StateFolder, stamp: AccountStamp, account: Account, *, stays: bool) -> str:
    whose = (
        f"{folder.root} belongs to the {stamp.broker} account ending {stamp.ending}; the broker answers for "
        f"the account ending {account.ending}. "
    )
    if stays:
        return f"{whose}There is nothing to compare: check broker, keys and --bars, or start fresh with holdfast run"
    return f"{whose}Check broker and keys, or move the old memory away and start fresh: holdfast run --archive-state"
