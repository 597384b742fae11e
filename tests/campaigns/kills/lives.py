"""One point from its beginning to its end: live, be killed, be down, live again, be looked at."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from campaigns.kills import checks
from campaigns.kills.checks import Seen
from campaigns.kills.moments import moments
from campaigns.kills.points import Point
from campaigns.kills.stage import bars_of, root, template
from campaigns.kills.tracer import Orders, StillRunningError, Traced
from campaigns.kills.world import LIFE_S, World

SHOWN = 14
# How often the last start is repeated, and must not change a byte.
TWICE_IN = 8
# Failed, or must not start, or a symbol needs a person.
REFUSALS = frozenset({1, 2, 3})
_number = count()


@dataclass(slots=True)
class Story:
    """What happened at one point. `lives` are the traced ones, `hit` how often the kill found something to kill."""

    point: Point
    violations: list[str] = field(default_factory=list)
    coverage: Counter[str] = field(default_factory=Counter)
    lives: list[Traced] = field(default_factory=list)
    hit: int = 0
    output: str = ""

    def blame(self, found: list[str], when: str) -> None:
        """Add violations; each line says when it was seen."""
        self.violations += [f"{line} ({when})" for line in found]

    def told(self) -> list[str]:
        """Return the point's story in lines, for people."""
        lines = [str(self.point), f"  {self.point.scenario.sentence}"]
        for number, life in enumerate(self.lives, 1):
            ended = f"exit code {life.code}" if life.killed is None else f"killed before {life.killed}"
            lines.append(f"  life {number}: {life.count} calls, {ended}")
            lines += [f"    failed: {stop}" for stop in life.failed]
            lines += [f"    {stop}" for stop in life.stops[-SHOWN:]] if life.killed is not None else []
        return lines


def live_through(point: Point, *, plant: Callable[[], None] | None = None, is_checked_twice: bool = False) -> Story:
    """Live through one point. `plant` is done in each of the bot's processes before it begins."""
    story = Story(point)
    scenario = point.scenario
    with World(root() / f"point{next(_number)}", bars_of(scenario), template(scenario)) as world:
        try:
            begun = _prepare(world, point)
            left = _die(world, story, _first_orders(point), begun, plant)
            _while_down(world, point)
            if point.second:
                before = checks.look(world) if scenario.while_down or scenario.clears else left
                _die(world, story, Orders(kill_at=point.second), before, plant)
            world.live(before=plant)
            now = checks.look(world)
            story.blame(
                list(checks.at_the_end(scenario, world, now, sum(life.half_sent for life in story.lives))), "at the end"
            )
            if is_checked_twice:
                _again(world, story, now, plant)
        except StillRunningError:
            story.violations.append(f"liveness: still running after {LIFE_S:g} s")
        except (OSError, ValueError) as error:
            story.violations.append(f"the world broke: {type(error).__name__}: {error}")
        story.output = world.said()
        _judge_codes(world, story)
    return story


def _prepare(world: World, point: Point) -> Seen:
    """Make the world what the scenario says it is; return what it shows then."""
    scenario = point.scenario
    configured = {symbol: most for symbol, most in scenario.configured.items() if symbol != scenario.removed}
    world.configure(configured)
    if scenario.damage is not None:
        scenario.damage(world.state)
    world.faults(scenario.faults)
    begun = checks.look(world)
    world.orders_before = len(begun.orders)
    return begun


def _first_orders(point: Point) -> Orders:
    scenario = point.scenario
    if scenario.error:
        fail = range(point.first, point.first + scenario.in_a_row)
        return Orders(fail=fail, error=scenario.error, only=scenario.failing)
    if point.aim:
        return Orders(kill_on=point.aim, nth=point.nth, after=point.first - 1, signal_at=scenario.terminated_at)
    return Orders(kill_at=point.first, signal_at=scenario.terminated_at)


def _die(world: World, story: Story, orders: Orders, before: Seen, plant: Callable[[], None] | None) -> Seen:
    """Let the bot live until the orders end it, and look at what it leaves behind: that is returned."""
    traced = world.live_traced(orders, before=plant)
    story.lives.append(traced)
    struck = traced.killed or (traced.failed[0] if traced.failed else None)
    now = checks.look(world)
    if struck is None:
        story.coverage["not reached"] += 1
        return now
    story.hit += 1
    if traced.killed is not None and len(story.lives) == 1 and traced.killed.number >= story.point.scenario.calls:
        # A slow machine cuts an answer into more pieces: no fault of the bot's, and a word to whoever keeps the table.
        story.coverage["killed after the last call of the table"] += 1
    story.blame(list(checks.at_the_kill(story.point.scenario, before, now)), f"at {struck}")
    story.coverage.update(moments(story.point.scenario, traced, struck, now, is_recovery=len(story.lives) > 1))
    return now


def _while_down(world: World, point: Point) -> None:
    scenario = point.scenario
    if scenario.clears:
        world.ask("DELETE", "/_sim/faults")
    world.faults(scenario.while_down)


def _again(world: World, story: Story, now: Seen, plant: Callable[[], None] | None) -> None:
    """Start once more when all is over: with nothing to correct, not one byte changes and nothing is sent (I8)."""
    if any(document["status"] == "in_doubt" for document in now.documents.values()):
        return
    sent = _writes(world)
    world.live(before=plant)
    story.coverage["started twice"] += 1
    if checks.digest(checks.look(world)) != checks.digest(now):
        story.violations.append("I8: a second start changed a file")
    if _writes(world) != sent:
        story.violations.append("I8: a second start sent a request that writes")


def _writes(world: World) -> str:
    requests = world.ask("GET", "/_sim/status")["requests"]
    return json.dumps({name: number for name, number in requests.items() if not name.startswith("GET ")})


def _judge_codes(world: World, story: Story) -> None:
    """A life that was not killed ends well; where the disk failed it may refuse to start, in words."""
    for code in world.codes:
        if code not in (None, 0) and not (story.point.scenario.error and code in REFUSALS):
            story.violations.append(f"the bot ended with exit code {code}")
