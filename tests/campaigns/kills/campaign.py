"""The kill -9 campaign: the real bot and the real simulator, killed before every call that matters, and again."""

from collections.abc import Iterator, Mapping

from campaigns.frame import Manner, Outcome
from campaigns.kills import forks
from campaigns.kills.lives import TWICE_IN, Story, live_through
from campaigns.kills.points import point

_LIMIT_S = 180.0


class KillCampaign:
    """One seed is one kill point: a scenario, the call before which the bot is killed, perhaps a second one."""

    name = "kills"
    what = "the bot's process killed before every system call that matters, started again, and looked at from outside"
    unit = "kill points"
    obligations: Mapping[str, int] = {}
    manner = Manner(seed_limit_s=_LIMIT_S)

    def __init__(self) -> None:
        self._is_warm = False

    def run_one(self, seed: int) -> Outcome:
        """Live through the seed's point."""
        story = self._story(seed)
        violations = tuple(f"{story.point}: {line}\n{_details(story)}" for line in story.violations)
        return Outcome(seed, violations, story.coverage, units=story.hit)

    def trace(self, seed: int) -> Iterator[str]:
        """Tell the seed's point: what was killed where, and what the bot said."""
        story = self._story(seed)
        yield from story.told()
        yield from (f"  {line}" for line in story.output.splitlines())
        yield from (f"VIOLATION {line}" for line in story.violations)

    def _story(self, seed: int) -> Story:
        if not self._is_warm:
            forks.warm_up()
            self._is_warm = True
        return live_through(point(seed), is_checked_twice=seed % TWICE_IN == 0)


def _details(story: Story) -> str:
    return "\n".join([*story.told(), *(f"  {line}" for line in story.output.splitlines())])


CAMPAIGN = KillCampaign()
