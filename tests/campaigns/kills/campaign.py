"""The kill -9 campaign: the real bot and the real simulator, killed before every call that matters, and again."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from campaigns.frame import Manner, Outcome
from campaigns.kills.calls import Kind
from campaigns.kills.lives import TWICE_IN, Story, live_through
from campaigns.kills.moments import CRASH_POINTS
from campaigns.kills.points import full_pass, point
from campaigns.kills.scenarios import SCENARIOS
from campaigns.kills.warm import warm_up

# Several lives, each with its own limit, which says more.
_LIMIT_S = 600.0
_OFTEN, _AT_LEAST = 100, 30
# A start makes each of these a few times, an order never.
_RARE = frozenset({Kind.FOLDER, Kind.MODE, Kind.LOCK, Kind.TRUNCATE})
# What the file says of the newest order, and what has become of it: the rows of the recovery table.
_ROWS = (
    "idle on disk, nothing at the broker",
    "intent on disk, nothing at the broker",
    "intent on disk, working at the broker",
    "intent on disk, partly filled at the broker",
    "intent on disk, ended at the broker",
    "acknowledged on disk, working at the broker",
    "acknowledged on disk, partly filled at the broker",
    "acknowledged on disk, ended at the broker",
    "settled on disk, ended at the broker",
    "missing on disk, not on file at the broker",
    "unreadable on disk, not on file at the broker",
    "idle on disk, not on file at the broker",
)
OBLIGATIONS: Mapping[str, int] = MappingProxyType(
    {
        # A life may end before the last of a scenario's calls.
        **{f"scenario {one.name}": min(_OFTEN, one.calls * one.times * 2 // 3) for one in SCENARIOS},
        **{f"call {kind}": _AT_LEAST if kind in _RARE else _OFTEN for kind in Kind},
        **dict.fromkeys(CRASH_POINTS, _OFTEN),
        **dict.fromkeys((f"row {row}" for row in _ROWS), _OFTEN),
        "killed again in the recovery": 1000,
        "started twice": 500,
    }
)


class KillCampaign:
    """One seed is one kill point: a scenario, the call before which the bot is killed, perhaps a second one."""

    name = "kills"
    what = "the real bot killed before every system call that matters, and started again"
    unit = "kill points"
    obligations = OBLIGATIONS
    # A full run is one pass, which leaves no call out.
    manner = Manner(seed_limit_s=_LIMIT_S, count=full_pass())

    def __init__(self) -> None:
        self._is_warm = False

    def run_one(self, seed: int) -> Outcome:
        """Live through the seed's point."""
        story = self._story(seed)
        violations = tuple(f"{story.point.scenario.name}: {line}\n{_details(story)}" for line in story.violations)
        return Outcome(seed, violations, story.coverage, units=story.hit)

    def trace(self, seed: int) -> Iterator[str]:
        """Tell the seed's point: what was killed where, and what the bot said."""
        story = self._story(seed)
        yield from story.told()
        yield from (f"  {line}" for line in story.output.splitlines())
        yield from (f"VIOLATION {line}" for line in story.violations)

    def _story(self, seed: int) -> Story:
        if not self._is_warm:
            warm_up()
            self._is_warm = True
        return live_through(point(seed), is_checked_twice=seed % TWICE_IN == 0)


def _details(story: Story) -> str:
    return "\n".join([*story.told(), *(f"  {line}" for line in story.output.splitlines())])


CAMPAIGN = KillCampaign()
