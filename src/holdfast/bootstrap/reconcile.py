"""`holdfast reconcile`: the start's reconciler alone, twice where a position must be read a second time."""

from dataclasses import replace

from holdfast.bootstrap.opening import Opened, Options, opened, state_folder
from holdfast.config.load import Config
from holdfast.engine.findings import Findings, Occasion
from holdfast.engine.hold import Holds
from holdfast.engine.reconciler import Reconciler, Report
from holdfast.engine.summary import findings_of


async def reconcile_once(config: Config, options: Options) -> Findings:
    """Reconcile every symbol, waiting for a second position read where one is needed; keep a report of it.

    Raises:
        HoldfastError: the folder is held, or the broker did not answer; nothing was changed.
    """
    folder = state_folder(config, options).lock()
    try:
        async with opened(config, folder, options) as world:
            findings = findings_of(await _reconciled(world, is_dry=options.is_dry), Occasion.COMMAND, world.outside)
            if not options.is_dry:
                await world.outside.chronicle.reconciled(findings)
            return findings
    finally:
        folder.unlock()


async def _reconciled(world: Opened, *, is_dry: bool) -> Report:
    reconciler = Reconciler(world.outside, world.identity, is_dry=is_dry)
    policies = {spec.symbol: spec.policy for spec in world.specs}
    report = await reconciler.run(policies)
    holds = {symbol: ready.holds for symbol, ready in report.ready.items() if ready.holds.position}
    if not holds:
        return report
    clock = world.outside.clock
    begun = clock.monotonic()
    await clock.sleep(_wait_s(holds, begun))
    second = await reconciler.run(policies, holds)
    second.seconds = report.seconds + clock.monotonic() - begun
    return _joined(report, second)


def _wait_s(holds: dict[str, Holds], now: float) -> float:
    ends = [held.ends for held in holds.values() if held.ends is not None]
    return max(0.0, max(ends, default=now) - now)


def _joined(first: Report, second: Report) -> Report:
    """Return the second report with the calls and corrections of both."""
    second.calls += first.calls
    second.positions_calls += first.positions_calls
    for symbol, ready in first.ready.items():
        later = second.ready.get(symbol)
        if later is not None and ready.corrections:
            second.ready[symbol] = replace(later, corrections=(*ready.corrections, *later.corrections))
    return second
