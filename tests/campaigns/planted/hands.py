"""What a world needs beyond the faults of any day, so that a planted bug can show itself in it."""

from datetime import timedelta

from campaigns.days.disk import ROOT
from campaigns.days.gremlin import Gremlin
from campaigns.days.hand import Hand
from campaigns.days.streams import Hub
from campaigns.days.wire import WireBroker
from holdfast.domain.broker_facts import BadRow, BrokerPosition, Rows

PRIVATE = ROOT / ".holdfast"
JUMP_S, JUMP_LASTS_S = 400, 20


class WipesEverything(Gremlin):
    """A hand that deletes files, backups and journals, all of them."""

    def strike(self, symbol: str | None = None) -> None:
        """Leave nothing."""
        del symbol
        for name in self._symbols:
            for path in (ROOT / f"{name}.json", PRIVATE / f"backups/{name}.json", PRIVATE / f"journal/{name}.jsonl"):
                self._day.disk.put(path, None)
            self._day.touched("files_everything", name)


class SetsUpAnew(Hand):
    """An owner who installs the machine anew, in the middle of the day."""

    def _files(self) -> None:
        super()._files()
        if self._day.running is not None:
            self._day.reaper.kill(self._day.running, "set_up_anew")


class JumpingClock(Hand):
    """A wall clock that is far ahead for some seconds."""

    def _set_clock(self) -> None:
        self._jump(JUMP_S)
        self._day.loop.outside(JUMP_LASTS_S, self._jump, -JUMP_S)
        self._done("clock")

    def _jump(self, seconds: int) -> None:
        if not self._day.is_calm:
            self._day.machine.wall_offset += timedelta(seconds=seconds)


class MuteOrders(Hub):
    """A stream of order updates that is alive and says nothing."""

    def publish(self, item: object) -> None:
        """Tell the bars alone."""
        if self._name != "orders":
            super().publish(item)


class StrangeRow(WireBroker):
    """The account holds something that no version of the bot can read."""

    async def positions(self) -> Rows[BrokerPosition]:
        """Read every position."""
        found = await super().positions()
        return Rows(found.good, (*found.bad, BadRow("ZZZ", "an unknown kind of asset")))


def no_intent(_order: object) -> None:
    """Say of an exit nothing, as an adapter for a broker that does not take a position intent."""
