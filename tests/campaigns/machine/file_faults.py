"""What happens to one symbol's memory while the bot is down, and what is left of it then."""

from builders import ACCOUNT
from campaigns.machine.world import World
from holdfast.domain import events
from holdfast.domain.state import SymbolState
from holdfast.engine.memory import Unreadable

# What the store still finds: the journal knows the newest version, the backup the one before, or only a status line.
LEFT = ("journal", "backup", "status")


def lose(world: World, symbol: str, left: str) -> None:
    """Delete the file."""
    rest = _rest(world, symbol, left)
    if world.store.disk.pop(symbol, None) is not None and rest is not None:
        world.store.backups[symbol] = rest


def damage(world: World, symbol: str, left: str) -> None:
    """Make the file unreadable."""
    if symbol in world.store.disk:
        world.store.disk[symbol] = Unreadable("damaged", _rest(world, symbol, left))


def put_back(world: World, symbol: str, age: int) -> None:
    """Replace the file by an older version of it, which the store finds out: the journal knows a newer one."""
    versions = _versions(world, symbol)
    if symbol not in world.store.disk or not versions:
        return
    old, newest = versions[max(0, len(versions) - 1 - age)], versions[-1]
    if old.sequence < newest.sequence:
        why = f"it is version {old.sequence}, and version {newest.sequence} was written"
        world.store.disk[symbol] = Unreadable(why, newest)


def _versions(world: World, symbol: str) -> list[SymbolState]:
    return [state for state in world.store.written if state.symbol == symbol]


def _rest(world: World, symbol: str, left: str) -> SymbolState | None:
    versions = _versions(world, symbol)
    if left == "backup" or not versions:
        return world.store.backups.get(symbol)
    if left == "journal":
        return versions[-1]
    said = events.StatusSet(versions[-1].status, versions[-1].status_reason)
    return SymbolState(symbol, account_id=ACCOUNT.id).apply(said)
