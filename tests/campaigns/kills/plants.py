"""Planted bugs: parts of the real bot, replaced in its own process before it begins. The campaign must catch each.

`no fsync` cannot be caught here: SIGKILL loses nothing that the kernel has. That one dies where the power is cut.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from campaigns.kills.lives import live_through
from campaigns.kills.points import Point
from campaigns.kills.scenarios import BY_NAME, SAVE, SEND
from campaigns.kills.warm import warm_up
from holdfast.domain.decide import Decision, Moment
from holdfast.domain.order_id import order_id
from holdfast.domain.risk import Approved
from holdfast.domain.state import SymbolState
from holdfast.engine import start
from holdfast.engine.reconciler import Ready, Reconciler, Report
from planted.plants import SaveAfterSubmit, TwoSavesToSettle

_LOOK_UP = "send GET /v2/orders:by_client_order_id"
_BASE_32 = "0123456789abcdefghjkmnpqrstvwxyz"
# One save is seven calls: no gap between two of them is stepped over.
STEP, POINTS_MAX = 4, 24


class SavesAfterSubmit(SaveAfterSubmit):
    """Sends under an id drawn by lot, and writes it down afterwards."""

    async def _trade(self, decision: Decision, approved: Approved, moment: Moment) -> None:
        drawn = "c" + "".join(secrets.choice(_BASE_32) for _ in range(13))
        name = order_id(self.spec.rules.bot, self.symbol, drawn, approved.intent.side)
        fresh = replace(approved, intent=replace(approved.intent, client_order_id=name))
        await super()._trade(decision, fresh, moment)


class ActsBeforeReconcile(Reconciler):
    """Believes the files, and takes a symbol without one for a symbol that was never traded."""

    async def run(self, policies: Mapping[str, Any], *others: Any, **admission: Any) -> Report:  # noqa: ANN401 - passed on
        """Compare nothing and write nothing."""
        self._is_dry = True
        loaded, _failed = await self._load_all(policies, self._identity.account_id)
        report = await super().run(policies, *others, **admission)
        for symbol, found in loaded.items():
            state = found if isinstance(found, SymbolState) else SymbolState(symbol, account_id=report.account.id)
            report.ready[symbol] = Ready(admission["admit"](symbol, state))
        return report


@dataclass(frozen=True, slots=True)
class Plant:
    """A bug, the part of `engine.start` that has it, and where it is looked for: `start` calls after that aim."""

    sentence: str
    name: str
    part: type
    scenario: str
    aim: str
    start: int = 1

    def sow(self) -> None:
        """Put the part in; in the process that is about to be the bot, and nowhere else."""
        setattr(start, self.name, self.part)


PLANTS: Mapping[str, Plant] = {
    "save after submit": Plant(
        "ids by lot, written down after the POST", "SymbolWorker", SavesAfterSubmit, "entry", SEND.call
    ),
    "two saves to settle": Plant(
        "the order first, its shares later", "SymbolWorker", TwoSavesToSettle, "partial_entry", _LOOK_UP, 30
    ),
    "act before reconcile": Plant(
        "the files are believed", "Reconciler", ActsBeforeReconcile, "lost_memory", SAVE.call
    ),
}


@dataclass(frozen=True, slots=True)
class Hunt:
    """What a plant was caught with: the points that it took, and what was violated; nothing if it survived."""

    points: int
    violations: tuple[str, ...]


def hunt(name: str) -> Hunt:
    """Kill the bot with the planted bug later and later after its first order, until a check sees the bug."""
    plant = PLANTS[name]
    for number in range(POINTS_MAX):
        point = Point(BY_NAME[plant.scenario], plant.start + number * STEP, aim=plant.aim)
        story = live_through(point, plant=plant.sow)
        if story.violations:
            return Hunt(number + 1, tuple(story.violations))
    return Hunt(POINTS_MAX, ())


def hunts() -> dict[str, Hunt]:
    """Hunt every plant; to be called in a process of its own, since it forks."""
    warm_up()
    return {name: hunt(name) for name in PLANTS}
